//! The JSON layout that the metadata documents share.

use std::fmt::Write as _;

/// A document in EC2's layout: two blanks of indent, ` : ` between name and value, no final LF.
pub(crate) fn document(entries: &[(&str, &str)]) -> String {
    object_in("", entries)
}

/// As [`document`], within something that is indented.
pub(crate) fn object_in(indent: &str, entries: &[(&str, &str)]) -> String {
    let entries: Vec<_> = entries.iter().map(|(name, value)| (*name, string(value))).collect();
    layout(indent, &entries)
}

/// As [`document`], of values that are JSON already.
pub(crate) fn object(entries: &[(&str, String)]) -> String {
    layout("", entries)
}

fn layout(indent: &str, entries: &[(&str, String)]) -> String {
    let line = |(name, value): &(&str, String)| format!("{indent}  {} : {value}", string(name));
    let lines: Vec<_> = entries.iter().map(line).collect();
    format!("{{\n{}\n{indent}}}", lines.join(",\n"))
}

/// A JSON string.
pub(crate) fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
