//! The texts that an expression can stand for, as far as its file tells; what is not known stands in them as `HOLE`.
//!
//! Sets are bounded in number and length. A file's names are evaluated in rounds over a table, each from
//! what the round before knows of the others, so that the cost is the size of the file times a constant.

use crate::address::{self, HOLE};

/// How many texts one expression may stand for before the rest becomes a hole.
pub(crate) const MAX_VALUES: usize = 16;

/// How many rounds over a file's names: how many names are followed from one expression.
pub(crate) const ROUNDS: usize = 8;

/// Bytes of one text; what is longer ends with a hole.
const MAX_LENGTH: usize = 1024;

/// Nothing is known.
pub(crate) fn unknown() -> Vec<String> {
    vec![HOLE.to_string()]
}

/// Each text once, and a hole if there is none; those that are too many are one hole.
pub(crate) fn some_of(values: Vec<String>) -> Vec<String> {
    let values = bounded(values);
    if values.is_empty() { unknown() } else { values }
}

/// Each text once; those that are too many are one hole, and what may be metadata's is kept first.
pub(crate) fn bounded(mut values: Vec<String>) -> Vec<String> {
    values.iter_mut().for_each(shorten);
    values.sort();
    values.dedup();
    if values.len() > MAX_VALUES {
        values.sort_by_key(|v| !(address::mentioned(v) || v.contains("latest/")));
        values.truncate(MAX_VALUES - 1);
        values.extend(unknown());
        values.sort();
        values.dedup();
    }
    values
}

/// Each head with each tail.
pub(crate) fn product(heads: &[String], tails: &[String]) -> Vec<String> {
    let hole = unknown();
    let tails = if heads.len() * tails.len() > MAX_VALUES { &hole } else { tails };
    let pairs = heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}")));
    let mut texts: Vec<String> = pairs.take(MAX_VALUES).collect();
    texts.iter_mut().for_each(shorten);
    texts
}

fn shorten(text: &mut String) {
    if text.len() > MAX_LENGTH {
        let end = (0..=MAX_LENGTH).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push(HOLE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("{i:02}")).collect()
    }

    #[test]
    fn what_is_too_much_becomes_a_hole() {
        assert_eq!(product(&texts(2), &texts(2)), ["0000", "0001", "0100", "0101"]);
        assert_eq!(product(&texts(2), &texts(9)), ["00\u{fffc}", "01\u{fffc}"]);
        assert_eq!(some_of(texts(MAX_VALUES)).len(), MAX_VALUES);
        assert_eq!(some_of(texts(99)).last().map(String::as_str), Some("\u{fffc}"));
        assert_eq!(some_of(Vec::new()), unknown());
        let long = product(&["x".repeat(MAX_LENGTH)], &["y".to_owned()]);
        assert!(long[0].ends_with("x\u{fffc}"));
    }

    #[test]
    fn what_may_be_metadata_is_not_what_is_dropped() {
        let url = "http://169.254.169.254/latest/meta-data/";
        let mut many = texts(99);
        many.push(url.to_owned());
        assert!(some_of(many).contains(&url.to_owned()));
    }
}
