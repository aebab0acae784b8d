//! From parameters to a request.

use crate::fault::Fault;
use crate::params::Params;
use crate::types::{Request, VERSION};

impl Request {
    /// Reads a request from `params`, with `Action` and `Version`. Those of a presigned URL, `X-Amz-…`, are
    /// not looked at.
    pub fn read(params: Params) -> Result<Self, Fault> {
        let mut params = params.without(|name| name.starts_with("X-Amz-"));
        let action: Option<String> = params.member("Action")?;
        let Some(action) = action.filter(|action| !action.is_empty()) else {
            let message = "The request must contain the parameter Action";
            return Err(Fault::client("MissingAction", message));
        };
        let version: String = params.member("Version")?;
        if version != VERSION {
            let message = format!(
                "The requested version ({version}) of service AmazonEC2 does not exist. \
                 Supported is {VERSION}."
            );
            return Err(Fault::client("NoSuchVersion", message));
        }
        Self::read_action(&action, params)
    }

    /// Whether it changes nothing: a read-only key may send it.
    pub fn is_read_only(&self) -> bool {
        ["Describe", "Get"].iter().any(|verb| self.action().starts_with(verb))
    }
}
