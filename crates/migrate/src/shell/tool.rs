//! `ec2metadata`, Ubuntu's command-line tool, which speaks IMDSv1 on releases still in use.

use tree_sitter::Node;

use super::command::arguments;
use super::fetcher::Fetcher;
use crate::address::DEFAULT_ENDPOINT;
use crate::edit::Edit;
use crate::finding::{Finding, Remedy};
use crate::rules::Rule;
use crate::snippet::Snippet;
use crate::syntax::{around, is_clean, text};

/// What each option prints, as a path below `/latest/`.
const OPTIONS: [(&str, &str); 15] = [
    ("--ami-id", "meta-data/ami-id"),
    ("--ami-launch-index", "meta-data/ami-launch-index"),
    ("--ami-manifest-path", "meta-data/ami-manifest-path"),
    ("--availability-zone", "meta-data/placement/availability-zone"),
    ("--instance-id", "meta-data/instance-id"),
    ("--instance-type", "meta-data/instance-type"),
    ("--instance-action", "meta-data/instance-action"),
    ("--local-hostname", "meta-data/local-hostname"),
    ("--local-ipv4", "meta-data/local-ipv4"),
    ("--public-hostname", "meta-data/public-hostname"),
    ("--public-ipv4", "meta-data/public-ipv4"),
    ("--reservation-id", "meta-data/reservation-id"),
    ("--security-groups", "meta-data/security-groups"),
    ("--profile", "meta-data/profile"),
    ("--user-data", "user-data"),
];

pub(super) fn scan(command: Node<'_>, snippet: &Snippet<'_>) -> Option<Finding> {
    let source: &[u8] = &snippet.text;
    let name = command.child_by_field_name("name")?;
    // A package of Go has a name that ends so, too.
    let written = text(name, source);
    let is_path = written.starts_with(['/', '.', '~']) || !written.contains('/');
    if written.rsplit('/').next() != Some("ec2metadata") || !is_path {
        return None;
    }
    let endpoint = format!("{DEFAULT_ENDPOINT}/latest");
    let token = format!("IMDS_TOKEN=$({}) || true", Fetcher::Curl.token("curl", &endpoint, ""));
    let arguments = arguments(command);
    let option = match arguments.as_slice() {
        [one] => text(*one, source).into_owned(),
        _ => String::new(),
    };
    let path = OPTIONS.iter().find(|(name, _)| *name == option).map(|(_, path)| *path);
    let get = |path: &str| {
        format!("curl -sf {} {DEFAULT_ENDPOINT}/latest/{path}", Fetcher::Curl.header("IMDS_TOKEN"))
    };
    let substitution = around(command).nth(1).filter(|n| n.kind() == "command_substitution");
    let is_dollar = substitution.is_some_and(|n| source.get(n.start_byte()) == Some(&b'$'));
    let remedy = match path {
        // Inside `$(…)` the line end that the tool prints and curl does not makes no difference.
        Some(path)
            if is_dollar
                && is_clean(command)
                && snippet.untouched.or(snippet.no_shell).is_none() =>
        {
            let edit = Edit::replace(command.byte_range(), format!("{token}; {}", get(path)));
            Remedy::Rewrite(vec![edit])
        }
        path => Remedy::advice(
            format!("{token}\n{}", get(path.unwrap_or("meta-data/…"))),
            "what is printed would differ in its line ends",
        ),
    };
    Some(
        Finding::new(
            Rule::TokenlessRequest,
            command.byte_range(),
            "ec2metadata reads instance metadata without a token on older Ubuntu releases",
            remedy,
        )
        .reading([format!("/*/{}", path.unwrap_or("*"))]),
    )
}
