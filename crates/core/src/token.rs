//! Session tokens: minted by `PUT /latest/api/token`, shown by every later request of IMDSv2.
//!
//! A token is stateless: the service stores nothing per token, so memory does not grow with them, a token
//! outlives a restart of the service, and any host that has the keys can check it. Its 40 bytes are
//!
//! | bytes | content |
//! |---|---|
//! | 4 | header: `01 00 04 00` on Nitro, `01 00 00 00` on Xen (as in captured tokens) |
//! | 1 | id of the key that made it |
//! | 6 | when it expires, milliseconds since 1970, big endian |
//! | 13 | a nonce: two tokens of one instant differ |
//! | 16 | HMAC-SHA-256 over the above and the instance id, truncated |
//!
//! and its text is their 56 base64url characters, which begin with `AQAEA` (Xen: `AQAAA`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::ids::InstanceId;
use crate::instance_type::FrontEnd;
use crate::time::Moment;

/// How many characters a token has.
pub const TOKEN_LENGTH: usize = 56;

/// The beginnings of a token's text, on Nitro and on Xen.
const PREFIXES: [&[u8]; 2] = [b"AQAEA", b"AQAAA"];

/// The longest lifetime that a token can have, in seconds: six hours.
pub const MAX_TTL_SECONDS: u32 = 21_600;

/// How far the clock of a host that minted a token may be ahead of the one that checks it, in seconds: clocks of a
/// fleet differ, and threads read theirs at different times.
const MOST_AHEAD_SECONDS: u32 = 60;

/// How many bytes of key material a [`Key`] is made of.
pub const KEY_LENGTH: usize = 32;

const RAW_LENGTH: usize = 40;
const SIGNED_LENGTH: usize = 24;

/// A minted token. It is a secret, so it has no `Debug` and no `Display`.
#[derive(Clone, Copy)]
pub struct Token([u8; TOKEN_LENGTH]);

impl Token {
    /// The 56 characters, as they go over the wire.
    pub fn as_bytes(&self) -> &[u8; TOKEN_LENGTH] {
        &self.0
    }
}

/// The token that a client showed last and that was good, so that it need not be checked again.
///
/// It is for the requests of one connection to one instance, checked by one keyring. It is a secret, so it has
/// no `Debug`.
#[derive(Default)]
pub struct KnownToken(Option<Known>);

struct Known {
    text: [u8; TOKEN_LENGTH],
    expires_ms: u64,
}

impl KnownToken {
    /// When `token` expires, if it is this one. How long that takes does not tell how much of it is right.
    fn expiry(&self, token: &[u8]) -> Option<u64> {
        let known = self.0.as_ref().filter(|_| token.len() == TOKEN_LENGTH)?;
        let (words, others) = (known.text.as_chunks().0, token.as_chunks().0);
        let is_same = words.iter().zip(others).fold(Choice::from(1), |is_same, (word, other)| {
            is_same & u64::from_ne_bytes(*word).ct_eq(&u64::from_ne_bytes(*other))
        });
        bool::from(is_same).then_some(known.expires_ms)
    }
}

/// One secret that mints and checks tokens.
#[derive(Clone)]
pub struct Key {
    id: u8,
    /// Keyed once, cloned for each use: saves half the hashing of every check.
    mac: Hmac<Sha256>,
}

impl Key {
    /// A key from its secret bytes. `id` tells it from the other keys of its keyring.
    pub fn new(id: u8, secret: &[u8; KEY_LENGTH]) -> Self {
        let mac = Hmac::new_from_slice(secret)
            .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
        Self { id, mac }
    }

