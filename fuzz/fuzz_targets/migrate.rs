//! Whatever is in a file, it is scanned and rewritten without a panic, and in time. The check is the
//! one that the tests of `imds-migrate` run over `corpus/migrate`: what the fuzzer finds, put there,
//! stays found.

#![no_main]

#[path = "../../crates/migrate/tests/properties/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::check(bytes));
