//! The way into the host's web console.

use super::refusal::AdminRefusal;

/// Makes a URL that lets one browser into the console, once.
///
/// A function of the host's, because the API must not depend on the console, which depends on it.
pub struct ConsoleDoor(pub Box<dyn Fn() -> Result<String, AdminRefusal> + Send + Sync>);

impl ConsoleDoor {
    /// The refusal of a host without a console.
    pub(crate) fn missing() -> AdminRefusal {
        let message = "this service has no web console; start it with --console";
        AdminRefusal { status: 409, message: message.into() }
    }
}
