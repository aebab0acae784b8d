//! Systems Manager: the parameters that have ids of images.

use hyper::http::request::Parts;
use imds_ec2::Fault;
use imds_ec2::ssm::{CONTENT_TYPE, Request};
use serde_json::{Value, json};

use super::authorize::{Deed, globals, may_read};
use super::images::PUBLISHED;
use super::parameter_store::{self, NoParameter, Parameter, VERSION};
use super::principal::Principal;
use super::service::{Service, target};
use super::{Control, Reply};

impl Control {
    /// Answers a request for Systems Manager; `now` is in seconds since 1970.
    pub(super) fn answer_ssm(&self, head: &Parts, body: &[u8], now: u64) -> Reply {
        let (status, body) = match self.perform_ssm(head, body, now) {
            Ok(document) => (200, document.to_string()),
            Err(fault) => (fault.status, fault.ssm_json()),
        };
        Reply { status, content_type: CONTENT_TYPE, headers: Vec::new(), body: body.into_bytes() }
    }

    fn perform_ssm(&self, head: &Parts, body: &[u8], now: u64) -> Result<Value, Fault> {
        let principal = self.authenticate(head, body, now, Service::Ssm)?;
        let request = Request::read(target(head), body)?;
        let asking = Asking { control: self, principal: &principal, action: request.action(), now };
        match request {
            Request::GetParameter { name } => asking.one(&name),
            Request::GetParameters { names } => asking.several(&names),
            Request::GetParametersByPath { path, recursive, max_results, next_token } => {
                asking.below(&path, recursive, max_results, next_token)
            }
        }
    }
}

/// Who asks for what.
struct Asking<'a> {
    control: &'a Control,
    principal: &'a Principal,
    action: &'static str,
    now: u64,
}

impl Asking<'_> {
    fn one(&self, name: &str) -> Result<Value, Fault> {
        self.authorize(&self.arn_of(name))?;
        let found = parameter_store::find(&self.principal.region, &self.control.images, name);
        let (parameter, selector) = found.map_err(|error| match error {
            NoParameter::Name => Fault::client("ParameterNotFound", ""),
            NoParameter::Version => {
                let message = format!(
                    "Systems Manager could not find version {} of {name}.",
                    name.rsplit(':').next().unwrap_or_default()
                );
                Fault::client("ParameterVersionNotFound", message)
            }
        })?;
        Ok(json!({ "Parameter": self.shape(&parameter, selector) }))
    }

    fn several(&self, names: &[String]) -> Result<Value, Fault> {
        let (mut found, mut invalid) = (Vec::new(), Vec::new());
        for name in names {
            self.authorize(&self.arn_of(name))?;
            match parameter_store::find(&self.principal.region, &self.control.images, name) {
                Ok((parameter, selector)) => found.push(self.shape(&parameter, selector)),
                Err(_) => invalid.push(name),
            }
        }
        Ok(json!({ "Parameters": found, "InvalidParameters": invalid }))
    }

    fn below(
        &self,
        path: &str,
        recursive: bool,
        max_results: usize,
        next_token: Option<String>,
    ) -> Result<Value, Fault> {
        self.authorize(&self.arn(path, path.starts_with("/aws/")))?;
        let path = path.trim_end_matches('/');
        let is_below = |parameter: &Parameter| {
            let rest = parameter.name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
            // Public ones are found only by those who look for them.
            let is_meant = !parameter.is_public || path.starts_with("/aws");
            rest.is_some_and(|rest| is_meant && (recursive || !rest.contains('/')))
        };
        let mut all = parameter_store::all(&self.principal.region, &self.control.images);
        all.retain(is_below);
        let begin = match next_token {
            None => 0,
            Some(token) => {
                let at = all.iter().position(|parameter| parameter.name == token);
                at.ok_or_else(|| {
                    Fault::client("InvalidNextToken", "The specified token isn't valid.")
                })?
            }
        };
        let rest = &all[begin..];
        let page = &rest[..max_results.min(rest.len())];
        let shown: Vec<_> = page.iter().map(|parameter| self.shape(parameter, None)).collect();
        let mut document = json!({ "Parameters": shown });
        if let Some(next) = rest.get(max_results) {
            document["NextToken"] = json!(next.name);
        }
        Ok(document)
    }

    fn shape(&self, parameter: &Parameter, selector: Option<&str>) -> Value {
        let mut shape = json!({
            "Name": parameter.name,
            "Type": "String",
            "Value": parameter.value,
            "Version": VERSION,
            "LastModifiedDate": PUBLISHED,
            "ARN": self.arn(&parameter.name, parameter.is_public),
            "DataType": "aws:ec2:image",
        });
        if let Some(selector) = selector {
            shape["Selector"] = json!(format!(":{selector}"));
        }
        shape
    }

    /// The ARN of the parameter that a request names, which need not exist.
    fn arn_of(&self, reference: &str) -> String {
        if reference.starts_with("arn:") {
            return reference.to_owned();
        }
        let name = reference.split_once(':').map_or(reference, |(name, _)| name);
        self.arn(name, name.starts_with("/aws/"))
    }

    /// Public parameters belong to no account.
    fn arn(&self, name: &str, is_public: bool) -> String {
        let region = &self.principal.region;
        let account = if is_public { "" } else { self.control.network.account.as_str() };
        let name = name.trim_start_matches('/');
        format!("arn:{}:ssm:{region}:{account}:parameter/{name}", region.partition().0)
    }

    fn authorize(&self, arn: &str) -> Result<(), Fault> {
        let Self { control, principal, action, now } = self;
        let action = format!("ssm:{action}");
        let globals = globals(&control.store, &control.network, principal, *now);
        if may_read(principal, &control.policies, &Deed::new(&action, arn), &globals) {
            return Ok(());
        }
        let message = format!(
            "User: {} is not authorized to perform: {action} on resource: {arn} because no identity-based policy \
             allows the {action} action",
            principal.arn
        );
        Err(Fault::client("AccessDeniedException", message))
    }
}
