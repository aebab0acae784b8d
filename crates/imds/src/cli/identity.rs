//! `imds identity`.

use std::path::PathBuf;

use clap::Subcommand;
use imds_core::identity::Proof;
use imds_core::placement::Region;

use crate::settings::{SIGNATURES, one_of};

pub(crate) const CERTIFICATE_EXAMPLE: &str = "\
Example, beside a running `imds serve --http-tokens optional`:
  imds identity certificate --for rsa2048 > certificate.pem
  (echo '-----BEGIN PKCS7-----'
   curl -s http://127.0.0.1:1338/latest/dynamic/instance-identity/rsa2048; echo
   echo '-----END PKCS7-----') |
    openssl smime -verify -inform PEM -certfile certificate.pem -noverify";

#[derive(Subcommand)]
pub(crate) enum IdentityCommand {
    /// Print the certificate that verifies a signature of the identity document
    #[command(after_help = CERTIFICATE_EXAMPLE)]
    Certificate {
        /// Which signature: `pkcs7`, `rsa2048` or `signature`
        #[arg(long = "for", value_name = "SIGNATURE", value_parser = one_of::<Proof>(SIGNATURES),
              hide_possible_values = true)]
        proof: Proof,

        /// The Region of the instance
        #[arg(long, default_value = "us-east-1")]
        region: Region,

        /// The state file of the service that signs [default: `$XDG_STATE_HOME/imds/state.db`]
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
    },
}
