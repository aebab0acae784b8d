//! The hot calls of the project, one per run. `cargo xtask counts` runs them under callgrind.
//!
//! A call is prepared outside [`counted`] and made inside it: callgrind collects only there. Without
//! an argument this program lists the calls.
#![expect(clippy::print_stdout, reason = "its output is read by `cargo xtask counts`")]

mod api;
mod metadata;
mod migrate;

use std::hint::black_box;
use std::process::ExitCode;

/// A call's name, and what prepares and makes it.
type Call = (&'static str, fn());

const CALLS: [Call; 5] = [
    ("metadata-get", metadata::get),
    ("token-put", metadata::put_token),
    ("api-describe-instances", api::describe_instances),
    ("migrate-shell", migrate::shell),
    ("migrate-python", migrate::python),
];

fn main() -> ExitCode {
    // `cargo bench` says `--bench`.
    let Some(name) = std::env::args().skip(1).find(|argument| argument != "--bench") else {
        for (name, _) in CALLS {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    };
    let Some((_, call)) = CALLS.iter().find(|(known, _)| *known == name) else {
        eprintln!("instruction-counts: there is no call {name}");
        return ExitCode::from(2);
    };
    call();
    println!("{}", processor());
    ExitCode::SUCCESS
}

/// Makes `call` twice and counts the second: what is built on first use belongs to no single call.
fn count<T>(call: impl Fn() -> T) -> T {
    black_box(call());
    counted(call)
}

/// callgrind collects inside this function, which it finds by its name.
#[inline(never)]
fn counted<T>(call: impl Fn() -> T) -> T {
    black_box(call())
}

/// The processor as callgrind presents it. Libraries choose their code by it, so counts from
/// different processors cannot be compared.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let features = [
        (" avx2", std::arch::is_x86_feature_detected!("avx2")),
        (" sha", std::arch::is_x86_feature_detected!("sha")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let features: [(&str, bool); 0] = [];
    let detected = features.into_iter().filter_map(|(name, is_there)| is_there.then_some(name));
    std::env::consts::ARCH.to_owned() + &detected.collect::<String>()
}
