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
    /// Long options that take a value, without their dashes, beside those in `network`.
    long: &'static str,
    /// Short options that say how to reach the host; a token request must use them too.
    network_short: &'static str,
    /// Long options of the same kind.
    network: &'static str,
    /// The short option, and the long one, whose value is a file that may name more URLs.
    list: (char, &'static str),
}

/// Source: curl's manual page; 7.88 has all but some of the newest.
const CURL: Options = Options {
    short: "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
    long: "\
           alt-svc aws-sigv4 cacert capath cert cert-type ciphers config continue-at cookie \
           cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw \
           data-urlencode delegation doh-url dump-header ech egd-file engine etag-compare \
           etag-save expect100-timeout form form-string ftp-account ftp-alternative-to-user \
           ftp-method ftp-port ftp-ssl-ccc-mode haproxy-clientip header hostpubmd5 hostpubsha256 \
           hsts ipfs-gateway json keepalive-cnt keepalive-time key key-type krb libcurl \
           limit-rate login-options mail-auth mail-from mail-rcpt max-filesize max-redirs \
           netrc-file oauth2-bearer output output-dir parallel-max parallel-max-host pass \
           pinnedpubkey proto proto-default proto-redir pubkey quote random-file range rate \
           referer request request-target sasl-authzid service-name sigalgs socks5-gssapi-service \
           speed-limit speed-time ssl-sessions stderr telnet-option tftp-blksize time-cond \
           tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii trace-config \
           upload-file upload-flags url-query user user-agent variable write-out",
    network_short: "m46xU",
    network: "\
           connect-timeout max-time retry retry-delay retry-max-time retry-connrefused \
           retry-all-errors noproxy interface ipv4 ipv6 connect-to resolve local-port ip-tos \
           vlan-priority unix-socket abstract-unix-socket dns-interface dns-ipv4-addr \
           dns-ipv6-addr dns-servers happy-eyeballs-timeout-ms preproxy proxy proxy1.0 proxy-user \
           proxy-header socks4 socks4a socks5 socks5-hostname",
    list: ('K', "config"),
};

/// Source: `wget --help` of 1.21.
const WGET: Options = Options {
    short: "aABDeiIloOPQRtTUwX",
    long: "\
           accept accept-regex append-output backups base body-data body-file ca-certificate \
           ca-directory certificate certificate-type compression config crl-file cut-dirs \
           default-page directory-prefix domains exclude-directories exclude-domains follow-tags \
           ftp-password ftp-user header http-password http-user ignore-tags include-directories \
           input-file level limit-rate load-cookies local-encoding max-redirect method \
           output-document output-file password pinnedpubkey post-data post-file private-key \
           private-key-type progress proxy-password proxy-user quota referer regex-type reject \
           reject-regex rejected-log remote-encoding report-speed restrict-file-names \
           retry-on-http-error save-cookies secure-protocol start-pos use-askpass user user-agent \
           warc-dedup warc-file warc-header warc-max-size warc-tempdir",
    network_short: "Ttw46e",
    network: "\
           timeout tries connect-timeout read-timeout dns-timeout waitretry wait no-proxy \
           retry-connrefused bind-address inet4-only inet6-only prefer-family execute",
    list: ('i', "input-file"),
};

/// Options of [`Options::network`] that stand alone.
const SWITCHES: [&str; 7] = [
    "retry-connrefused",
    "retry-all-errors",
    "no-proxy",
    "ipv4",
    "ipv6",
    "inet4-only",
    "inet6-only",
];

