//! Each parameter of each action: what the table says of it is what the API does with it.
//!
//! A request that succeeds is sent to an account, and the same request with one parameter more to another that
//! is alike. What differs, in the response or in anything stored, tells what the parameter does.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "parameters/account.rs"]
mod account;
#[path = "shared/alone.rs"]
mod alone;
#[path = "parameters/requests.rs"]
mod requests;
#[path = "parameters/unknown_ids.rs"]
mod unknown_ids;

use std::collections::BTreeMap;

use account::{Outcome, TestAccount};
use imds_ec2::Request;
use requests::{Line, Parameter, base, first_of, is_about, lines, table};

/// What the kind of a parameter begins with that can be one of some values.
const ONE_OF: &str = "one-of:";

/// Of the parameters of a launch template, one of so many is tried, and all with `IMDS_TEST_SLOW`.
const SAMPLED: usize = 5;

/// Values to try: some that are valid, and some that are not.
fn values<'a>(lines: &'a [Line<'_>], parameter: &Parameter) -> Vec<&'a str> {
    let mut values: Vec<&str> = match parameter.kind {
        "boolean" => vec!["true", "false"],
        "integer" => vec!["1", "2", "9", "1000000", "-1"],
        "number" => vec!["1.5", "-1"],
        "time" => vec!["2020-01-01T00:00:00.000Z"],
        "base64" => vec!["eA=="],
        "text" => vec!["x"],
        "price" => vec!["0.05"],
        other => other.strip_prefix(ONE_OF).expect(other).split(',').collect(),
    };
    for line in lines {
        if let Line::Values { action, parameter: name, values: more } = line
            && is_about(action, parameter.action)
            && *name == parameter.name
        {
            values.extend(more);
        }
    }
    values
}

/// Sends requests to accounts that are alike.
struct Accounts {
    /// One that no request has changed.
    untouched: TestAccount,
    lines: Vec<Line<'static>>,
}

impl Accounts {
    /// What an account answers and has after the request.
    fn outcome(&self, action: &str, pairs: &[(String, String)]) -> Outcome {
        if ["Describe", "Get"].iter().any(|verb| action.starts_with(verb)) {
            return self.untouched.outcome(action, pairs);
        }
        TestAccount::new().outcome(action, pairs)
    }

    /// Why the class of a parameter is wrong, if it is.
    fn mistake(
        &self,
        baselines: &mut BTreeMap<String, Outcome>,
        parameter: &Parameter,
    ) -> Option<String> {
        let action = parameter.action;
        let name = first_of(parameter.name);
        let mut without = base(&self.lines, parameter);
        without.retain(|(its, _)| *its != name);
        let with = |value: &str| {
            let mut with = without.clone();
            with.push((name.clone(), value.to_owned()));
            with
        };
        let values = values(&self.lines, parameter);
        if parameter.class == "refused" {
            // Nothing is changed.
            let outcome = self.untouched.outcome(action, &with(values[0]));
            let words = format!("The parameter {name} is not supported by imds");
            return (!outcome.response.contains(&words))
                .then(|| format!("is not refused: {}", outcome.response));
        }
        let key = format!("{action}?{without:?}");
        let baseline = baselines.entry(key).or_insert_with(|| {
            let outcome = self.outcome(action, &without);
            // Or any parameter would seem to have an effect.
            assert_eq!(outcome, self.outcome(action, &without), "{action} is never twice the same");
            outcome
        });
        let mut tried = values.into_iter().map(|value| (value, self.outcome(action, &with(value))));
        let effect = tried.find(|(_, outcome)| outcome != baseline);
        match (parameter.class, effect) {
            ("no-effect", Some((value, outcome))) => {
                Some(format!("{value} has an effect: {}", outcome.difference(baseline)))
            }
            ("obeyed" | "kept", None) => Some(format!("has no effect: {}", baseline.response)),
            _ => None,
        }
    }
}

#[test]
fn each_parameter_does_what_the_table_says() {
    let accounts = Accounts { untouched: TestAccount::new(), lines: lines() };
    let only = std::env::var("IMDS_TEST_ACTION").ok();
    let is_thorough = std::env::var_os("IMDS_TEST_SLOW").is_some();
    let mut mistakes = Vec::new();
    let mut baselines = BTreeMap::new();
    for (index, parameter) in table().iter().enumerate() {
        let Parameter { action, name, class, .. } = parameter;
        // All of a template are stored by the same code: some of them are enough.
        let is_one_of_many = name.starts_with("LaunchTemplateData.");
        if only.as_deref().is_some_and(|only| only != *action)
            || is_one_of_many && index % SAMPLED != 0 && !is_thorough
        {
            continue;
        }
        if let Some(mistake) = accounts.mistake(&mut baselines, parameter) {
            mistakes.push(format!("{action} {name} {class}: {mistake}"));
        }
    }
    assert!(mistakes.is_empty(), "{} mistakes:\n{}", mistakes.len(), mistakes.join("\n"));
}

#[test]
fn values_that_a_parameter_cannot_have_are_refused() {
    let accounts = Accounts { untouched: TestAccount::new(), lines: lines() };
    let mut mistakes = Vec::new();
    for parameter in table() {
        let Parameter { action, name, kind, class } = parameter;
        let has_values = kind.starts_with(ONE_OF) || kind == "price";
        // A template may name a type that a later settings file has.
        let is_kept_type = name == "LaunchTemplateData.InstanceType";
        if class == "refused" || !has_values || is_kept_type {
            continue;
        }
        let name = first_of(name);
        let mut pairs = base(&accounts.lines, &parameter);
        pairs.retain(|(its, _)| *its != name);
        pairs.push((name.clone(), "zork".to_owned()));
        // It is refused, so nothing changes.
        let Outcome { response, .. } = accounts.untouched.outcome(action, &pairs);
        // A fleet says of each override why it launches none.
        let is_refused = response.starts_with("400 ") || response.contains("<errorCode>");
        if !is_refused || !response.contains("zork") {
            mistakes.push(format!("{action} {name}: {response}"));
        }
    }
    assert!(mistakes.is_empty(), "{} mistakes:\n{}", mistakes.len(), mistakes.join("\n"));
}

#[test]
fn actions_are_those_that_are_answered() {
    let mut actions: Vec<_> = table().iter().map(|parameter| parameter.action).collect();
    actions.dedup();
    assert_eq!(actions, Request::ACTIONS);
}
