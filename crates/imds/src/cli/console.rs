//! `imds console`.

use clap::Args;

use super::StateArgs;

pub(crate) const CONSOLE_EXAMPLES: &str = "\
Examples, beside a running `imds serve --console`:
  imds console                    prints the URL
  imds console --open             opens it in the browser
  curl -sc cookies -o /dev/null \"$(imds console)\"        signs curl in to the console's API

The URL works once, for five minutes. Asks the EC2 API of the running `imds serve`, or the one that
AWS_ENDPOINT_URL_EC2 and the keys in the environment name.";

#[derive(Args)]
pub(crate) struct ConsoleArgs {
    /// Open the URL in this user's browser, with `xdg-open`
    #[arg(long)]
    pub(crate) open: bool,

    #[command(flatten)]
    pub(crate) state: StateArgs,
}
