//! What is expected, against ways that were found; the ways themselves are tried in namespaces, with the
//! whole program.

use super::*;
use crate::finding::Verdict;

fn way(kind: &'static str, access: Access) -> Way {
    Way { kind, place: "169.254.169.254".into(), access, seen: "x".into() }
}

/// How many findings are wrong.
fn wrong(ways: &[Access], expectation: Expectation) -> usize {
    let ways: Vec<_> = ways.iter().map(|access| way("token", *access)).collect();
    let findings = judge(&ways, expectation);
    findings.iter().filter(|finding| finding.verdict == Verdict::Wrong).count()
}

#[test]
fn each_expectation_allows_what_it_names() {
    use Access::{Closed, Untried, WithToken, WithoutToken};
    use Expectation::{None, TokenOnly, V1};
    for (ways, none, token_only, v1) in [
        (&[][..], 0, 0, 1),
        (&[Closed, Closed], 0, 0, 1),
        (&[WithToken, Closed], 1, 0, 1),
        (&[WithToken, WithoutToken], 2, 1, 0),
        (&[WithoutToken], 1, 1, 0),
        (&[Untried], 1, 1, 1),
    ] {
        let found = [None, TokenOnly, V1].map(|expectation| wrong(ways, expectation));
        assert_eq!(found, [none, token_only, v1], "{ways:?}");
    }
}

#[test]
fn open_ways_that_are_expected_are_notes() {
    let findings = judge(&[way("token", Access::WithToken)], Expectation::TokenOnly);
    assert_eq!(findings[0].verdict, Verdict::Note);
    assert_eq!(findings[0].says, "169.254.169.254: x");
}

#[test]
fn expectations_are_words() {
    assert_eq!("token-only".parse(), Ok(Expectation::TokenOnly));
    assert!("v2".parse::<Expectation>().unwrap_err().contains("none, token-only or v1"));
}
