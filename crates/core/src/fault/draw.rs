//! Random numbers that repeat.

/// The random numbers of one request: whoever knows seed and number can draw them again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Draw {
    /// The rule's seed.
    pub seed: u64,
    /// The request's number among those that the rule is about.
    pub number: u64,
}

impl Draw {
    /// A number that looks random, another for each `purpose` (`SplitMix64`).
    pub(super) fn bits(self, purpose: u64) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = mix(self.seed.wrapping_add(STEP.wrapping_mul(self.number.wrapping_add(1))));
        mix(mixed.wrapping_add(STEP.wrapping_mul(purpose.wrapping_add(1))))
    }

    /// A number above 0 and up to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub(super) fn fraction(self, purpose: u64) -> f64 {
        ((self.bits(purpose) >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// `length` letters and digits.
    pub(super) fn letters(self, length: usize) -> Vec<u8> {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ab";
        let letter = |index| LETTERS[(self.bits(1000 + index as u64) % 64) as usize];
        (0..length).map(letter).collect()
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
