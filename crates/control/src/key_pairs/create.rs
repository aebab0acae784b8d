//! `CreateKeyPair`. The private key is in the response, and nowhere else.

use imds_account::{Transaction, keys, records};
use imds_ec2::types::{CreateKeyPairRequest, KeyPair};
use imds_ec2::{Fault, Sensitive};

use super::private_key::{Format, Kind, PrivateKey};
use super::{check_name, duplicate};
use crate::call::{Call, Refusal};
use crate::{ids, tag_values};

/// How RSA and ED25519 are called.
const KINDS: [(&str, Kind); 2] = [("rsa", Kind::Rsa), ("ed25519", Kind::Ed25519)];

pub(crate) fn create(call: &Call<'_>, request: &CreateKeyPairRequest) -> Result<KeyPair, Refusal> {
    let name = request.key_name.as_str();
    check_name(name)?;
    let place = keys::key_pair(&call.region, name);
    if call.read(&place)?.is_some() {
        return Err(duplicate(name).into());
    }
    // Other values are refused by the table of parameters.
    let wanted = request.key_type.as_deref();
    let found = KINDS.into_iter().find(|(word, _)| Some(*word) == wanted);
    let (word, kind) = found.unwrap_or(KINDS[0]);
    let format = match request.key_format.as_deref() {
        Some("ppk") => Format::Ppk,
        _ => Format::Pem,
    };
    let tags = tag_values::specified(&request.tag_specifications, "key-pair")?;
    let id: String = ids::new("key-")?;
    if call.dry_run {
        // Before the work of a key.
        return Err(Fault::dry_run().into());
    }
    let key = PrivateKey::make(kind).map_err(|error| {
        tracing::error!(%error, "cannot make a key pair");
        Fault::internal()
    })?;
    let record = records::KeyPair {
        id: id.clone(),
        openssh: key.openssh(name),
        fingerprint: key.fingerprint(),
        kind: word.to_owned(),
        created_at: call.now,
    };
    let mut transaction = Transaction::new().if_unchanged(&place, None).write(&place, &record);
    if !tags.is_empty() {
        transaction = transaction.write(&keys::tags(&call.region, &id), &tags);
    }
    call.commit(transaction)?;
    Ok(KeyPair {
        key_pair_id: Some(id),
        tags: tag_values::shape(&tags),
        key_name: Some(name.to_owned()),
        key_fingerprint: Some(record.fingerprint),
        key_material: Some(Sensitive(key.text(format, name))),
    })
}
