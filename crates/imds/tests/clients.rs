//! Real clients, inside `imds exec`: none of them is told that this is not EC2.

mod cloud_init;
mod container;
mod programs;
mod providers;
mod scripts;
mod sdk;

use std::path::Path;

use testkit::{Result, Trial, ensure};

pub(crate) use sdk::print_losses;

pub(crate) fn tests() -> Vec<Trial> {
    let tests = [
        cloud_init::tests(),
        scripts::tests(),
        sdk::tests(),
        programs::tests(),
        providers::tests(),
        container::tests(),
    ];
    tests.into_iter().flatten().collect()
}

/// The access log of a service that has ended.
struct Log(String);

impl Log {
    fn read(path: &Path) -> Result<Self> {
        Ok(Self(std::fs::read_to_string(path)?))
    }

    /// How many lines hold all of these words.
    fn count(&self, words: &[&str]) -> usize {
        self.0.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }

    /// What was asked for, in order: `v2 GET ⟨path⟩ ⟨status⟩`.
    fn requests(&self) -> Vec<String> {
        let of = |line: &str| line.split(' ').skip(3).take(4).collect::<Vec<_>>().join(" ");
        self.0.lines().map(of).collect()
    }

    /// How long a client waited for its tokens: from each `PUT` to its next request, in seconds.
    fn wait_for_tokens(&self) -> Result<f64> {
        let mut waited = 0.0;
        let lines: Vec<_> = self.0.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0].contains(" PUT ")) {
            waited += (second(pair[1])? - second(pair[0])?).rem_euclid(60.0);
        }
        Ok(waited)
    }

    fn expect(&self, words: &[&str]) -> Result<()> {
        ensure!(self.count(words) > 0, "no line with {words:?} in the log:\n{}", self.0);
        Ok(())
    }

    fn expect_none(&self, words: &[&str]) -> Result<()> {
        ensure!(self.count(words) == 0, "a line with {words:?} in the log:\n{}", self.0);
        Ok(())
    }
}

/// The second within its minute at which a line was written: `…:07.966Z …`.
fn second(line: &str) -> Result<f64> {
    let time = line.split('Z').next().unwrap_or_default();
    Ok(time.rsplit(':').next().unwrap_or_default().parse()?)
}
