//! What guests saw, beside what is right.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// What a guest reports, and what is right. `{…}` stands for a fact of its own instance.
type Right = (&'static str, &'static str);

/// Of a guest with cloud-init, and a container in it.
pub(super) const INSTANCE: &[Right] = &[
    ("data source", "aws ec2 metadata (http://169.254.169.254)"),
    ("instance", "{id}"),
    ("host name", "{name}"),
    ("users", "debian shop"),
    ("SSH key", "{key}"),
    ("network", "{mac}"),
    ("address", "10.0.0.5/24"),
    ("without a token", "401"),
    ("with a token", "{id}"),
    ("container without a token", "401"),
    ("container at hop limit 1", "0"),
    ("container at hop limit 2", "56"),
    ("as its neighbour", "{id}"),
];

/// Of a guest where the Debian package is installed, used and removed.
pub(super) const PACKAGE: &[Right] = &[
    ("package", "imds installed"),
    ("unit", "enabled active"),
    ("user", "dynamic"),
    ("answer", "i-1234567890abcdef0"),
    ("API", "i-1234567890abcdef0  running"),
    ("after a restart", "active"),
    ("purged", "inactive"),
    ("left", "0"),
];

/// Where a guest did not report it.
const NOTHING: &str = "nothing";

/// One guest.
struct Guest {
    /// Its lines, `what: seen`.
    report: String,
    /// In this order: `{id}`, `{mac}`, `{name}`, `{key}`.
    facts: [String; 4],
}

impl Guest {
    fn read(directory: &Path, tap: &str) -> Result<Self> {
        let read = |name: &str| {
            let path = directory.join(name);
            fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        let instance = read(&format!("{tap}.instance"))?;
        let mut words = instance.split_whitespace().map(str::to_owned);
        let mut fact = || words.next().context("a fact of the instance is missing");
        let (id, mac, name) = (fact()?, fact()?, fact()?);
        let name = name.split('.').next().unwrap_or_default().to_owned();
        let facts = [id, mac, name, read("key")?.trim().to_owned()];
        Ok(Self { report: read(&format!("{tap}.seen"))?, facts })
    }

    fn saw(&self, what: &str) -> &str {
        let seen = |line: &'_ str| line.strip_prefix(what)?.strip_prefix(": ").map(str::len);
        let found = self.report.lines().find_map(|line| Some(&line[line.len() - seen(line)?..]));
        found.unwrap_or(NOTHING).trim()
    }

    fn right(&self, template: &str) -> String {
        let facts = ["{id}", "{mac}", "{name}", "{key}"].into_iter().zip(&self.facts);
        facts.fold(template.to_owned(), |text, (name, fact)| text.replace(name, fact))
    }
}

/// Prints the reports of guests side by side, each by its TAP device; gives back how much in them is wrong.
pub(super) fn print(directory: &Path, taps: &[&str], right: &[Right]) -> Result<usize> {
    let guests = taps.iter().map(|tap| Guest::read(directory, tap)).collect::<Result<Vec<_>>>()?;
    let mut wrong = 0;
    println!("| what | {} |\n|---|{}", taps.join(" | "), "---|".repeat(taps.len()));
    for (what, template) in right {
        let cells = guests.iter().map(|guest| {
            let (saw, right) = (guest.saw(what), guest.right(template));
            if saw == right {
                return saw.to_owned();
            }
            wrong += 1;
            format!("WRONG: {saw}, not {right}")
        });
        println!("| {what} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    for what in ["runs user data after", "exposure"] {
        let cells: Vec<_> = guests.iter().map(|guest| guest.saw(what)).collect();
        if cells.iter().all(|cell| *cell != NOTHING) {
            println!("| {what} | {} |", cells.join(" | "));
        }
    }
    Ok(wrong)
}
