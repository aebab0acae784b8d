//! The kinds of finding, and how much each matters to a user.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kinds of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A program reads metadata without a token.
    TokenlessRequest,
    /// The metadata address is handed to something that cannot be followed.
    UnclearRequest,
    /// A library version that speaks IMDSv1 only.
    OldLibrary,
    /// Instances are launched with tokens optional, or without saying.
    TokensNotRequired,
    /// Containers run where a token travels one hop only.
    HopLimitTooLow,
    /// A file names the metadata service in a way that was not understood.
    NotUnderstood,
}

impl Rule {
    /// Every rule, in the order they are documented.
    pub const ALL: [Self; 6] = [
        Self::TokenlessRequest,
        Self::UnclearRequest,
        Self::OldLibrary,
        Self::TokensNotRequired,
        Self::HopLimitTooLow,
        Self::NotUnderstood,
    ];

    /// A stable name for tools.
    pub fn id(self) -> &'static str {
        match self {
            Self::TokenlessRequest => "tokenless-request",
            Self::UnclearRequest => "unclear-request",
            Self::OldLibrary => "old-library",
            Self::TokensNotRequired => "tokens-not-required",
            Self::HopLimitTooLow => "hop-limit-too-low",
            Self::NotUnderstood => "not-understood",
        }
    }

    /// Why it breaks on an instance that requires IMDSv2.
    pub fn why(self) -> &'static str {
        match self {
            Self::TokenlessRequest => {
                "where IMDSv2 is required (the default on Amazon Linux 2023), a request without \
                 a session token is answered 401 Unauthorized"
            }
            Self::UnclearRequest => {
                "whatever reads this address must send a session token, or it is answered 401 \
                 Unauthorized where IMDSv2 is required"
            }
            Self::OldLibrary => {
                "this version asks for credentials and metadata without a session token, and \
                 gets 401 Unauthorized where IMDSv2 is required"
            }
            Self::TokensNotRequired => {
                "instances launched this way may still answer IMDSv1, whose requests an open \
                 proxy or a forged URL can be made to send"
            }
            Self::HopLimitTooLow => {
                "a token may travel one hop only; a container on a bridged network is one hop \
                 further, so its token request hangs"
            }
            Self::NotUnderstood => {
                "what cannot be read may hold requests without a session token, which are answered \
                 401 Unauthorized where IMDSv2 is required"
            }
        }
    }

    /// How much a finding matters unless its user says otherwise.
    pub fn default_level(self) -> Level {
        match self {
            Self::TokenlessRequest | Self::OldLibrary => Level::Error,
            Self::UnclearRequest | Self::TokensNotRequired | Self::HopLimitTooLow => Level::Warning,
            Self::NotUnderstood => Level::Note,
        }
    }
}

/// How much findings of a rule matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// They are left out.
    Off,
    /// They are shown, and no check fails for them.
    Note,
    /// A check fails for them.
    Warning,
    /// A check fails for them; tools show them first.
    Error,
}

impl Level {
    /// Every level, from the least on.
    pub const ALL: [Self; 4] = [Self::Off, Self::Note, Self::Warning, Self::Error];

    /// A stable name for tools.
    pub fn id(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The level of each rule.
///
/// As text it is a list such as `hop-limit-too-low=off,not-understood=error`; `all` stands for every rule,
/// and of two entries about one rule the later one holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    set: Vec<(Rule, Level)>,
}

impl Levels {
    /// The level of `rule`: what was set, or its default.
    pub fn of(&self, rule: Rule) -> Level {
        let set = self.set.iter().rev().find(|(r, _)| *r == rule);
        set.map_or_else(|| rule.default_level(), |(_, level)| *level)
    }

    /// Sets the level of a rule.
    pub fn set(&mut self, rule: Rule, level: Level) {
        self.set.push((rule, level));
    }

    /// These levels, and where `others` sets some, those.
    #[must_use]
    pub fn with(mut self, others: &Self) -> Self {
        self.set.extend_from_slice(&others.set);
        self
    }
}

impl FromStr for Levels {
    type Err = LevelsError;

    fn from_str(text: &str) -> Result<Self, LevelsError> {
        let mut levels = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let bad = || LevelsError::Entry { entry: entry.to_owned() };
            let (name, level) = entry.split_once('=').ok_or_else(bad)?;
            let level = Level::ALL
                .into_iter()
                .find(|l| l.id() == level.trim())
                .ok_or_else(|| LevelsError::Level { level: level.trim().to_owned() })?;
            let rules: Vec<Rule> = Rule::ALL
                .into_iter()
                .filter(|r| matches!(name.trim(), "all") || r.id() == name.trim())
                .collect();
            if rules.is_empty() {
                return Err(LevelsError::Rule { rule: name.trim().to_owned() });
            }
            for rule in rules {
                levels.set(rule, level);
            }
        }
        Ok(levels)
    }
}

/// Levels of rules that cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LevelsError {
    /// Something that is not `RULE=LEVEL`.
    #[error("`{entry}` is not of the form RULE=LEVEL")]
    Entry {
        /// What stands there.
        entry: String,
    },
    /// No rule has this name.
    #[error("`{rule}` is not a rule: they are all, {}", names(&Rule::ALL.map(Rule::id)))]
    Rule {
        /// The name.
        rule: String,
    },
    /// No level has this name.
    #[error("`{level}` is not a level: they are {}", names(&Level::ALL.map(Level::id)))]
    Level {
        /// The name.
        level: String,
    },
}

fn names(ids: &[&str]) -> String {
    ids.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_set_by_name_and_the_last_one_holds() {
        let levels: Levels =
            "all=note, hop-limit-too-low=off,old-library=error,old-library=warning"
                .parse()
                .unwrap();
        assert_eq!(levels.of(Rule::TokenlessRequest), Level::Note);
        assert_eq!(levels.of(Rule::HopLimitTooLow), Level::Off);
        assert_eq!(levels.of(Rule::OldLibrary), Level::Warning);
        let mut own = Levels::default();
        assert_eq!(own.of(Rule::NotUnderstood), Level::Note);
        own = own.with(&"not-understood=error".parse().unwrap());
        assert_eq!(own.of(Rule::NotUnderstood), Level::Error);
        for (text, expected) in [
            ("hop-limit", "`hop-limit` is not of the form RULE=LEVEL"),
            ("hop=off", "`hop` is not a rule"),
            ("all=loud", "`loud` is not a level"),
        ] {
            let error = text.parse::<Levels>().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
