//! What happens to an instance shows from its instant on, not a millisecond earlier or later.

use imds_core::events::{
    Events, Maintenance, MaintenanceCode, Outcome, Rebalance, SpotAction, SpotInterruption, SshKey,
    TargetState, Transition,
};
use imds_core::tree::Tree;
use imds_core::{FrontEnd, Moment};
use proptest::prelude::*;

use crate::fixture::{self, NOW};

const T: u64 = 1_753_862_400;

fn tree(events: Events) -> Tree {
    Tree::new(&imds_core::Instance { events, ..fixture::instance(FrontEnd::Nitro, "") })
}

fn at(tree: &Tree, path: &str, unix_ms: u64) -> Option<String> {
    let found = tree.find(&format!("latest/meta-data/{path}"), Moment { unix_ms, ..NOW })?;
    Some(String::from_utf8(found.body.into_owned()).unwrap())
}

/// Absent until the last millisecond before an instant, and there at the instant.
fn appears(tree: &Tree, path: &str, second: u64) -> String {
    assert_eq!(at(tree, path, second * 1000 - 1), None, "{path} is early");
    at(tree, path, second * 1000).unwrap_or_else(|| panic!("{path} is late"))
}

fn is_listed(tree: &Tree, directory: &str, name: &str, unix_ms: u64) -> bool {
    at(tree, directory, unix_ms).is_some_and(|listing| listing.lines().any(|line| line == name))
}

