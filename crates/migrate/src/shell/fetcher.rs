//! curl and wget: their options, how each sends a header, and how each asks for a token.

/// A program that fetches a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetcher {
    Curl,
    Wget,
}

/// The options of one program that matter here.
struct Options {
    /// Short options that take a value.
    short: &'static str,
    /// Long options that take a value, beside those in `network`.
    long: &'static [&'static str],
    /// Short options that say how to reach the host; a token request must use them too.
    network_short: &'static str,
    /// Long options of the same kind.
    network: &'static [&'static str],
}

const CURL: Options = Options {
    short: "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
    long: &[
        "--abstract-unix-socket",
        "--aws-sigv4",
        "--cacert",
        "--capath",
        "--cert",
        "--cert-type",
        "--ciphers",
        "--config",
        "--connect-to",
        "--continue-at",
        "--cookie",
        "--cookie-jar",
        "--create-file-mode",
        "--data",
        "--data-ascii",
        "--data-binary",
        "--data-raw",
        "--data-urlencode",
        "--dns-servers",
        "--dump-header",
        "--expect100-timeout",
        "--form",
        "--form-string",
        "--header",
        "--json",
        "--keepalive-time",
        "--key",
        "--limit-rate",
        "--max-filesize",
        "--max-redirs",
        "--output",
        "--output-dir",
        "--pass",
        "--preproxy",
        "--proto",
        "--proxy",
        "--proxy-header",
        "--proxy-user",
        "--quote",
        "--range",
        "--rate",
        "--referer",
        "--request",
        "--request-target",
        "--resolve",
        "--socks4",
        "--socks5",
        "--speed-limit",
        "--speed-time",
        "--stderr",
        "--time-cond",
        "--trace",
        "--trace-ascii",
        "--unix-socket",
        "--upload-file",
        "--url-query",
        "--user",
        "--user-agent",
        "--variable",
        "--write-out",
    ],
    network_short: "m46",
    network: &[
        "--connect-timeout",
        "--max-time",
        "--retry",
        "--retry-delay",
        "--retry-max-time",
        "--retry-connrefused",
        "--retry-all-errors",
        "--noproxy",
        "--interface",
        "--ipv4",
        "--ipv6",
    ],
};

const WGET: Options = Options {
    short: "aABDeiIloOPQRtTUwX",
    long: &[
        "--append-output",
        "--base",
        "--body-data",
        "--body-file",
        "--config",
        "--default-page",
        "--directory-prefix",
        "--execute",
        "--header",
        "--input-file",
        "--limit-rate",
        "--load-cookies",
        "--max-redirect",
        "--method",
        "--output-document",
        "--output-file",
        "--password",
        "--post-data",
        "--post-file",
        "--progress",
        "--quota",
        "--referer",
        "--restrict-file-names",
        "--save-cookies",
        "--user",
        "--user-agent",
        "--http-user",
        "--http-password",
    ],
    network_short: "Ttw46",
    network: &[
        "--timeout",
        "--tries",
        "--connect-timeout",
        "--read-timeout",
        "--dns-timeout",
        "--waitretry",
        "--wait",
        "--no-proxy",
        "--retry-connrefused",
        "--bind-address",
        "--inet4-only",
        "--inet6-only",
    ],
};

/// Options of [`Options::network`] that stand alone.
const SWITCHES: [&str; 7] = [
    "--retry-connrefused",
    "--retry-all-errors",
    "--no-proxy",
    "--ipv4",
    "--ipv6",
    "--inet4-only",
    "--inet6-only",
];

/// What one argument is to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// An option, alone or with its value attached.
    Option { network: bool },
    /// An option whose value is the next argument.
    OptionWithValue { network: bool },
    /// Not an option.
    Plain,
}

impl Fetcher {
    /// The program that `word` starts, whatever its folder.
    pub(crate) fn named(word: &str) -> Option<Self> {
        match word.rsplit('/').next()? {
            "curl" | "curl.exe" => Some(Self::Curl),
            "wget" => Some(Self::Wget),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Wget => "wget",
        }
    }

    /// What `argument` is.
    pub(crate) fn role(self, argument: &str) -> Role {
        let options = match self {
            Self::Curl => &CURL,
            Self::Wget => &WGET,
        };
        if argument.starts_with("--") && argument.len() > 2 {
            let name = argument.split('=').next().unwrap_or(argument);
            let network = options.network.contains(&name);
            let takes_value = options.long.contains(&name) || network && !SWITCHES.contains(&name);
            return if takes_value && !argument.contains('=') && name != "--url" {
                Role::OptionWithValue { network }
            } else {
                Role::Option { network }
            };
        }
        let Some(letters) = argument.strip_prefix('-').filter(|l| !l.is_empty()) else {
            return Role::Plain;
        };
        let network = letters.chars().next().is_some_and(|c| options.network_short.contains(c));
        match letters.char_indices().find(|(_, c)| options.short.contains(*c)) {
            Some((at, c)) if at + c.len_utf8() == letters.len() => {
                // In `-sm 5` the value belongs to the last letter, and cannot be taken apart.
                Role::OptionWithValue { network: network && at == 0 }
            }
            Some((at, _)) => Role::Option { network: network && at == 0 },
            None => Role::Option { network: network && letters.len() == 1 },
        }
    }

    /// The arguments that send the token in `variable`.
    pub(crate) fn header(self, variable: &str) -> String {
        match self {
            Self::Curl => format!("-H \"X-aws-ec2-metadata-token: ${variable}\""),
            Self::Wget => format!("--header=\"X-aws-ec2-metadata-token: ${variable}\""),
        }
    }

    /// The command that prints a token from `endpoint`.
    pub(crate) fn token(self, program: &str, endpoint: &str, network: &str) -> String {
        let ttl = "X-aws-ec2-metadata-token-ttl-seconds: 21600";
        let globoff = if endpoint.contains('[') { "g" } else { "" };
        let url = format!("\"{endpoint}/latest/api/token\"");
        match self {
            Self::Curl => format!("{program} -sf{globoff}{network} -X PUT -H \"{ttl}\" {url}"),
            Self::Wget => {
                format!("{program} -qO-{network} --method=PUT --header=\"{ttl}\" {url}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_take_a_value_are_told_from_switches() {
        let role = |a| Fetcher::Curl.role(a);
        assert_eq!(role("-s"), Role::Option { network: false });
        assert_eq!(role("-sfo"), Role::OptionWithValue { network: false });
        assert_eq!(role("-m"), Role::OptionWithValue { network: true });
        assert_eq!(role("-m5"), Role::Option { network: true });
        assert_eq!(role("-sm"), Role::OptionWithValue { network: false });
        assert_eq!(role("--retry"), Role::OptionWithValue { network: true });
        assert_eq!(role("--retry-connrefused"), Role::Option { network: true });
        assert_eq!(role("--url"), Role::Option { network: false });
        assert_eq!(role("http://x/"), Role::Plain);
        assert_eq!(Fetcher::Wget.role("--timeout=2"), Role::Option { network: true });
        assert_eq!(Fetcher::Wget.role("-qO-"), Role::Option { network: false });
        assert_eq!(Fetcher::Wget.role("-T2"), Role::Option { network: true });
    }
}
