//! Writes XML that every parser takes, whatever the text.

/// A document that grows from its beginning to its end. Names are the model's, never a client's.
#[derive(Debug)]
pub struct Xml {
    document: String,
}

impl Xml {
    pub(crate) fn document() -> Self {
        Self { document: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned() }
    }

    pub(crate) fn into_string(self) -> String {
        self.document
    }

    /// `<name attribute="value">`, what `inside` writes, `</name>`.
    pub(crate) fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inside: impl FnOnce(&mut Self),
    ) {
        self.push(&["<", name]);
        for (attribute, value) in attributes {
            self.push(&[" ", attribute, "=\""]);
            self.escaped(value);
            self.push(&["\""]);
        }
        self.push(&[">"]);
        inside(self);
        self.push(&["</", name, ">"]);
    }

    /// An element that holds text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.element(name, &[], |xml| xml.escaped(text));
    }

    /// Text as character data. Characters that XML 1.0 (section 2.2) cannot carry at all, not even
    /// as references, become U+FFFD, so that one odd byte in a tag does not cost the client its
    /// whole answer. A carriage return is written as a reference, or parsers would normalise it.
    fn escaped(&mut self, text: &str) {
        let mut rest = text;
        while let Some((plain, marked)) =
            rest.bytes().position(|byte| !is_plain(byte)).map(|at| rest.split_at(at))
        {
            let mut characters = marked.chars();
            let written = match characters.next() {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                Some('\r') => "&#13;",
                Some(character) if is_xml(character) => &marked[..character.len_utf8()],
                _ => REPLACEMENT,
            };
            self.push(&[plain, written]);
            rest = characters.as_str();
        }
        self.push(&[rest]);
    }

    fn push(&mut self, parts: &[&str]) {
        self.document.extend(parts.iter().copied());
    }
}

/// Whether a byte is part of characters alone that are written as they are, as nearly all are: 0xEF also begins some
/// that XML cannot carry.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b' '..=0xEE | 0xF0..)
        && !matches!(byte, b'&' | b'<' | b'>' | b'"')
}

/// What stands for a character that XML cannot carry.
pub(crate) const REPLACEMENT: &str = "\u{FFFD}";

/// Whether XML 1.0 can carry a character (section 2.2).
pub(crate) fn is_xml(character: char) -> bool {
    !matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{FFFE}' | '\u{FFFF}')
}

/// A structure that can be written.
pub trait Response {
    /// Writes the members, each as an element of its own.
    fn write_members(&self, xml: &mut Xml);
}

/// A value that can be written as an element.
pub(crate) trait Write {
    /// Writes the element `name`, or nothing if the value is absent.
    fn write(&self, name: &str, xml: &mut Xml);
}

impl<T: Response> Write for T {
    fn write(&self, name: &str, xml: &mut Xml) {
        xml.element(name, &[], |xml| self.write_members(xml));
    }
}

impl<T: Write> Write for Option<T> {
    fn write(&self, name: &str, xml: &mut Xml) {
        if let Some(value) = self {
            value.write(name, xml);
        }
    }
}

impl<T: Write> Write for Vec<T> {
    fn write(&self, name: &str, xml: &mut Xml) {
        if !self.is_empty() {
            write_list(self, name, xml);
        }
    }
}

/// Writes the list `name` even if it is empty.
pub(crate) fn write_list<T: Write>(list: &[T], name: &str, xml: &mut Xml) {
    xml.element(name, &[], |xml| {
        for element in list {
            element.write("item", xml);
        }
    });
}
