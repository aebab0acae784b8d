//! Carries out what container runtimes want: a pod gets its instance and its link, or loses them, by the
//! EC2 API of the running `imds serve`.

use std::path::Path;

use imds_cni::cni::{Attach, Collect};
use imds_cni::{Attachment, Image, Launch, ServiceLocation, Settings, Subject, network_pattern};
use imds_control::{AdminAnswer, AdminRequest, LinkFacts, LinkName, LinkState};
use imds_core::InstanceId;
use roxmltree::{Document, Node};

use crate::cli::StateArgs;
use crate::control_client::ControlClient;
use crate::error::{CommandError, Kind};
use crate::sdk_settings::SdkSettings;

/// The states of an instance that has ended, or is about to.
const ENDED: [&str; 2] = ["shutting-down", "terminated"];

/// How many instances are asked for at once.
const PAGE: &str = "1000";

/// Asks the service of a network.
pub(crate) struct Attachments {
    client: ControlClient,
}

/// Why a pod has no metadata.
pub(crate) enum AttachError {
    /// It is attached already.
    Already(String),
    /// It is not attached, or not as it should be.
    Missing(String),
    /// The service does not answer, or refuses.
    Service(CommandError),
}

impl From<CommandError> for AttachError {
    fn from(error: CommandError) -> Self {
        Self::Service(error)
    }
}

/// An instance that was launched for a pod.
struct Launched {
    id: InstanceId,
    client_token: String,
    /// Its state, as EC2 calls it.
    state: String,
}

impl Launched {
    fn of(client_token: Node<'_, '_>) -> Option<Self> {
        let instance = client_token.parent()?;
        Some(Self {
            id: text(instance, "instanceId")?.parse().ok()?,
            client_token: client_token.text()?.to_owned(),
            state: text(child(instance, "instanceState")?, "name")?.to_owned(),
        })
    }

    fn has_ended(&self) -> bool {
        ENDED.contains(&self.state.as_str())
    }
}

/// Takes a pod's metadata away. What is gone already is no error.
pub(crate) fn delete(attach: &Attach) -> Result<(), AttachError> {
    let service = &attach.settings.service;
    if is_forgotten(service) { Ok(()) } else { Attachments::of(service)?.delete(attach) }
}

/// Whether a service has forgotten all, with its state: nothing of a pod is left then.
fn is_forgotten(service: &ServiceLocation) -> bool {
    match service {
        ServiceLocation::State(state) => matches!(state.try_exists(), Ok(false)),
        ServiceLocation::Credentials { .. } => false,
    }
}

impl Attachments {
    pub(crate) fn of(service: &ServiceLocation) -> Result<Self, CommandError> {
        let settings = match service {
            ServiceLocation::State(state) => {
                SdkSettings::of_running(&StateArgs { state: Some(state.clone()) })?
            }
            ServiceLocation::Credentials { file, control } => {
                let mut settings = SdkSettings::of_file(file)?;
                settings.endpoint = control.clone().unwrap_or(settings.endpoint);
                settings
            }
        };
        Ok(Self { client: ControlClient::new(&settings)? })
    }

    /// Gives a pod its metadata. Leaves nothing behind where it fails.
    pub(crate) fn add(&self, attach: &Attach) -> Result<(), AttachError> {
        match &attach.settings.subject {
            Subject::Host => self.has_host_link(),
            Subject::Instance(id) => self.link(attach, id),
            Subject::Own(launch) => {
                let attachment = &attach.attachment;
                if let Some(launched) = self.lives(attachment)? {
                    let Attachment { container, interface, .. } = attachment;
                    let message = format!(
                        "{interface} of container {container} is attached already, as instance {}",
                        launched.id
                    );
                    return Err(AttachError::Already(message));
                }
                let added = self.launch(attach, launch).and_then(|id| self.link(attach, &id));
                added.map_err(|error| match self.end_all(&attachment.pattern(), |_| true) {
                    Ok(()) => error,
                    Err(left) => also(error, &left),
                })
            }
        }
    }

    fn delete(&self, attach: &Attach) -> Result<(), AttachError> {
        self.end_all(&attach.attachment.pattern(), |_| true)?;
        if let (Subject::Instance(id), Some(place)) = (&attach.settings.subject, place(attach)) {
            self.unlink(|link| {
                link.place.as_deref() == Some(&place) && link.instance.as_ref() == Some(id)
            })?;
        }
        Ok(())
    }

