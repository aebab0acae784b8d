//! The Rust of a model: one table row per member, which the macros of `crates/ec2/src/shape.rs`
//! make structures of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};
use indexmap::IndexMap;

use super::model::{Model, Reference, Shape};

const HEAD: &str = "\
//! What operations are asked and what they answer: a table per structure of EC2's API model.
//!
//! Made by `cargo xtask codegen` from `model/ec2.json`; not to be edited.
//!
//! `input` structures are read from parameters, `output` structures are written as XML, and those
//! that are both have two names per member. A request without a member that is no `Option` is at fault,
//! and so is one without an element for a `one_or_more` list; an `always` list is written even if it
//! is empty.

use crate::shape::{Done, both, input, operations, output};
use crate::value::{Blob, Sensitive, Timestamp};

";

/// Lists that EC2 is taken to write even if they are empty, by structure; others (`tagSet`,
/// `licenseSet`, …) it is taken to leave out. SDKs read both alike. Lists at the top of an answer are
/// always there too: programs look into them without asking.
const ALWAYS: [(&str, &[&str]); 8] = [
    ("AvailabilityZone", &["messageSet"]),
    ("Image", &["blockDeviceMapping"]),
    ("Instance", &["blockDeviceMapping", "groupSet", "networkInterfaceSet", "productCodes"]),
    ("InstanceNetworkInterface", &["groupSet", "ipv6AddressesSet", "privateIpAddressesSet"]),
    ("IpPermission", &["groups", "ipRanges", "ipv6Ranges", "prefixListIds"]),
    ("Reservation", &["groupSet", "instancesSet"]),
    ("SecurityGroup", &["ipPermissions", "ipPermissionsEgress"]),
    ("Subnet", &["ipv6CidrBlockAssociationSet"]),
];

/// `shapes.rs`, before rustfmt.
pub(super) fn shapes(model: &Model) -> Result<String> {
    let (mut inputs, mut outputs) = (BTreeMap::new(), BTreeMap::new());
    for operation in model.operations.values() {
        model.reach(&operation.input, &mut inputs)?;
        operation.output.iter().try_for_each(|output| model.reach(output, &mut outputs))?;
    }
    let mut source = HEAD.to_owned();
    operations(model, &mut source)?;
    for (name, shape) in &model.shapes {
        if let Shape::Structure { required, members } = shape {
            let structure = Structure {
                name,
                required,
                members,
                is_input: inputs.contains_key(name),
                is_output: outputs.contains_key(name),
                always: ALWAYS.iter().find(|(known, _)| known == name).map_or(&[], |(_, it)| it),
            };
            structure.emit(model, &mut source)?;
        }
    }
    Ok(source)
}

/// The requests, in the order of their names.
fn operations(model: &Model, source: &mut String) -> Result<()> {
    writeln!(source, "operations! {{")?;
    for (name, operation) in &model.operations {
        let answer = operation.output.as_ref().map_or("Done", |it| &it.shape);
        let Shape::Structure { members, .. } = model.shape(&operation.input)? else {
            bail!("{name} is asked with something that is no structure");
        };
        let dry_run = if members.contains_key("DryRun") { " (dry_run)" } else { "" };
        writeln!(source, "    {name}({}) -> {answer}{dry_run},", operation.input.shape)?;
    }
    writeln!(source, "}}\n")?;
    Ok(())
}

struct Structure<'a> {
    name: &'a str,
    required: &'a [String],
    members: &'a IndexMap<String, Reference>,
    is_input: bool,
    is_output: bool,
    always: &'a [&'a str],
}

impl Structure<'_> {
    fn emit(&self, model: &Model, source: &mut String) -> Result<()> {
        let name = self.name;
        let family = match (self.is_input, self.is_output) {
            (true, true) => "both",
            (true, false) => "input",
            (false, _) => "output",
        };
        writeln!(source, "{family}! {{\n    {name} {{")?;
        for (member_name, member) in self.members {
            let required = family == "input" && self.required.contains(member_name);
            let (parameter, element) =
                (parameter(member_name, member), element(member_name, member));
            let is_list = matches!(model.shape(member)?, Shape::List { .. });
            let always =
                is_list && (name.ends_with("Result") || self.always.contains(&element.as_str()));
            let names = match family {
                "both" => format!("{parameter:?} / {element:?}"),
                "input" => format!("{parameter:?}"),
                _ => format!("{element:?}"),
            };
            let rule = match family {
                "input" if required && is_list => " (one_or_more)",
                "output" if always => " (always)",
                _ => "",
            };
            let field = field(member_name);
            let kind = rust_type(model, member, required)?;
            writeln!(source, "        {field}: {kind} = {names}{rule},")?;
        }
        writeln!(source, "    }}\n}}\n")?;
        Ok(())
    }
}

/// A member's name among parameters: botocore's `EC2Serializer` is the reference.
fn parameter(name: &str, member: &Reference) -> String {
    if let Some(query_name) = &member.query_name {
        return query_name.clone();
    }
    let name = member.location_name.as_deref().unwrap_or(name);
    name[..1].to_uppercase() + &name[1..]
}

/// A member's name in an answer.
fn element(name: &str, member: &Reference) -> String {
    member.location_name.as_deref().unwrap_or(name).to_owned()
}

/// The type of a member's field.
fn rust_type(model: &Model, member: &Reference, required: bool) -> Result<String> {
    if let Shape::List { member } = model.shape(member)? {
        return Ok(format!("Vec<{}>", rust_type(model, member, true)?));
    }
    let bare = match model.shape(member)? {
        Shape::Structure { .. } => member.shape.as_str(),
        Shape::String { sensitive: true } => "Sensitive",
        Shape::String { sensitive: false } => "String",
        Shape::Boolean => "bool",
        Shape::Integer => "i32",
        Shape::Long => "i64",
        Shape::Double => "f64",
        Shape::Timestamp => "Timestamp",
        Shape::Blob => "Blob",
        Shape::List { .. } | Shape::Other => bail!("{}: no Rust for this type", member.shape),
    };
    Ok(if required { bare.to_owned() } else { format!("Option<{bare}>") })
}

/// `HttpPutResponseHopLimit` → `http_put_response_hop_limit`, `EbsKMSKey` → `ebs_kms_key`.
fn field(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut field = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let begins_word = letter.is_uppercase()
            && index > 0
            && (!letters[index - 1].is_uppercase()
                || letters.get(index + 1).is_some_and(|next| next.is_lowercase()));
        if begins_word {
            field.push('_');
        }
        field.extend(letter.to_lowercase());
    }
    match field.as_str() {
        "type" | "return" | "ref" | "match" => field + "_",
        _ => field,
    }
}
