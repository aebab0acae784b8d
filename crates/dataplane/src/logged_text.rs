//! Texts of strangers, as records keep them: cut, and written so that they break nothing.

use std::fmt::Write as _;

use imds_core::token;

/// The longest part of a text that a record keeps, in bytes.
const LENGTH: usize = 121;

/// The beginning of a text that a client sent: a path, or what it calls itself.
#[derive(Clone)]
pub struct LoggedText {
    bytes: [u8; LENGTH],
    length: u8,
    is_cut: bool,
}

impl LoggedText {
    /// A `/`, and the first 120 bytes of `path`; does not allocate.
    pub fn new(path: &str) -> Self {
        Self::of(b"/", path.as_bytes())
    }

    /// The first 121 bytes of a text, as it was sent; does not allocate.
    pub fn as_sent(text: &[u8]) -> Self {
        Self::of(b"", text)
    }

    fn of(start: &[u8], text: &[u8]) -> Self {
        let length = text.len().min(LENGTH - start.len());
        let mut bytes = [0; LENGTH];
        bytes[..start.len()].copy_from_slice(start);
        bytes[start.len()..][..length].copy_from_slice(&text[..length]);
        // The length is at most `LENGTH`, which fits.
        let whole = u8::try_from(start.len() + length).unwrap_or(0);
        Self { bytes, length: whole, is_cut: text.len() > length }
    }

    /// Writes the text, with `\u00xx` for every byte that could break a line, a terminal or JSON. A session
    /// token in it, which a client put there by mistake, is left out.
    pub fn escape(&self, out: &mut String) {
        let mut rest = &self.bytes[..usize::from(self.length)];
        while let Some((&byte, behind)) = rest.split_first() {
            let token = token::length_at_start(rest);
            rest = if token > 0 { &rest[token..] } else { behind };
            match byte {
                _ if token > 0 => out.push_str("TOKEN"),
                b' '..=b'~' if byte != b'"' && byte != b'\\' => out.push(char::from(byte)),
                _ => {
                    let _ = write!(out, "\\u{byte:04x}");
                }
            }
        }
        if self.is_cut {
            out.push('…');
        }
    }
}