    /// Fails unless a pod has what it was given.
    pub(crate) fn check(&self, attach: &Attach) -> Result<(), AttachError> {
        let expected = match &attach.settings.subject {
            Subject::Host => return self.has_host_link(),
            Subject::Instance(id) => id.clone(),
            Subject::Own(_) => {
                let missing = || AttachError::Missing("the pod has no instance".into());
                let Launched { id, state, .. } =
                    self.lives(&attach.attachment)?.ok_or_else(missing)?;
                if !["pending", "running"].contains(&state.as_str()) {
                    return Err(AttachError::Missing(format!("instance {id} is {state}")));
                }
                id
            }
        };
        let place = place(attach).unwrap_or_default();
        let links = self.links()?;
        let link = links.into_iter().find(|link| link.place.as_deref() == Some(&place));
        let missing = |why: String| Err(AttachError::Missing(format!("{place}: {why}")));
        match link {
            None => missing("there is no link".into()),
            Some(link) if link.instance.as_ref() != Some(&expected) => {
                missing(format!("link {} is not for instance {expected}", link.number))
            }
            Some(LinkFacts { state: LinkState::Waiting, number, reason, .. }) => {
                missing(format!("link {number} waits: {}", reason.unwrap_or_default()))
            }
            Some(_) => Ok(()),
        }
    }

    /// Fails unless pods can be attached.
    pub(crate) fn status(&self, settings: &Settings) -> Result<(), AttachError> {
        match settings.subject {
            Subject::Host => self.has_host_link(),
            Subject::Instance(_) | Subject::Own(_) => {
                Ok(self.client.admin(&AdminRequest::CheckLinks).map(drop)?)
            }
        }
    }

    /// Undoes all attachments of a network but the valid ones, as far as possible.
    pub(crate) fn collect(&self, collect: &Collect) -> Result<(), AttachError> {
        let is_valid = |launched: &Launched| {
            collect.valid.iter().any(|valid| valid.launched(&launched.client_token))
        };
        let ended = self.end_all(&network_pattern(&collect.network), |it| !is_valid(it));
        let unlinked = match &collect.settings.subject {
            Subject::Instance(id) => {
                self.unlink(|link| link.instance.as_ref() == Some(id) && is_without_namespace(link))
            }
            Subject::Own(_) | Subject::Host => Ok(()),
        };
        Ok(ended.and(unlinked)?)
    }

    /// The instance of an attachment, unless it has ended.
    fn lives(&self, attachment: &Attachment) -> Result<Option<Launched>, CommandError> {
        let launched = self.launched(&attachment.pattern())?;
        Ok(launched.into_iter().find(|it| !it.has_ended()))
    }

    /// The instances with a client token of this pattern. One that has ended is among them for an hour.
    fn launched(&self, pattern: &str) -> Result<Vec<Launched>, CommandError> {
        let (mut all, mut next) = (Vec::new(), None::<String>);
        loop {
            let mut parameters = vec![
                ("Action", "DescribeInstances"),
                ("MaxResults", PAGE),
                ("Filter.1.Name", "client-token"),
                ("Filter.1.Value.1", pattern),
            ];
            parameters.extend(next.as_deref().map(|token| ("NextToken", token)));
            let answer = self.client.ec2(&parameters)?;
            let document = parse(&answer)?;
            let instances = document.descendants().filter(|node| named(*node, "clientToken"));
            let launched = instances.map(|token| Launched::of(token).ok_or_else(unintelligible));
            all.extend(launched.collect::<Result<Vec<_>, _>>()?);
            next = text(document.root_element(), "nextToken").map(str::to_owned);
            if next.as_ref().is_none_or(String::is_empty) {
                return Ok(all);
            }
        }
    }

    fn launch(&self, attach: &Attach, launch: &Launch) -> Result<InstanceId, AttachError> {
        let nonce = getrandom::u32().map_err(|error| {
            CommandError::new(Kind::Unavailable, "there is no randomness").caused_by(error)
        })?;
        let image = launch.image.as_ref().map(|image| self.image(image, launch)).transpose()?;
        let Attach { attachment, pod, .. } = attach;
        let client_token = attachment.client_token(nonce);
        let parameters = launch.parameters(&attachment.container, pod, client_token, image);
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = self.client.ec2(&parameters)?;
        let document = parse(&answer)?;
        let mut ids = document.descendants().filter(|node| named(*node, "instanceId"));
        let id = ids.next().and_then(|node| node.text()?.parse().ok());
        Ok(id.ok_or_else(unintelligible)?)
    }

    fn image(&self, image: &Image, launch: &Launch) -> Result<String, CommandError> {
        let name = match image {
            Image::Id(id) => return Ok(id.clone()),
            Image::Named(name) => *name,
        };
        let answer = self.client.ec2(&[
            ("Action", "DescribeImages"),
            ("Owner.1", "amazon"),
            ("Filter.1.Name", "name"),
            ("Filter.1.Value.1", name),
            ("Filter.2.Name", "architecture"),
            ("Filter.2.Value.1", launch.architecture().as_str()),
        ])?;
        let document = parse(&answer)?;
        let mut ids = document.descendants().filter(|node| named(*node, "imageId"));
        let id = ids.next().and_then(|node| node.text()).map(str::to_owned);
        id.ok_or_else(unintelligible)
    }

