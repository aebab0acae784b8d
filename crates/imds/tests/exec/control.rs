//! The EC2 API in there: for the programs that it was asked for, and for nobody else.

use testkit::{Need, Trial, tests};

use super::sandbox::{As, binary, code, everyone, exec, sh, text};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[Need::Program("curl")];
        unless_it_is_asked_for_nobody_reaches_it,
        the_environment_leads_to_it,
        it_is_quiet_where_no_person_is,
        a_role_with_a_policy_replaces_the_key,
        keys_end_with_the_program,
    ]
}

const API: &str = "http://169.254.169.254:1339/";

fn unless_it_is_asked_for_nobody_reaches_it() {
    let status = |options: &[&str]| {
        let asked = ["curl", "-sS", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", API];
        exec(As::Tester, options, &asked).output().unwrap()
    };
    // curl's code for "could not connect".
    assert_eq!(code(&status(&[])), Some(7));
    assert_eq!(code(&status(&["--container"])), Some(7));
    // It is there, and speaks to nobody without a key.
    for options in [&["--control"][..], &["--control", "--hops", "3"]] {
        assert_eq!(text(&status(options).stdout), "403");
    }
}

fn the_environment_leads_to_it() {
    let imds = binary().display();
    for who in everyone() {
        let list = sh(who, &["--control", "--container"], &format!("{imds} instance list"));
        assert!(list.contains("i-1234567890abcdef0  running"), "{list}");
    }
    let mut command = exec(
        As::Tester,
        &["--control", "--region", "eu-west-1"],
        &["sh", "-c", "env | grep -E '^(AWS|NO_PROXY)' | grep -v ACCESS | sort"],
    );
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("AWS_PROFILE", "other").env("AWS_SESSION_TOKEN", "old");
    command.env("AWS_EC2_METADATA_V1_DISABLED", "true").env("HTTP_PROXY", "http://10.0.0.1");
    let output = command.output().unwrap();
    let expected = "AWS_DEFAULT_REGION=eu-west-1\nAWS_EC2_METADATA_V1_DISABLED=true\n\
                    AWS_ENDPOINT_URL_CLOUDWATCH=http://169.254.169.254:1339\n\
                    AWS_ENDPOINT_URL_EC2=http://169.254.169.254:1339\n\
                    AWS_ENDPOINT_URL_SSM=http://169.254.169.254:1339\n\
                    AWS_ENDPOINT_URL_STS=http://169.254.169.254:1339\nAWS_REGION=eu-west-1\n\
                    NO_PROXY=169.254.169.254";
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
}

fn it_is_quiet_where_no_person_is() {
    for who in everyone() {
        let output = exec(who, &["--control"], &["true"]).output().unwrap();
        assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), String::new()));
    }
}

/// SDKs look at the environment first, so a key there would hide the role's credentials.
fn a_role_with_a_policy_replaces_the_key() {
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/control/policies/app.json");
    let policy = format!("--role-policy=app={policy}");
    let keys = "echo \"${AWS_ACCESS_KEY_ID-none} $AWS_ENDPOINT_URL_STS\"";
    let seen = |role: &str| sh(As::Tester, &["--control", "--role", role, &policy], keys);
    assert_eq!(seen("app"), "none http://169.254.169.254:1339");
    assert!(seen("other").starts_with("AKIA"));
    let output = exec(As::Tester, &["--role", "app", &policy], &["true"]).output().unwrap();
    let told = text(&output.stderr);
    assert!(told.contains("--role-policy") && told.contains("add --control"), "{told}");
}

fn keys_end_with_the_program() {
    let key = || sh(As::Tester, &["--control"], "echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY");
    let (one, other) = (key(), key());
    assert!(one.starts_with("AKIA") && one != other, "{one} {other}");
}
