//! The addresses where tasks of ECS and pods of EKS get credentials.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::http::{Origin, Unasked};
use super::way::{Access, Scope, Way, at_once};

const ECS: &str = "169.254.170.2";
/// The addresses of EKS Pod Identity.
const EKS: [&str; 2] = ["169.254.170.23", "[fd00:ec2::23]"];
/// Where a pod has its token for EKS Pod Identity.
const EKS_TOKEN: &str =
    "var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token";

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// A URL and the token for it. The path may be as secret as the token, so only `name` is printed.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Source {
    url: String,
    token: Token,
    name: String,
}

#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
enum Token {
    /// None is named.
    None,
    Known(String),
    /// One is named that cannot be had: why.
    Unread(String),
}

pub(super) fn ways(scope: &Scope) -> Vec<Way> {
    let mut sources = named(scope);
    let of_task = format!("http://{ECS}/");
    if !sources.iter().any(|source| source.url.starts_with(&of_task)) {
        let name = format!("{ECS}, where a task's path is needed that is not known here");
        sources.push(Source { url: format!("{of_task}v2/credentials"), token: Token::None, name });
    }
    for host in EKS {
        let (url, name) = (format!("http://{host}/v1/credentials"), host.to_owned());
        sources.push(Source { url, token: of_pod(&scope.root), name });
    }
    // The same in several processes is asked once.
    let mut known = BTreeSet::new();
    sources.retain(|source| known.insert((source.url.clone(), source.token.clone())));
    at_once(&sources, |source| ask(source, scope))
}

/// What variables name: this process's, and those of others as far as this one may read them.
fn named(scope: &Scope) -> Vec<Source> {
    let own: Vec<_> = scope.variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut sources = sources_of(&own, "this process", &scope.root);
    let processes = fs::read_dir(scope.root.join("proc")).into_iter().flatten().flatten();
    for process in processes {
        let Ok(environment) = fs::read(process.path().join("environ")) else { continue };
        let environment = String::from_utf8_lossy(&environment);
        let pairs = environment.split('\0').filter_map(|pair| pair.split_once('='));
        let name = format!("process {}", process.file_name().to_string_lossy());
        // A container's paths are those of its own file system.
        let view = process.path().join("root");
        let view = if view.exists() { &view } else { &scope.root };
        sources.extend(sources_of(&pairs.collect::<Vec<_>>(), &name, view));
    }
    sources
}

/// What a process's variables name; `root` is its file system.
fn sources_of(variables: &[(&str, &str)], process: &str, root: &Path) -> Vec<Source> {
    let value = |wanted: &str| {
        variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    };
    let token = match (value(TOKEN), value(TOKEN_FILE)) {
        (Some(token), _) => Token::Known(token),
        (None, Some(file)) => read(root, &file).unwrap_or_else(|why| {
            Token::Unread(format!("the token in {file} of {process} cannot be read: {why}"))
        }),
        (None, None) => Token::None,
    };
    let relative = value(RELATIVE).map(|path| (RELATIVE, format!("http://{ECS}{path}")));
    let full = value(FULL).map(|url| (FULL, url));
    let sources = relative.into_iter().chain(full).map(|(variable, url)| {
        let server = url.split("://").nth(1).unwrap_or(&url);
        let server = server.split('/').next().unwrap_or(server);
        let name = format!("{server}, by {variable} of {process}");
        Source { url, token: token.clone(), name }
    });
    sources.collect()
}

/// The token where EKS puts it: most machines have none.
fn of_pod(root: &Path) -> Token {
    read(root, EKS_TOKEN).unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => Token::None,
        _ => Token::Unread(format!("the token in /{EKS_TOKEN} cannot be read: {error}")),
    })
}

fn read(root: &Path, file: &str) -> io::Result<Token> {
    let token = fs::read_to_string(root.join(file.trim_start_matches('/')))?;
    Ok(Token::Known(token.trim().to_owned()))
}

fn ask(source: &Source, scope: &Scope) -> Way {
    let Source { url, token, name } = source;
    let fields = match token {
        Token::Known(token) => format!("Authorization: {token}\r\n"),
        Token::None | Token::Unread(_) => String::new(),
    };
    let answer = Origin::of_url(url).map(|(origin, path)| {
        let path = if path.is_empty() { "/" } else { &path };
        origin.ask("GET", path, &fields, scope.patience)
    });
    let (access, seen) = match (answer, token) {
        (Ok(Ok(answer)), _) if answer.status == 200 && answer.body.contains("AccessKeyId") => {
            let has_token = matches!(token, Token::Known(_));
            let open = if has_token { Access::WithToken } else { Access::WithoutToken };
            (open, "gives credentials".to_owned())
        }
        // With the token it may be open.
        (Ok(Ok(answer)), Token::Unread(why)) => {
            (Access::Untried, format!("refused with {} without a token; {why}", answer.status))
        }
        (Ok(Ok(answer)), _) => (Access::Closed, format!("refused with {}", answer.status)),
        (Ok(Err(reason)) | Err(Unasked::Nobody(reason)), _) => (Access::Closed, reason),
        (Err(Unasked::Untried(reason)), _) => (Access::Untried, reason),
    };
    Way { kind: "container", place: name.clone(), access, seen }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// What another process's variables lead to, whose file system has `token` in it; the server wants the
    /// token `right`.
    fn way(token: Option<&str>) -> Way {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let root = tempfile::tempdir().unwrap();
        let process = root.path().join("proc/7");
        fs::create_dir_all(process.join("root/run")).unwrap();
        fs::create_dir_all(root.path().join("run")).unwrap();
        // The same path elsewhere is another file.
        fs::write(root.path().join("run/token"), "wrong\n").unwrap();
        if let Some(token) = token {
            fs::write(process.join("root/run/token"), token).unwrap();
        }
        let variables = format!("{FULL}=http://{address}/role\0{TOKEN_FILE}=/run/token\0");
        fs::write(process.join("environ"), variables).unwrap();
        let scope = Scope {
            variables: BTreeMap::new(),
            endpoint: None,
            root: root.path().to_owned(),
            patience: Duration::from_secs(5),
        };
        let sources = named(&scope);
        assert_eq!(sources.len(), 1);
        thread::scope(|threads| {
            threads.spawn(|| {
                let (mut client, _) = server.accept().unwrap();
                let lines = BufReader::new(&client).lines().map(Result::unwrap);
                let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
                let is_right = head.iter().any(|line| line == "Authorization: right");
                let response = if is_right {
                    "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"AccessKeyId\":"
                } else {
                    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
                };
                client.write_all(response.as_bytes()).unwrap();
            });
            ask(&sources[0], &scope)
        })
    }

    #[test]
    fn a_token_is_read_in_the_file_system_of_its_process() {
        let open = way(Some("right\n"));
        assert_eq!(open.access, Access::WithToken, "{}", open.seen);
        let closed = way(Some("old\n"));
        assert_eq!((closed.access, &*closed.seen), (Access::Closed, "refused with 401"));
    }

    #[test]
    fn what_needs_a_token_that_cannot_be_read_does_not_pass_for_closed() {
        let untried = way(None);
        assert_eq!(untried.access, Access::Untried);
        let seen = "refused with 401 without a token; the token in /run/token of process 7 cannot be read: ";
        assert!(untried.seen.starts_with(seen), "{}", untried.seen);
    }
}
