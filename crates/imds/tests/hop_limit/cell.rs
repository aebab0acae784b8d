//! One connection of the matrix: what happens on it, and what must come of that.

use std::fmt;

use testkit::client::End;
use testkit::http::Response;
use testkit::{Client, Family, Lab, Result, bail, ensure, eventually};

use super::scenario::{Request, Scenario, Step};
use super::{FrontEnd, LARGE, Running};
use crate::evidence::Evidence;

pub(super) struct Cell<'a> {
    pub(super) front_end: FrontEnd,
    pub(super) hop_limit: u8,
    pub(super) routers: u8,
    pub(super) family: Family,
    pub(super) scenario: &'a Scenario,
    pub(super) subject: Request,
}

/// What becomes of the requests that were sent.
#[derive(Clone, Copy)]
struct Outlook {
    /// How many are answered, and the answer arrives: all, or those before the first lost token.
    arriving: usize,
    /// Whether a token is lost.
    loses_token: bool,
}

impl Cell<'_> {
    /// The rule.
    fn outlook(&self, sent: &[Request]) -> Outlook {
        let is_lost =
            |request: &Request| *request == Request::Put && self.routers >= self.hop_limit;
        let lost = sent.iter().position(is_lost);
        Outlook { arriving: lost.unwrap_or(sent.len()), loses_token: lost.is_some() }
    }

    pub(super) fn try_in(&self, Running { lab, tokens }: &Running) -> Result<()> {
        let token = &tokens[&self.family];
        let mut client =
            Client::connect(lab.client(), self.family.service(), self.scenario.oddities)?;
        let script = self.scenario.requests(self.subject);
        let mut sent = 0;
        for step in self.scenario.steps {
            match step {
                Step::Send(slots) => {
                    let mut segment = String::new();
                    for slot in *slots {
                        sent += 1;
                        let is_last = sent == script.len();
                        segment += &slot.request(self.subject).bytes(token, is_last);
                    }
                    client.send(segment)?;
                }
                Step::Settle => self.settle(lab, &mut client, &script[..sent])?,
                Step::Deafen => client.deafen()?,
                Step::Listen => client.listen()?,
                Step::HalfClose => client.half_close()?,
                Step::LoseOne => {
                    eventually("an answer to be lost", || {
                        Evidence::gather(lab, client.port()).ok()?.an_answer_left().then_some(())
                    })?;
                }
                Step::CloseWindow => {
                    eventually("the client to take nothing more", || {
                        Evidence::gather(lab, client.port())
                            .ok()?
                            .the_window_is_closed()
                            .then_some(())
                    })?;
                }
            }
        }
        self.settle(lab, &mut client, &script)?;
        self.judge(lab, &mut client, &script)
    }

    /// Waits until all that can arrive has arrived, and what cannot was sent, sent again, and died.
    fn settle(&self, lab: &Lab, client: &mut Client, sent: &[Request]) -> Result<()> {
        let Outlook { arriving, loses_token } = self.outlook(sent);
        client.wait_for_answers(arriving)?;
        if loses_token {
            eventually("the token to be sent twice and to die", || {
                let evidence = Evidence::gather(lab, client.port()).ok()?;
                (evidence.tokens_sent() >= 2 && evidence.died > 0).then_some(())
            })?;
        }
        Ok(())
    }

    fn judge(&self, lab: &Lab, client: &mut Client, script: &[Request]) -> Result<()> {
        let Outlook { arriving, loses_token } = self.outlook(script);
        if !loses_token {
            let end = client.wait_for_end()?;
            ensure!(end == End::Closed, "ended by {end:?}");
        }
        let (answers, left_over) = client.answers()?;
        ensure!(
            answers.len() == arriving && left_over == 0,
            "{} answers and {left_over} bytes arrived instead of {arriving}",
            answers.len()
        );
        for (request, answer) in script.iter().zip(&answers) {
            ensure!(self.is_right(*request, answer), "{request:?} was answered {answer:?}");
        }
        let evidence = Evidence::gather(lab, client.port())?;
        let sends_token = script.contains(&Request::Put);
        ensure!((evidence.tokens_sent() > 0) == sends_token, "tokens sent: {sends_token} is false");
        evidence.check_ttl(self.hop_limit)?;
        if loses_token {
            ensure!(evidence.died > 0, "a token died, and no router said so");
            evidence.check_nothing_leaked()?;
        } else {
            ensure!(evidence.died == 0, "{} packets died at a router", evidence.died);
            ensure!(evidence.tokens_arrived() > 0 || !sends_token, "the capture saw no token");
        }
        match client.end()? {
            Some(End::Reset) => bail!("the client was reset"),
            _ => Ok(()),
        }
    }

    fn is_right(&self, request: Request, answer: &Response) -> bool {
        let body = &answer.body;
        answer.status() == 200
            && match request {
                Request::Put => body.len() == 56 && body.starts_with(self.front_end.token_prefix()),
                Request::GetV1 | Request::GetV2 => body == b"i-1234567890abcdef0",
                Request::GetLarge => body.len() == LARGE,
            }
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hop_limit, routers, subject, .. } = self;
        let [front_end, family] = [self.front_end.name(), self.family.name()];
        let scenario = self.scenario.name;
        write!(
            f,
            "{front_end}, hop limit {hop_limit}, {routers} routers, {family}, {scenario}, {subject:?}"
        )
    }
}
