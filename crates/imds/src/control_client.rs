//! Signed requests to an EC2 API of ours: EC2's own, and those of this program to itself.

use std::time::Duration;

use imds_ec2::sigv4::{Message, SecretKey, Signer};
use roxmltree::Document;

use crate::error::{CommandError, Kind};
use crate::sdk_settings::SdkSettings;
use imds_account::clock::unix_ms;
use imds_control::{AdminAnswer, AdminRefusal, AdminRequest};

/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest answer: a page of instances is far smaller.
const MAX_ANSWER: u64 = 64 << 20;

/// Asks one EC2 API, with one key.
pub(crate) struct ControlClient {
    agent: ureq::Agent,
    signer: Signer,
    /// Such as `127.0.0.1:1339`.
    authority: String,
}

impl ControlClient {
    pub(crate) fn new(settings: &SdkSettings) -> Result<Self, CommandError> {
        let endpoint = &settings.endpoint;
        let authority = endpoint.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let authority = authority.filter(|rest| !rest.is_empty() && !rest.contains('/'));
        let authority = authority.ok_or_else(|| {
            CommandError::usage(format!("{endpoint} is no endpoint of an `imds serve`"))
                .hint("write AWS_ENDPOINT_URL_EC2 as in http://127.0.0.1:1339")
        })?;
        let config = ureq::Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE));
        Ok(Self {
            agent: ureq::Agent::new_with_config(config.build()),
            signer: Signer {
                access_key_id: settings.access_key_id.clone(),
                secret: SecretKey::new(&settings.secret_access_key),
                region: settings.region.to_string(),
                service: "ec2".into(),
            },
            authority: authority.to_owned(),
        })
    }

    /// Asks as the aws CLI does; gives the document that is answered.
    pub(crate) fn ec2(&self, parameters: &[(&str, &str)]) -> Result<String, CommandError> {
        const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Version", imds_ec2::VERSION).extend_pairs(parameters);
        let (status, document) = self.post("/", FORM, &form.finish())?;
        if status == 200 { Ok(document) } else { Err(refused(status, &fault(&document))) }
    }

    /// Asks what only this program asks.
    pub(crate) fn admin(&self, request: &AdminRequest) -> Result<AdminAnswer, CommandError> {
        let body = serde_json::to_string(request).map_err(unintelligible)?;
        let (_, answer) = self.post("/imds", "application/json", &body)?;
        let answer: Result<_, AdminRefusal> =
            serde_json::from_str(&answer).map_err(unintelligible)?;
        answer.map_err(|refusal| refused(refusal.status, &refusal.message))
    }

    fn post(&self, path: &str, kind: &str, body: &str) -> Result<(u16, String), CommandError> {
        let headers = [("host", self.authority.as_bytes()), ("content-type", kind.as_bytes())];
        let message =
            Message { method: "POST", path, query: "", headers: &headers, body: body.as_bytes() };
        let now = i64::try_from(unix_ms() / 1000).unwrap_or(i64::MAX);
        let signed = self.signer.sign(&message, now);
        let signed =
            signed.ok_or_else(|| CommandError::usage("the clock of this machine is wrong"))?;
        let unreachable = |error: ureq::Error| {
            CommandError::new(
                Kind::Unavailable,
                format!("cannot ask the EC2 API on {}", self.authority),
            )
            .caused_by(error)
        };
        let url = format!("http://{}{path}", self.authority);
        let mut request = self.agent.post(url).header("content-type", kind);
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let mut answer = request.send(body).map_err(unreachable)?;
        let text = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
        Ok((answer.status().as_u16(), text.map_err(unreachable)?))
    }
}

/// What a fault says: code and message.
fn fault(document: &str) -> String {
    let document = Document::parse(document);
    let text = |name: &str| {
        let mut nodes = document.as_ref().ok()?.descendants();
        nodes.find(|node| node.has_tag_name(name))?.text()
    };
    match (text("Code"), text("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => "it does not say why".to_owned(),
    }
}

fn refused(status: u16, why: &str) -> CommandError {
    let kind = match status {
        401 | 403 => Kind::Denied,
        404 => Kind::Finding,
        400..500 => Kind::Usage,
        _ => Kind::Unavailable,
    };
    CommandError::new(kind, format!("the EC2 API refused: {why}"))
}

fn unintelligible(error: serde_json::Error) -> CommandError {
    CommandError::new(Kind::Unavailable, "whoever answers there is no `imds serve` of this version")
        .caused_by(error)
}
