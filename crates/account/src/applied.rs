//! What the data path obeys.

use imds_core::InstanceId;
use imds_core::options::MetadataOptions;
use imds_kv::Revision;

/// Tells the EC2 API what the data path obeys at the moment.
///
/// Declared here, because the API must not depend on the data path.
pub trait Applied: Send + Sync {
    /// Waits until the data path serves an instance that was just launched, or for a moment if it does not.
    /// Then no request from its addresses is taken for the default instance's.
    fn wait_for(&self, instance: &InstanceId);

    /// The options that the data path serves an instance with; `None` while it does not serve it.
    fn options(&self, instance: &InstanceId) -> Option<MetadataOptions>;

    /// Whether every host that may serve an instance has brought into force the change of it that was
    /// committed at `revision`. Always so where there is one host: [`options`](Self::options) is what it obeys.
    fn is_everywhere(&self, instance: &InstanceId, revision: Revision) -> bool;

    /// Whether this host follows all instances. If not, [`options`](Self::options) and
    /// [`has_role`](Self::has_role) are of some alone, and [`is_everywhere`](Self::is_everywhere) says all.
    fn follows_all(&self) -> bool {
        true
    }

    /// The newest change of an instance that this host has seen since its start; zero where there is only
    /// one host.
    fn newest_change(&self) -> Revision {
        Revision::ZERO
    }

    /// Whether the data path serves credentials of `role` to an instance at `now`, in seconds since
    /// 1970; `None` while it does not serve the instance.
    fn has_role(&self, instance: &InstanceId, role: &str, now: u64) -> Option<bool>;
}
