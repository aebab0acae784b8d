//! Policies, requests and decisions, by the published rules of IAM.

// long file: a table of rules, and rustfmt gives each value a line

use imds_policy::Decision::{Allow, ExplicitDeny, ImplicitDeny};
use imds_policy::{Context, Decision, Policy, Request, evaluate};

const RUN: &str = "ec2:RunInstances";
const ANY: &str = "*";
const INSTANCE: &str = "arn:aws:ec2:us-east-1:123456789012:instance/i-1234567890abcdef0";
const NEW_INSTANCE: &str = "arn:aws:ec2:us-east-1:123456789012:instance/*";

/// What is shown, the statements (without `Version`, which is 2012-10-17), action, resource, context
/// (`key=value|value`, separated by spaces), and the decision.
type Rule = (&'static str, &'static str, &'static str, &'static str, &'static str, Decision);

/// A statement that allows `ec2:*` on everything under a condition.
macro_rules! allow_if {
    ($condition:literal) => {
        concat!(
            r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*","Condition":"#,
            $condition,
            "}"
        )
    };
}

/// All is allowed but what a condition denies.
macro_rules! deny_if {
    ($condition:literal) => {
        concat!(
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},"#,
            r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":"#,
            $condition,
            "}"
        )
    };
}

/// "Policy evaluation logic": effects, actions and resources.
const STATEMENTS: &[Rule] = &[
    (
        "nothing is allowed by default",
        r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        ImplicitDeny,
    ),
    (
        "an allow",
        r#"{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*"}"#,
        RUN,
        INSTANCE,
        "",
        Allow,
    ),
    (
        "another action",
        r#"{"Effect":"Allow","Action":"ec2:StopInstances","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        ImplicitDeny,
    ),
    (
        "a deny wins over an allow before it",
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ec2:RunInstances","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        ExplicitDeny,
    ),
    (
        "a deny wins over an allow after it",
        r#"{"Effect":"Deny","Action":"ec2:RunInstances","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        ExplicitDeny,
    ),
    (
        "a deny without an allow",
        r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        ExplicitDeny,
    ),
    (
        "a deny of something else",
        r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Deny","Action":"ec2:Stop*","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "actions are the same in any case",
        r#"{"Effect":"Allow","Action":"EC2:runinstances","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "* in an action",
        r#"{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}"#,
        "ec2:DescribeInstances",
        ANY,
        "",
        Allow,
    ),
    (
        "* within an action",
        r#"{"Effect":"Allow","Action":"ec2:*Instances","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "? in an action is one character",
        r#"{"Effect":"Allow","Action":"ec2:RunInstance?","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "? is not no character",
        r#"{"Effect":"Allow","Action":"ec2:RunInstances?","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        ImplicitDeny,
    ),
    (
        "several actions",
        r#"{"Effect":"Allow","Action":["s3:GetObject","ec2:Run*"],"Resource":"*"}"#,
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "* is every action of every service",
        r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
        "sts:AssumeRole",
        ANY,
        "",
        Allow,
    ),
    (
        "a service of another name",
        r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#,
        "ec2messages:GetMessages",
        ANY,
        "",
        ImplicitDeny,
    ),
    (
        "NotAction allows the others",
        r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "NotAction does not allow its own",
        r#"{"Effect":"Allow","NotAction":"ec2:*","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        ImplicitDeny,
    ),
    (
        "NotAction of several",
        r#"{"Effect":"Allow","NotAction":["iam:*","ec2:Run*"],"Resource":"*"}"#,
        RUN,
        ANY,
        "",
        ImplicitDeny,
    ),
    (
        "NotAction with Deny denies the others",
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}"#,
        RUN,
        ANY,
        "",
        ExplicitDeny,
    ),
    (
        "a resource",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:us-east-1:123456789012:instance/i-1234567890abcdef0"}"#,
        RUN,
        INSTANCE,
        "",
        Allow,
    ),
    (
        "another resource",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:us-east-1:123456789012:instance/i-0"}"#,
        RUN,
        INSTANCE,
        "",
        ImplicitDeny,
    ),
    (
        "resources differ by case",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:us-east-1:123456789012:Instance/*"}"#,
        RUN,
        INSTANCE,
        "",
        ImplicitDeny,
    ),
    (
        "* in parts of an ARN",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:*:*:instance/*"}"#,
        RUN,
        INSTANCE,
        "",
        Allow,
    ),
    (
        "* at the end of a part goes beyond it",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:logs:*:log-group:a:*"}"#,
        "logs:PutLogEvents",
        "arn:aws:logs:us-east-1:123456789012:log-group:a:log-stream:b",
        "",
        Allow,
    ),
    (
        "* within a part stays within it",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:us*2:instance/*"}"#,
        RUN,
        INSTANCE,
        "",
        ImplicitDeny,
    ),
    (
        "an ARN that is not complete",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2"}"#,
        RUN,
        INSTANCE,
        "",
        Allow,
    ),
    (
        "an ARN of another Region",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:eu-west-1:*:instance/*"}"#,
        RUN,
        INSTANCE,
        "",
        ImplicitDeny,
    ),
    (
        "an action on no resource needs *",
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:*:*:instance/*"}"#,
        "ec2:DescribeInstances",
        ANY,
        "",
        ImplicitDeny,
    ),
    (
        "NotResource allows the others",
        r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::*"}"#,
        RUN,
        INSTANCE,
        "",
        Allow,
    ),
    (
        "NotResource does not allow its own",
        r#"{"Effect":"Allow","Action":"*","NotResource":["arn:aws:ec2:*:*:instance/*"]}"#,
        RUN,
        INSTANCE,
        "",
        ImplicitDeny,
    ),
    (
        "one statement need not be in a list",
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Sid":"One"}"#,
        RUN,
        ANY,
        "",
        Allow,
    ),
];

/// "Condition operators" and "Conditions with multiple context keys or values".
const CONDITIONS: &[Rule] = &[
    (
        "equal",
        allow_if!(r#"{"StringEquals":{"ec2:InstanceType":"t3.micro"}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=t3.micro",
        Allow,
    ),
    (
        "not equal",
        allow_if!(r#"{"StringEquals":{"ec2:InstanceType":"t3.micro"}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=t3.large",
        ImplicitDeny,
    ),
    (
        "values differ by case",
        allow_if!(r#"{"StringEquals":{"ec2:InstanceType":"T3.micro"}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=t3.micro",
        ImplicitDeny,
    ),
    (
        "keys do not",
        allow_if!(r#"{"StringEquals":{"EC2:instancetype":"t3.micro"}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=t3.micro",
        Allow,
    ),
    (
        "an absent key is not equal",
        allow_if!(r#"{"StringEquals":{"ec2:InstanceType":"t3.micro"}}"#),
        RUN,
        ANY,
        "",
        ImplicitDeny,
    ),
    (
        "one of several values is enough",
        allow_if!(r#"{"StringEquals":{"ec2:InstanceType":["t3.nano","t3.micro"]}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=t3.micro",
        Allow,
    ),
    (
        "* is itself in StringEquals",
        allow_if!(r#"{"StringEquals":{"ec2:InstanceType":"t3.*"}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=t3.micro",
        ImplicitDeny,
    ),
    (
        "any case with IgnoreCase",
        allow_if!(r#"{"StringEqualsIgnoreCase":{"ec2:InstanceType":"T3.MICRO"}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=t3.micro",
        Allow,
    ),
    (
        "not any case",
        allow_if!(r#"{"StringNotEqualsIgnoreCase":{"ec2:InstanceType":"T3.MICRO"}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=t3.micro",
        ImplicitDeny,
    ),
    (
        "wildcards with Like",
        allow_if!(r#"{"StringLike":{"ec2:InstanceType":["m5.*","t?.micro"]}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=t3.micro",
        Allow,
    ),
    (
        "NotLike is none of them",
        allow_if!(r#"{"StringNotLike":{"ec2:InstanceType":["m5.*","t?.*"]}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=t3.micro",
        ImplicitDeny,
    ),
    (
        "NotEquals of several is none of them",
        deny_if!(r#"{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","us-east-1"]}}"#),
        RUN,
        ANY,
        "aws:RequestedRegion=us-east-1",
        Allow,
    ),
    (
        "NotEquals denies the others",
        deny_if!(r#"{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","us-east-1"]}}"#),
        RUN,
        ANY,
        "aws:RequestedRegion=us-east-2",
        ExplicitDeny,
    ),
    (
        "an absent key is never equal: NotEquals is true",
        deny_if!(r#"{"StringNotEquals":{"ec2:MetadataHttpTokens":"required"}}"#),
        RUN,
        NEW_INSTANCE,
        "",
        ExplicitDeny,
    ),
    (
        "not so beside Null: false",
        deny_if!(
            r#"{"StringNotEquals":{"ec2:MetadataHttpTokens":"required"},"Null":{"ec2:MetadataHttpTokens":"false"}}"#
        ),
        RUN,
        NEW_INSTANCE,
        "",
        Allow,
    ),
    (
        "Null: false, and the key is there",
        deny_if!(
            r#"{"StringNotEquals":{"ec2:MetadataHttpTokens":"required"},"Null":{"ec2:MetadataHttpTokens":false}}"#
        ),
        RUN,
        NEW_INSTANCE,
        "ec2:MetadataHttpTokens=optional",
        ExplicitDeny,
    ),
    (
        "Null: true is absence",
        allow_if!(r#"{"Null":{"aws:TokenIssueTime":true}}"#),
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "IfExists is true of an absent key",
        allow_if!(r#"{"StringEqualsIfExists":{"ec2:InstanceType":"t3.micro"}}"#),
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "IfExists compares one that is there",
        allow_if!(r#"{"StringEqualsIfExists":{"ec2:InstanceType":"t3.micro"}}"#),
        RUN,
        ANY,
        "ec2:InstanceType=m5.large",
        ImplicitDeny,
    ),
    (
        "all operators must hold",
        allow_if!(r#"{"StringEquals":{"a:x":"1"},"StringLike":{"a:y":"2*"}}"#),
        RUN,
        ANY,
        "a:x=1 a:y=3",
        ImplicitDeny,
    ),
    (
        "all keys must hold",
        allow_if!(r#"{"StringEquals":{"a:x":"1","a:y":"2"}}"#),
        RUN,
        ANY,
        "a:x=1 a:y=2",
        Allow,
    ),
    (
        "one key that does not hold",
        allow_if!(r#"{"StringEquals":{"a:x":"1","a:y":"2"}}"#),
        RUN,
        ANY,
        "a:x=1 a:y=1",
        ImplicitDeny,
    ),
    (
        "numbers are not texts",
        allow_if!(r#"{"NumericEquals":{"ec2:RoleDelivery":"2"}}"#),
        RUN,
        ANY,
        "ec2:RoleDelivery=2.0",
        Allow,
    ),
    (
        "less",
        deny_if!(r#"{"NumericLessThan":{"ec2:RoleDelivery":"2.0"}}"#),
        RUN,
        ANY,
        "ec2:RoleDelivery=1.0",
        ExplicitDeny,
    ),
    (
        "not less",
        deny_if!(r#"{"NumericLessThan":{"ec2:RoleDelivery":"2.0"}}"#),
        RUN,
        ANY,
        "ec2:RoleDelivery=2.0",
        Allow,
    ),
    (
        "no delivery at all",
        deny_if!(r#"{"NumericLessThan":{"ec2:RoleDelivery":"2.0"}}"#),
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "10 is greater than 9",
        deny_if!(r#"{"NumericGreaterThan":{"ec2:MetadataHttpPutResponseHopLimit":"9"}}"#),
        RUN,
        NEW_INSTANCE,
        "ec2:MetadataHttpPutResponseHopLimit=10",
        ExplicitDeny,
    ),
    (
        "a JSON number",
        deny_if!(r#"{"NumericGreaterThanEquals":{"ec2:MetadataHttpPutResponseHopLimit":2}}"#),
        RUN,
        NEW_INSTANCE,
        "ec2:MetadataHttpPutResponseHopLimit=2",
        ExplicitDeny,
    ),
    (
        "less or equal",
        allow_if!(r#"{"NumericLessThanEquals":{"a:n":"3"}}"#),
        RUN,
        ANY,
        "a:n=3.5",
        ImplicitDeny,
    ),
    (
        "not the number",
        allow_if!(r#"{"NumericNotEquals":{"a:n":"3"}}"#),
        RUN,
        ANY,
        "a:n=3.0",
        ImplicitDeny,
    ),
    (
        "what is not a number compares with none",
        allow_if!(r#"{"NumericLessThan":{"a:n":"3"}}"#),
        RUN,
        ANY,
        "a:n=two",
        ImplicitDeny,
    ),
    (
        "before a date",
        allow_if!(r#"{"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}"#),
        RUN,
        ANY,
        "aws:CurrentTime=2025-12-31T23:59:59Z",
        Allow,
    ),
    (
        "after a day",
        allow_if!(r#"{"DateGreaterThan":{"aws:CurrentTime":"2026-01-01"}}"#),
        RUN,
        ANY,
        "aws:CurrentTime=2025-12-31T23:59:59Z",
        ImplicitDeny,
    ),
    (
        "seconds since 1970",
        allow_if!(r#"{"DateEquals":{"aws:EpochTime":"1767225600"}}"#),
        RUN,
        ANY,
        "aws:EpochTime=2026-01-01T00:00:00Z",
        Allow,
    ),
    (
        "a boolean",
        allow_if!(r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
        RUN,
        ANY,
        "aws:SecureTransport=false",
        ImplicitDeny,
    ),
    (
        "a boolean of JSON",
        deny_if!(r#"{"Bool":{"aws:SecureTransport":false}}"#),
        RUN,
        ANY,
        "aws:SecureTransport=false",
        ExplicitDeny,
    ),
    (
        "an absent boolean is not false",
        deny_if!(r#"{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#),
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "but with IfExists",
        deny_if!(r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#),
        RUN,
        ANY,
        "",
        ExplicitDeny,
    ),
    (
        "an address in a block",
        allow_if!(r#"{"IpAddress":{"aws:Ec2InstanceSourcePrivateIPv4":"172.31.0.0/16"}}"#),
        RUN,
        ANY,
        "aws:Ec2InstanceSourcePrivateIPv4=172.31.7.9",
        Allow,
    ),
    (
        "an address outside of all blocks",
        deny_if!(r#"{"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]}}"#),
        RUN,
        ANY,
        "aws:SourceIp=198.51.100.1",
        ExplicitDeny,
    ),
    (
        "an IPv6 address",
        deny_if!(r#"{"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]}}"#),
        RUN,
        ANY,
        "aws:SourceIp=2001:db8::1",
        Allow,
    ),
    (
        "an address alone",
        allow_if!(r#"{"IpAddress":{"aws:SourceIp":"192.0.2.7"}}"#),
        RUN,
        ANY,
        "aws:SourceIp=192.0.2.8",
        ImplicitDeny,
    ),
    (
        "ArnLike",
        allow_if!(
            r#"{"ArnLike":{"ec2:SourceInstanceARN":"arn:aws:ec2:*:123456789012:instance/i-*"}}"#
        ),
        RUN,
        ANY,
        "ec2:SourceInstanceARN=arn:aws:ec2:us-east-1:123456789012:instance/i-1",
        Allow,
    ),
    (
        "ArnEquals is ArnLike",
        allow_if!(
            r#"{"ArnEquals":{"ec2:SourceInstanceARN":"arn:aws:ec2:*:123456789012:instance/i-*"}}"#
        ),
        RUN,
        ANY,
        "ec2:SourceInstanceARN=arn:aws:ec2:us-east-1:123456789012:instance/i-1",
        Allow,
    ),
    (
        "* in an ARN stays within its part",
        allow_if!(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam:*"}}"#),
        RUN,
        ANY,
        "aws:PrincipalArn=arn:aws:iam::123456789012:role/r",
        ImplicitDeny,
    ),
    (
        "ArnNotLike",
        deny_if!(r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/r"}}"#),
        RUN,
        ANY,
        "aws:PrincipalArn=arn:aws:iam::123456789012:role/s",
        ExplicitDeny,
    ),
    (
        "ForAllValues: each value is listed",
        allow_if!(r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#),
        RUN,
        ANY,
        "aws:TagKeys=a|b",
        Allow,
    ),
    (
        "ForAllValues: one is not",
        allow_if!(r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#),
        RUN,
        ANY,
        "aws:TagKeys=a|c",
        ImplicitDeny,
    ),
    (
        "ForAllValues of no value",
        allow_if!(r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#),
        RUN,
        ANY,
        "",
        Allow,
    ),
    (
        "ForAnyValue: one is enough",
        allow_if!(r#"{"ForAnyValue:StringEquals":{"ec2:Attribute":["HttpTokens"]}}"#),
        RUN,
        ANY,
        "ec2:Attribute=HttpEndpoint|HttpTokens",
        Allow,
    ),
    (
        "ForAnyValue of no value",
        allow_if!(r#"{"ForAnyValue:StringEquals":{"ec2:Attribute":["HttpTokens"]}}"#),
        RUN,
        ANY,
        "",
        ImplicitDeny,
    ),
    (
        "ForAnyValue:NotEquals: one that is not listed",
        allow_if!(r#"{"ForAnyValue:StringNotEquals":{"aws:TagKeys":["a"]}}"#),
        RUN,
        ANY,
        "aws:TagKeys=a|c",
        Allow,
    ),
    (
        "ForAllValues:NotEquals: one is listed",
        allow_if!(r#"{"ForAllValues:StringNotEquals":{"aws:TagKeys":["a"]}}"#),
        RUN,
        ANY,
        "aws:TagKeys=a|c",
        ImplicitDeny,
    ),
    ("bytes", allow_if!(r#"{"BinaryEquals":{"a:b":"QmluYXJ5"}}"#), RUN, ANY, "a:b=QmluYXJ5", Allow),
];

/// "Policy elements: Variables and tags".
const VARIABLES: &[Rule] = &[
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

#[test]
fn policies_decide_by_the_published_rules() {
    let all = [STATEMENTS, CONDITIONS, VARIABLES].concat();
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

fn parse(statements: &str) -> Result<Policy, imds_policy::PolicyError> {
    Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#))
}

fn context(pairs: &str) -> Context {
    let mut context = Context::default();
    for pair in pairs.split_whitespace() {
        let (key, values) = pair.split_once('=').expect("key=value");
        context.set_all(key, values.split('|').map(str::to_owned));
    }
    context
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
