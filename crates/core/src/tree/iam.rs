//! `meta-data/iam/`, only with an instance profile, and `meta-data/identity-credentials/`, always.

use super::{Builder, Content};
use crate::credentials::{Credentials, document};
use crate::instance::Instance;
use crate::time::iso8601;

/// The one name under `identity-credentials/ec2/security-credentials/`.
const IDENTITY_ROLE: &str = "ec2-instance";

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    let updated = iso8601(instance.launched_at);
    if let Some(role) = &instance.role {
        let profile_arn = format!(
            "arn:{}:iam::{}:instance-profile/{}",
            instance.zone.region().partition().0,
            instance.account,
            role.profile_name,
        );
        let info = document(&[
            ("Code", "Success"),
            ("LastUpdated", &updated),
            ("InstanceProfileArn", &profile_arn),
            ("InstanceProfileId", &role.profile_id),
        ]);
        tree.value("meta-data/iam/info", "2012-01-12", info);
        let path = format!("meta-data/iam/security-credentials/{}", role.name);
        tree.insert(&path, "2012-01-12", Content::Credentials(role.credentials.clone()));
    }
    let info = document(&[
        ("Code", "Success"),
        ("LastUpdated", &updated),
        ("AccountId", instance.account.as_str()),
    ]);
    tree.value("meta-data/identity-credentials/ec2/info", "2018-05-23", info);
    let path = format!("meta-data/identity-credentials/ec2/security-credentials/{IDENTITY_ROLE}");
    let credentials = Credentials::generated(&instance.id, IDENTITY_ROLE, instance.launched_at);
    tree.insert(&path, "2018-05-23", Content::Credentials(credentials));
}
