//! "Policy elements: Variables and tags".

use imds_policy::Decision::{Allow, ImplicitDeny};

use crate::rule::{ANY, INSTANCE, RUN, Rule};

pub(crate) const VARIABLES: &[Rule] = &[
    (
        "a variable in a resource",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:*:*:instance/${a:id}"}"#,
        RUN,
        INSTANCE,
        "a:id=i-1234567890abcdef0",
        Allow,
    ),
    (
        "its value has no wildcards",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:*:*:instance/${a:id}"}"#,
        RUN,
        INSTANCE,
        "a:id=*",
        ImplicitDeny,
    ),
    (
        "a variable without a value",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:*:*:instance/${a:id}"}"#,
        RUN,
        INSTANCE,
        "",
        ImplicitDeny,
    ),
    (
        "a default",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:*:*:instance/${a:id, 'i-1234567890abcdef0'}"}"#,
        RUN,
        INSTANCE,
        "",
        Allow,
    ),
    (
        "a variable in a condition",
        allow_if!(r#"{"StringEquals":{"ec2:ResourceTag/owner":"${aws:userid}"}}"#),
        RUN,
        ANY,
        "ec2:ResourceTag/owner=AIDA1 aws:userid=AIDA1",
        Allow,
    ),
    (
        "an asterisk as itself",
        allow_if!(r#"{"StringLike":{"a:x":"${*}b*"}}"#),
        RUN,
        ANY,
        "a:x=*bc",
        Allow,
    ),
    (
        "an asterisk as itself is nothing else",
        allow_if!(r#"{"StringLike":{"a:x":"${*}b*"}}"#),
        RUN,
        ANY,
        "a:x=abc",
        ImplicitDeny,
    ),
];
