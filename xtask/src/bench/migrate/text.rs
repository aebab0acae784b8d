//! Texts that mean nothing, and numbers that are the same everywhere.

use std::fmt::Write as _;

const WORDS: [&str; 32] = [
    "let",
    "return",
    "if",
    "else",
    "while",
    "for",
    "struct",
    "config",
    "value",
    "self",
    "error",
    "client",
    "request",
    "response",
    "instance",
    "metadata",
    "http",
    "token",
    "(",
    ")",
    "{",
    "}",
    "=",
    "==",
    "->",
    "\"text\"",
    "0x7f",
    "127.0.0.1",
    "https://example.com/",
    "// why",
    "None",
    ";",
];

/// What a document says of the service.
pub(super) const MENTION: &str = "See http://169.254.169.254/latest/meta-data/ for more.\n";

/// Lines of words, `size` bytes or a little more.
pub(super) fn text(random: &mut Random, size: usize) -> String {
    let mut text = String::with_capacity(size + 128);
    while text.len() < size {
        for _ in 0..4 + random.below(8) {
            text.push_str(random.choose(&WORDS));
            text.push(' ');
        }
        let _ = writeln!(text, "v{}", random.below(100_000));
    }
    text
}

/// Marsaglia's xorshift: the same numbers everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    pub(super) fn choose<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from[index]
    }
}
