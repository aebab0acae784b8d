//! The metadata service: from the bytes of a request to the bytes of its response.

use imds_core::request::{Parsed, Request};
use imds_core::time::HttpDate;
use imds_core::token::{KEY_LENGTH, Key};
use imds_core::wire::{Connection, KeepAlive};
use imds_core::{Endpoint, Keyring, Launch, Moment, respond};

use crate::count;

const NOW: Moment = Moment { unix_ms: 1_753_862_400_000, steady_ms: 1_753_862_400_000, serial: 1 };

/// `GET` of the instance id with a token, as the AWS SDK for Go sends it.
pub(crate) fn get() {
    let service = Service::new();
    let token = service.keyring.mint(
        service.endpoint.instance_id(),
        service.endpoint.front_end(),
        21_600,
        NOW,
    );
    let request = format!(
        "GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: 169.254.169.254\r\n\
         User-Agent: aws-sdk-go-v2/1.41.0 os/linux lang/go#1.24 md/GOOS#linux\r\n\
         Amz-Sdk-Request: attempt=1; max=3\r\nX-Aws-Ec2-Metadata-Token: {}\r\n\
         Accept-Encoding: gzip\r\n\r\n",
        String::from_utf8_lossy(token.as_bytes())
    );
    service.count(&request, "i-1234567890abcdef0");
}

/// `PUT` for a session token, as the AWS SDK for Go sends it.
pub(crate) fn put_token() {
    Service::new().count(
        "PUT /latest/api/token HTTP/1.1\r\nHost: 169.254.169.254\r\n\
         User-Agent: aws-sdk-go-v2/1.41.0 os/linux lang/go#1.24 md/GOOS#linux\r\n\
         Content-Length: 0\r\nAmz-Sdk-Request: attempt=1; max=3\r\n\
         X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\r\nAccept-Encoding: gzip\r\n\r\n",
        "AQAEA",
    );
}

struct Service {
    endpoint: Endpoint,
    keyring: Keyring,
    date: HttpDate,
}

impl Service {
    fn new() -> Self {
        let launch = Launch { instance_type: "t3.micro".parse().ok(), ..Launch::default() };
        let instance = launch.resolve().unwrap_or_else(|error| panic!("a launch: {error}"));
        Self {
            endpoint: Endpoint::new(&instance),
            keyring: Keyring::new(Key::new(1, &[7; KEY_LENGTH]), vec![]),
            date: HttpDate::new(NOW.unix_seconds()),
        }
    }

    /// Counts one response to `request`, whose body must begin with `body`.
    fn count(&self, request: &str, body: &str) {
        let response = count(|| {
            let mut out = Vec::with_capacity(1024);
            self.respond(request.as_bytes(), &mut out);
            out
        });
        let response = String::from_utf8_lossy(&response);
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        assert!(response.contains(&format!("\r\n\r\n{body}")), "{response}");
    }

    fn respond(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let Parsed::Complete(request, _) = Request::parse(bytes) else { panic!("no request") };
        let connection = Connection::after(KeepAlive::Ec2, &request, self.endpoint.front_end());
        respond(&self.endpoint, &self.keyring, &request, NOW).write(connection, &self.date, out);
    }
}
