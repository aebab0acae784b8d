//! What a second worker adds.
//!
//! Not by the rate of responses: with two processors the client takes its share of the second, and decides.
//! Two workers that had a processor each would answer 2 / t requests a second where one request takes them
//! the processor time t, so the second one is worth 2 · t1 / t2 of the first. Locks, shared cache lines and
//! wakeups for nothing are in t2.

use anyhow::Result;

use super::contender::Contender;
use super::load::Load;
use super::measure::medians;

const ONE: &str = "127.0.0.1:13382";
const TWO: &str = "127.0.0.1:13383";
const ROWS: [(&str, Load); 2] =
    [("GET, kept alive", Load::KEPT_ALIVE), ("GET, a connection each", Load::FRESH)];

pub(super) fn measure() -> Result<()> {
    let serve = |address, name, threads| {
        Contender::imds(address, name, &["--access-log", "off", "--threads", threads])
    };
    let (one, two) = (serve(ONE, "one", "1")?, serve(TWO, "two", "2")?);
    println!("microseconds of processor time per request with one worker (t1) and with two (t2);");
    println!(
        "two that have a processor each answer 2 t1/t2 of what one does, whatever the client takes"
    );
    println!("  {:26}    t1     t2  2 t1/t2  goal", "");
    for (name, load) in ROWS {
        let [of_one, of_two] = medians([&one, &two], |subject| subject.load(load))?;
        println!("  {name:26}{of_one:6.2} {of_two:6.2}     {:.2}  1.80", 2.0 * of_one / of_two);
    }
    println!();
    Ok(())
}
