//! Decisions: by the tables, by several policies, and in bounded time.

use imds_policy::Decision::{Allow, ExplicitDeny, ImplicitDeny};
use imds_policy::{Context, Policy, Request, evaluate};

use crate::roles::PASS_ROLE;
use crate::rule::{ANY, RUN, context, parse};
use crate::statements::STATEMENTS;
use crate::texts::TEXTS;
use crate::types::TYPES;
use crate::variables::VARIABLES;

#[test]
fn policies_decide_by_the_published_rules() {
    let all = [STATEMENTS, PASS_ROLE, TEXTS, TYPES, VARIABLES].concat();
    assert!(all.len() >= 60, "{}", all.len());
    for (what, statements, action, resource, pairs, expected) in all {
        let policy = parse(statements).unwrap_or_else(|error| panic!("{what}: {error}"));
        let context = context(pairs);
        let request = Request { action, resource, context: &context };
        assert_eq!(evaluate([&policy], &request), expected, "{what}");
    }
}

#[test]
fn several_policies_are_one() {
    let allow = parse(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#).unwrap();
    let deny = parse(r#"{"Effect":"Deny","Action":"ec2:Run*","Resource":"*"}"#).unwrap();
    let context = Context::default();
    let request = Request { action: RUN, resource: ANY, context: &context };
    assert_eq!(evaluate([] as [&Policy; 0], &request), ImplicitDeny);
    assert_eq!(evaluate([&allow, &deny], &request), ExplicitDeny);
    assert_eq!(evaluate([&deny, &allow], &request), ExplicitDeny);
    let other = Request { action: "ec2:StopInstances", ..request };
    assert_eq!(evaluate([&deny, &allow], &other), Allow);
}

#[test]
fn the_older_language_has_no_variables() {
    let json = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*",
        "Condition":{"StringEquals":{"a:x":"${a:y}"}}}}"#;
    let policy = Policy::parse(json).unwrap();
    let decide = |context: Context| {
        evaluate([&policy], &Request { action: RUN, resource: ANY, context: &context })
    };
    assert_eq!(decide(context("a:x=1 a:y=1")), ImplicitDeny);
    assert_eq!(decide(context("a:x=${a:y}")), Allow);
}

/// A pattern of many wildcards takes no longer than its length times the text's.
#[test]
fn wildcards_do_not_multiply() {
    let json = format!(
        r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"arn:{}"}}}}"#,
        "*a".repeat(1000)
    );
    let policy = Policy::parse(&json).unwrap();
    let resource = format!("arn:{}b", "a".repeat(2000));
    let context = Context::default();
    let request = Request { action: RUN, resource: &resource, context: &context };
    assert_eq!(evaluate([&policy], &request), ImplicitDeny);
}

proptest::proptest! {
    /// Whatever is read, nothing panics.
    #[test]
    fn any_text_is_a_policy_or_an_error(text in ".{0,200}", value in ".{0,40}") {
        let _ = Policy::parse(&text);
        let json = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow", "Action": "*", "Resource": format!("arn:{text}"),
                "Condition": {"StringLike": {"a:x": text}, "ArnLike": {"a:y": value}},
            },
        });
        if let Ok(policy) = Policy::parse(&json.to_string()) {
            let mut context = Context::default();
            context.set("a:x", &*value);
            context.set("a:y", &*text);
            let request = Request { action: RUN, resource: &format!("arn:{value}"), context: &context };
            let _ = evaluate([&policy], &request);
        }
    }
}