    /// Links a pod to an instance. The link is up, or there is none.
    fn link(&self, attach: &Attach, id: &InstanceId) -> Result<(), AttachError> {
        let place = place(attach).unwrap_or_default();
        let links = self.links()?;
        if let Some(link) = links.iter().find(|link| link.place.as_deref() == Some(&place)) {
            let message = format!("{place} is link {} already", link.number);
            return Err(AttachError::Already(message));
        }
        let instance = Some(id.clone());
        match self.client.admin(&AdminRequest::AddLink { place: place.clone(), instance })? {
            AdminAnswer::Links(links) => {
                let waiting = links.into_iter().find(|link| link.state == LinkState::Waiting);
                let Some(link) = waiting else { return Ok(()) };
                // It would wait for a namespace that a runtime makes first.
                self.remove(link.number)?;
                Err(AttachError::Missing(link.reason.unwrap_or(place)))
            }
            _ => Err(unintelligible().into()),
        }
    }

    fn has_host_link(&self) -> Result<(), AttachError> {
        let links = self.links()?;
        let host = links.into_iter().find(|link| link.kind.as_deref() == Some("host"));
        match host {
            Some(link) if link.state == LinkState::Attached => Ok(()),
            Some(link) => {
                let why = link.reason.unwrap_or_default();
                Err(AttachError::Missing(format!("the link to the host waits: {why}")))
            }
            None => Err(AttachError::Missing(
                "this machine is no instance: the service has no link to the host; start it as \
                 in: imds serve --link host"
                    .into(),
            )),
        }
    }

    /// Ends the instances of a pattern that `is_over` names. Their links go first, also those of instances
    /// that somebody else has ended: later nothing would tell whose they are.
    fn end_all(
        &self,
        pattern: &str,
        is_over: impl Fn(&Launched) -> bool,
    ) -> Result<(), CommandError> {
        let over: Vec<_> = self.launched(pattern)?.into_iter().filter(is_over).collect();
        if over.is_empty() {
            return Ok(());
        }
        self.unlink(|link| over.iter().any(|it| link.instance.as_ref() == Some(&it.id)))?;
        let ended = over.iter().filter(|it| !it.has_ended()).map(|it| {
            let parameters = [("Action", "TerminateInstances"), ("InstanceId.1", it.id.as_str())];
            self.client.ec2(&parameters).map(drop)
        });
        ended.fold(Ok(()), Result::and)
    }

    fn links(&self) -> Result<Vec<LinkFacts>, CommandError> {
        match self.client.admin(&AdminRequest::ListLinks)? {
            AdminAnswer::Links(links) => Ok(links),
            _ => Err(unintelligible()),
        }
    }

    fn unlink(&self, is_over: impl Fn(&LinkFacts) -> bool) -> Result<(), CommandError> {
        let links = self.links()?;
        let over = links.iter().filter(|link| is_over(link));
        over.map(|link| self.remove(link.number)).fold(Ok(()), Result::and)
    }

    /// Removes a link; one that somebody else has removed meanwhile is no error.
    fn remove(&self, number: u32) -> Result<(), CommandError> {
        match self.client.admin(&AdminRequest::RemoveLink { link: LinkName::Number(number) }) {
            Err(error) if error.kind() != Kind::Finding => Err(error),
            _ => Ok(()),
        }
    }
}

/// Where a pod is linked.
fn place(attach: &Attach) -> Option<String> {
    attach.namespace.as_ref().map(|path| format!("netns={path}"))
}

/// Whether the namespace that a link leads to is gone. The runtime, which runs us, makes its path.
fn is_without_namespace(link: &LinkFacts) -> bool {
    let path = link.place.as_deref().and_then(|place| place.strip_prefix("netns="));
    path.is_some_and(|path| matches!(Path::new(path).try_exists(), Ok(false)))
}

/// A failed launch that could not be undone either.
fn also(error: AttachError, left: &CommandError) -> AttachError {
    let hint = format!("the instance could not be terminated, DEL or GC will: {}", left.message());
    match error {
        AttachError::Service(error) => AttachError::Service(error.hint(hint)),
        AttachError::Already(message) => AttachError::Already(format!("{message}; {hint}")),
        AttachError::Missing(message) => AttachError::Missing(format!("{message}; {hint}")),
    }
}

fn parse(answer: &str) -> Result<Document<'_>, CommandError> {
    Document::parse(answer).map_err(|error| unintelligible().caused_by(error))
}

fn unintelligible() -> CommandError {
    CommandError::new(Kind::Unavailable, "the EC2 API's answer is not as it should be")
}

/// The API's names are all in one namespace.
fn named(node: Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| named(*child, name))
}

fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name)?.text()
}
