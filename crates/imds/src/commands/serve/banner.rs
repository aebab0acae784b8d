//! What `imds serve` prints once it serves.

use std::net::SocketAddr;

use imds_account::Store;
use imds_account::records::Follows;
use imds_core::placement::Region;
use imds_core::{HttpTokens, Instance};
use imds_host::LinkSpec;

use crate::cli::ListenAddress;
use crate::error::CommandError;
use crate::sdk_settings::SdkSettings;
use crate::shell::Shell;
use crate::state::StateLocation;

/// Where a workload reaches the service by a link.
const LINK_URL: &str = "http://169.254.169.254";

/// What is served, and a line to paste.
pub(super) fn banner(
    follows: Follows,
    instance: &Instance,
    listeners: &[ListenAddress],
    workloads: &[LinkSpec],
) -> String {
    if follows == Follows::Linked {
        return banner_of_linked(listeners, workloads);
    }
    let urls = listeners.iter().map(|it| format!("http://{}", it.address));
    let urls: Vec<_> = urls.chain(workloads.iter().map(|_| LINK_URL.to_owned())).collect();
    let links = workloads.iter().map(|link| format!("{LINK_URL} ({link})"));
    let places: Vec<_> = urls[..listeners.len()].iter().cloned().chain(links).collect();
    let options = &instance.options;
    let url = urls.first().map_or("", String::as_str);
    let example = match options.http_tokens {
        HttpTokens::Optional => format!("curl {url}/latest/meta-data/"),
        HttpTokens::Required => format!(
            "TOKEN=$(curl -sX PUT {url}/latest/api/token \
             -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600')\n    \
             curl -H \"X-aws-ec2-metadata-token: $TOKEN\" {url}/latest/meta-data/"
        ),
    };
    format!(
        "Serving {id} ({kind}, {image}, {zone}) on {places}\n  \
         HttpTokens={tokens} HttpPutResponseHopLimit={hops} HttpEndpoint={endpoint} \
         HttpProtocolIpv6={ipv6} InstanceMetadataTags={tags}\n  Try:\n    {example}\n",
        id = instance.id,
        kind = instance.instance_type,
        image = instance.image.id,
        zone = instance.zone,
        places = places.join(", "),
        tokens = options.http_tokens.as_str(),
        hops = options.hop_limit,
        endpoint = options.http_endpoint.as_str(),
        ipv6 = options.http_protocol_ipv6.as_str(),
        tags = options.instance_metadata_tags.as_str(),
    )
}

/// The same where each way is for an instance of its own.
fn banner_of_linked(listeners: &[ListenAddress], workloads: &[LinkSpec]) -> String {
    let listeners = listeners.iter().map(|ListenAddress { address, instance }| {
        let instance = instance.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        format!("http://{address}{instance}")
    });
    let links = workloads.iter().map(|link| format!("{LINK_URL} ({link})"));
    let places: Vec<_> = listeners.chain(links).collect();
    if places.is_empty() {
        return "Serving linked instances: add one with imds link add PLACE,instance=ID\n"
            .to_owned();
    }
    format!("Serving linked instances on {}\n", places.join(", "))
}

/// Where metrics are.
pub(super) fn metrics(address: SocketAddr) -> String {
    format!("  Metrics are on http://{address}/metrics\n")
}

/// Where the web console is, and what lets a browser in.
pub(super) fn console(address: SocketAddr, location: &StateLocation) -> String {
    format!("  The console is on http://{address}; to open it: imds console{}\n", flag(location))
}

/// Where the EC2 API is, and what to type so that programs use it. What is in memory nobody else can
/// look up, so it is shown.
pub(super) fn invitation(
    location: &StateLocation,
    store: &Store,
    address: SocketAddr,
    region: &Region,
) -> Result<String, CommandError> {
    if let Some(url) = location.shared_url() {
        let url = Shell::Sh.quoted(&url);
        return Ok(format!(
            "  The EC2 API is on http://{address}; to use it:\n    eval \"$(imds env --state {url})\"\n"
        ));
    }
    if location.file().is_none() {
        let lines = SdkSettings::of(store, address, region.clone())?.lines(Shell::Sh);
        return Ok(format!("  The EC2 API is on http://{address}; paste to use it:\n{lines}"));
    }
    Ok(format!(
        "  The EC2 API is on http://{address}; to use it:\n    eval \"$(imds env{})\"\n",
        flag(location)
    ))
}

/// What tells the commands of this program where the state is, if it is not where they look.
fn flag(location: &StateLocation) -> String {
    let is_usual = StateLocation::default_file().is_ok_and(|usual| usual == *location);
    match location.file() {
        Some(path) if !is_usual => {
            format!(" --state {}", Shell::Sh.quoted(&path.to_string_lossy()))
        }
        _ => String::new(),
    }
}
