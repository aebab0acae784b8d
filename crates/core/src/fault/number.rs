//! How many of the requests are hit.

use std::fmt;
use std::str::FromStr;

use super::draw::Draw;

/// The share of requests that are hit: above 0 % and up to 100 %, in steps of 0.0001 %.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FaultShare {
    per_million: u32,
}

impl FaultShare {
    /// All requests.
    pub const ALL: Self = Self { per_million: 1_000_000 };

    /// The share in percent.
    pub fn percent(self) -> f64 {
        f64::from(self.per_million) / 10_000.0
    }

    pub(super) fn includes(self, draw: Draw) -> bool {
        self == Self::ALL || draw.bits(0) % 1_000_000 < u64::from(self.per_million)
    }
}

impl FromStr for FaultShare {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.strip_suffix('%').unwrap_or(text);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || whole.len() > 3 || fraction.len() > 4 {
            return Err(());
        }
        let number = |text: &str| text.parse::<u32>().map_err(|_| ());
        let per_million = number(whole)? * 10_000 + number(&format!("{fraction:0<4}"))?;
        if (1..=1_000_000).contains(&per_million) { Ok(Self { per_million }) } else { Err(()) }
    }
}

/// As in `30%` and `0.5%`.
impl fmt::Display for FaultShare {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}%", self.percent())
    }
}
