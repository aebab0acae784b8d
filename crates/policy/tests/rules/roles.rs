//! "Grant a user permissions to pass a role to an AWS service", and `NotAction` with `Deny`.

use imds_policy::Decision::{Allow, ExplicitDeny, ImplicitDeny};

use crate::rule::Rule;

const PASS: &str = "iam:PassRole";
const ROLE: &str = "arn:aws:iam::123456789012:role/app-web";
const ROLE_WITH_PATH: &str = "arn:aws:iam::123456789012:role/team/app-web";

pub(crate) const PASS_ROLE: &[Rule] = &[
    (
        "ec2:* passes no role",
        r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#,
        PASS,
        ROLE,
        "",
        ImplicitDeny,
    ),
    (
        "NotAction of another service passes roles",
        r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#,
        PASS,
        ROLE,
        "",
        Allow,
    ),
    (
        "NotAction iam:* does not",
        r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#,
        PASS,
        ROLE,
        "",
        ImplicitDeny,
    ),
    (
        "Deny with NotAction denies what it does not list",
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":["ec2:*","iam:Get*"],"Resource":"*"}"#,
        PASS,
        ROLE,
        "",
        ExplicitDeny,
    ),
    (
        "Deny with NotAction spares what it lists",
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":["ec2:*","iam:Pass*"],"Resource":"*"}"#,
        PASS,
        ROLE,
        "",
        Allow,
    ),
    (
        "a beginning of role names",
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::123456789012:role/app-*"}"#,
        PASS,
        ROLE,
        "",
        Allow,
    ),
    (
        "* goes over the path of a role",
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/*"}"#,
        PASS,
        ROLE_WITH_PATH,
        "",
        Allow,
    ),
    (
        "a name without its path",
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/app-web"}"#,
        PASS,
        ROLE_WITH_PATH,
        "",
        ImplicitDeny,
    ),
    (
        "NotResource spares a role",
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:PassRole","NotResource":"arn:aws:iam::*:role/app-*"}"#,
        PASS,
        ROLE,
        "",
        Allow,
    ),
    (
        "NotResource denies the others",
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:PassRole","NotResource":"arn:aws:iam::*:role/app-*"}"#,
        PASS,
        ROLE_WITH_PATH,
        "",
        ExplicitDeny,
    ),
    (
        "to a service",
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}"#,
        PASS,
        ROLE,
        "iam:PassedToService=ec2.amazonaws.com",
        Allow,
    ),
    (
        "not to another service",
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}"#,
        PASS,
        ROLE,
        "iam:PassedToService=ec2.amazonaws.com",
        ImplicitDeny,
    ),
];
