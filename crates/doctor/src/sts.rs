//! Whether the role's credentials work, asked of AWS itself: STS knows whose they are, and lets
//! everybody ask for themselves.

use std::io::Write as _;
use std::process::{Command, Stdio};

use imds_client::Credentials;

/// Where to ask: the variable that the AWS SDKs have for it, else the region's own address.
pub(super) fn endpoint(set: Option<String>, region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    set.unwrap_or_else(|| format!("https://sts.{region}.{domain}"))
}

/// The ARN of whom the credentials belong to; else what went wrong, in a sentence.
///
/// curl signs and asks. It reads the credentials from its standard input, so that nobody sees them
/// among its arguments.
pub(super) fn caller(
    credentials: &Credentials,
    endpoint: &str,
    region: &str,
) -> Result<String, String> {
    let mut curl = Command::new("curl")
        .args(["--disable", "--config", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("curl is needed to ask STS: {error}"))?;
    let settings = settings(credentials, endpoint, region).ok_or("the credentials are no words")?;
    if let Some(mut stdin) = curl.stdin.take() {
        // If it is gone already, its status says why.
        let _ = stdin.write_all(settings.as_bytes());
    }
    let output = curl.wait_with_output().map_err(|error| format!("curl: {error}"))?;
    let answer = String::from_utf8_lossy(&output.stdout);
    if let Some(arn) = element(&answer, "Arn") {
        return Ok(arn.to_owned());
    }
    match (element(&answer, "Code"), element(&answer, "Message")) {
        (Some(code), message) => Err(format!("{code}: {}", message.unwrap_or("no reason given"))),
        (None, _) if output.status.success() => Err("it was answered with something else".into()),
        (None, _) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

fn settings(credentials: &Credentials, endpoint: &str, region: &str) -> Option<String> {
    let Credentials { access_key_id, secret_access_key, session_token, .. } = credentials;
    let (key, token) = (secret_access_key.reveal(), session_token.reveal());
    let is_word =
        |text: &&str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
    [access_key_id, key, token, endpoint, region].iter().all(is_word).then(|| {
        format!(
            "silent\nshow-error\nmax-time = 10\nurl = \"{endpoint}/\"\n\
             aws-sigv4 = \"aws:amz:{region}:sts\"\nuser = \"{access_key_id}:{key}\"\n\
             header = \"x-amz-security-token: {token}\"\n\
             data = \"Action=GetCallerIdentity&Version=2011-06-15\"\n"
        )
    })
}

/// The text of the first such element.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let is_plain = !text.chars().any(char::is_control);
    is_plain.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_the_partitions_own() {
        assert_eq!(endpoint(None, "eu-west-1"), "https://sts.eu-west-1.amazonaws.com");
        assert_eq!(endpoint(None, "cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn");
        assert_eq!(endpoint(Some("http://127.0.0.1:1".into()), "x"), "http://127.0.0.1:1");
    }

    #[test]
    fn elements_are_found() {
        let xml = "<R><Arn>arn:aws:sts::1:assumed-role/a/i-1</Arn></R>";
        assert_eq!(element(xml, "Arn"), Some("arn:aws:sts::1:assumed-role/a/i-1"));
        assert_eq!(element(xml, "Code"), None);
        assert_eq!(element("<Arn>a\u{1b}[2J</Arn>", "Arn"), None);
    }
}
