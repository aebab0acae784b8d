//! A service in a process of its own: commands on its standard input, one answer a line.
//!
//! Each connection says with which TTL it wants to be answered, and is told which link it came by and
//! from where.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _, stdin, stdout};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{env, thread};

use imds_links::{Attached, Kept, LinkNumber, Plumber, PlumberSettings, User, drop_privileges};
use imds_linux::{Namespace, socket};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::Shutdown;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use testkit::{Context as _, Result, bail};

const VARIABLE: &str = "IMDS_LINKS_SERVICE";

/// A running service; ends in order when it is dropped.
pub(crate) struct Service {
    pub(crate) child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Service {
    /// Starts it in `host`. `rights` is `all`, or `none` for a service that has dropped its own.
    pub(crate) fn start(host: &Namespace, rights: &str) -> Result<Self> {
        let spawned = host.run(|| {
            Command::new(env::current_exe()?)
                .env(VARIABLE, rights)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
        })?;
        let mut child = spawned?;
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self { child, commands, answers })
    }

    /// One command, and its answer.
    pub(crate) fn ask(&mut self, command: &str) -> Result<String> {
        let commands = self.commands.as_mut().context("it was stopped")?;
        writeln!(commands, "{command}")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Attaches, and gives the device's name.
    pub(crate) fn attach(&mut self, number: u32, place: &str) -> Result<String> {
        match self.ask(&format!("attach {number} {place}"))?.split_once(' ') {
            Some(("ok", device)) => Ok(device.into()),
            other => bail!("{place}: {other:?}"),
        }
    }

    /// Ends it as an administrator would.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.commands = None;
        self.child.wait()?;
        Ok(())
    }

    /// Ends it without a chance to tidy up.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

/// Runs as the service if this process was started as one.
pub(crate) fn run_if_asked() {
    if let Some(rights) = env::var_os(VARIABLE) {
        serve(rights == "none").expect("the service of a test");
        std::process::exit(0);
    }
}

fn serve(without_rights: bool) -> Result<()> {
    let plumber = Plumber::start(PlumberSettings::default())?;
    if without_rights {
        drop_privileges(Some(User { uid: 65534, gid: 65534 }), Kept::default())?;
    }
    let mut links = HashMap::new();
    let mut fillers = Vec::new();
    for line in stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let answer = match words[..] {
            ["attach", number, place] => {
                let number = number.parse()?;
                match plumber.attach(LinkNumber(number), &place.parse()?) {
                    Ok(attached) => {
                        let device = attached.device.clone();
                        let Attached { listeners, gone, .. } = attached;
                        let accepting = listeners.into_iter();
                        let accepting = accepting.map(|listener| accept(number, listener));
                        links.insert(number, (gone, accepting.collect::<Result<Vec<_>>>()?));
                        format!("ok {device}")
                    }
                    Err(error) => error.to_string(),
                }
            }
            ["detach", number] => {
                if let Some((_, threads)) = links.remove(&number.parse()?) {
                    close(threads)?;
                }
                match plumber.detach(LinkNumber(number.parse()?)) {
                    Ok(()) => "ok".into(),
                    Err(error) => error.to_string(),
                }
            }
            ["fill"] => {
                fill(&mut fillers)?;
                "ok".into()
            }
            ["empty"] => {
                fillers.clear();
                "ok".into()
            }
            ["gone", number] => gone(&links.get(&number.parse()?).context("no such link")?.0),
            ["socket", number] => match plumber.socket(LinkNumber(number.parse()?), false) {
                Ok(_) => "ok".into(),
                Err(error) => error.to_string(),
            },
            ["enter", path] => match Namespace::open(path.as_ref()).and_then(|it| it.enter()) {
                Ok(()) => "entered".into(),
                Err(error) => format!("{error}: {:?}", error.io()),
            },
            _ => bail!("unknown: {line}"),
        };
        writeln!(stdout(), "{answer}")?;
    }
    Ok(())
}

/// Opens as many descriptors as this process may, but one.
fn fill(fillers: &mut Vec<File>) -> Result<()> {
    let limit = Rlimit { current: Some(64), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit)?;
    while let Ok(file) = File::open("/dev/null") {
        fillers.push(file);
    }
    fillers.pop().map(drop).context("there is no room at all")
}

/// Waits until the link's place is gone, for a second.
fn gone(link: &OwnedFd) -> String {
    let mut ready = [PollFd::new(link, PollFlags::IN)];
    let patience = Timespec { tv_sec: 1, tv_nsec: 0 };
    match poll(&mut ready, Some(&patience)) {
        Ok(0) => "there".into(),
        Ok(_) => "gone".into(),
        Err(error) => error.to_string(),
    }
}

/// A listener, and the thread that accepts from it.
type Accepting = (TcpListener, JoinHandle<()>);

fn accept(number: u32, listener: TcpListener) -> Result<Accepting> {
    listener.set_nonblocking(false)?;
    let own = listener.try_clone()?;
    let thread = thread::spawn(move || {
        while let Ok((stream, _)) = own.accept() {
            thread::spawn(move || answer(number, stream));
        }
    });
    Ok((listener, thread))
}

fn close(accepting: Vec<Accepting>) -> Result<()> {
    for (listener, thread) in accepting {
        rustix::net::shutdown(&listener, Shutdown::Both)?;
        thread.join().ok().context("the thread panicked")?;
    }
    Ok(())
}

fn answer(number: u32, mut stream: TcpStream) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    let peer = stream.peer_addr()?.ip();
    socket::lower_ttl(&stream.as_fd(), peer, line.trim().parse()?)?;
    stream.write_all(format!("link {number} {peer}\n").as_bytes())?;
    Ok(())
}
