//! Whether a principal may do what it asks for.
//!
//! An access key may do all, or all that changes nothing. A session of a role may do what the role's policies
//! allow. Source: IAM User Guide, "Policy evaluation logic".

mod condition_keys;
mod deeds;
mod globals;
mod resources;

use imds_account::records::AccessRole;
use imds_ec2::{Fault, Request};
use imds_policy::{Context, Decision, evaluate};

use super::call::{Call, Refusal};
use super::principal::{Authority, Principal, RoleSession};
use super::role_policies::RolePolicies;
pub(super) use deeds::Deed;
pub(super) use globals::globals;

/// Fails unless `principal` may do all that `request` does.
pub(super) fn authorize(
    call: &Call<'_>,
    principal: &Principal,
    policies: &RolePolicies,
    request: &Request,
) -> Result<(), Refusal> {
    let session = match &principal.authority {
        Authority::Key(AccessRole::Admin) => return Ok(()),
        Authority::Key(AccessRole::ReadOnly) if request.is_read_only() => return Ok(()),
        Authority::Key(AccessRole::ReadOnly) => return Err(Fault::unauthorized().into()),
        Authority::Role(session) => session,
    };
    let globals = globals(call.store, call.network, principal, call.now);
    for deed in deeds::of(call, request)? {
        let decision = decide(session, policies, &deed, &globals);
        if decision != Decision::Allow {
            return Err(unauthorized(principal, &deed, decision).into());
        }
    }
    Ok(())
}

/// Whether `principal` may do this one thing.
pub(super) fn may(
    principal: &Principal,
    policies: &RolePolicies,
    deed: &Deed,
    globals: &Context,
) -> bool {
    match &principal.authority {
        Authority::Key(role) => *role == AccessRole::Admin,
        Authority::Role(session) => decide(session, policies, deed, globals) == Decision::Allow,
    }
}

/// The same of something that changes nothing, which every access key may do.
pub(super) fn may_read(
    principal: &Principal,
    policies: &RolePolicies,
    deed: &Deed,
    globals: &Context,
) -> bool {
    matches!(principal.authority, Authority::Key(_)) || may(principal, policies, deed, globals)
}

/// Fails unless `principal` may do this one thing, which changes nothing: every access key may.
pub(super) fn check_read(
    principal: &Principal,
    policies: &RolePolicies,
    deed: &Deed,
    globals: &Context,
) -> Result<(), Fault> {
    let Authority::Role(session) = &principal.authority else { return Ok(()) };
    match decide(session, policies, deed, globals) {
        Decision::Allow => Ok(()),
        refused => Err(unauthorized(principal, deed, refused)),
    }
}

/// What the policies of a session's role say, and the session's own, which only restricts.
fn decide(
    session: &RoleSession,
    policies: &RolePolicies,
    deed: &Deed,
    globals: &Context,
) -> Decision {
    let mut context = globals.clone();
    for (key, values) in &deed.keys {
        context.set_all(key, values.iter().cloned());
    }
    let request =
        imds_policy::Request { action: &deed.action, resource: &deed.resource, context: &context };
    let of_session = session.policy.as_ref().map(|policy| evaluate([policy], &request));
    let of_role = evaluate(policies.of(&session.role), &request);
    match (of_role, of_session.unwrap_or(of_role)) {
        (Decision::ExplicitDeny, _) | (_, Decision::ExplicitDeny) => Decision::ExplicitDeny,
        (Decision::Allow, Decision::Allow) => Decision::Allow,
        _ => Decision::ImplicitDeny,
    }
}

/// EC2's words, without the encoded message that only AWS can decode.
fn unauthorized(principal: &Principal, deed: &Deed, decision: Decision) -> Fault {
    let Fault { status, code, message } = Fault::unauthorized();
    let Deed { action, resource, .. } = deed;
    let why = match decision {
        Decision::ExplicitDeny => "with an explicit deny in an identity-based policy".to_owned(),
        Decision::ImplicitDeny | Decision::Allow => {
            format!("because no identity-based policy allows the {action} action")
        }
    };
    let on = if resource == "*" { String::new() } else { format!(" on resource: {resource}") };
    let message = format!(
        "{message} User: {} is not authorized to perform: {action}{on} {why}.",
        principal.arn
    );
    Fault::new(status, code, message)
}
