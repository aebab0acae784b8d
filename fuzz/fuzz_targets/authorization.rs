//! Whatever is sent as a signature, it verifies nothing that no key signed. The check is the
//! one that the tests of `imds-ec2` run over `corpus/authorization`: what the fuzzer finds, put there, stays
//! found.

#![no_main]

#[allow(dead_code, reason = "one check of three")]
#[path = "../../crates/ec2/tests/wire/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::check_authorization(bytes));