    fn tag(&self, instance: &InstanceId, signed: &[u8]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(signed);
        mac.update(instance.as_str().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// The keys of a service: the newest mints, all of them check.
#[derive(Clone)]
pub struct Keyring {
    newest: Key,
    older: Vec<Key>,
}

impl Keyring {
    /// A keyring that mints with `newest` and still honours what `older` keys have minted.
    pub fn new(newest: Key, older: Vec<Key>) -> Self {
        Self { newest, older }
    }

    /// Mints a token for `instance` that lives for `ttl_seconds` (1 to [`MAX_TTL_SECONDS`]).
    pub fn mint(
        &self,
        instance: &InstanceId,
        front_end: FrontEnd,
        ttl_seconds: u32,
        now: Moment,
    ) -> Token {
        let key = &self.newest;
        let expires_ms = now.steady_ms.saturating_add(u64::from(ttl_seconds) * 1000);
        let mut raw = [0; RAW_LENGTH];
        raw[..4].copy_from_slice(&header(front_end));
        raw[4] = key.id;
        raw[5..11].copy_from_slice(&expires_ms.to_be_bytes()[2..]);
        raw[11..SIGNED_LENGTH].copy_from_slice(&self.nonce(instance, now));
        let tag = key.tag(instance, &raw[..SIGNED_LENGTH]);
        raw[SIGNED_LENGTH..].copy_from_slice(&tag[..RAW_LENGTH - SIGNED_LENGTH]);

        let mut text = [0; TOKEN_LENGTH];
        let written = URL_SAFE.encode_slice(raw, &mut text);
        debug_assert_eq!(written, Ok(TOKEN_LENGTH));
        Token(text)
    }

    /// How many seconds `token` has left, rounded up, if it was minted for `instance` and still
    /// lives.
    pub fn check(&self, instance: &InstanceId, token: &[u8], now: Moment) -> Option<u32> {
        seconds_left(self.expiry(instance, token)?, now)
    }

    /// The same for a client that shows one token again and again.
    pub fn check_again(
        &self,
        instance: &InstanceId,
        token: &[u8],
        now: Moment,
        known: &mut KnownToken,
    ) -> Option<u32> {
        if let Some(expires_ms) = known.expiry(token) {
            return seconds_left(expires_ms, now);
        }
        let expires_ms = self.expiry(instance, token)?;
        known.0 = token.try_into().ok().map(|text| Known { text, expires_ms });
        seconds_left(expires_ms, now)
    }

    /// When `token` expires, in milliseconds of the steady clock, if it was minted for `instance`.
    fn expiry(&self, instance: &InstanceId, token: &[u8]) -> Option<u64> {
        if token.len() != TOKEN_LENGTH {
            return None;
        }
        let mut raw = [0; RAW_LENGTH + 2];
        // Strict: the padding must stand, and no spare bits may hide in it.
        let length = URL_SAFE.decode_slice(token, &mut raw).ok()?;
        if length != RAW_LENGTH {
            return None;
        }
        let (signed, tag) = raw[..RAW_LENGTH].split_at(SIGNED_LENGTH);
        let key = [&self.newest].into_iter().chain(&self.older).find(|key| key.id == signed[4])?;
        let expected = key.tag(instance, signed);
        if !bool::from(expected[..tag.len()].ct_eq(tag)) {
            return None;
        }
        let mut expires_ms = [0; 8];
        expires_ms[2..].copy_from_slice(&signed[5..11]);
        Some(u64::from_be_bytes(expires_ms))
    }

    /// 13 bytes that look random and belong to this moment alone.
    fn nonce(&self, instance: &InstanceId, now: Moment) -> [u8; 13] {
        let mut seed = *b"nonce\0__________________";
        seed[8..16].copy_from_slice(&now.unix_ms.to_be_bytes());
        seed[16..].copy_from_slice(&now.serial.to_be_bytes());
        let tag = self.newest.tag(instance, &seed);
        std::array::from_fn(|index| tag[index])
    }
}

fn seconds_left(expires_ms: u64, now: Moment) -> Option<u32> {
    let left_ms = expires_ms.checked_sub(now.steady_ms)?;
    // Beyond this it was minted before the clock was set back and the service started.
    let possible = 1..=MAX_TTL_SECONDS + MOST_AHEAD_SECONDS;
    let left = u32::try_from(left_ms.div_ceil(1000)).ok().filter(|left| possible.contains(left))?;
    Some(left.min(MAX_TTL_SECONDS))
}

fn header(front_end: FrontEnd) -> [u8; 4] {
    match front_end {
        FrontEnd::Nitro => [1, 0, 4, 0],
        FrontEnd::Xen => [1, 0, 0, 0],
    }
}

/// How many bytes a token has that `text` begins with; 0 without one. For logs, which must not have any: a
/// part of a token counts as well, since text may be cut.
pub fn length_at_start(text: &[u8]) -> usize {
    /// No name of a category is as long, and a shorter part of a token is of no use.
    const SHORTEST: usize = 20;
    let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_=".contains(byte);
    let begins = PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    let length = text.iter().take_while(|byte| is_of_token(byte)).count();
    if begins && length >= SHORTEST { length } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Moment =
        Moment { unix_ms: 1_700_000_000_123, steady_ms: 1_700_000_000_123, serial: 7 };

    fn keyring(seed: u8) -> Keyring {
        Keyring::new(Key::new(1, &[seed; KEY_LENGTH]), vec![])
    }

    fn instance() -> InstanceId {
        "i-1234567890abcdef0".parse().unwrap()
    }

    fn later(ms: u64) -> Moment {
        Moment { steady_ms: NOW.steady_ms + ms, ..NOW }
    }

    #[test]
    fn a_token_looks_as_on_ec2() {
        for (front_end, prefix) in [FrontEnd::Nitro, FrontEnd::Xen].into_iter().zip(PREFIXES) {
            let token = keyring(1).mint(&instance(), front_end, 60, NOW);
            assert!(token.as_bytes().starts_with(prefix) && token.as_bytes().ends_with(b"=="));
        }
    }

    #[test]
    fn a_token_is_found_in_other_text() {
        let token = keyring(1).mint(&instance(), FrontEnd::Nitro, 60, NOW);
        let with_more = [&token.as_bytes()[..], b"/x"].concat();
        assert_eq!(length_at_start(&with_more), TOKEN_LENGTH);
        assert_eq!(length_at_start(&token.as_bytes()[..30]), 30, "a part of it");
        assert_eq!(length_at_start(&token.as_bytes()[1..]), 0);
        assert_eq!(length_at_start(b"AQAEA-rack"), 0);
    }

    #[test]
    fn it_lives_as_long_as_asked_and_not_a_millisecond_more() {
        let keyring = keyring(1);
        let token = keyring.mint(&instance(), FrontEnd::Nitro, 5, NOW);
        let left = |ms| keyring.check(&instance(), token.as_bytes(), later(ms));
        assert_eq!(left(0), Some(5));
        assert_eq!(left(1), Some(5));
        assert_eq!(left(1000), Some(4));
        assert_eq!(left(4999), Some(1));
        assert_eq!(left(5000), None);
        assert_eq!(left(1_000_000_000), None);
    }

    #[test]
    fn the_time_of_day_does_not_matter_and_none_has_much_more_than_six_hours() {
        let keyring = keyring(1);
        let token = keyring.mint(&instance(), FrontEnd::Nitro, 60, NOW);
        let left = |now| keyring.check(&instance(), token.as_bytes(), now);
        assert_eq!(left(Moment { unix_ms: 0, ..later(30_000) }), Some(30));
        assert_eq!(left(Moment { unix_ms: 0, ..later(60_000) }), None);
        let earlier = |seconds: u64| Moment { steady_ms: NOW.steady_ms - seconds * 1000, ..NOW };
        assert_eq!(left(earlier(21_540)), Some(MAX_TTL_SECONDS));
        let most = 21_540 + u64::from(MOST_AHEAD_SECONDS);
        assert_eq!(left(earlier(most)), Some(MAX_TTL_SECONDS), "minted by a clock that is ahead");
        assert_eq!(left(earlier(most + 1)), None);
        let last = Moment { steady_ms: u64::MAX, ..NOW };
        let _ = keyring.mint(&instance(), FrontEnd::Nitro, MAX_TTL_SECONDS, last);
    }

    #[test]
    fn it_is_refused_elsewhere_and_after_its_key() {
        let token = keyring(1).mint(&instance(), FrontEnd::Nitro, 60, NOW);
        let other: InstanceId = "i-1234567890abcdef1".parse().unwrap();
        assert_eq!(keyring(1).check(&other, token.as_bytes(), NOW), None);
        assert_eq!(keyring(2).check(&instance(), token.as_bytes(), NOW), None);
        let rotated = Keyring::new(Key::new(2, &[9; KEY_LENGTH]), vec![keyring(1).newest]);
        assert_eq!(rotated.check(&instance(), token.as_bytes(), NOW), Some(60));
    }

    #[test]
    fn two_tokens_of_one_millisecond_differ() {
        let mint =
            |serial| keyring(1).mint(&instance(), FrontEnd::Nitro, 60, Moment { serial, ..NOW });
        assert_ne!(mint(1).as_bytes(), mint(2).as_bytes());
    }

    proptest! {
        /// A token that is known is judged as if it were not, whatever was shown before.
        #[test]
        fn what_is_known_changes_no_answer(
            shown in prop::collection::vec((0..4_usize, 0..TOKEN_LENGTH, 0..9000_u64), 1..9),
        ) {
            let keyring = keyring(1);
            let mint = |ttl| *keyring.mint(&instance(), FrontEnd::Nitro, ttl, NOW).as_bytes();
            let tokens = [mint(3), mint(6), mint(9)];
            let mut known = KnownToken::default();
            for (which, position, ms) in shown {
                let token = tokens.get(which).copied().unwrap_or_else(|| {
                    let mut changed = tokens[0];
                    changed[position] ^= 1;
                    changed
                });
                for token in [&token[..], &token[..position]] {
                    let again = keyring.check_again(&instance(), token, later(ms), &mut known);
                    prop_assert_eq!(again, keyring.check(&instance(), token, later(ms)));
                }
            }
        }

        /// No bit of a token can change: neither a signed one nor a spare bit of the base64.
        #[test]
        fn any_change_is_noticed(position in 0..TOKEN_LENGTH, byte: u8) {
            let keyring = keyring(1);
            let mut text = *keyring.mint(&instance(), FrontEnd::Nitro, 60, NOW).as_bytes();
            prop_assume!(text[position] != byte);
            text[position] = byte;
            prop_assert_eq!(keyring.check(&instance(), &text, NOW), None);
        }

        #[test]
        fn any_bytes_are_refused_quietly(text: Vec<u8>) {
            prop_assert_eq!(keyring(1).check(&instance(), &text, NOW), None);
        }
    }
}
