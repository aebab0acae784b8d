//! Client tokens: a request that is sent again does nothing again.

use imds_account::keys::{self, Key};
use imds_account::{Stored, Transaction, records};
use imds_ec2::Fault;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::call::{Call, Refusal};

/// The longest token, in characters. Source: EC2 API, "Ensuring idempotency".
const LONGEST: usize = 64;

/// The client token of a request.
pub(super) struct ClientToken {
    key: Key<records::ClientToken>,
    parameters: String,
    earlier: Option<Stored<records::ClientToken>>,
    now: u64,
}

impl ClientToken {
    /// The token of a request with these `parameters`, which are all but the token itself; `None` if
    /// it has none. They are not kept, only a digest of them.
    ///
    /// # Errors
    /// `IdempotentParameterMismatch` if an earlier request with the same token had others.
    pub(super) fn read(
        call: &Call<'_>,
        action: &str,
        token: Option<&str>,
        parameters: &impl Serialize,
    ) -> Result<Option<Self>, Refusal> {
        let Some(token) = token else { return Ok(None) };
        if token.is_empty() || token.len() > LONGEST || !token.is_ascii() {
            return Err(Fault::invalid_value(
                "ClientToken",
                format_args!("{} bytes", token.len()),
                "Expecting 1 to 64 ASCII characters.",
            )
            .into());
        }
        let key = keys::client_token(&call.region, &format!("{action}/{token}"));
        let parameters = digest(parameters);
        let earlier = call.read(&key)?;
        if earlier.as_ref().is_some_and(|earlier| earlier.record.parameters != parameters) {
            return Err(Fault::client(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in \
                 previous request(s).",
            )
            .into());
        }
        Ok(Some(Self { key, parameters, earlier, now: call.now }))
    }

    /// The ids of what an earlier request with this token made.
    pub(super) fn made(&self) -> Option<&[String]> {
        self.earlier.as_ref().map(|earlier| earlier.record.made.as_slice())
    }

    /// Adds to `transaction` that this request made what has these ids, unless another request with
    /// the token was faster.
    pub(super) fn spend(self, transaction: Transaction, made: Vec<String>) -> Transaction {
        let spent = records::ClientToken { parameters: self.parameters, made, at: self.now };
        transaction.if_unchanged(&self.key, self.earlier.as_ref()).write(&self.key, &spent)
    }
}

fn digest(parameters: &impl Serialize) -> String {
    let json = serde_json::to_vec(parameters);
    let json = json.unwrap_or_else(|_| unreachable!("the API's structures have named members"));
    base16ct::lower::encode_string(&Sha256::digest(json))
}
