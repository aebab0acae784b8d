//! What happens to an instance: `meta-data/events/`, `meta-data/spot/`, `meta-data/autoscaling/`.

use super::category::Source::Instance;
use super::category::{Category, NEVER, timed};
use crate::events::{Events, Maintenance, Outcome, SpotAction};
use crate::json::object_in;
use crate::time::{event_date, iso8601};

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        path: "meta-data/autoscaling/target-lifecycle-state",
        since: "2021-07-15",
        absent: "outside an Auto Scaling group",
        example: "InService",
        source: Instance(|instance| {
            timed(instance, |now| Some(instance.events.target_state(now)?.as_str().to_owned()))
        }),
    },
    Category {
        path: "meta-data/events/maintenance/history",
        since: "2018-08-17",
        absent: NEVER,
        example: "[]",
        source: Instance(|instance| timed(instance, |now| Some(history(&instance.events, now)))),
    },
    Category {
        path: "meta-data/events/maintenance/scheduled",
        since: "2018-08-17",
        absent: NEVER,
        example: r#"[ 
  {
    "NotBefore" : "21 Jan 2019 09:00:43 GMT",
    "Code" : "system-reboot",
    "Description" : "scheduled reboot",
    "EventId" : "instance-event-0d59937288b749b32",
    "NotAfter" : "21 Jan 2019 09:17:23 GMT",
    "State" : "active"
  } 
]"#,
        source: Instance(|instance| timed(instance, |now| Some(scheduled(&instance.events, now)))),
    },
    Category {
        path: "meta-data/events/recommendations/rebalance",
        since: "2020-10-27",
        absent: "until a rebalance recommendation is emitted",
        example: r#"{"noticeTime": "2020-11-05T08:22:00Z"}"#,
        source: Instance(|instance| {
            timed(instance, |now| {
                let rebalance = instance.events.rebalance.as_ref()?;
                let time = iso8601(rebalance.notice_time);
                (rebalance.visible_from <= now).then(|| format!(r#"{{"noticeTime": "{time}"}}"#))
            })
        }),
    },
    Category {
        path: "meta-data/spot/instance-action",
        since: "2016-11-15",
        absent: "until a spot instance is to be interrupted",
        example: r#"{"action": "terminate", "time": "2017-09-18T08:22:00Z"}"#,
        source: Instance(|instance| {
            timed(instance, |now| {
                let spot = instance.events.spot.as_ref().filter(|spot| spot.visible_from <= now)?;
                let (action, time) = (spot.action.as_str(), iso8601(spot.time));
                Some(format!(r#"{{"action": "{action}", "time": "{time}"}}"#))
            })
        }),
    },
    Category {
        path: "meta-data/spot/termination-time",
        since: "2014-11-05",
        absent: "until a spot instance is to be terminated",
        example: "2015-01-05T18:02:00Z",
        source: Instance(|instance| {
            timed(instance, |now| {
                let spot = instance.events.spot.as_ref().filter(|spot| spot.visible_from <= now)?;
                (spot.action == SpotAction::Terminate).then(|| iso8601(spot.time))
            })
        }),
    },
];

fn scheduled(events: &Events, now: u64) -> String {
    let scheduled = events.maintenance.iter().filter(|event| event.is_scheduled(now));
    array(scheduled.map(|event| entry(event, now, "active")))
}

fn history(events: &Events, now: u64) -> String {
    let history = events.maintenance.iter().filter(|event| event.is_history(now));
    array(history.map(|event| match event.ended {
        Some((Outcome::Canceled, _)) => entry(event, now, "canceled"),
        _ => entry(event, now, "completed"),
    }))
}

/// As AWS's example has it, with its blanks at the ends of lines.
fn array(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<_> = entries.collect();
    match entries.as_slice() {
        [] => "[]".to_owned(),
        entries => format!("[ \n  {} \n]", entries.join(",\n  ")),
    }
}

fn entry(event: &Maintenance, now: u64, state: &str) -> String {
    let description = event.description_at(now);
    let not_before = event_date(event.not_before);
    let not_after = event.not_after.map(event_date);
    let mut members = vec![
        ("NotBefore", not_before.as_str()),
        ("Code", event.code.as_str()),
        ("Description", &description),
        ("EventId", &event.id),
    ];
    members.extend(not_after.as_deref().map(|date| ("NotAfter", date)));
    members.push(("State", state));
    object_in("  ", &members)
}
