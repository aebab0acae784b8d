//! Launch templates: what is set for instances before they are launched.
//!
//! - [`find`]: templates, and [`version`]: their versions, of which one is the default;
//! - [`data`]: what a version sets, and how it joins with the settings of a launch;
//! - [`templates`], [`versions`], [`launch`]: the calls.

mod data;
pub(super) mod find;
pub(super) mod launch;
pub(super) mod templates;
mod version;
pub(super) mod versions;
