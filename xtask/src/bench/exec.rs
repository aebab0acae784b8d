//! What `imds exec` adds to the start of a program, beside the bare namespaces of `unshare`.

use std::process::Command;

use anyhow::Result;

use super::measure::{IMDS, ROUNDS, median, time};

/// Starts per round: one alone is too short to compare.
const STARTS: usize = 20;

pub(super) fn measure() -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS * STARTS {
        theirs.push(time(Command::new("unshare").args(["-rn", "true"]))?);
        ours.push(time(Command::new(&*IMDS).args(["exec", "--", "true"]))?);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("start of a program, ms of wall time, {} starts each", ROUNDS * STARTS);
    println!("  unshare -rn true      {theirs:6.2}");
    println!(
        "  imds exec -- true     {ours:6.2}   {:.2} more (goal: at most 8 more)\n",
        ours - theirs
    );
    Ok(())
}
