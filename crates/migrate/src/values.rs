//! The texts that an expression can stand for, as far as its file tells. There is always one; what
//! is not known stands in it as [`HOLE`].

use crate::address::HOLE;

/// How many texts one expression may stand for before the rest becomes a hole.
pub(crate) const MAX_VALUES: usize = 16;

/// How many names are followed from one expression.
pub(crate) const MAX_STEPS: usize = 8;

/// Nothing is known.
pub(crate) fn unknown() -> Vec<String> {
    vec![HOLE.to_string()]
}

/// Each text once; those that are too many are one hole.
pub(crate) fn some_of(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values.dedup();
    if values.is_empty() {
        return unknown();
    }
    if values.len() > MAX_VALUES {
        values.truncate(MAX_VALUES - 1);
        values.extend(unknown());
    }
    values
}

/// Each head with each tail.
pub(crate) fn product(heads: &[String], tails: &[String]) -> Vec<String> {
    let hole = unknown();
    let tails = if heads.len() * tails.len() > MAX_VALUES { &hole } else { tails };
    let pairs = heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}")));
    pairs.take(MAX_VALUES).collect()
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
    }
}
