//! Key pairs: public keys that were imported or created.

pub(super) mod create;
mod private_key;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use imds_account::openssh::{KeyKind, OpensshKey};
use imds_account::{Stored, Transaction, keys, records};
use imds_ec2::Fault;
use imds_ec2::types::{
    DeleteKeyPairRequest, DeleteKeyPairResult, DescribeKeyPairsRequest, DescribeKeyPairsResult,
    ImportKeyPairRequest, ImportKeyPairResult, KeyPairInfo,
};
use md5::{Digest as _, Md5};
use rsa::pkcs8::EncodePublicKey as _;
use sha2::Sha256;

use super::call::{Call, Refusal};
use super::filter::Filters;
use super::{ids, tag_values, time};

/// A public key that EC2 takes.
struct Key {
    /// `rsa` or `ed25519`.
    kind: &'static str,
    /// One line in OpenSSH format.
    openssh: String,
    /// As EC2 shows that of an imported key.
    fingerprint: String,
}

pub(super) fn import(
    call: &Call<'_>,
    request: &ImportKeyPairRequest,
) -> Result<ImportKeyPairResult, Refusal> {
    let name = request.key_name.as_str();
    check_name(name)?;
    let key = Key::parse(&request.public_key_material.0).ok_or_else(|| {
        Fault::client(
            "InvalidKey.Format",
            "Key is not in valid OpenSSH public key format: it is one line such as \
             `ssh-ed25519 AAAA… name`",
        )
    })?;
    let place = keys::key_pair(&call.region, name);
    if call.read(&place)?.is_some() {
        return Err(duplicate(name).into());
    }
    let its_tags = tag_values::specified(&request.tag_specifications, "key-pair")?;
    let record = records::KeyPair {
        id: ids::new("key-")?,
        openssh: key.openssh,
        fingerprint: key.fingerprint,
        kind: key.kind.to_owned(),
        created_at: call.now,
    };
    let mut transaction = Transaction::new().if_unchanged(&place, None).write(&place, &record);
    if !its_tags.is_empty() {
        transaction = transaction.write(&keys::tags(&call.region, &record.id), &its_tags);
    }
    call.commit(transaction)?;
    Ok(ImportKeyPairResult {
        key_fingerprint: Some(record.fingerprint),
        key_name: Some(name.to_owned()),
        key_pair_id: Some(record.id),
        tags: tag_values::shape(&its_tags),
    })
}

fn check_name(name: &str) -> Result<(), Fault> {
    if (1..=255).contains(&name.len()) && name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(());
    }
    Err(Fault::invalid_parameter_value(
        "Invalid value for parameter KeyName: it has 1 to 255 ASCII characters.",
    ))
}

fn duplicate(name: &str) -> Fault {
    let message = format!("The keypair '{name}' already exists.");
    Fault::client("InvalidKeyPair.Duplicate", message)
}

impl Key {
    /// Parses a key in OpenSSH format.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(bytes).ok()?.trim();
        let OpensshKey { kind, blob } = OpensshKey::parse(line)?;
        let (kind, fingerprint) = match kind {
            KeyKind::Ed25519 => ("ed25519", STANDARD_NO_PAD.encode(Sha256::digest(&blob)) + "="),
            KeyKind::Rsa(key) => {
                let digest = Md5::digest(key.to_public_key_der().ok()?.as_bytes());
                let pairs: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                ("rsa", pairs.join(":"))
            }
        };
        Some(Self { kind, openssh: line.to_owned(), fingerprint })
    }
}

/// Deletes a key pair; there is no fault if there is none, as on EC2.
pub(super) fn delete(
    call: &Call<'_>,
    request: &DeleteKeyPairRequest,
) -> Result<DeleteKeyPairResult, Refusal> {
    let meant = match (&request.key_name, &request.key_pair_id) {
        (Some(name), _) => {
            let stored = call.read(&keys::key_pair(&call.region, name))?;
            stored.map(|stored| (name.clone(), stored))
        }
        (None, Some(id)) => find_by_id(call, id)?,
        (None, None) => return Err(Fault::missing_parameter("KeyName").into()),
    };
    let mut transaction = Transaction::new();
    if let Some((name, stored)) = &meant {
        let place = keys::key_pair(&call.region, name);
        transaction = transaction
            .if_unchanged(&place, Some(stored))
            .remove(&place)
            .remove(&keys::tags(&call.region, &stored.record.id));
    }
    call.commit(transaction)?;
    let key_pair_id = meant.map(|(_, stored)| stored.record.id);
    Ok(DeleteKeyPairResult { return_: Some(true), key_pair_id })
}

