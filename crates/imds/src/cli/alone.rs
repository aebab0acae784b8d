//! The command line of one command alone, for those that are started most. To make the definitions and help
//! texts of all other commands as well took a sixth of the instructions of a start of `imds serve`.

use std::ffi::OsString;

use clap::Args;

use super::Command;

/// The command, where it is one of these and nothing is wrong. What else there is to say, help, the version
/// or a mistake, the whole command line says.
pub(super) fn parse(arguments: &[OsString]) -> Option<Command> {
    // The command takes the place of the program's name.
    let arguments = arguments.get(1..)?;
    match arguments.first()?.to_str()? {
        "serve" => arguments_of(arguments).map(Command::Serve),
        "exec" => arguments_of(arguments).map(Command::Exec),
        "get" => arguments_of(arguments).map(Command::Get),
        _ => None,
    }
}

fn arguments_of<A: Args>(arguments: &[OsString]) -> Option<A> {
    let command = A::augment_args(clap::Command::new("imds"));
    A::from_arg_matches(&command.try_get_matches_from(arguments).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::Cli;
    use super::*;

    #[test]
    fn what_is_read_alone_is_what_the_whole_command_line_allows() {
        for (line, is_read) in [
            ("imds serve", true),
            ("imds serve --listen 127.0.0.1:1338 --listen [::1]:0 --hop-limit 2 --tag a=b", true),
            ("imds exec -- true --help", true),
            ("imds exec --hops 2 curl -i http://169.254.169.254/", true),
            ("imds get instance-id", true),
            ("imds serve --help", false),
            ("imds serve -V", false),
            ("imds serve --version", false),
            ("imds serve help", false),
            ("imds serve --listen nowhere", false),
            ("imds exec", false),
            ("imds get --no-such-flag", false),
            ("imds paths", false),
            ("imds --version", false),
            ("imds", false),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let read = parse(&arguments);
            assert_eq!(read.is_some(), is_read, "{line}");
            assert!(!is_read || Cli::try_parse_from(arguments).is_ok(), "{line}");
        }
    }
}
