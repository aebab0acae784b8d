//! The documentation names what there is.

use std::fs;
use std::path::Path;

use imds_ec2::Request;

#[test]
fn every_action_is_documented() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/control.md");
    let page = fs::read_to_string(page).expect("docs/control.md can be read");
    for action in Request::ACTIONS {
        assert!(page.contains(&format!("`{action}`")), "{action}");
    }
}
