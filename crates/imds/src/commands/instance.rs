//! `imds instance`: instances, as the EC2 API describes them, for people.

use std::collections::BTreeMap;
use std::process::ExitCode;

use imds_core::InstanceId;
use roxmltree::{Document, Node};
use serde::Serialize;
use serde_json::Value;

use super::{control_client, json, table};
use crate::cli::{InstanceArgs, InstanceCommand};
use crate::control_client::ControlClient;
use crate::error::{CommandError, Kind};
use crate::input_file::{self, MOST_KEY};
use crate::terminal;
use imds_control::{AdminRequest, EventRequest};

/// How many instances are asked for at once.
const PAGE: &str = "1000";

/// What is shown of an instance. Options have the names that the EC2 API gives them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct View {
    instance_id: String,
    state: String,
    instance_type: String,
    image_id: String,
    availability_zone: String,
    private_ip_address: Option<String>,
    metadata_options: BTreeMap<String, Value>,
    tags: BTreeMap<String, String>,
}

pub(crate) fn run(args: InstanceArgs) -> Result<ExitCode, CommandError> {
    let client = control_client(&args.state, args.region)?;
    let text = match &args.command {
        InstanceCommand::List => {
            let views = describe(&client, &[])?;
            if args.json { json(&views)? } else { list(&views) }
        }
        InstanceCommand::Show { ids } => {
            let views = describe(&client, ids)?;
            if args.json { json(&views)? } else { show(&views) }
        }
        InstanceCommand::SendSshKey { id, os_user, public_key } => {
            let key = input_file::read_text(public_key, MOST_KEY).map_err(|error| {
                CommandError::usage(format!("cannot read {}", public_key.display()))
                    .caused_by(error)
            })?;
            let request = EventRequest::SendSshKey { user: os_user.clone(), key };
            client.admin(&AdminRequest::Event { instance: id.clone(), request })?;
            String::new()
        }
    };
    terminal::print(text)?;
    Ok(ExitCode::SUCCESS)
}

/// The instances with these ids, or all, page by page.
fn describe(client: &ControlClient, ids: &[InstanceId]) -> Result<Vec<View>, CommandError> {
    let ids: Vec<_> = (1..).map(|number| format!("InstanceId.{number}")).zip(ids).collect();
    let mut views = Vec::new();
    let mut next = None;
    loop {
        let mut parameters = vec![("Action", "DescribeInstances")];
        parameters.extend(ids.iter().map(|(name, id)| (name.as_str(), id.as_str())));
        if ids.is_empty() {
            parameters.push(("MaxResults", PAGE));
        }
        parameters.extend(next.as_deref().map(|token| ("NextToken", token)));
        let answer = client.ec2(&parameters)?;
        let document = Document::parse(&answer).map_err(|error| {
            CommandError::new(Kind::Unavailable, "the answer is no XML").caused_by(error)
        })?;
        let instances = document.descendants().filter(|node| node.has_tag_name("instancesSet"));
        views.extend(instances.flat_map(|set| items(set)).map(View::of));
        next = text(document.root_element(), "nextToken").filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(views);
        }
    }
}

impl View {
    fn of(instance: Node<'_, '_>) -> Self {
        let text_of = |name| text(instance, name).unwrap_or_default();
        let inner = |parent, name| child(instance, parent).and_then(|node| text(node, name));
        let options = child(instance, "metadataOptions").into_iter().flat_map(|it| it.children());
        let options = options.filter(Node::is_element).map(|option| {
            let value = option.text().unwrap_or_default();
            let value = value.parse().map_or_else(|_| Value::from(value), |hops: u8| hops.into());
            (capitalized(option.tag_name().name()), value)
        });
        let tags = child(instance, "tagSet").into_iter().flat_map(items);
        let tags = tags.filter_map(|tag| Some((text(tag, "key")?, text(tag, "value")?)));
        Self {
            instance_id: text_of("instanceId"),
            state: inner("instanceState", "name").unwrap_or_default(),
            instance_type: text_of("instanceType"),
            image_id: text_of("imageId"),
            availability_zone: inner("placement", "availabilityZone").unwrap_or_default(),
            private_ip_address: text(instance, "privateIpAddress"),
            metadata_options: options.collect(),
            tags: tags.collect(),
        }
    }

    fn option(&self, name: &str) -> String {
        self.metadata_options.get(name).map(plain).unwrap_or_default()
    }
}

/// A value without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A node's child of this name. The API's names are all in one namespace.
fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn items<'a, 'input>(list: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    list.children().filter(|child| child.tag_name().name() == "item")
}

fn text(node: Node<'_, '_>, name: &str) -> Option<String> {
    Some(child(node, name)?.text().unwrap_or_default().to_owned())
}

/// A name as JSON and the API's requests have it, where XML begins it with a small letter.
fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn list(views: &[View]) -> String {
    let rows: Vec<_> = views
        .iter()
        .map(|view| {
            [
                view.instance_id.clone(),
                view.state.clone(),
                view.instance_type.clone(),
                view.private_ip_address.clone().unwrap_or_default(),
                view.option("HttpTokens"),
                view.option("HttpPutResponseHopLimit"),
                view.option("HttpEndpoint"),
                view.tags.get("Name").cloned().unwrap_or_default(),
            ]
        })
        .collect();
    table(["ID", "STATE", "TYPE", "ADDRESS", "TOKENS", "HOPS", "ENDPOINT", "NAME"], &rows)
}

fn show(views: &[View]) -> String {
    let one = |view: &View| {
        let facts = [
            ("State", Some(&view.state)),
            ("InstanceType", Some(&view.instance_type)),
            ("ImageId", Some(&view.image_id)),
            ("AvailabilityZone", Some(&view.availability_zone)),
            ("PrivateIpAddress", view.private_ip_address.as_ref()),
        ];
        let facts =
            facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        let options = view.metadata_options.iter();
        let options =
            options.map(|(name, value)| (format!("MetadataOptions {name}"), plain(value)));
        let tags = view.tags.iter().map(|(key, value)| (format!("Tag {key}"), value.clone()));
        let lines = facts.chain(options).chain(tags);
        let lines: String = lines.map(|(name, value)| format!("  {name}: {value}\n")).collect();
        format!("{}\n{lines}", view.instance_id)
    };
    views.iter().map(one).collect::<Vec<_>>().join("\n")
}
