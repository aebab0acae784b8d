//! The instance metadata options, and where each value comes from at launch.
//!
//! Source: EC2 API `InstanceMetadataOptionsRequest`; User Guide, "Configure instance metadata
//! options", section on the order of precedence.

use std::fmt;
use std::str::FromStr;

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

/// The metadata options of one instance, all settled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
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

impl MetadataOptions {
    /// What AWS takes where nobody says anything.
    pub const AWS_DEFAULT: Self = Self {
        http_tokens: HttpTokens::Optional,
        hop_limit: HopLimit(1),
        http_endpoint: Switch::Enabled,
        http_protocol_ipv6: Switch::Disabled,
        instance_metadata_tags: Switch::Disabled,
    };

    /// Settles each option by itself, from the first of `layers` that states it: at launch these
    /// are the launch parameters, the account's defaults and the image's, in this order.
    pub fn settle(layers: &[Preferences]) -> Self {
        fn first<T>(
            layers: &[Preferences],
            option: impl Fn(&Preferences) -> Option<T>,
            default: T,
        ) -> T {
            layers.iter().find_map(option).unwrap_or(default)
        }
        let default = Self::AWS_DEFAULT;
        Self {
            http_tokens: first(layers, |p| p.http_tokens, default.http_tokens),
            hop_limit: first(layers, |p| p.hop_limit, default.hop_limit),
            http_endpoint: first(layers, |p| p.http_endpoint, default.http_endpoint),
            http_protocol_ipv6: first(layers, |p| p.http_protocol_ipv6, default.http_protocol_ipv6),
            instance_metadata_tags: first(
                layers,
                |p| p.instance_metadata_tags,
                default.instance_metadata_tags,
            ),
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
    fn each_option_is_settled_by_the_first_layer_that_states_it() {
        let launch = Preferences { http_tokens: Some(HttpTokens::Optional), ..<_>::default() };
        let image = Preferences {
            http_tokens: Some(HttpTokens::Required),
            hop_limit: Some(HopLimit(2)),
            ..<_>::default()
        };
        let settled = MetadataOptions::settle(&[launch, image]);
        assert_eq!(settled.http_tokens, HttpTokens::Optional);
        assert_eq!(settled.hop_limit, HopLimit(2));
        assert_eq!(settled.http_endpoint, Switch::Enabled);
        assert_eq!(MetadataOptions::settle(&[]), MetadataOptions::AWS_DEFAULT);
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
