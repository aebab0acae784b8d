//! Whatever comes in, a well-formed answer goes out. The check is the one that the tests of
//! `imds-core` run over `corpus/request`: what the fuzzer finds, put there, stays found.

#![no_main]

#[path = "../../crates/core/tests/conformance/exchange.rs"]
mod exchange;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exchange::check(bytes));
