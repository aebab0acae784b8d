//! The instance metadata options, and where each value comes from at launch.
//!
//! Source: EC2 API `InstanceMetadataOptionsRequest`; User Guide, "Configure instance metadata
//! options", section on the order of precedence.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::Invalid;

/// Whether a session token is needed: the `HttpTokens` option.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HttpTokens {
    /// `IMDSv1` and `IMDSv2` both answer ("V1 and V2 (token optional)").
    Optional,
    /// Only `IMDSv2` answers ("V2 only (token required)").
    Required,
}

/// An option that is on or off: `HttpEndpoint`, `HttpProtocolIpv6`, `InstanceMetadataTags`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Switch {
    /// `enabled`
    Enabled,
    /// `disabled`
    Disabled,
}

/// How many router hops the token may travel: `HttpPutResponseHopLimit`, 1 to 64.
///
/// It is the IP TTL (IPv6: hop limit) of the packets that carry the token, so 1 reaches the
/// instance itself and nothing behind it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct HopLimit(u8);

/// The metadata options of one instance, all resolved.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct MetadataOptions {
    /// Whether requests without a token are answered.
    pub http_tokens: HttpTokens,
    /// How far the token may travel.
    pub hop_limit: HopLimit,
    /// Off: every request is answered 403; the port still listens.
    pub http_endpoint: Switch,
    /// Whether `fd00:ec2::254` answers as well; only on Nitro types.
    pub http_protocol_ipv6: Switch,
    /// Whether `meta-data/tags/` exists.
    pub instance_metadata_tags: Switch,
}

/// One layer's say in the options: what is `None` is left to the next layer.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Preferences {
    /// See [`MetadataOptions::http_tokens`].
    pub http_tokens: Option<HttpTokens>,
    /// See [`MetadataOptions::hop_limit`].
    pub hop_limit: Option<HopLimit>,
    /// See [`MetadataOptions::http_endpoint`].
    pub http_endpoint: Option<Switch>,
    /// See [`MetadataOptions::http_protocol_ipv6`].
    pub http_protocol_ipv6: Option<Switch>,
    /// See [`MetadataOptions::instance_metadata_tags`].
    pub instance_metadata_tags: Option<Switch>,
}

/// An account's defaults for the instances it will launch in one Region
/// (`ModifyInstanceMetadataDefaults`). There is no IPv6 setting at this level.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct MetadataDefaults {
    /// The layer between the launch and the image.
    pub preferences: Preferences,
    /// Refuses what would allow `IMDSv1`, and changes no value.
    pub http_tokens_enforced: Option<Switch>,
}

/// `IMDSv1` was to be allowed where the account enforces tokens. Words as EC2's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "You can't launch instances with IMDSv1 because httpTokensEnforced is enabled for this account. \
     Either launch the instance with httpTokens=required or contact your account owner to disable \
     httpTokensEnforced using the ModifyInstanceMetadataDefaults API or the account settings in the \
     EC2 console."
)]
pub struct TokensEnforced;

impl MetadataDefaults {
    /// Whether the account lets an instance have `options`.
    pub fn check(&self, options: &MetadataOptions) -> Result<(), TokensEnforced> {
        let enforced = self.http_tokens_enforced.is_some_and(Switch::is_enabled);
        let refused = enforced && options.http_tokens == HttpTokens::Optional;
        if refused { Err(TokensEnforced) } else { Ok(()) }
    }
}

impl MetadataOptions {
    /// These options, but for what `change` states.
    #[must_use]
    pub fn changed_by(self, change: Preferences) -> Self {
        Self::resolve(&[change, self.into()])
    }

    /// AWS's defaults.
    pub const AWS_DEFAULT: Self = Self {
        http_tokens: HttpTokens::Optional,
        hop_limit: HopLimit(1),
        http_endpoint: Switch::Enabled,
        http_protocol_ipv6: Switch::Disabled,
        instance_metadata_tags: Switch::Disabled,
    };

