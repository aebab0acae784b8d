//! Signed requests to an EC2 API of ours: EC2's own, and those of this program to itself.

use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::http::uri::Authority;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use imds_ec2::sigv4::{Message, SecretKey, Signer};
use roxmltree::Document;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::time::timeout;

use crate::error::{CommandError, Kind};
use crate::sdk_settings::SdkSettings;
use imds_account::clock::unix_ms;
use imds_control::{AdminAnswer, AdminRefusal, AdminRequest};

/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest answer: a page of instances is far smaller.
const MAX_ANSWER: usize = 64 << 20;

/// Asks one EC2 API, with one key.
pub(crate) struct ControlClient {
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
        Ok(Self {
            signer: Signer {
                access_key_id: settings.access_key_id.clone(),
                secret: SecretKey::new(&settings.secret_access_key),
                region: settings.region.to_string(),
                service: "ec2".into(),
            },
            authority: authority.to_owned(),
        })
    }

    /// Sends a request as the AWS CLI does; returns the response's document.
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
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, kind);
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes())));
        let exchanged = request.map_err(Into::into).and_then(|request| self.exchange(request));
        exchanged.map_err(|error| {
            let message = format!("cannot ask the EC2 API on {}", self.authority);
            CommandError::new(Kind::Unavailable, message).caused_by(error)
        })
    }

    /// Status and body of the answer to `request`, on a connection of its own.
    fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(u16, String), Box<dyn Error + Send + Sync>> {
        let exchange = async {
            let stream = TcpStream::connect(self.address()).await?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            // What goes wrong with the connection, the request is told.
            tokio::spawn(connection);
            let (head, body) = sender.send_request(request).await?.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
            Ok((head.status.as_u16(), String::from_utf8(body.into())?))
        };
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let exchanged = runtime.block_on(async { timeout(PATIENCE, exchange).await });
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
        exchanged?
    }

    /// Where to connect to: an authority may leave the port out.
    fn address(&self) -> String {
        let has_port = self.authority.parse().is_ok_and(|a: Authority| a.port().is_some());
        if has_port { self.authority.clone() } else { format!("{}:80", self.authority) }
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
