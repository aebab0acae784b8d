//! `imds migrate`: the command as its users meet it, and the proof that what it writes works.

mod cases;
mod command;
mod proof;
mod stage;

use testkit::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    [command::tests(), proof::tests()].into_iter().flatten().collect()
}