    /// Resolves each option by itself, from the first of `layers` that states it: at launch these
    /// are the launch parameters, the launch template's, the account's defaults and the image's, in
    /// this order.
    pub fn resolve(layers: &[Preferences]) -> Self {
        let merged = layers.iter().copied().fold(Preferences::default(), Preferences::or);
        let default = Self::AWS_DEFAULT;
        Self {
            http_tokens: merged.http_tokens.unwrap_or(default.http_tokens),
            hop_limit: merged.hop_limit.unwrap_or(default.hop_limit),
            http_endpoint: merged.http_endpoint.unwrap_or(default.http_endpoint),
            http_protocol_ipv6: merged.http_protocol_ipv6.unwrap_or(default.http_protocol_ipv6),
            instance_metadata_tags: merged
                .instance_metadata_tags
                .unwrap_or(default.instance_metadata_tags),
        }
    }
}

impl Preferences {
    /// These, and `lower`'s where these state nothing.
    #[must_use]
    pub fn or(self, lower: Self) -> Self {
        Self {
            http_tokens: self.http_tokens.or(lower.http_tokens),
            hop_limit: self.hop_limit.or(lower.hop_limit),
            http_endpoint: self.http_endpoint.or(lower.http_endpoint),
            http_protocol_ipv6: self.http_protocol_ipv6.or(lower.http_protocol_ipv6),
            instance_metadata_tags: self.instance_metadata_tags.or(lower.instance_metadata_tags),
        }
    }
}

impl From<MetadataOptions> for Preferences {
    fn from(options: MetadataOptions) -> Self {
        Self {
            http_tokens: Some(options.http_tokens),
            hop_limit: Some(options.hop_limit),
            http_endpoint: Some(options.http_endpoint),
            http_protocol_ipv6: Some(options.http_protocol_ipv6),
            instance_metadata_tags: Some(options.instance_metadata_tags),
        }
    }
}

impl HopLimit {
    /// The largest value EC2 takes.
    pub const MAX: u8 = 64;

    /// The limit as the TTL to set on a socket: 1 to 64.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for HopLimit {
    type Error = Invalid;

    fn try_from(value: i64) -> Result<Self, Invalid> {
        match u8::try_from(value) {
            Ok(limit @ 1..=Self::MAX) => Ok(Self(limit)),
            _ => Err(Invalid::new("hop limit", &value.to_string(), HOP_LIMIT_RULE)),
        }
    }
}

const HOP_LIMIT_RULE: &str = "HttpPutResponseHopLimit is a whole number from 1 to 64";

impl FromStr for HopLimit {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |_| Invalid::new("hop limit", text, HOP_LIMIT_RULE);
        Self::try_from(text.parse::<i64>().map_err(invalid)?)
    }
}

impl fmt::Display for HopLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for HttpTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl HttpTokens {
    /// The value as the EC2 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

impl FromStr for HttpTokens {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            _ => Err(Invalid::new("HttpTokens value", text, "it is `optional` or `required`")),
        }
    }
}

impl Switch {
    /// Whether it is [`Switch::Enabled`].
    pub fn is_enabled(self) -> bool {
        self == Self::Enabled
    }

