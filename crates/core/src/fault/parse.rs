//! The text form of a rule, read and written.

use std::fmt;
use std::str::FromStr;

use super::effects::{FaultEffects, FaultResponse, FaultyBody, FaultyCredentials, Truncation};
use super::limits::{EC2_PACKET_ALLOWANCE, MAX_DURATION};
use super::number::FaultShare;
use super::path::FaultPath;
use super::rule::FaultRule;
use super::text::{duration, signed_duration, write_duration};
use crate::request::PathGroup;
use crate::response::Status;

/// Why a text is not a rule: the part that is wrong, and the rule that it breaks.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("fault {text:?}: {rule}")]
pub struct FaultRuleError {
    text: String,
    rule: String,
}

/// The statuses that a rule can have.
const STATUSES: [Status; 7] = [
    Status::BadRequest,
    Status::Unauthorized,
    Status::Forbidden,
    Status::NotFound,
    Status::TooManyRequests,
    Status::InternalServerError,
    Status::ServiceUnavailable,
];

const BODIES: [(&str, FaultyBody); 3] =
    [("empty", FaultyBody::Empty), ("garbage", FaultyBody::Garbage), ("html", FaultyBody::Html)];

const CREDENTIALS: [(&str, FaultyCredentials); 2] =
    [("expired", FaultyCredentials::Expired), ("unauthorized", FaultyCredentials::Unauthorized)];

/// The keys of a text, in the order in which a rule is written. A part without a key is a path, or one of
/// `lost`, `reset` and `allowance`.
const KEYS: [&str; 16] = [
    "instance",
    "path",
    "status",
    "retry-after",
    "lost",
    "reset",
    "latency",
    "body",
    "credentials",
    "truncate",
    "rate",
    "date",
    "allowance",
    "share",
    "for",
    "count",
];

/// The values of a text by their keys, while it is read.
#[derive(Default)]
struct Parts<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Result<Self, FaultRuleError> {
        let mut parts = Self::default();
        for part in text.split(',').map(str::trim) {
            if part.is_empty() {
                return Err(error(text, "a part is empty; write parts such as status=503"));
            }
            let (key, value) = match part.split_once('=') {
                Some((key, value)) => (key.trim(), value.trim()),
                None if ["lost", "reset", "allowance"].contains(&part) => (part, ""),
                None => ("path", part),
            };
            if !KEYS.contains(&key) && key != "seed" {
                let keys = KEYS.join(", ");
                return Err(error(part, format!("unknown key; the keys are {keys}, seed")));
            }
            if parts.get(key).is_some() {
                return Err(error(part, format!("{key} is there twice")));
            }
            parts.0.push((key, value));
        }
        Ok(parts)
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    /// The value of a key that `read` understands; `rule` says which those are.
    fn value<T>(
        &self,
        key: &str,
        rule: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, FaultRuleError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let wrong = || error(&format!("{key}={value}"), rule);
        read(value).map(Some).ok_or_else(wrong)
    }

    fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, FaultRuleError> {
        let names: Vec<_> = words.iter().map(|(name, _)| *name).collect();
        let find = |value| words.iter().find(|(name, _)| *name == value).map(|(_, it)| *it);
        self.value(key, &format!("write {}", names.join(" or ")), find)
    }

    /// Whether a key is there that has no value.
    fn flag(&self, key: &str) -> Result<bool, FaultRuleError> {
        let is_empty = |value: &str| value.is_empty().then_some(());
        Ok(self.value(key, "it has no value", is_empty)?.is_some())
    }

    fn number<T: FromStr + Default + PartialOrd>(
        &self,
        key: &str,
    ) -> Result<Option<T>, FaultRuleError> {
        let read = |value: &str| value.parse().ok().filter(|number| *number > T::default());
        self.value(key, "write a whole number of at least 1", read)
    }
}

fn error(text: &str, rule: impl Into<String>) -> FaultRuleError {
    FaultRuleError { text: text.into(), rule: rule.into() }
}

impl FromStr for FaultRule {
    type Err = FaultRuleError;

