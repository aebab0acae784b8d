//! The mocked events of a file, as a schedule. The mock without a sub-command simulates all of them.

use std::time::Duration;

use imds_core::events::{MaintenanceCode, SpotAction, TargetState};

use super::file::MockFile;
use crate::settings::time;
use imds_account::events::{EventKind, NewEvent, When};
use imds_host::{Begin, Scheduled};

/// How long maintenance takes by default, in seconds: a week.
const MAINTENANCE_SECONDS: u64 = 7 * 24 * 3600;

/// Takes the events; `now` is in seconds since 1970.
pub(super) fn of(file: &mut MockFile, now: u64) -> Result<Vec<Scheduled>, String> {
    let mocks = begin(file, "mock", now)?;
    let rebalance = begin(file, "rebalance", now)?;
    let asg = begin(file, "asg-termination", now)?;
    let lifecycle = |state| EventKind::LifecycleState(state);
    let mut scheduled = vec![
        once(mocks, spot(file)?, at(file, "spot.time")?),
        once(rebalance, EventKind::Rebalance, at(file, "spot.rebalance-rec-time")?),
    ];
    let not_before = at(file, "events.not-before")?.unwrap_or(now);
    let not_after = at(file, "events.not-after")?;
    let lasts =
        not_after.map_or(MAINTENANCE_SECONDS, |not_after| not_after.saturating_sub(not_before));
    let code = file.parse("events.code")?.unwrap_or(MaintenanceCode::SystemReboot);
    let maintenance = EventKind::Maintenance { code, description: None, lasts: Some(lasts) };
    file.take_default("events.state", "active");
    scheduled.push(once(mocks, maintenance, Some(not_before)));
    if asg != Begin::After(Duration::ZERO) {
        let start = Begin::After(Duration::ZERO);
        scheduled.push(once(start, lifecycle(TargetState::InService), None));
    }
    scheduled.push(once(asg, lifecycle(TargetState::Terminated), None));
    Ok(scheduled)
}

fn once(begins: Begin, kind: EventKind, at: Option<u64>) -> Scheduled {
    let event = NewEvent { kind, when: at.map(When::At) };
    Scheduled { begins, every: None, instance: None, event }
}

fn spot(file: &mut MockFile) -> Result<EventKind, String> {
    let action = file.parse("spot.action")?.unwrap_or(SpotAction::Terminate);
    Ok(EventKind::SpotInterruption { action })
}

/// When an event begins: at a time, or after a delay. A time in the past means now.
fn begin(file: &mut MockFile, mock: &str, now: u64) -> Result<Begin, String> {
    let delay: Option<u64> = file.parse(&format!("{mock}-delay-sec"))?;
    let begin = match at(file, &format!("{mock}-trigger-time"))? {
        Some(time) if time > now => Begin::At(time.saturating_mul(1000)),
        Some(_) => Begin::After(Duration::ZERO),
        None => Begin::After(Duration::from_secs(delay.unwrap_or(0))),
    };
    Ok(begin)
}

fn at(file: &mut MockFile, path: &str) -> Result<Option<u64>, String> {
    let text: Option<String> = file.parse(path)?;
    text.map(|text| time(&text).map_err(|error| format!("{path}: {error}"))).transpose()
}
