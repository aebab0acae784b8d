//! Help texts: every command has a first line, and an example to type.

use clap::{Command, CommandFactory as _};

use super::Cli;

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
