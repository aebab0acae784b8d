//! Which source takes precedence, for every pair of sources that can name the endpoint.

use super::*;

const EITHER: &str = "http://169.254.169.254 or http://[fd00:ec2::254]";
const V4: &str = "http://169.254.169.254";
const V6: &str = "http://[fd00:ec2::254]";

#[derive(Default)]
struct Case {
    name: &'static str,
    endpoint: Option<&'static str>,
    mode: Option<EndpointMode>,
    environment: &'static [(&'static str, &'static str)],
    profile: &'static str,
}

impl Case {
    fn resolve(&self) -> Result<Settings, Error> {
        let find = |name: &str| {
            let found = self.environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let overrides = Overrides {
            endpoint: self.endpoint.map(|text| text.parse().unwrap()),
            mode: self.mode,
        };
        let text = format!("[default]\n{}\n", self.profile);
        Settings::resolve(Settings::default(), overrides, &find, &Profile::parse(&text, "default"))
    }

    fn endpoint_or_setting(&self) -> Result<String, String> {
        match self.resolve() {
            Ok(settings) => Ok(settings.endpoint.to_string()),
            Err(Error::InvalidSetting { name, .. }) => Err(name),
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
fn endpoints_precede_modes_and_programs_precede_the_environment_and_the_profile() {
    let none = Case::default;
    let cases = [
        (Case { name: "nothing set", ..none() }, Ok(EITHER)),
        (Case { name: "env mode", environment: &[(MODE, "IPv6")], ..none() }, Ok(V6)),
        (Case { name: "any case", environment: &[(MODE, "ipV6")], ..none() }, Ok(V6)),
        (Case { name: "profile mode", profile: PROFILE_MODE, ..none() }, Ok(V6)),
        (Case { name: "explicit mode", mode: Some(EndpointMode::Ipv6), ..none() }, Ok(V6)),
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
                mode: Some(EndpointMode::Ipv4),
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
                mode: Some(EndpointMode::Ipv6),
                environment: &[(ENDPOINT, "http://e")],
                ..none()
            },
            Ok("http://e"),
        ),
        (
            Case {
                name: "explicit endpoint before all",
                endpoint: Some("http://x"),
                mode: Some(EndpointMode::Ipv6),
                environment: &[(ENDPOINT, "http://e"), (MODE, "IPv6")],
                profile: PROFILE_BOTH,
            },
            Ok("http://x"),
        ),
        (Case { name: "invalid mode", environment: &[(MODE, "IPv5")], ..none() }, Err(MODE)),
        (
            Case { name: "invalid endpoint", environment: &[(ENDPOINT, "no")], ..none() },
            Err(ENDPOINT),
        ),
    ];
    for (case, expected) in cases {
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(case.endpoint_or_setting(), expected, "{}", case.name);
    }
}

#[test]
fn only_true_disables_and_unknown_values_are_reported() {
    const NAME: &str = "AWS_EC2_METADATA_DISABLED";
    for (value, disables, is_ignored) in
        [("true", true, false), ("TRUE", true, false), ("1", false, true), ("false", false, false)]
    {
        let find = |name: &str| (name == NAME).then(|| value.to_owned());
        let settings = Settings::resolve(
            Settings::default(),
            Overrides::default(),
            &find,
            &Profile::default(),
        );
        let settings = settings.unwrap();
        assert_eq!(settings.disabled_by.is_some(), disables, "{value}");
        let ignored: Vec<_> = settings.ignored.iter().map(|it| (&*it.name, &*it.value)).collect();
        assert_eq!(ignored, if is_ignored { vec![(NAME, value)] } else { Vec::new() }, "{value}");
    }
}

/// The budget of a command, for example.
#[test]
fn defaults_are_for_what_nothing_sets() {
    let mut defaults = Settings::patient();
    defaults.budget = Duration::from_secs(1);
    let resolve = |environment: &'static [(&str, &str)]| {
        let find = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned())
        };
        let overrides = Overrides::default();
        Settings::resolve(defaults.clone(), overrides, &find, &Profile::default()).unwrap()
    };
    let nothing = resolve(&[]);
    assert_eq!((nothing.budget, nothing.connect_attempts), (Duration::from_secs(1), 4));
    assert_eq!(nothing.endpoint.to_string(), EITHER);
    let timeout = resolve(&[("AWS_METADATA_SERVICE_TIMEOUT", "2")]);
    assert_eq!(timeout.budget, Duration::from_secs(8));
}

#[test]
fn a_timeout_is_for_each_attempt() {
    let case = Case {
        environment: &[
            ("AWS_METADATA_SERVICE_TIMEOUT", "0.5"),
            ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3"),
        ],
        profile: "ec2_metadata_v1_disabled = true",
        ..Case::default()
    };
    let settings = case.resolve().unwrap();
    assert_eq!((settings.attempts, settings.connect_attempts), (3, 3));
    assert_eq!(settings.connect_timeout, Duration::from_millis(500));
    assert_eq!(settings.budget, Duration::from_millis(1500));
    assert!(settings.v1_disabled);
}

#[test]
fn an_invalid_time_or_count_is_an_error() {
    for (name, value) in [
        ("AWS_METADATA_SERVICE_TIMEOUT", "-1"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "NaN"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "inf"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0"),
    ] {
        let find = |wanted: &str| (wanted == name).then(|| value.to_owned());
        let result = Settings::resolve(
            Settings::default(),
            Overrides::default(),
            &find,
            &Profile::default(),
        );
        assert!(matches!(result, Err(Error::InvalidSetting { .. })), "{name}={value}");
    }
}
