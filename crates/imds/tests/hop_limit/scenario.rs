//! The ways to use a connection, as data.

use testkit::client::Oddities;

/// A request of a script.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Request {
    /// For a token.
    Put,
    /// For the instance id, without a token.
    GetV1,
    /// For the instance id, with a token minted near the service.
    GetV2,
    /// For more than the client takes without reading, without a token.
    GetLarge,
}

/// A place in a script.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    /// Always this request.
    Fixed(Request),
    /// The request that the cell is about.
    Subject,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Requests, in one segment.
    Send(&'static [Slot]),
    /// Wait until all that can arrive has arrived, and what cannot was sent, and sent again.
    Settle,
    /// From here on, packets are lost on the way from the last link to the client.
    Deafen,
    /// Wait until the first answer has left the service, and so was lost.
    LoseOne,
    /// Packets are no longer lost.
    Listen,
    /// Wait until the client takes nothing more.
    CloseWindow,
    /// Say that nothing more will be sent.
    HalfClose,
}

pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) oddities: Oddities,
    pub(super) steps: &'static [Step],
}

const PLAIN: Oddities = Oddities { ttl: None, receive_buffer: None };
const PUT: Slot = Slot::Fixed(Request::Put);
const GET: Slot = Slot::Fixed(Request::GetV1);
const LARGE: Slot = Slot::Fixed(Request::GetLarge);
const IT: Slot = Slot::Subject;

use Step::{CloseWindow, Deafen, HalfClose, Listen, LoseOne, Send, Settle};

/// Each ends with [`Step::Settle`], which goes without saying. The last request lets the service
/// close the connection, as EC2 does; those before it ask for it to stay.
pub(super) const SCENARIOS: [Scenario; 12] = [
    Scenario { name: "fresh_connection", oddities: PLAIN, steps: &[Send(&[IT])] },
    Scenario {
        name: "kept_alive_after_put",
        oddities: PLAIN,
        steps: &[Send(&[PUT]), Settle, Send(&[IT])],
    },
    Scenario {
        name: "get_before_put",
        oddities: PLAIN,
        steps: &[Send(&[GET]), Settle, Send(&[IT]), Settle, Send(&[PUT])],
    },
    Scenario { name: "pipelined_behind_put", oddities: PLAIN, steps: &[Send(&[PUT, IT])] },
    Scenario { name: "pipelined_before_put", oddities: PLAIN, steps: &[Send(&[GET, IT, PUT])] },
    Scenario {
        name: "second_request_before_the_acknowledgement",
        oddities: PLAIN,
        steps: &[Deafen, Send(&[PUT]), LoseOne, Send(&[IT]), Listen],
    },
    Scenario {
        name: "half_closed_after_put",
        oddities: PLAIN,
        steps: &[Send(&[PUT]), Send(&[IT]), HalfClose],
    },
    Scenario {
        name: "zero_window",
        oddities: Oddities { receive_buffer: Some(4096), ..PLAIN },
        steps: &[Send(&[LARGE, PUT]), CloseWindow, Send(&[IT])],
    },
    Scenario {
        name: "token_lost_once",
        oddities: PLAIN,
        steps: &[Deafen, Send(&[PUT]), LoseOne, Listen, Settle, Send(&[IT])],
    },
    Scenario {
        name: "answer_before_put_lost_once",
        oddities: PLAIN,
        steps: &[Deafen, Send(&[GET, IT, PUT]), LoseOne, Listen],
    },
    Scenario {
        name: "client_ttl_65",
        oddities: Oddities { ttl: Some(65), ..PLAIN },
        steps: &[Send(&[IT])],
    },
    Scenario {
        name: "client_ttl_129",
        oddities: Oddities { ttl: Some(129), ..PLAIN },
        steps: &[Send(&[IT])],
    },
];

/// What a cell can be about.
pub(super) const SUBJECTS: [Request; 3] = [Request::Put, Request::GetV1, Request::GetV2];

impl Scenario {
    /// All requests of the script, in order.
    pub(super) fn requests(&self, subject: Request) -> Vec<Request> {
        let sent = self.steps.iter().filter_map(|step| match step {
            Step::Send(slots) => Some(*slots),
            _ => None,
        });
        sent.flatten().map(|slot| slot.request(subject)).collect()
    }
}

impl Slot {
    pub(super) fn request(self, subject: Request) -> Request {
        match self {
            Self::Fixed(request) => request,
            Self::Subject => subject,
        }
    }
}

impl Request {
    pub(super) fn bytes(self, token: &str, is_last: bool) -> String {
        let line = match self {
            Self::Put => "PUT /latest/api/token",
            Self::GetV1 | Self::GetV2 => "GET /latest/meta-data/instance-id",
            Self::GetLarge => "GET /latest/user-data",
        };
        let field = match self {
            Self::Put => "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n".to_owned(),
            Self::GetV2 => format!("X-aws-ec2-metadata-token: {token}\r\n"),
            Self::GetV1 | Self::GetLarge => String::new(),
        };
        let persistence = if is_last { "" } else { "Connection: keep-alive\r\n" };
        format!("{line} HTTP/1.1\r\nHost: instance-data\r\n{field}{persistence}\r\n")
    }
}
