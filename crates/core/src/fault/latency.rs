//! How long a response is held back.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

// Those of the standard library are the C library's, and one more library to load at each start.
use libm::{cos, log};

use super::draw::Draw;
use super::limits::MAX_DELAY;
use super::text::{duration, write_duration};

/// A delay, or how delays are distributed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LatencyDistribution {
    /// Always this long: `200ms`.
    Fixed(Duration),
    /// Anything from the first to the second, equally often: `100ms..2s`.
    Uniform(Duration, Duration),
    /// Around a mean, with a standard deviation: `normal:200ms:50ms`. Never below 0.
    Normal(Duration, Duration),
    /// Mostly short, now and then very long, with this mean: `exponential:200ms`.
    Exponential(Duration),
}

impl LatencyDistribution {
    /// The delay of one request, at most [`MAX_DELAY`].
    pub fn delay(self, draw: Draw) -> Duration {
        let seconds = match self {
            Self::Fixed(delay) => return delay,
            Self::Uniform(least, most) => {
                let [least, most] = [least, most].map(|it| it.as_secs_f64());
                least + (most - least) * draw.fraction(1)
            }
            // Box and Muller: two uniform numbers become a normal one.
            Self::Normal(mean, deviation) => {
                let radius = (-2.0 * log(draw.fraction(1))).sqrt();
                let normal = radius * cos(TAU * draw.fraction(2));
                mean.as_secs_f64() + deviation.as_secs_f64() * normal
            }
            Self::Exponential(mean) => -mean.as_secs_f64() * log(draw.fraction(1)),
        };
        let most = MAX_DELAY.as_secs_f64();
        Duration::try_from_secs_f64(seconds.clamp(0.0, most)).unwrap_or_default()
    }
}

impl FromStr for LatencyDistribution {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const RULE: &str = "write a delay of at most 10m such as 200ms, or 100ms..2s (uniform), \
                            normal:MEAN:DEVIATION or exponential:MEAN";
        let delay = |text: &str| duration(text, MAX_DELAY).ok_or(RULE);
        if let Some(rest) = text.strip_prefix("normal:") {
            let (mean, deviation) = rest.split_once(':').ok_or(RULE)?;
            return Ok(Self::Normal(delay(mean)?, delay(deviation)?));
        }
        if let Some(mean) = text.strip_prefix("exponential:") {
            return Ok(Self::Exponential(delay(mean)?));
        }
        let Some((least, most)) = text.split_once("..") else {
            return Ok(Self::Fixed(delay(text)?));
        };
        let (least, most) = (delay(least)?, delay(most)?);
        if least < most { Ok(Self::Uniform(least, most)) } else { Err(RULE) }
    }
}

impl fmt::Display for LatencyDistribution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fixed(delay) => write_duration(formatter, delay),
            Self::Uniform(least, most) => {
                write_duration(formatter, least)?;
                formatter.write_str("..")?;
                write_duration(formatter, most)
            }
            Self::Normal(mean, deviation) => {
                formatter.write_str("normal:")?;
                write_duration(formatter, mean)?;
                formatter.write_str(":")?;
                write_duration(formatter, deviation)
            }
            Self::Exponential(mean) => {
                formatter.write_str("exponential:")?;
                write_duration(formatter, mean)
            }
        }
    }
}
