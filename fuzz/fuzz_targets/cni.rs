//! Whatever a runtime sends to a network plugin, there is a plan or an error. The check is the one that
//! the tests of `imds-cni` run: what the fuzzer finds, put into `corpus/cni`, stays found.

#![no_main]

#[path = "../../crates/cni/tests/any_input.rs"]
mod any_input;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_input::check(bytes));