    fn from_str(text: &str) -> Result<Self, FaultRuleError> {
        let parts = Parts::read(text)?;
        let effects = effects(&parts)?;
        let wrong = |key: &str, rule: &dyn fmt::Display| {
            error(&format!("{key}={}", parts.get(key).unwrap_or_default()), rule.to_string())
        };
        let path = parts.get("path").map(FaultPath::from_str).transpose();
        let path = path.map_err(|rule| error(parts.get("path").unwrap_or_default(), rule))?;
        let usual = match effects.credentials {
            Some(_) => FaultPath::Group(PathGroup::Credentials),
            None => FaultPath::All,
        };
        let instance = parts.get("instance").map(str::parse).transpose();
        let rule = Self {
            instance: instance.map_err(|rule| wrong("instance", &rule))?,
            path: path.unwrap_or(usual),
            share: parts
                .value("share", "write a percentage above 0% and up to 100%", |it| it.parse().ok())?
                .unwrap_or(FaultShare::ALL),
            seed: parts.value("seed", "write a whole number", |value| value.parse().ok())?,
            duration: parts.value(
                "for",
                "write a duration up to 365d, such as 30s or 5m",
                |it| duration(it, MAX_DURATION),
            )?,
            count: parts.number("count")?,
            effects,
        };
        rule.check(text)?;
        Ok(rule)
    }
}

fn effects(parts: &Parts<'_>) -> Result<FaultEffects, FaultRuleError> {
    let status = parts.value("status", "write 400, 401, 403, 404, 429, 500 or 503", |value| {
        STATUSES.into_iter().find(|status| status.code().to_string() == value)
    })?;
    let retry_after = parts.number::<u32>("retry-after")?;
    let responses = [
        status.map(|status| FaultResponse::Status(status, retry_after)),
        parts.flag("lost")?.then_some(FaultResponse::Lost),
        parts.flag("reset")?.then_some(FaultResponse::Reset),
    ];
    let mut responses = responses.into_iter().flatten();
    let response = responses.next();
    if responses.next().is_some() {
        return Err(error("status, lost, reset", "a response can only be one of them"));
    }
    if retry_after.is_some()
        && !matches!(status, Some(Status::TooManyRequests | Status::ServiceUnavailable))
    {
        return Err(error("retry-after", "it goes with status=429 and status=503 only"));
    }
    let latency = parts.get("latency").map(str::parse).transpose();
    let latency_text = || format!("latency={}", parts.get("latency").unwrap_or_default());
    let packets =
        "write a whole number of packets a second, at least 6, or allowance alone for 1024";
    Ok(FaultEffects {
        latency: latency.map_err(|rule: &str| error(&latency_text(), rule))?,
        response,
        body: parts.word("body", &BODIES)?,
        credentials: parts.word("credentials", &CREDENTIALS)?,
        truncate: parts.value("truncate", "write bytes, or a percentage below 100%", truncation)?,
        rate: parts.value("rate", "write bytes a second, at least 1", |it| it.parse().ok())?,
        date: parts.value(
            "date",
            "write an offset up to 100 years, such as -2h or 5m",
            |value| {
                let seconds = signed_duration(value)?.as_secs();
                (seconds != 0 && seconds.abs() <= 100 * 366 * 24 * 3600).then_some(seconds)
            },
        )?,
        allowance: parts.value("allowance", packets, |value| match value {
            "" => EC2_PACKET_ALLOWANCE.try_into().ok(),
            number => {
                number.parse().ok().filter(|packets: &std::num::NonZeroU32| packets.get() >= 6)
            }
        })?,
    })
}

fn truncation(text: &str) -> Option<Truncation> {
    match text.strip_suffix('%') {
        Some(percent) => {
            percent.parse().ok().filter(|percent| *percent < 100).map(Truncation::Percent)
        }
        None => text.parse().ok().map(Truncation::Bytes),
    }
}

