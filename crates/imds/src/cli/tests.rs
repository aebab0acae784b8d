//! Help texts: every command has a first line, and an example to type.

use std::ffi::OsString;

use clap::{Command, CommandFactory as _, Parser as _};

use super::{Cli, alone};

fn check(command: &Command, words: &str) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let first = about.chars().next();
    assert!(first.is_some_and(char::is_uppercase) && !about.ends_with('.'), "{words}: {about}");
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    assert!(examples.starts_with("Example"), "{words}: {examples}");
    assert!(examples.contains(words), "{words}: {examples}");
    assert!(examples.lines().all(|line| line.chars().count() <= 100), "{words}: {examples}");
    for argument in command.get_arguments() {
        assert!(argument.get_help().is_some(), "{words} {}", argument.get_id());
    }
    for subcommand in command.get_subcommands() {
        check(subcommand, &format!("{words} {}", subcommand.get_name()));
    }
}

#[test]
fn every_command_has_an_example() {
    check(&Cli::command(), "imds");
}

#[test]
fn the_definitions_do_not_contradict_each_other() {
    Cli::command().debug_assert();
}

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
        let (serve, exec, get) = (super::Command::Serve, super::Command::Exec, super::Command::Get);
        let read = alone::parse(&arguments, serve, exec, get);
        assert_eq!(read.is_some(), is_read, "{line}");
        assert!(!is_read || Cli::try_parse_from(arguments).is_ok(), "{line}");
    }
}
