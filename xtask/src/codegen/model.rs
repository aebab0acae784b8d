//! The API model, as far as code is made from it. Everything else, documentation above all, is lost
//! by reading a model and writing it again.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) struct Model {
    pub(crate) metadata: Metadata,
    pub(crate) operations: BTreeMap<String, Operation>,
    pub(crate) shapes: BTreeMap<String, Shape>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Metadata {
    /// `2016-11-15`
    #[serde(rename = "apiVersion")]
    pub(crate) api_version: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) input: Reference,
    /// None: the answer only says that it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Reference>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub(crate) shape: String,
    /// The element's name in an answer, and a parameter's, with a capital, unless `query_name` is given.
    #[serde(default, rename = "locationName", skip_serializing_if = "Option::is_none")]
    pub(crate) location_name: Option<String>,
    #[serde(default, rename = "queryName", skip_serializing_if = "Option::is_none")]
    pub(crate) query_name: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Shape {
    Structure {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        required: Vec<String>,
        /// In the order in which EC2 writes them.
        members: IndexMap<String, Reference>,
    },
    List {
        member: Reference,
    },
    String {
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        sensitive: bool,
        /// All values; kept only of [`INSTANCE_TYPES`] and of what parameters can be.
        #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
        values: Vec<String>,
    },
    Boolean,
    Integer,
    Long,
    Double,
    Timestamp,
    Blob,
    /// A type that no shape of ours has.
    #[serde(other)]
    Other,
}

/// The names of all instance types.
pub(crate) const INSTANCE_TYPES: &str = "InstanceType";

impl Model {
    pub(crate) fn shape(&self, reference: &Reference) -> Result<&Shape> {
        let name = &reference.shape;
        self.shapes.get(name).with_context(|| format!("the model has no shape {name}"))
    }

    /// Only the `wanted` operations, and the types that they reach.
    pub(crate) fn trimmed<'a>(&self, wanted: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut trimmed = Self {
            metadata: self.metadata.clone(),
            operations: BTreeMap::new(),
            shapes: BTreeMap::new(),
        };
        for name in wanted {
            let operation =
                self.operations.get(name).with_context(|| format!("there is no {name}"))?;
            for end in [Some(&operation.input), operation.output.as_ref()].into_iter().flatten() {
                self.reach(end, &mut trimmed.shapes)?;
            }
            trimmed.operations.insert(name.to_owned(), operation.clone());
        }
        let mut inputs = BTreeMap::new();
        for operation in trimmed.operations.values() {
            trimmed.reach(&operation.input, &mut inputs)?;
        }
        for (name, shape) in &mut trimmed.shapes {
            if let Shape::String { values, .. } = shape
                && name != INSTANCE_TYPES
                && !inputs.contains_key(name)
            {
                values.clear();
            }
        }
        Ok(trimmed)
    }

    /// Copies the shape and all below it to `reached`.
    pub(crate) fn reach(
        &self,
        reference: &Reference,
        reached: &mut BTreeMap<String, Shape>,
    ) -> Result<()> {
        let shape = self.shape(reference)?;
        if reached.insert(reference.shape.clone(), shape.clone()).is_some() {
            return Ok(());
        }
        match shape {
            Shape::Structure { members, .. } => {
                members.values().try_for_each(|member| self.reach(member, reached))
            }
            Shape::List { member } => self.reach(member, reached),
            _ => Ok(()),
        }
    }
}