impl FaultRule {
    /// Refuses parts that have no effect beside each other.
    fn check(&self, text: &str) -> Result<(), FaultRuleError> {
        let FaultEffects { response, body, credentials, truncate, rate, date, allowance, .. } =
            self.effects;
        let is_silent = matches!(response, Some(FaultResponse::Lost | FaultResponse::Reset));
        let has_status = matches!(response, Some(FaultResponse::Status(..)));
        let changes_body =
            body.is_some() || credentials.is_some() || truncate.is_some() || rate.is_some();
        let is_credentials = matches!(
            self.path,
            FaultPath::Group(PathGroup::Credentials) | FaultPath::Below(_) | FaultPath::All
        );
        let others = FaultEffects { allowance: None, ..self.effects };
        let rules = [
            (
                self.effects == FaultEffects::default(),
                "it has no effect; add one, such as status=503, latency=2s, lost or reset",
            ),
            (
                is_silent && (changes_body || date.is_some()),
                "lost and reset leave no response to change",
            ),
            (
                has_status && changes_body,
                "another status has its own body; leave out body, credentials, truncate and rate",
            ),
            (body.is_some() && credentials.is_some(), "body and credentials exclude each other"),
            (
                credentials.is_some() && !is_credentials,
                "credentials= is for paths that have credentials",
            ),
            (
                allowance.is_some()
                    && (others != FaultEffects::default()
                        || self.path != FaultPath::All
                        || self.share != FaultShare::ALL),
                "allowance counts all packets of an interface; only instance, for and count go with it",
            ),
        ];
        match rules.into_iter().find(|(is_broken, _)| *is_broken) {
            Some((_, rule)) => Err(error(text, rule)),
            None => Ok(()),
        }
    }

    /// The value of a key in the rule's text; `None` where it is not there.
    fn part(&self, key: &str) -> Option<String> {
        let Self { instance, path, share, seed, duration, count, effects } = self;
        let shown = |duration: std::time::Duration| Shown(duration).to_string();
        let flag = |is_there: bool| is_there.then(String::new);
        match key {
            "instance" => instance.as_ref().map(ToString::to_string),
            "path" => Some(path.to_string()),
            "status" => match effects.response? {
                FaultResponse::Status(status, _) => Some(status.code().to_string()),
                FaultResponse::Lost | FaultResponse::Reset => None,
            },
            "retry-after" => match effects.response? {
                FaultResponse::Status(_, retry_after) => Some(retry_after?.to_string()),
                FaultResponse::Lost | FaultResponse::Reset => None,
            },
            "lost" => flag(effects.response == Some(FaultResponse::Lost)),
            "reset" => flag(effects.response == Some(FaultResponse::Reset)),
            "latency" => effects.latency.map(|latency| latency.to_string()),
            "body" => named(&BODIES, effects.body?),
            "credentials" => named(&CREDENTIALS, effects.credentials?),
            "truncate" => effects.truncate.map(|truncation| match truncation {
                Truncation::Bytes(bytes) => bytes.to_string(),
                Truncation::Percent(percent) => format!("{percent}%"),
            }),
            "rate" => effects.rate.map(|rate| rate.to_string()),
            "date" => effects.date.map(|offset| {
                let sign = if offset < 0 { "-" } else { "" };
                format!("{sign}{}", shown(std::time::Duration::from_secs(offset.unsigned_abs())))
            }),
            "allowance" => effects.allowance.map(|packets| packets.to_string()),
            "share" => (*share != FaultShare::ALL).then(|| share.to_string()),
            "for" => duration.map(shown),
            "count" => count.map(|count| count.to_string()),
            "seed" => seed.map(|seed| seed.to_string()),
            _ => None,
        }
    }
}

fn named<T: Copy + PartialEq>(words: &[(&str, T)], value: T) -> Option<String> {
    words.iter().find(|(_, it)| *it == value).map(|(name, _)| (*name).to_owned())
}

struct Shown(std::time::Duration);

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_duration(formatter, self.0)
    }
}

/// The rule's text, which is read as the same rule.
impl fmt::Display for FaultRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for key in KEYS.into_iter().chain(["seed"]) {
            let Some(value) = self.part(key) else { continue };
            formatter.write_str(separator)?;
            separator = ",";
            match (key, value.as_str()) {
                ("path", path) => formatter.write_str(path)?,
                (key, "") => formatter.write_str(key)?,
                (key, value) => write!(formatter, "{key}={value}")?,
            }
        }
        Ok(())
    }
}
