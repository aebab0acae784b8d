//! A shell with job control on a terminal, and the keys people press.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use testkit::{Trial, tests};

use super::sandbox::{As, PATIENCE, everyone, exec, wait_until};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[];
        keys_reach_the_program_and_nobody_dies_before_it,
        a_job_stops_and_goes_on,
        a_program_that_stops_itself_gives_the_terminal_back,
        the_end_of_the_terminal_reaches_the_program,
        with_the_ec2_api_a_person_is_told_what_to_try,
    ]
}

const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";
const CTRL_BACKSLASH: &str = "\x1c";

/// An interactive shell on a terminal of its own.
struct Terminal {
    screen: File,
    seen: String,
    shell: Child,
}

impl Terminal {
    fn open() -> Self {
        let mut shell = Command::new("bash");
        shell.args(["--norc", "--noprofile", "-i"]);
        Self::open_with(&shell)
    }

    /// A terminal whose session this program leads.
    fn open_with(leader: &Command) -> Self {
        let screen =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let keyboard: OwnedFd = open(name, flags, Mode::empty()).unwrap();
        let stdio = || Stdio::from(keyboard.try_clone().unwrap());
        let shell = Command::new("setsid")
            .args(["--ctty", "--wait"])
            .arg(leader.get_program())
            .args(leader.get_args())
            .env("PS1", "$ ")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        Self { screen: screen.into(), seen: String::new(), shell }
    }

    fn press(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen shows `text` after all that was waited for before.
    fn wait_for(&mut self, text: &str) {
        assert!(self.shows(text, PATIENCE), "no {text:?} in {:?}", self.seen);
    }

    /// Presses `keys` until the screen shows `text`: a signal that comes just as its `read` begins or ends
    /// is lost by bash now and then, also without us.
    fn press_until(&mut self, keys: &str, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        self.press(keys);
        while !self.shows(text, Duration::from_secs(3)) {
            assert!(Instant::now() < deadline, "no {text:?} in {:?}", self.seen);
            self.press(keys);
        }
    }

    /// Whether the screen shows `text` within so long.
    fn shows(&mut self, text: &str, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return true;
            }
            if Instant::now() > deadline {
                return false;
            }
            let second = Timespec { tv_sec: 1, tv_nsec: 0 };
            if poll(&mut [PollFd::new(&self.screen, PollFlags::IN)], Some(&second)).unwrap() > 0 {
                let mut bytes = [0; 4096];
                let length = self.screen.read(&mut bytes).unwrap();
                self.seen.push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
        }
    }

    /// Types the command that runs this script inside.
    fn run(&mut self, who: As, script: &Script) {
        let script = script.0.to_str().unwrap();
        self.start(&exec(who, &[], &["bash", script]));
    }

    /// Types a command, and then one that shows its code.
    fn start(&mut self, command: &Command) {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<&str> = words.map(|word| word.to_str().unwrap()).collect();
        self.press(&format!("{}; echo code=$?\n", words.join(" ")));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// A file with a script that everybody may read.
struct Script(PathBuf);

impl Script {
    fn new(name: &str, text: &str) -> Self {
        let path = env::temp_dir().join(format!("imds-exec-{name}-{}.sh", process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn keys_reach_the_program_and_nobody_dies_before_it() {
    let script = Script::new(
        "keys",
        "trap 'echo int' INT; trap 'echo quit; exit 3' QUIT\n\
                        echo ready; while :; do read -r -t 0.1 x; done",
    );
    for who in everyone() {
        let mut terminal = Terminal::open();
        terminal.wait_for("$ ");
        terminal.run(who, &script);
        terminal.wait_for("ready");
        terminal.press_until(CTRL_C, "int");
        terminal.press_until(CTRL_C, "int");
        terminal.press_until(CTRL_BACKSLASH, "code=3");
    }
}

fn a_job_stops_and_goes_on() {
    let script = Script::new("jobs", "echo ready; while read -r line; do echo got-$line; done");
    for who in everyone() {
        let mut terminal = Terminal::open();
        terminal.wait_for("$ ");
        terminal.run(who, &script);
        terminal.wait_for("ready");
        for _ in 0..3 {
            terminal.press(CTRL_Z);
            terminal.wait_for("Stopped");
            terminal.wait_for("$ ");
            terminal.press("fg\n");
            terminal.press("hello\n");
            terminal.wait_for("got-hello");
        }
        terminal.press(CTRL_C);
        terminal.wait_for("$ ");
        terminal.press("echo end=$?\n");
        terminal.wait_for("end=130");
    }
}

fn a_program_that_stops_itself_gives_the_terminal_back() {
    let script = Script::new("suspend", "echo ready; kill -STOP $$; echo again; exit 4");
    for who in everyone() {
        let mut terminal = Terminal::open();
        terminal.wait_for("$ ");
        terminal.run(who, &script);
        terminal.wait_for("ready");
        terminal.wait_for("Stopped");
        terminal.press("fg; echo then=$?\n");
        terminal.wait_for("again");
        terminal.wait_for("then=4");
    }
}

/// As when a window is closed, or a connection of SSH ends, that runs nothing but `imds exec`.
fn the_end_of_the_terminal_reaches_the_program() {
    for who in everyone() {
        let note = Script::new(&format!("hangup-{who:?}"), "");
        fs::set_permissions(&note.0, fs::Permissions::from_mode(0o666)).unwrap();
        let script = format!(
            "trap 'echo hangup >{}; exit 5' HUP; echo ready; while :; do sleep 0.1; done",
            note.0.display()
        );
        let mut terminal = Terminal::open_with(&exec(who, &[], &["bash", "-c", &script]));
        terminal.wait_for("ready");
        let Terminal { screen, shell, .. } = &mut terminal;
        // Nothing else has the terminal's other end open.
        *screen = File::open("/dev/null").unwrap();
        wait_until("for imds to end", || shell.try_wait().unwrap().is_some());
        assert_eq!(fs::read_to_string(&note.0).unwrap(), "hangup\n", "{who:?}");
        assert_eq!(shell.wait().unwrap().code(), Some(5), "{who:?}");
    }
}

fn with_the_ec2_api_a_person_is_told_what_to_try() {
    for who in everyone() {
        let mut terminal = Terminal::open();
        terminal.wait_for("$ ");
        terminal.start(&exec(who, &["--control", "--ami", "al2"], &["true"]));
        terminal.wait_for("This is i-1234567890abcdef0");
        terminal.wait_for("curl -X PUT");
        terminal.wait_for(
            "aws ec2 modify-instance-metadata-options --instance-id i-1234567890abcdef0 \
             --http-put-response-hop-limit 2",
        );
        terminal.wait_for("imds instance show");
        terminal.wait_for("code=0");
    }
}