#[test]
fn a_spot_notice_appears_with_its_directory() {
    for (action, terminates) in
        [(SpotAction::Terminate, true), (SpotAction::Stop, false), (SpotAction::Hibernate, false)]
    {
        let spot = SpotInterruption { action, time: T + 120, visible_from: T };
        let tree = tree(Events { spot: Some(spot), ..Events::default() });
        let listing = appears(&tree, "spot", T);
        assert_eq!(listing.contains("termination-time"), terminates);
        assert!(!is_listed(&tree, "", "spot/", T * 1000 - 1));
        assert!(is_listed(&tree, "", "spot/", T * 1000));
        let notice = appears(&tree, "spot/instance-action", T);
        let expected =
            format!(r#"{{"action": "{}", "time": "2025-07-30T08:02:00Z"}}"#, action.as_str());
        assert_eq!(notice, expected);
        if terminates {
            assert_eq!(appears(&tree, "spot/termination-time", T), "2025-07-30T08:02:00Z");
        }
    }
}

#[test]
fn a_rebalance_recommendation_appears_beside_maintenance() {
    let rebalance = Rebalance { notice_time: T - 5, visible_from: T };
    let tree = tree(Events { rebalance: Some(rebalance), ..Events::default() });
    assert_eq!(at(&tree, "events", T * 1000 - 1).unwrap(), "maintenance/");
    assert_eq!(at(&tree, "events", T * 1000).unwrap(), "maintenance/\nrecommendations/");
    let notice = appears(&tree, "events/recommendations/rebalance", T);
    assert_eq!(notice, r#"{"noticeTime": "2025-07-30T07:59:55Z"}"#);
}

/// Scheduled, then history; both are 200 with an empty array while there is nothing.
#[test]
fn maintenance_moves_to_the_history() {
    let event = Maintenance {
        id: "instance-event-0d59937288b749b32".to_owned(),
        code: MaintenanceCode::SystemReboot,
        description: "scheduled reboot".to_owned(),
        not_before: 1_548_061_243,
        not_after: Some(1_548_062_243),
        visible_from: T,
        ended: Some((Outcome::Canceled, T + 10)),
    };
    let tree = tree(Events { maintenance: vec![event], ..Events::default() });
    let [scheduled, history] = ["events/maintenance/scheduled", "events/maintenance/history"];
    let entry = |mark: &str, state: &str| {
        format!(
            "[ \n  {{\n    \"NotBefore\" : \"21 Jan 2019 09:00:43 GMT\",\n    \
             \"Code\" : \"system-reboot\",\n    \
             \"Description\" : \"{mark}scheduled reboot\",\n    \
             \"EventId\" : \"instance-event-0d59937288b749b32\",\n    \
             \"NotAfter\" : \"21 Jan 2019 09:17:23 GMT\",\n    \
             \"State\" : \"{state}\"\n  }} \n]"
        )
    };
    for (unix_ms, expected) in [
        (T * 1000 - 1, ["[]".to_owned(), "[]".to_owned()]),
        (T * 1000, [entry("", "active"), "[]".to_owned()]),
        ((T + 10) * 1000 - 1, [entry("", "active"), "[]".to_owned()]),
        ((T + 10) * 1000, ["[]".to_owned(), entry("[Canceled] ", "canceled")]),
    ] {
        let found = [scheduled, history].map(|path| at(&tree, path, unix_ms).unwrap());
        assert_eq!(found, expected, "{unix_ms}");
    }
}

#[test]
fn the_target_state_follows_its_group() {
    let lifecycle = vec![
        Transition { at: T, to: TargetState::WarmedStopped },
        Transition { at: T + 5, to: TargetState::InService },
    ];
    let tree = tree(Events { lifecycle, ..Events::default() });
    let path = "autoscaling/target-lifecycle-state";
    assert_eq!(appears(&tree, path, T), "Warmed:Stopped");
    assert_eq!(at(&tree, path, (T + 5) * 1000 - 1).unwrap(), "Warmed:Stopped");
    assert_eq!(at(&tree, path, (T + 5) * 1000).unwrap(), "InService");
}

/// A key lives for 60 seconds; a second one for the same user has its own 60.
#[test]
fn keys_die_after_a_minute() {
    let key = |user: &str, sent_at, block: &str| SshKey {
        user: user.parse().unwrap(),
        sent_at,
        block: format!("{block}\n"),
    };
    let keys = vec![key("ec2-user", T, "one"), key("ec2-user", T + 30, "two"), key("u", T, "x")];
    let tree = tree(Events { ssh_keys: keys, ..Events::default() });
    let path = "managed-ssh-keys/active-keys/ec2-user";
    assert_eq!(appears(&tree, path, T), "one\n");
    assert_eq!(at(&tree, path, (T + 30) * 1000).unwrap(), "one\ntwo\n");
    assert_eq!(at(&tree, path, (T + 60) * 1000 - 1).unwrap(), "one\ntwo\n");
    assert_eq!(at(&tree, path, (T + 60) * 1000).unwrap(), "two\n");
    assert_eq!(at(&tree, path, (T + 90) * 1000), None);
    let listing = at(&tree, "managed-ssh-keys/active-keys", (T + 60) * 1000);
    assert_eq!(listing.unwrap(), "ec2-user/");
    assert_eq!(at(&tree, "managed-ssh-keys", (T + 90) * 1000), None, "nothing is left");
    assert!(!is_listed(&tree, "", "managed-ssh-keys/", (T + 90) * 1000));
}

proptest! {
    /// At any time, what is listed is there and what is there is listed.
    #[test]
    fn listings_are_true_at_any_time(spot in 0_u64..20, rebalance in 0_u64..20, key in 0_u64..20, now in 0_u64..100) {
        let events = Events {
            spot: Some(SpotInterruption { action: SpotAction::Stop, time: 99, visible_from: spot }),
            rebalance: Some(Rebalance { notice_time: 0, visible_from: rebalance }),
            ssh_keys: vec![SshKey { user: "u".parse().unwrap(), sent_at: key, block: "k".into() }],
            ..Events::default()
        };
        let tree = tree(events);
        let now = now * 1000;
        for (path, expected) in [
            ("spot/instance-action", now >= spot * 1000),
            ("events/recommendations/rebalance", now >= rebalance * 1000),
            ("managed-ssh-keys/active-keys/u", (key * 1000..(key + 60) * 1000).contains(&now)),
        ] {
            let mut path = path;
            prop_assert_eq!(at(&tree, path, now).is_some(), expected);
            while let Some((parent, name)) = path.rsplit_once('/') {
                let parent_there = at(&tree, parent, now);
                let listed = parent_there.is_some_and(|listing| {
                    listing.lines().any(|line| line.trim_end_matches('/') == name)
                });
                let is_shared = parent == "events" && name == "maintenance";
                prop_assert!(listed == (at(&tree, path, now).is_some()) || is_shared);
                path = parent;
            }
        }
    }
}
