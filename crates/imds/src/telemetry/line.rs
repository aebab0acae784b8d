//! One line of the access log.

use std::fmt::Write as _;

use imds_core::Reach;
use imds_core::fault::FaultKind;
use imds_core::request::Method;
use imds_core::time::iso8601;
use imds_dataplane::{FaultNote, RequestRecord};

use crate::settings::LogFormat;

/// Writes lines; remembers the last second's text, which most lines share.
pub(super) struct LineWriter {
    format: LogFormat,
    second: u64,
    second_text: String,
}

impl LineWriter {
    pub(super) fn new(format: LogFormat) -> Self {
        Self { format, second: u64::MAX, second_text: String::new() }
    }

    /// Adds a record's line to `out`.
    pub(super) fn write(&mut self, record: &RequestRecord, out: &mut String) {
        let second = record.unix_ms / 1000;
        if self.second != second {
            self.second = second;
            iso8601(second).trim_end_matches('Z').clone_into(&mut self.second_text);
        }
        let result = match self.format {
            LogFormat::Text => self.write_text(record, out),
            LogFormat::Json => self.write_json(record, out),
        };
        debug_assert!(result.is_ok(), "writing to memory cannot fail");
    }

    fn write_text(&self, record: &RequestRecord, out: &mut String) -> std::fmt::Result {
        let RequestRecord { peer, version, method, path, status, .. } = record;
        let instance = record.endpoint.instance_id();
        let (second, millisecond) = (&self.second_text, record.unix_ms % 1000);
        let (version, method) = (version.as_str(), method.map_or("-", Method::as_str));
        write!(out, "{second}.{millisecond:03}Z {peer} {instance} {version} {method} ")?;
        path.escape(out);
        write!(out, " {}", status.code())?;
        match record.hops_away {
            Some(hops) => write!(out, " hops={hops}")?,
            None => out.push_str(" hops=?"),
        }
        if let Some(sent) = &record.sent {
            out.push_str(" sent=");
            sent.escape(out);
        }
        if let Some(refusal) = record.refusal {
            write!(out, " refused: {}", refusal.as_str())?;
        }
        if let Some(fault) = record.fault {
            write!(out, " fault {}: {}", fault.id, kinds(fault).join(", "))?;
        }
        if let Some((hops, limit)) = record.undeliverable() {
            let unit = if hops == 1 { "hop" } else { "hops" };
            let needed = u16::from(hops) + 1;
            write!(
                out,
                " token undeliverable: client is {hops} {unit} away, hop limit {limit} (needs {needed})"
            )?;
        }
        out.push('\n');
        Ok(())
    }

    fn write_json(&self, record: &RequestRecord, out: &mut String) -> std::fmt::Result {
        let RequestRecord { peer, version, status, .. } = record;
        write!(
            out,
            r#"{{"time":"{}.{:03}Z","peer":"{peer}","instance":"{}","imds":"{}","method":"{}","path":""#,
            self.second_text,
            record.unix_ms % 1000,
            record.endpoint.instance_id(),
            version.as_str(),
            record.method.map_or("-", Method::as_str),
        )?;
        record.path.escape(out);
        if let Some(sent) = &record.sent {
            out.push_str(r#"","sent":""#);
            sent.escape(out);
        }
        write!(out, r#"","status":{},"micros":{}"#, status.code(), record.micros)?;
        if let Some(refusal) = record.refusal {
            write!(out, r#","refused":"{}""#, refusal.as_str())?;
        }
        if let Some(fault) = record.fault {
            let kinds = kinds(fault).join(r#"",""#);
            write!(out, r#","fault":{{"id":{},"kinds":["{kinds}"]}}"#, fault.id)?;
        }
        match record.hops_away {
            Some(hops) => write!(out, r#","hops_away":{hops}"#)?,
            None => out.push_str(r#","hops_away":null"#),
        }
        if let Reach::Hops(limit) = record.reach {
            let could_arrive = record.undeliverable().is_none();
            write!(out, r#","hop_limit":{limit},"token_could_arrive":{could_arrive}"#)?;
        }
        out.push_str("}\n");
        Ok(())
    }
}

fn kinds(fault: FaultNote) -> Vec<&'static str> {
    fault.kinds.iter().map(FaultKind::as_str).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpStream};

    use imds_core::{Launch, Refusal};
    use imds_dataplane::{Link, LoggedText, Requests, Target};
    use imds_host::{Host, HostSettings};

    use super::*;

    /// A record of a real request to a service that listens on `address`.
    fn record() -> RequestRecord {
        let instance = Launch::default().resolve().unwrap();
        let host = Host::of_one(&instance, HostSettings::default()).unwrap();
        let requests: Requests = host.subscribe(1);
        let link = Link::bind("127.0.0.1:0".parse().unwrap(), Target::BySource).unwrap();
        let address: SocketAddr = link.address().unwrap();
        host.attach(link).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        requests.next().unwrap()
    }

    fn line(format: LogFormat, record: &RequestRecord) -> String {
        let mut text = String::new();
        LineWriter::new(format).write(record, &mut text);
        text
    }

    #[test]
    fn a_line_tells_what_happened() {
        let record = RequestRecord {
            unix_ms: 1_700_000_000_042,
            peer: "10.0.0.9:4242".parse().unwrap(),
            hops_away: Some(1),
            reach: Reach::Hops("1".parse().unwrap()),
            ..record()
        };
        assert_eq!(
            line(LogFormat::Text, &record),
            "2023-11-14T22:13:20.042Z 10.0.0.9:4242 i-1234567890abcdef0 v2 PUT /latest/api/token \
             200 hops=1 token undeliverable: client is 1 hop away, hop limit 1 (needs 2)\n"
        );
    }

    #[test]
    fn a_line_has_the_path_as_sent_and_why_it_was_refused() {
        let record = RequestRecord {
            path: LoggedText::new("latest/api/token"),
            sent: Some(LoggedText::as_sent(b"//latest/api/token/")),
            refusal: Some(Refusal::NotTokenPath),
            ..record()
        };
        let text = line(LogFormat::Text, &record);
        let expected = " sent=//latest/api/token/ refused: PUT is for /latest/api/token only\n";
        assert!(text.ends_with(expected), "{text}");
        let json: serde_json::Value =
            serde_json::from_str(&line(LogFormat::Json, &record)).unwrap();
        assert_eq!(json["path"], "/latest/api/token");
        assert_eq!(json["sent"], "//latest/api/token/");
        assert_eq!(json["refused"], "PUT is for /latest/api/token only");
    }

    #[test]
    fn json_stays_json_whatever_the_path() {
        let path = format!("\"\\\n\u{1b}é{}", "x".repeat(120));
        let (canonical, sent) = (LoggedText::new(&path), LoggedText::as_sent(path.as_bytes()));
        let record = RequestRecord { path: canonical, sent: Some(sent), ..record() };
        let text = line(LogFormat::Json, &record);
        let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed["status"], 200);
        assert!(parsed["path"].as_str().unwrap().ends_with('…'));
        assert_eq!(text.lines().count(), 1);
    }
}