    /// The value as the EC2 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for Switch {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "enabled" => Ok(Self::Enabled),
            "disabled" => Ok(Self::Disabled),
            _ => Err(Invalid::new("metadata option", text, "it is `enabled` or `disabled`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_is_resolved_by_the_first_layer_that_states_it() {
        let launch = Preferences { http_tokens: Some(HttpTokens::Optional), ..<_>::default() };
        let image = Preferences {
            http_tokens: Some(HttpTokens::Required),
            hop_limit: Some(HopLimit(2)),
            ..<_>::default()
        };
        let resolved = MetadataOptions::resolve(&[launch, image]);
        assert_eq!(resolved.http_tokens, HttpTokens::Optional);
        assert_eq!(resolved.hop_limit, HopLimit(2));
        assert_eq!(resolved.http_endpoint, Switch::Enabled);
        assert_eq!(MetadataOptions::resolve(&[]), MetadataOptions::AWS_DEFAULT);
    }

    /// User Guide, "Order of precedence for instance metadata options": the table of `HttpTokens`.
    #[test]
    fn http_tokens_come_from_launch_then_account_then_image() {
        use HttpTokens::{Optional, Required};
        let layer = |http_tokens| Preferences { http_tokens, ..<_>::default() };
        for (launch, account, image, resolved) in [
            (Some(Required), None, None, Required),
            (Some(Required), Some(Optional), None, Required),
            (Some(Optional), Some(Required), Some(Required), Optional),
            (Some(Optional), None, Some(Required), Optional),
            (None, Some(Required), None, Required),
            (None, Some(Required), Some(Required), Required),
            (None, Some(Optional), None, Optional),
            (None, Some(Optional), Some(Required), Optional),
            (None, None, Some(Required), Required),
            (None, None, None, Optional),
        ] {
            let layers = [layer(launch), layer(account), layer(image)];
            assert_eq!(MetadataOptions::resolve(&layers).http_tokens, resolved, "{layers:?}");
        }
    }

    /// The same page's table of the hop limit: the account's `HttpTokens` has no say in it.
    #[test]
    fn the_hop_limit_comes_from_launch_then_account_then_image() {
        let limit = |hops: i64| HopLimit::try_from(hops).ok();
        for (launch, account, image, resolved) in [
            (limit(5), limit(3), limit(2), 5),
            (limit(5), None, None, 5),
            (None, limit(3), None, 3),
            (None, limit(1), limit(2), 1),
            (None, None, limit(2), 2),
            (None, None, None, 1),
        ] {
            let layers = [launch, account, image];
            let layers = layers.map(|hop_limit| Preferences {
                hop_limit,
                http_tokens: Some(HttpTokens::Required),
                ..<_>::default()
            });
            assert_eq!(MetadataOptions::resolve(&layers).hop_limit.get(), resolved, "{layers:?}");
        }
    }

    #[test]
    fn enforcement_refuses_and_changes_nothing() {
        let enforced = |switch| MetadataDefaults {
            http_tokens_enforced: switch,
            ..MetadataDefaults::default()
        };
        let optional = MetadataOptions::AWS_DEFAULT;
        let required = optional
            .changed_by(Preferences { http_tokens: Some(HttpTokens::Required), ..<_>::default() });
        assert_eq!(enforced(Some(Switch::Enabled)).check(&optional), Err(TokensEnforced));
        assert_eq!(enforced(Some(Switch::Enabled)).check(&required), Ok(()));
        assert_eq!(enforced(Some(Switch::Disabled)).check(&optional), Ok(()));
        assert_eq!(enforced(None).check(&optional), Ok(()));
    }

    #[test]
    fn a_change_keeps_what_it_does_not_state() {
        let change = Preferences { hop_limit: HopLimit::try_from(2).ok(), ..<_>::default() };
        let changed = MetadataOptions::AWS_DEFAULT.changed_by(change);
        assert_eq!(
            changed,
            MetadataOptions { hop_limit: HopLimit(2), ..MetadataOptions::AWS_DEFAULT }
        );
        assert_eq!(changed.changed_by(Preferences::default()), changed);
    }

    #[test]
    fn hop_limits_run_from_1_to_64() {
        for bad in ["0", "65", "-1", "256", "", "2.0", "two"] {
            assert!(bad.parse::<HopLimit>().is_err(), "{bad}");
        }
        assert_eq!("64".parse::<HopLimit>().unwrap().get(), 64);
        assert_eq!("1".parse::<HopLimit>().unwrap().get(), 1);
    }
}
