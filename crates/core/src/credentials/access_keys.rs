//! The three texts that sign requests to AWS, and the document that serves them.

use crate::ids::{InstanceId, derive};
use crate::json;
use crate::time::iso8601;

pub(super) const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The three texts that sign requests to AWS.
#[derive(Clone)]
pub struct AccessKeys {
    /// `AccessKeyId`
    pub access_key_id: String,
    /// `SecretAccessKey`
    pub secret_access_key: String,
    /// `Token`
    pub session_token: String,
}

/// Bytes, a multiple of five, as text: five bits to a letter.
pub(super) fn base32(bytes: &[u8]) -> String {
    let five = |bytes: &[u8]| {
        let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        (0..8).rev().map(move |letter| number >> (letter * 5) & 0x1f)
    };
    let letter = |bits: u64| usize::try_from(bits).ok().and_then(|bits| BASE32.get(bits));
    bytes.chunks(5).flat_map(five).filter_map(letter).map(|letter| char::from(*letter)).collect()
}

impl AccessKeys {
    pub(super) fn generate(instance: &InstanceId, role: &str, period: u64) -> Self {
        let period = period.to_string();
        let text = |purpose: &str, alphabet: &[u8], length: usize| -> String {
            (0_u8..)
                .flat_map(|block| {
                    derive(&[instance.as_str(), role, &period, purpose, &block.to_string()])
                })
                .map(|byte| char::from(alphabet[usize::from(byte) % alphabet.len()]))
                .take(length)
                .collect()
        };
        Self {
            access_key_id: format!("ASIA{}", text("id", BASE32, 16)),
            secret_access_key: text("secret", BASE64, 40),
            session_token: format!("IQoJb3JpZ2luX2Vj{}==", text("token", BASE64, 346)),
        }
    }

    /// The document that serves these keys: renewed at `updated`, good until `expires`, in seconds since
    /// 1970. With `account`, it ends in `AccountId`.
    pub(super) fn document(&self, updated: u64, expires: u64, account: Option<&str>) -> String {
        let (updated, expires) = (iso8601(updated), iso8601(expires));
        let mut entries = vec![
            ("Code", "Success"),
            ("LastUpdated", updated.as_str()),
            ("Type", "AWS-HMAC"),
            ("AccessKeyId", &self.access_key_id),
            ("SecretAccessKey", &self.secret_access_key),
            ("Token", &self.session_token),
            ("Expiration", &expires),
        ];
        entries.extend(account.map(|account| ("AccountId", account)));
        json::document(&entries)
    }
}
