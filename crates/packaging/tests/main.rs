//! The artifacts as their users meet them: read and installed by the tools that are made for them. The
//! program is the one that was built with the tests; what is tested is what is made of it.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod artifacts;
mod deb;
mod image;
mod places;

use testkit::Arguments;

fn main() {
    testkit::isolate();
    let trials = [artifacts::tests(), deb::tests(), image::tests(), places::tests()];
    let trials = trials.into_iter().flatten().collect();
    let conclusion = testkit::run(&Arguments::from_args(), trials);
    artifacts::tidy();
    testkit::tidy();
    conclusion.exit();
}
