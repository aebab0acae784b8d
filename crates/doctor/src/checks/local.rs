//! Checks of this machine: settings, credential sources, proxy, packet filter, installed SDKs.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::finding::Verdict::{Fine, Note, Unknown, Wrong};
use crate::firewall::Effect;
use crate::programs::Tokens;

/// Settings that redirect requests to the service, in the order in which SDKs read them.
const REDIRECTS: [&str; 4] = [
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "ec2_metadata_service_endpoint",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "ec2_metadata_service_endpoint_mode",
];

/// Settings that make SDKs take credentials from elsewhere before they ask the service.
const SOURCES: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "aws_access_key_id",
    "credential_process",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

pub(super) fn settings(facts: &Facts) -> Finding {
    const CHECK: &str = "settings";
    if let Some(by) = &facts.disabled_by {
        let name = by.split('=').next().unwrap_or(by);
        return Finding::new(CHECK, Wrong, format!("{by}: SDKs do not use the service at all"))
            .fix("shell", format!("unset {name}"));
    }
    if let Some(value) = facts.variables.get("AWS_EC2_METADATA_DISABLED")
        && !value.eq_ignore_ascii_case("false")
    {
        let says =
            format!("AWS_EC2_METADATA_DISABLED={value} disables the service in some SDKs only");
        return Finding::new(CHECK, Wrong, says).fix("shell", "unset AWS_EC2_METADATA_DISABLED");
    }
    let endpoint = &facts.endpoint;
    let mut says = format!("SDKs use the service at {endpoint}");
    let mut verdict = Fine;
    if let Some(redirect) = REDIRECTS.iter().find_map(|name| facts.setting(name)) {
        (says, verdict) = (format!("{says}, because of {redirect}"), Note);
    }
    let v1 = ["AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"];
    if let Some(set) = v1.iter().find_map(|name| facts.setting(name))
        && set.to_ascii_lowercase().contains("true")
    {
        (says, verdict) = (format!("{says}; {set}: SDKs fail where the token does not come"), Note);
    }
    Finding::new(CHECK, verdict, says)
}

pub(super) fn sources(facts: &Facts) -> Finding {
    const CHECK: &str = "sources";
    if let Some(source) = facts.profile.get("credential_source") {
        let says = if source == "Ec2InstanceMetadata" {
            "the profile takes the instance's role to assume another".to_owned()
        } else {
            format!("credential_source = {source}: the profile does not ask the service")
        };
        return Finding::new(CHECK, Note, says);
    }
    match SOURCES.iter().find(|name| facts.setting(name).is_some()) {
        // The value may be a secret.
        Some(name) => {
            let says =
                format!("{name} is set: SDKs take credentials from there, not from the role");
            Finding::new(CHECK, Note, says)
        }
        None => Finding::new(CHECK, Fine, "SDKs take credentials from the instance's role"),
    }
}

pub(super) fn proxy(facts: &Facts) -> Finding {
    const CHECK: &str = "proxy";
    let proxy = ["HTTP_PROXY", "http_proxy", "ALL_PROXY"].iter().find_map(|name| {
        facts.variables.get_key_value(*name).filter(|(_, value)| !value.is_empty())
    });
    let Some((name, value)) = proxy else {
        return Finding::new(CHECK, Fine, "no proxy is set");
    };
    let exceptions = ["NO_PROXY", "no_proxy"].iter().find_map(|name| facts.variables.get(*name));
    let is_excepted = exceptions.is_some_and(|exceptions| {
        exceptions
            .split(',')
            .any(|one| matches!(one.trim(), "*" | "169.254.169.254" | "169.254.0.0/16"))
    });
    if is_excepted {
        return Finding::new(CHECK, Fine, format!("{name} is set, and not for the service"));
    }
    let says = format!(
        "{name}={value} is used for the service by boto3, curl and others; it answers 403 to a proxy"
    );
    let list = exceptions.map_or_else(String::new, |exceptions| format!("{exceptions},"));
    Finding::new(CHECK, Wrong, says)
        .fix("shell", format!("export NO_PROXY={list}169.254.169.254,fd00:ec2::254"))
}

pub(super) fn firewall(facts: &Facts) -> Finding {
    const CHECK: &str = "firewall";
    let Some(rules) = &facts.rules else {
        return Finding::new(CHECK, Unknown, "the packet filter's rules cannot be read here")
            .fix("see", "sudo iptables-save | grep 169.254; sudo nft list ruleset");
    };
    let of = |effect| rules.iter().find(move |rule| rule.effect == effect);
    let (rule, verdict, does) = match (of(Effect::Blocks), of(Effect::Redirects)) {
        (Some(rule), _) if !facts.is_connected() => (rule, Wrong, "keeps packets from the service"),
        (Some(rule), _) => (rule, Note, "keeps some packets from the service"),
        (None, Some(rule)) => (rule, Note, "redirects packets for the service"),
        (None, None) => return Finding::new(CHECK, Fine, "no rule keeps packets from the service"),
    };
    let finding = Finding::new(CHECK, verdict, format!("a rule {does}: {}", rule.text));
    match &rule.removal {
        Some(removal) => finding.fix("shell", format!("sudo {removal}")),
        None => finding.fix("see", "sudo nft -a list ruleset"),
    }
}

/// Reports only a command `imds` that is another program.
pub(super) fn command(facts: &Facts) -> Option<Finding> {
    let other = facts.other_command.as_ref()?;
    let of = if other.is_of_ec2_metadata { ", of the Python package ec2-metadata" } else { "" };
    let says = format!("a shell runs {}{of}, as `imds`, not this program", other.path.display());
    Some(Finding::new("command", Note, says).fix("shell", "ec2-imds  # this program's second name"))
}

/// What a lost token costs each program.
pub(super) fn programs(facts: &Facts) -> Vec<Finding> {
    if !facts.loses_tokens() {
        return Vec::new();
    }
    let tokens = match facts.without_token {
        Some(200) => Tokens::Optional,
        Some(401) => Tokens::Required,
        _ => Tokens::Unknown,
    };
    let findings = facts.clients.iter().map(|found| {
        let mut name = found.name.to_owned();
        if let Some(version) = &found.version {
            name = format!("{name} {version}");
        }
        if let Some(program) = &found.within {
            name = format!("{name} in {program}, which runs here");
        }
        let is_set = |name: &str| facts.variables.contains_key(name);
        Finding::new("program", Note, format!("{name}: {}", found.cost(tokens, &is_set)))
    });
    findings.collect()
}

impl Facts {
    /// An environment variable or a setting of the profile, with its value.
    fn setting(&self, name: &str) -> Option<String> {
        let variable = self.variables.get(name).map(|value| format!("{name}={value}"));
        let key = || Some(format!("{name} = {} in the profile", self.profile.get(name)?));
        variable.or_else(key)
    }
}