/// What one argument is to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// An option, alone or with its value attached.
    Option,
    /// An option whose value is the next argument, and whether the value says how to reach the host.
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

    fn options(self) -> &'static Options {
        match self {
            Self::Curl => &CURL,
            Self::Wget => &WGET,
        }
    }

    /// What `argument` is.
    pub(crate) fn role(self, argument: &str) -> Role {
        let options = self.options();
        if let Some(name) = long(argument) {
            let network = has(options.network, name);
            let takes_value = has(options.long, name) || network && !SWITCHES.contains(&name);
            return if takes_value && !argument.contains('=') {
                Role::OptionWithValue { network }
            } else {
                Role::Option
            };
        }
        let Some(letters) = argument.strip_prefix('-').filter(|l| !l.is_empty()) else {
            return Role::Plain;
        };
        match letters.split_once(|c| options.short.contains(c)) {
            Some((_, "")) => {
                let network = letters.ends_with(|c| options.network_short.contains(c));
                Role::OptionWithValue { network }
            }
            _ => Role::Option,
        }
    }

    /// What of `argument`, an option or several letters, says how to reach the host. A value that is the next
    /// argument belongs to what stands last in it.
    pub(crate) fn reach(self, argument: &str) -> Option<String> {
        let options = self.options();
        if let Some(name) = long(argument) {
            return has(options.network, name).then(|| argument.to_owned());
        }
        let letters = argument.strip_prefix('-')?;
        let mut words = Vec::new();
        for (at, letter) in letters.char_indices() {
            let takes_value = options.short.contains(letter);
            if options.network_short.contains(letter) {
                let end = if takes_value { letters.len() } else { at + letter.len_utf8() };
                words.push(format!("-{}", &letters[at..end]));
            }
            if takes_value {
                break;
            }
        }
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// Whether `argument`, an option or several letters, names a file that may name more URLs.
    pub(crate) fn reads_list(self, argument: &str) -> bool {
        let options = self.options();
        let (short, name) = options.list;
        if let Some(given) = long(argument) {
            return given == name;
        }
        let letters = argument.strip_prefix('-').unwrap_or_default();
        letters.chars().find(|c| options.short.contains(*c)) == Some(short)
    }

    /// The arguments that send the token in `variable`.
    pub(crate) fn header(self, variable: &str) -> String {
        match self {
            Self::Curl => format!("-H \"X-aws-ec2-metadata-token: ${variable}\""),
            Self::Wget => format!("--header=\"X-aws-ec2-metadata-token: ${variable}\""),
        }
    }

    /// The command that prints a token from `endpoint`, which is what stands before `/api/token`.
    pub(crate) fn token(self, program: &str, endpoint: &str, network: &str) -> String {
        let ttl = "X-aws-ec2-metadata-token-ttl-seconds: 21600";
        // What a variable says is one host, or none.
        let globoff = if endpoint.contains(['[', '$']) { "g" } else { "" };
        let url = format!("\"{endpoint}/api/token\"");
        match self {
            Self::Curl => format!("{program} -sf{globoff}{network} -X PUT -H \"{ttl}\" {url}"),
            Self::Wget => {
                format!("{program} -qO-{network} --method=PUT --header=\"{ttl}\" {url}")
            }
        }
    }
}

/// The name of a long option.
fn long(argument: &str) -> Option<&str> {
    let rest = argument.strip_prefix("--").filter(|rest| !rest.is_empty())?;
    rest.split('=').next()
}

/// Whether `list` has the option `name`.
fn has(list: &str, name: &str) -> bool {
    list.split(' ').any(|option| option == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_take_a_value_are_told_from_switches() {
        let role = |a| Fetcher::Curl.role(a);
        assert_eq!(role("-s"), Role::Option);
        assert_eq!(role("-sfo"), Role::OptionWithValue { network: false });
        assert_eq!(role("-m"), Role::OptionWithValue { network: true });
        assert_eq!(role("-m5"), Role::Option);
        assert_eq!(role("-sm"), Role::OptionWithValue { network: true });
        assert_eq!(role("--tls-max"), Role::OptionWithValue { network: false });
        assert_eq!(role("--compressed"), Role::Option);
        assert_eq!(role("-"), Role::Plain);
        assert_eq!(role("--retry"), Role::OptionWithValue { network: true });
        assert_eq!(role("--retry-connrefused"), Role::Option);
        assert_eq!(role("--url"), Role::Option);
        assert_eq!(role("http://x/"), Role::Plain);
        assert_eq!(Fetcher::Wget.role("--timeout=2"), Role::Option);
        assert_eq!(Fetcher::Wget.role("-qO-"), Role::Option);
        assert_eq!(Fetcher::Wget.role("-T2"), Role::Option);
    }

    #[test]
    fn what_says_how_to_reach_the_host_is_taken_out_of_several_letters() {
        let reach = |a| Fetcher::Curl.reach(a).unwrap_or_default();
        for (argument, expected) in [
            ("-sSf", ""),
            ("-sm", "-m"),
            ("-sm5", "-m5"),
            ("-4sm$T", "-4 -m$T"),
            ("-so/dev/m4", ""),
            ("-x", "-x"),
            ("--max-time=2", "--max-time=2"),
            ("--header", ""),
        ] {
            assert_eq!(reach(argument), expected, "{argument}");
        }
        assert_eq!(Fetcher::Wget.reach("-qT2").as_deref(), Some("-T2"));
    }

    #[test]
    fn a_file_of_urls_is_told_from_a_file() {
        for list in ["-K", "-sK-", "--config", "--config=x"] {
            assert!(Fetcher::Curl.reads_list(list), "{list}");
        }
        for other in ["-i", "-oK", "-s", "--continue-at", "x", "--input-file"] {
            assert!(!Fetcher::Curl.reads_list(other), "{other}");
        }
        for list in ["-i", "-qi", "-iK", "--input-file=x"] {
            assert!(Fetcher::Wget.reads_list(list), "{list}");
        }
        for other in ["-K", "-Oi", "--config", "-qO-"] {
            assert!(!Fetcher::Wget.reads_list(other), "{other}");
        }
    }
}
