//! Temporary credentials that this service issues and knows again.
//!
//! They are stateless, as session tokens of IMDSv2 are: the session token says what the credentials stand
//! for ([`Session`]), with a MAC over it, and the secret is derived from the same. So nothing is stored for
//! them, they outlive a restart, and whoever has the key can check them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::access_keys::{AccessKeys, base32};
use super::session::Session;
use crate::ids::AccountId;

/// How many bytes of key material an [`Issuer`] is made of.
pub const ISSUER_KEY_LENGTH: usize = 32;

/// What every session token begins with. AWS's do: it is the `IQoJb3JpZ2luX2Vj` of their text.
const HEAD: &[u8; 12] = b"!\n\torigin_ec";

/// How many bytes the MAC of a session token has.
const TAG_LENGTH: usize = 32;

/// The longest session token that is looked at, in bytes: a session policy has up to 2,048 characters.
const LONGEST: usize = 16 * 1024;

/// Issues and checks temporary credentials of one account. Secret, so it has no `Debug`.
#[derive(Clone)]
pub struct Issuer {
    mac: Hmac<Sha256>,
    account: AccountId,
}

impl Issuer {
    /// The issuer of `account` with this secret key.
    pub fn new(key: &[u8; ISSUER_KEY_LENGTH], account: AccountId) -> Self {
        let mac = Hmac::new_from_slice(key)
            .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
        Self { mac, account }
    }

    /// The account of all credentials that it issues.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The credentials that stand for `session`; the same each time.
    pub fn issue(&self, session: &Session) -> AccessKeys {
        self.keys(&session.to_text())
    }

    /// What a session token stands for, with all of its credentials, if this issuer made it. Whether they
    /// have expired is not looked at.
    pub fn check(&self, token: &str) -> Option<(Session, AccessKeys)> {
        if token.len() > LONGEST {
            return None;
        }
        let bytes = STANDARD.decode(token).ok()?;
        let signed = bytes.strip_prefix(HEAD)?;
        let (text, tag) = signed.split_at_checked(signed.len().checked_sub(TAG_LENGTH)?)?;
        if !bool::from(self.derive("token", text).ct_eq(tag)) {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        Some((Session::from_text(text)?, self.keys(text)))
    }

    fn keys(&self, text: &str) -> AccessKeys {
        let bytes = text.as_bytes();
        let mut token = HEAD.to_vec();
        token.extend(bytes);
        token.extend(self.derive("token", bytes));
        AccessKeys {
            access_key_id: self.key_id(&self.derive("id", bytes)),
            // 40 characters.
            secret_access_key: STANDARD.encode(&self.derive("secret", bytes)[..30]),
            session_token: STANDARD.encode(token),
        }
    }

    /// `ASIA…`, which says the account as AWS's key ids do: see [`account_of`].
    fn key_id(&self, random: &[u8; TAG_LENGTH]) -> String {
        let account: u64 = self.account.as_str().parse().unwrap_or_default();
        let first = 1 << 47 | account << 7 | u64::from(random[0]) & 0x7f;
        let mut id = first.to_be_bytes()[2..].to_vec();
        id.extend(&random[1..5]);
        format!("ASIA{}", base32(&id))
    }

    fn derive(&self, purpose: &str, text: &[u8]) -> [u8; TAG_LENGTH] {
        let mut mac = self.mac.clone();
        mac.update(purpose.as_bytes());
        mac.update(b"\n");
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

/// The account that an access key id belongs to: its bits 1 to 40, after the prefix of four characters, as AWS
/// has them since 2019. `None` if it is not the id of an access key.
pub fn account_of(key_id: &str) -> Option<AccountId> {
    let digits = key_id.strip_prefix("AKIA").or_else(|| key_id.strip_prefix("ASIA"))?;
    if digits.len() != 16 {
        return None;
    }
    // Ten digits of five bits are 50; the number has 48.
    let number = digits.bytes().take(10).try_fold(0_u64, |number, digit| {
        let value = super::access_keys::BASE32.iter().position(|known| *known == digit)?;
        Some(number << 5 | value as u64)
    })?;
    let account = (number >> 2) >> 7 & ((1 << 40) - 1);
    format!("{account:012}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::session::Subject;
    use crate::imds_version::ImdsVersion;

    fn issuer(key: u8) -> Issuer {
        Issuer::new(&[key; ISSUER_KEY_LENGTH], "123456789012".parse().unwrap())
    }

    fn sessions() -> Vec<Session> {
        let instance = |delivery| Subject::Instance {
            role: "my-role".to_owned(),
            instance: "i-1234567890abcdef0".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            delivery,
        };
        let role = |policy: Option<&str>| Subject::Role {
            role: "my-role".to_owned(),
            name: "me@here".to_owned(),
            policy: policy.map(str::to_owned),
        };
        let subjects = [
            instance(ImdsVersion::V1),
            instance(ImdsVersion::V2),
            role(None),
            role(Some("{\n\"Version\": 1\n}")),
            Subject::Key { id: "AKIAIOSFODNN7EXAMPLE".to_owned() },
        ];
        let with = |subject| Session { subject, issued: 1000, expires: 4600, nonce: 7 };
        subjects.map(with).into()
    }

    #[test]
    fn a_session_is_known_again_by_its_token() {
        for session in sessions() {
            let keys = issuer(1).issue(&session);
            assert!(keys.session_token.starts_with("IQoJb3JpZ2luX2Vj"), "as AWS's do");
            assert_eq!((keys.access_key_id.len(), keys.secret_access_key.len()), (20, 40));
            let (known, again) = issuer(1).check(&keys.session_token).unwrap();
            assert_eq!(known, session);
            assert!(keys.access_key_id == again.access_key_id);
            assert!(keys.secret_access_key == again.secret_access_key);
        }
    }

    #[test]
    fn each_session_has_credentials_of_its_own() {
        let all: Vec<_> = sessions().iter().map(|session| issuer(1).issue(session)).collect();
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                assert_ne!(one.access_key_id, other.access_key_id);
                assert_ne!(one.secret_access_key, other.secret_access_key);
                assert_ne!(one.session_token, other.session_token);
            }
        }
    }

    /// A token of another service, or with any bit flipped, is unknown.
    #[test]
    fn a_token_cannot_be_made_up() {
        let session = &sessions()[0];
        let token = issuer(1).issue(session).session_token;
        assert!(issuer(2).check(&token).is_none());
        let bytes = STANDARD.decode(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(issuer(1).check(&STANDARD.encode(forged)).is_none(), "bit {bit}");
        }
        for bad in ["", "IQoJb3JpZ2luX2Vj", "=", &token[..token.len() - 4], &"A".repeat(20_000)] {
            assert!(issuer(1).check(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_key_id_says_its_account() {
        for account in ["123456789012", "000000000001", "999999999999"] {
            let issuer = Issuer::new(&[1; ISSUER_KEY_LENGTH], account.parse().unwrap());
            let id = issuer.issue(&sessions()[0]).access_key_id;
            assert_eq!(account_of(&id).unwrap().as_str(), account, "{id}");
        }
        for bad in
            ["", "AKIA", "AIDAQ3EGHUIPQ3EGHUIP", "AKIAIOSFODNN7EXAMPL", "AKIA0000000000000000"]
        {
            assert!(account_of(bad).is_none(), "{bad}");
        }
    }
}
