//! Settings that are one of a few words. The words are listed for completions; what is wrong with
//! another is for the type itself to say.

use std::error::Error;
use std::ffi::OsStr;
use std::marker::PhantomData;
use std::str::FromStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

pub(crate) const IMAGES: &[&str] = &["al2", "al2023"];
pub(crate) const HTTP_TOKENS: &[&str] = &["optional", "required"];
pub(crate) const SWITCH: &[&str] = &["enabled", "disabled"];
pub(crate) const LIFE_CYCLES: &[&str] = &["on-demand", "spot", "scheduled", "capacity-block"];
pub(crate) const FOLLOW: &[&str] = &["all", "linked"];
pub(crate) const WHEN_CUT_OFF: &[&str] = &["serve", "refuse"];
pub(crate) const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
pub(crate) const SIGNATURES: &[&str] = &["pkcs7", "rsa2048", "signature"];
pub(crate) const EXPECTATIONS: &[&str] = &["none", "token-only", "v1"];
pub(crate) const SPOT_ACTIONS: &[&str] = &["terminate", "stop", "hibernate"];
pub(crate) const MAINTENANCE_CODES: &[&str] = &[
    "instance-reboot",
    "instance-retirement",
    "instance-stop",
    "system-maintenance",
    "system-reboot",
];
pub(crate) const TARGET_STATES: &[&str] = &[
    "Detached",
    "InService",
    "Standby",
    "Terminated",
    "Warmed:Hibernated",
    "Warmed:Running",
    "Warmed:Stopped",
    "Warmed:Terminated",
];

/// Parses a value with a text form, of which these words are the usual ones.
pub(crate) fn one_of<T>(words: &'static [&'static str]) -> OneOf<T> {
    OneOf { words, value: PhantomData }
}

/// See [`one_of`].
pub(crate) struct OneOf<T> {
    words: &'static [&'static str],
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for OneOf<T> {
    fn clone(&self) -> Self {
        one_of(self.words)
    }
}

impl<T> TypedValueParser for OneOf<T>
where
    T: FromStr<Err: Into<Box<dyn Error + Send + Sync>>> + Clone + Send + Sync + 'static,
{
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        let parser = StringValueParser::new().try_map(|text: String| text.parse::<T>());
        parser.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.words.iter().map(PossibleValue::new)))
    }
}

#[cfg(test)]
mod tests {
    use imds_core::HttpTokens;
    use imds_core::events::{MaintenanceCode, SpotAction, TargetState};
    use imds_core::identity::Proof;
    use imds_core::instance::LifeCycle;
    use imds_core::launch::LaunchImage;
    use imds_core::options::Switch;

    use super::*;
    use crate::settings::LogFilter;

    fn parses<T: FromStr>(words: &[&str]) {
        for word in words {
            assert!(word.parse::<T>().is_ok(), "{word}");
        }
    }

    #[test]
    fn every_word_is_a_value() {
        parses::<LaunchImage>(IMAGES);
        parses::<HttpTokens>(HTTP_TOKENS);
        parses::<Switch>(SWITCH);
        parses::<LifeCycle>(LIFE_CYCLES);
        parses::<LogFilter>(LEVELS);
        parses::<Proof>(SIGNATURES);
        parses::<SpotAction>(SPOT_ACTIONS);
        parses::<MaintenanceCode>(MAINTENANCE_CODES);
        parses::<TargetState>(TARGET_STATES);
    }
}
