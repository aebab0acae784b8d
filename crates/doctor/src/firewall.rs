//! Rules of this machine's packet filter that name the service.

use std::process::{Command, Stdio};

/// Addresses of the service in rules.
const NAMES: [&str; 3] = ["169.254.169.254", "169.254.0.0/16", "fd00:ec2::254"];

/// Programs that print all rules. Reading them needs root.
const PRINTERS: [(&str, &[&str]); 3] =
    [("iptables-save", &[]), ("ip6tables-save", &[]), ("nft", &["list", "ruleset"])];

/// A rule that names the service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// What it does to packets.
    pub effect: Effect,
    /// The rule as `iptables-save` or `nft` prints it.
    pub text: String,
    /// The command that removes it; `None` for rules of `nft`, whose handles are not printed.
    pub removal: Option<String>,
}

/// What a rule does to packets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Drops or rejects them.
    Blocks,
    /// Redirects them to another destination.
    Redirects,
    /// Neither of these: accepts, counts or marks them.
    Other,
}

/// Reads the rules; `None` if no program can print them.
pub(super) fn rules() -> Option<Vec<Rule>> {
    let printed = PRINTERS.iter().filter_map(|(program, arguments)| {
        let output = Command::new(program).args(*arguments).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| parse(&String::from_utf8_lossy(&output.stdout)))
    });
    let tables: Vec<_> = printed.collect();
    (!tables.is_empty()).then(|| tables.concat())
}

/// The rules about the service among all rules that a program printed.
fn parse(text: &str) -> Vec<Rule> {
    let mut table = "filter";
    let mut is_shown_elsewhere = false;
    let mut rules = Vec::new();
    for line in text.lines() {
        match line {
            "}" => is_shown_elsewhere = false,
            // nft warns of tables that iptables owns, and prints them all the same.
            _ if line.contains("is managed by iptables-nft") => is_shown_elsewhere = true,
            _ => {}
        }
        let line = line.trim();
        if let Some(name) = line.strip_prefix('*') {
            table = name;
        }
        let is_about_others = line.contains("! -d ") || line.contains("daddr !=");
        if is_shown_elsewhere || is_about_others || !NAMES.iter().any(|name| line.contains(name)) {
            continue;
        }
        let says = |words: &[&str]| line.split(' ').any(|word| words.contains(&word));
        let effect = if says(&["DROP", "REJECT", "drop", "reject"]) {
            Effect::Blocks
        } else if says(&["DNAT", "REDIRECT", "TPROXY", "dnat", "redirect", "tproxy"]) {
            Effect::Redirects
        } else {
            Effect::Other
        };
        let program = if line.contains("fd00:") { "ip6tables" } else { "iptables" };
        let removal =
            line.strip_prefix("-A ").map(|rule| format!("{program} -t {table} -D {rule}"));
        rules.push(Rule { effect, text: line.to_owned(), removal });
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_about_the_service_are_found_and_classified() {
        let text = "\
*nat
-A PREROUTING -d 169.254.169.254/32 -i eni+ -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1:8181
-A POSTROUTING ! -d 169.254.169.254/32 -j DROP
COMMIT
*filter
:OUTPUT ACCEPT [0:0]
-A OUTPUT -d 169.254.169.254/32 -m owner ! --uid-owner 0 -j REJECT
-A OUTPUT -d 169.254.169.254/32 -j ACCEPT
-A OUTPUT -d 10.0.0.0/8 -j DROP
# Warning: table ip filter is managed by iptables-nft, do not touch!
table ip filter {
\t\tip daddr 169.254.169.254 counter packets 0 bytes 0 accept
}
table inet guard {
\t\tip6 daddr fd00:ec2::254 counter packets 0 bytes 0 drop
}
";
        let rules = parse(text);
        let effects: Vec<_> = rules.iter().map(|rule| rule.effect).collect();
        assert_eq!(effects, [Effect::Redirects, Effect::Blocks, Effect::Other, Effect::Blocks]);
        assert_eq!(
            rules[1].removal.as_deref(),
            Some(
                "iptables -t filter -D OUTPUT -d 169.254.169.254/32 -m owner ! --uid-owner 0 -j REJECT"
            )
        );
        assert!(rules[3].removal.is_none());
    }
}
