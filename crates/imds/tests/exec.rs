//! `imds exec` as its users meet it: the built binary, run on real programs.

mod control;
mod egress;
mod host_sockets;
mod machine;
mod network;
mod refusal;
pub(crate) mod sandbox;
mod signals;
mod status;
mod terminal;
mod user_data;

use testkit::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    [
        control::tests(),
        egress::tests(),
        host_sockets::tests(),
        machine::tests(),
        network::tests(),
        refusal::tests(),
        signals::tests(),
        status::tests(),
        terminal::tests(),
        user_data::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
