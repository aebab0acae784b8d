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
        let mut plain = 0;
        for (at, character) in text.char_indices() {
            let written = match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\r' => "&#13;",
                '\t' | '\n' => continue,
                '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => "\u{FFFD}",
                _ => continue,
            };
            self.push(&[&text[plain..at], written]);
            plain = at + character.len_utf8();
        }
        self.push(&[&text[plain..]]);
    }

    fn push(&mut self, parts: &[&str]) {
        self.document.extend(parts.iter().copied());
    }
}