/// The name of the key pair with this id, if there is one.
pub(super) fn name(call: &Call<'_>, id: &str) -> Result<Option<String>, Refusal> {
    Ok(find_by_id(call, id)?.map(|(name, _)| name))
}

fn find_by_id(
    call: &Call<'_>,
    id: &str,
) -> Result<Option<(String, Stored<records::KeyPair>)>, Refusal> {
    let all = call.scan(&keys::key_pairs(&call.region))?;
    Ok(all.into_iter().find(|(_, stored)| stored.record.id == id))
}

/// Source: EC2 API `DescribeKeyPairs`.
const FILTERS: &[&str] = &["fingerprint", "key-name", "key-pair-id"];

pub(super) fn describe(
    call: &Call<'_>,
    request: &DescribeKeyPairsRequest,
) -> Result<DescribeKeyPairsResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let all = call.scan(&keys::key_pairs(&call.region))?;
    for name in &request.key_names {
        // Read by itself: a key pair that is there and cannot be read is not reported as missing.
        if call.read(&keys::key_pair(&call.region, name))?.is_none() {
            let message = format!("The key pair '{name}' does not exist");
            return Err(Fault::client("InvalidKeyPair.NotFound", message).into());
        }
    }
    for id in &request.key_pair_ids {
        if !all.iter().any(|(_, stored)| stored.record.id == *id) {
            let message = format!("The key pair with ID '{id}' does not exist");
            return Err(Fault::client("InvalidKeyPair.NotFound", message).into());
        }
    }
    let mut key_pairs = Vec::new();
    for (name, stored) in all {
        let key = stored.record;
        let is_named = request.key_names.is_empty() && request.key_pair_ids.is_empty()
            || request.key_names.contains(&name)
            || request.key_pair_ids.contains(&key.id);
        let its_tags = call.tags(&key.id)?;
        let values = |filter: &str| match filter {
            "fingerprint" => vec![key.fingerprint.clone()],
            "key-name" => vec![name.clone()],
            _ => vec![key.id.clone()],
        };
        if is_named && filters.accept(&its_tags, values) {
            key_pairs.push(KeyPairInfo {
                public_key: request
                    .include_public_key
                    .unwrap_or(false)
                    .then(|| key.openssh.clone()),
                key_pair_id: Some(key.id),
                key_type: Some(key.kind),
                tags: tag_values::shape(&its_tags),
                create_time: time::shape(key.created_at),
                key_name: Some(name),
                key_fingerprint: Some(key.fingerprint),
            });
        }
    }
    Ok(DescribeKeyPairsResult { key_pairs })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDCJXuLB5V2DgGNe6mewJVEIgE1GyFuGmyhJlxB\
        qF6fqtcEPccT27ysDk9uZ5FKTQtXLNmxUJu5xri73to+YVYOFFqkT3PVEtIC70lZl9FOxb4Avmm5r4UR+jW8z0t0Ftu3\
        xpuyvvDPkA4ZGD2RedZa0foc0XBI1s538pCgNan4KahPP06QRHbvKF/H3TkcJ+btSNkhi1gAiSMA81+/j/79LxPeQBNE\
        JEs5G5lnsMcCHPq/mBBUHPcLodjAFge0nPgLd51a2LpK+cMpto7drt5sZM11R6Tw56NdrdErGn61vNjfxxLA9Vtj/Hv2\
        Se4cyKpXJBDgypEBr943GxA8GHM5 r@h";
    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0ebdXS9OxoS+CrGK6hSqtvMZaGzNk5N0iMtZNdjqX3 e@h\n";

    /// Made by `ssh-keygen`; the fingerprints are what `ssh-keygen -e -m PKCS8 | openssl pkey -pubin
    /// -outform DER | openssl md5 -c` and `ssh-keygen -lf` print of them.
    #[test]
    fn keys_have_the_fingerprints_that_other_programs_compute() {
        for (line, kind, fingerprint) in [
            (RSA, "rsa", "e6:49:f3:d6:d4:a8:cf:f4:5b:bb:dc:05:0e:56:d8:ae"),
            (ED25519, "ed25519", "u8v+X1H8zxb61VbCtBybAhAR//DxljHf98LNIwVXRpo="),
        ] {
            let key = Key::parse(line.as_bytes()).unwrap();
            assert_eq!((key.kind, key.openssh.as_str()), (kind, line.trim()));
            assert_eq!(key.fingerprint, fingerprint);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bad in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            "ssh-dss AAAAB3NzaC1kc3MAAACB",
            "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIK0ebdXS9OxoS+CrGK6hSqtvMZaGzNk5N0iMtZNdjqX3",
            "-----BEGIN PUBLIC KEY-----",
        ] {
            assert!(Key::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
