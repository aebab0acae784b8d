//! Policies that are refused.

use imds_policy::Policy;

use crate::rule::parse;

/// What is refused, and a word that the error must have.
#[test]
fn mistakes_are_named() {
    for (statement, word) in [
        (r#"{"Effect":"allow","Action":"*","Resource":"*"}"#, "allow"),
        (r#"{"Action":"*","Resource":"*"}"#, "Effect"),
        (
            r#"{"Effect":"Allow","Resource":"*"}"#,
            "statement 1: it has neither Action nor NotAction",
        ),
        (r#"{"Effect":"Allow","Action":"*"}"#, "neither Resource"),
        (r#"{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}"#, "both Action"),
        (r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#, "empty"),
        (r#"{"Effect":"Allow","Action":"RunInstances","Resource":"*"}"#, "RunInstances"),
        (r#"{"Effect":"Allow","Action":"ec2:${aws:username}","Resource":"*"}"#, "action"),
        (r#"{"Effect":"Allow","Action":"*","Resource":"i-1"}"#, "\"i-1\" is neither * nor an ARN"),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:${aws:username"}"#, "closing brace"),
        (r#"{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}"#, "Principal"),
        (r#"{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}"#, "duplicate"),
        (
            r#"{"Sid":"Mine","Effect":"Allow","Action":"*","Resource":"*","Condition":{"Equals":{"a":"b"}}}"#,
            "statement Mine: \"Equals\"",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NullIfExists":{"a":"true"}}}"#,
            "NullIfExists",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericEquals":{"a":"x"}}}"#,
            "not a number",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":"yes"}}}"#,
            "neither true nor false",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateEquals":{"a":"today"}}}"#,
            "not a date",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"a":"10.0.0.0/33"}}}"#,
            "not an address",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a":[]}}}"#,
            "no value",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a":"1","A":"2"}}}"#,
            "twice",
        ),
    ] {
        let error = parse(statement).map(drop).expect_err(statement).to_string();
        assert!(error.contains(word), "{statement}: {error}");
    }
    let unknown = r#"{"Version":"2020-01-01","Statement":[]}"#;
    assert!(Policy::parse(unknown).unwrap_err().to_string().contains("2020-01-01"));
}
