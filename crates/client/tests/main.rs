//! The client against the real service and against faulty ones, in networks of the tests' own.

mod asking;
mod matrix;
mod requests;
mod role;
mod unreachable;
mod verdict;
mod way;

use testkit::Arguments;

fn main() {
    testkit::isolate();
    let trials =
        [requests::tests(), role::tests(), unreachable::tests(), verdict::tests(), matrix::tests()];
    let mut arguments = Arguments::from_args();
    // Times are measured: one test at a time.
    arguments.test_threads.get_or_insert(1);
    let conclusion = testkit::run(&arguments, trials.into_iter().flatten().collect());
    testkit::tidy();
    conclusion.exit();
}
