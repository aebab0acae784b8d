//! One instance, ready to answer: everything dear is done when this is made, not per request.

use crate::ids::InstanceId;
use crate::instance::Instance;
use crate::instance_type::Flavour;
use crate::options::MetadataOptions;
use crate::time::HttpDate;
use crate::tree::Tree;

/// The metadata endpoint of one instance.
pub struct Endpoint {
    instance_id: InstanceId,
    flavour: Flavour,
    options: MetadataOptions,
    last_modified: HttpDate,
    tree: Tree,
}

impl Endpoint {
    /// Renders all metadata of `instance`.
    pub fn new(instance: &Instance) -> Self {
        Self {
            instance_id: instance.id.clone(),
            flavour: instance.instance_type.flavour(),
            options: instance.options,
            last_modified: HttpDate::new(instance.launched_at),
            tree: Tree::new(instance),
        }
    }

    /// Whose metadata this is.
    pub fn instance_id(&self) -> &InstanceId {
        &self.instance_id
    }

    /// Which front end answers.
    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// The options in force.
    pub fn options(&self) -> &MetadataOptions {
        &self.options
    }

    /// `Last-Modified` of all metadata: near the launch, not "now".
    pub fn last_modified(&self) -> &str {
        self.last_modified.as_str()
    }

    /// The metadata.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }
}
