//! Whatever is sent as parameters, there is a request or a fault. The check is the
//! one that the tests of `imds-ec2` run over `corpus/params`: what the fuzzer finds, put there, stays
//! found.

#![no_main]

#[allow(dead_code, reason = "one check of three")]
#[path = "../../crates/ec2/tests/wire/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::check_params(bytes));
