//! The command line of one command alone, for those that are started most. To make the definitions and help
//! texts of all other commands as well took a sixth of the instructions of a start of `imds serve`.

use std::ffi::OsString;

use clap::Args;

/// The command, made by one of these, where it is one of them and nothing is wrong. What else there is to say,
/// help, the version or a mistake, the whole command line says.
pub(super) fn parse<Command, Serve: Args, Exec: Args, Get: Args>(
    arguments: &[OsString],
    serve: fn(Serve) -> Command,
    exec: fn(Exec) -> Command,
    get: fn(Get) -> Command,
) -> Option<Command> {
    // The command takes the place of the program's name.
    let arguments = arguments.get(1..)?;
    match arguments.first()?.to_str()? {
        "serve" => arguments_of(arguments).map(serve),
        "exec" => arguments_of(arguments).map(exec),
        "get" => arguments_of(arguments).map(get),
        _ => None,
    }
}

fn arguments_of<A: Args>(arguments: &[OsString]) -> Option<A> {
    let command = A::augment_args(clap::Command::new("imds"));
    A::from_arg_matches(&command.try_get_matches_from(arguments).ok()?).ok()
}
