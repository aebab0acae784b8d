//! `imds env`: prints variables that point the AWS CLI and SDKs at the EC2 API of the running `imds serve`.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode, Stdio};

use crate::cli::EnvArgs;
use crate::error::CommandError;
use crate::sdk_settings::SdkSettings;
use crate::terminal;

pub(crate) fn run(args: &EnvArgs) -> Result<ExitCode, CommandError> {
    let settings = SdkSettings::of_running(&args.state)?;
    if args.json {
        let variables: BTreeMap<_, _> = settings.variables().into_iter().collect();
        let text = serde_json::to_string_pretty(&variables).unwrap_or_default();
        terminal::print(format!("{text}\n"))?;
    } else {
        terminal::print(settings.lines(args.shell))?;
    }
    if let Some(version) = aws_version().filter(|version| !knows_endpoint_urls(version)) {
        let [major, minor, patch] = version;
        terminal::warn(format_args!(
            "aws-cli {major}.{minor}.{patch} knows no AWS_ENDPOINT_URL_EC2 and would \
             ask AWS: use at least 2.13 or 1.29, or say it each time: aws ec2 --endpoint-url {}",
            settings.endpoint
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// The version of the `aws` on the path, if there is one.
fn aws_version() -> Option<[u32; 3]> {
    let output = Command::new("aws").arg("--version").stdin(Stdio::null()).output().ok()?;
    // Version 1 on Python 2 says it on standard error.
    let text = [output.stdout, output.stderr].concat();
    parse_version(&String::from_utf8_lossy(&text))
}

/// Reads `aws-cli/2.9.19 Python/3.11.2 …`.
fn parse_version(text: &str) -> Option<[u32; 3]> {
    let version = text.split_once("aws-cli/")?.1.split_whitespace().next()?;
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next().flatten().unwrap_or(0)])
}

/// Since 1.29.0 and 2.13.0, according to their change logs.
fn knows_endpoint_urls([major, minor, _]: &[u32; 3]) -> bool {
    match major {
        0 => false,
        1 => *minor >= 29,
        2 => *minor >= 13,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_know_endpoint_urls() {
        for (text, knows) in [
            ("aws-cli/2.9.19 Python/3.11.2 Linux/6.1 source/x86_64.debian.12\n", false),
            ("aws-cli/2.12.7 Python/3.11.4", false),
            ("aws-cli/2.13.0 Python/3.11.4", true),
            ("aws-cli/1.28.1 Python/3.9", false),
            ("aws-cli/1.29.0 Python/3.9", true),
            ("aws-cli/1.45.11 Python/3.11.2 Linux/6.18.5 botocore/1.43.11", true),
        ] {
            let version = parse_version(text).unwrap();
            assert_eq!(knows_endpoint_urls(&version), knows, "{text}");
        }
        assert_eq!(parse_version("aws: command not found"), None);
        assert_eq!(parse_version("aws-cli/two"), None);
    }
}
