//! The commands about `imds` itself: completions, manual pages, the schema of the settings file.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Subcommand};
use clap_complete::Shell;

/// The version, and a line for each fact of the build.
pub(super) static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    format!("{}\n{}", env!("IMDS_VERSION"), env!("IMDS_BUILD").replace("; ", "\n"))
});

pub(crate) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(imds completions bash)               in ~/.bashrc
  imds completions bash > /usr/share/bash-completion/completions/imds
  imds completions zsh > ~/.zfunc/_imds         with ~/.zfunc in fpath, before compinit
  imds completions fish > ~/.config/fish/completions/imds.fish
  imds completions elvish > ~/.config/elvish/lib/imds.elv
  imds completions powershell | Out-String | Invoke-Expression";

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell that reads the script
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

pub(crate) const MAN_EXAMPLES: &str = "\
Examples:
  imds man | man -l -                           the page of imds
  imds man instance list | man -l -             the page of a subcommand
  imds man --directory ~/.local/share/man/man1  all pages; then: man imds-serve";

#[derive(Args)]
pub(crate) struct ManArgs {
    /// The subcommand to print the page of [default: the page of imds itself]
    #[arg(value_name = "COMMAND", conflicts_with = "directory")]
    pub(crate) command: Vec<String>,

    /// Write one page for each subcommand into this directory, which is made if it is missing
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) directory: Option<PathBuf>,
}

pub(crate) const SETTINGS_EXAMPLES: &str = "\
Example:
  imds settings schema > imds.schema.json";

#[derive(Subcommand)]
pub(crate) enum SettingsCommand {
    /// Print the JSON schema of the settings file, which editors check and complete it by
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
}

const SCHEMA_EXAMPLES: &str = "\
Example, for editors that use taplo (Even Better TOML):
  imds settings schema > imds.schema.json
and as the first line of imds.toml:
  #:schema ./imds.schema.json";
