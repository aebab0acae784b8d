//! Asks AWS STS whether it accepts the role's credentials. `GetCallerIdentity` needs no permission.

use std::io::Write as _;
use std::process::{Command, Stdio};

use imds_client::Credentials;

/// The endpoint of STS: the value of the SDKs' variable (`AWS_ENDPOINT_URL_STS`), or the Region's own.
pub(super) fn endpoint(override_url: Option<String>, region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    override_url.unwrap_or_else(|| format!("https://sts.{region}.{domain}"))
}

/// The ARN that the credentials belong to, or what failed, in a sentence.
///
/// curl signs and sends the request. It reads the credentials from its standard input, because other
/// users can read its arguments.
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
    let settings = settings(credentials, endpoint, region)
        .ok_or("the credentials, endpoint or Region have characters that cannot be sent")?;
    if let Some(mut stdin) = curl.stdin.take() {
        // If curl has ended already, its status says why.
        let _ = stdin.write_all(settings.as_bytes());
    }
    let output = curl.wait_with_output().map_err(|error| format!("curl: {error}"))?;
    let response = String::from_utf8_lossy(&output.stdout);
    if let Some(arn) = element(&response, "Arn") {
        return Ok(arn.to_owned());
    }
    match (element(&response, "Code"), element(&response, "Message")) {
        (Some(code), message) => Err(format!("{code}: {}", message.unwrap_or("no message"))),
        (None, _) if output.status.success() => {
            Err("the response has neither an ARN nor an error".into())
        }
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

/// The text of the first element with this name.
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
