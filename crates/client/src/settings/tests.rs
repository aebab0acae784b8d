//! Who wins, for every pair of places that can say where the service is.

use super::*;

const V4: &str = "http://169.254.169.254";
const V6: &str = "http://[fd00:ec2::254]";

#[derive(Default)]
struct Case {
    name: &'static str,
    endpoint: Option<&'static str>,
    mode: Option<Mode>,
    environment: &'static [(&'static str, &'static str)],
    profile: &'static str,
}

impl Case {
    fn resolve(&self) -> Result<Settings, Error> {
        let find = |name: &str| {
            let found = self.environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let explicit =
            Explicit { endpoint: self.endpoint.map(|text| text.parse().unwrap()), mode: self.mode };
        let text = format!("[default]\n{}\n", self.profile);
        Settings::resolve(explicit, &find, &Profile::parse(&text, "default"))
    }

    fn endpoint_or_setting(&self) -> Result<String, String> {
        match self.resolve() {
            Ok(settings) => Ok(settings.endpoint.to_string()),
            Err(Error::Setting { name, .. }) => Err(name),
            Err(other) => panic!("{other}"),
        }
    }
}

const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const PROFILE_ENDPOINT: &str = "ec2_metadata_service_endpoint = http://p";
const PROFILE_MODE: &str = "ec2_metadata_service_endpoint_mode = IPv6";
const PROFILE_BOTH: &str =
    "ec2_metadata_service_endpoint = http://p\nec2_metadata_service_endpoint_mode = IPv6";

#[test]
fn endpoints_go_before_modes_and_programs_before_the_environment_before_the_profile() {
    let none = Case::default;
    let cases = [
        (Case { name: "nothing said", ..none() }, Ok(V4)),
        (Case { name: "env mode", environment: &[(MODE, "IPv6")], ..none() }, Ok(V6)),
        (Case { name: "any case", environment: &[(MODE, "ipV6")], ..none() }, Ok(V6)),
        (Case { name: "profile mode", profile: PROFILE_MODE, ..none() }, Ok(V6)),
        (Case { name: "explicit mode", mode: Some(Mode::Ipv6), ..none() }, Ok(V6)),
        (
            Case {
                name: "env mode before profile mode",
                environment: &[(MODE, "IPv4")],
                profile: PROFILE_MODE,
                ..none()
            },
            Ok(V4),
        ),
        (
            Case {
                name: "explicit mode before env mode",
                mode: Some(Mode::Ipv4),
                environment: &[(MODE, "IPv6")],
                ..none()
            },
            Ok(V4),
        ),
        (Case { name: "profile endpoint", profile: PROFILE_ENDPOINT, ..none() }, Ok("http://p")),
        (
            Case { name: "profile endpoint before its mode", profile: PROFILE_BOTH, ..none() },
            Ok("http://p"),
        ),
        (
            Case {
                name: "env endpoint before profile endpoint",
                environment: &[(ENDPOINT, "http://e")],
                profile: PROFILE_ENDPOINT,
                ..none()
            },
            Ok("http://e"),
        ),
        (
            Case {
                name: "env endpoint before explicit mode",
                mode: Some(Mode::Ipv6),
                environment: &[(ENDPOINT, "http://e")],
                ..none()
            },
            Ok("http://e"),
        ),
        (
            Case {
                name: "explicit endpoint before all",
                endpoint: Some("http://x"),
                mode: Some(Mode::Ipv6),
                environment: &[(ENDPOINT, "http://e"), (MODE, "IPv6")],
                profile: PROFILE_BOTH,
            },
            Ok("http://x"),
        ),
        (Case { name: "odd mode", environment: &[(MODE, "IPv5")], ..none() }, Err(MODE)),
        (Case { name: "odd endpoint", environment: &[(ENDPOINT, "no")], ..none() }, Err(ENDPOINT)),
    ];
    for (case, expected) in cases {
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(case.endpoint_or_setting(), expected, "{}", case.name);
    }
}

#[test]
fn only_true_switches_off() {
    for (value, is_off) in [("true", true), ("TRUE", true), ("1", false), ("false", false)] {
        let environment = [("AWS_EC2_METADATA_DISABLED", value)];
        let find = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned())
        };
        let settings = Settings::resolve(Explicit::default(), &find, &Profile::default()).unwrap();
        assert_eq!(settings.disabled_by.is_some(), is_off, "{value}");
    }
}

#[test]
fn a_timeout_is_for_each_try() {
    let case = Case {
        environment: &[
            ("AWS_METADATA_SERVICE_TIMEOUT", "0.5"),
            ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3"),
        ],
        profile: "ec2_metadata_v1_disabled = true",
        ..Case::default()
    };
    let settings = case.resolve().unwrap();
    assert_eq!(settings.attempts, 3);
    assert_eq!(settings.connect_timeout, Duration::from_millis(500));
    assert_eq!(settings.budget, Duration::from_millis(1500));
    assert!(settings.v1_disabled);
}

#[test]
fn a_time_or_count_that_is_none_is_an_error() {
    for (name, value) in [
        ("AWS_METADATA_SERVICE_TIMEOUT", "-1"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "NaN"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "inf"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0"),
    ] {
        let find = |asked: &str| (asked == name).then(|| value.to_owned());
        let result = Settings::resolve(Explicit::default(), &find, &Profile::default());
        assert!(matches!(result, Err(Error::Setting { .. })), "{name}={value}");
    }
}
