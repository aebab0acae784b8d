//! The password of a Windows instance's administrator, for the holder of its key pair alone.
//! Source: EC2 API, `GetPasswordData`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use getrandom::SysRng;
use imds_core::Instance;
use imds_core::image::Platform;
use imds_core::instance::PublicKey;
use rsa::Pkcs1v15Encrypt;
use rsa::rand_core::UnwrapErr;

use crate::openssh::{KeyKind, OpensshKey};
use crate::random::random;

/// As many characters as the passwords have that Windows makes on EC2.
const LENGTH: usize = 32;

/// As many signs as six bits tell apart, of each kind that Windows asks for.
const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!?";

/// A key pair that Windows instances cannot have.
#[derive(Debug, thiserror::Error)]
#[error(
    "ED25519 key pairs are not supported with Windows AMIs. Choose a different key pair type and try again."
)]
pub struct KeyNotForWindows;

/// Checks that an instance's key pair is one that its platform can have.
pub(crate) fn check(instance: &Instance) -> Result<(), KeyNotForWindows> {
    match key(instance).map(|key| key.kind) {
        Some(KeyKind::Ed25519) => Err(KeyNotForWindows),
        Some(KeyKind::Rsa(_)) | None => Ok(()),
    }
}

/// A new password, encrypted to the key pair of a Windows instance: PKCS#1 v1.5, in base64. Nobody else can know it.
/// `None` for other instances, and where there is no RSA key that can encrypt it.
pub fn new_password(instance: &Instance) -> Result<Option<String>, getrandom::Error> {
    let Some(KeyKind::Rsa(key)) = key(instance).map(|key| key.kind) else { return Ok(None) };
    // Asked for first: where there are no random bytes, `UnwrapErr` below would panic.
    let password = random::<LENGTH>()?.map(|byte| SIGNS[usize::from(byte) % SIGNS.len()]);
    let encrypted = key.encrypt(&mut UnwrapErr(SysRng), Pkcs1v15Encrypt, &password);
    Ok(encrypted.ok().map(|bytes| STANDARD.encode(bytes)))
}

/// The key pair of an instance whose platform uses it for a password.
fn key(instance: &Instance) -> Option<OpensshKey> {
    let PublicKey { openssh, .. } = instance.public_key.as_ref()?;
    (instance.image.platform == Platform::Windows).then(|| OpensshKey::parse(openssh))?
}

#[cfg(test)]
mod tests {
    use imds_core::Launch;
    use imds_core::image::{Image, Platform};
    use imds_core::instance_type::Architecture;
    use rsa::RsaPrivateKey;
    use rsa::traits::PublicKeyParts as _;

    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0ebdXS9OxoS+CrGK6hSqtvMZaGzNk5N0iMtZNdjqX3 e@h";

    fn instance(platform: Platform, openssh: Option<&str>) -> Instance {
        let id = "ami-0123456789abcdef0".parse().unwrap();
        let image = Image::backed_by_ebs(id, Architecture::X86_64, "/dev/sda1".to_owned());
        let key = |openssh: &str| PublicKey { name: "key".to_owned(), openssh: openssh.to_owned() };
        let launch = Launch {
            image: Image { platform, ..image }.into(),
            public_key: openssh.map(key),
            ..Launch::default()
        };
        launch.resolve().unwrap()
    }

    fn openssh(key: &RsaPrivateKey) -> String {
        let number = |bytes: &[u8]| {
            let bytes = [if bytes[0] >= 0x80 { &[0][..] } else { &[] }, bytes].concat();
            [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), &bytes[..]].concat()
        };
        let numbers = [key.e_bytes(), key.n_bytes()].map(|bytes| number(&bytes));
        let blob = [&number(b"ssh-rsa")[..], &numbers.concat()].concat();
        format!("ssh-rsa {} me", STANDARD.encode(blob))
    }

    #[test]
    fn the_holder_of_the_key_pair_alone_reads_the_password() {
        let key = RsaPrivateKey::new(&mut UnwrapErr(SysRng), 1024).unwrap();
        let line = openssh(&key);
        let instance = instance(Platform::Windows, Some(&line));
        check(&instance).unwrap();
        let read = || {
            let sent = STANDARD.decode(new_password(&instance).unwrap().unwrap()).unwrap();
            let password = key.decrypt(Pkcs1v15Encrypt, &sent).unwrap();
            assert!(password.len() == LENGTH && password.iter().all(|sign| SIGNS.contains(sign)));
            password
        };
        assert_ne!(read(), read());
    }

    #[test]
    fn others_have_none() {
        for (platform, line) in [
            (Platform::Windows, None),
            (Platform::Windows, Some("ecdsa-sha2-nistp256 AAAA")),
            (Platform::Linux, Some(ED25519)),
        ] {
            let instance = instance(platform, line);
            check(&instance).unwrap();
            assert_eq!(new_password(&instance).unwrap(), None, "{platform:?} {line:?}");
        }
        check(&instance(Platform::Windows, Some(ED25519))).unwrap_err();
    }
}
