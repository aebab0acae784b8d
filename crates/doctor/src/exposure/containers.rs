//! The addresses where tasks of ECS and pods of EKS get credentials.

use std::collections::BTreeSet;
use std::fs;
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
    token: Option<String>,
    name: String,
}

pub(super) fn ways(scope: &Scope) -> Vec<Way> {
    let own: Vec<_> = scope.variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut sources = sources_of(&own, "this process", &scope.root);
    // Other processes' variables, as far as this one may read them.
    for (process, environment) in environments(&scope.root) {
        let pairs = environment.split('\0').filter_map(|pair| pair.split_once('='));
        sources.extend(sources_of(&pairs.collect::<Vec<_>>(), &process, &scope.root));
    }
    let of_task = format!("http://{ECS}/");
    if !sources.iter().any(|source| source.url.starts_with(&of_task)) {
        let name = format!("{ECS}, where a task's path is needed that is not known here");
        sources.push(Source { url: format!("{of_task}v2/credentials"), token: None, name });
    }
    for host in EKS {
        let token = read(&scope.root, EKS_TOKEN);
        let (url, name) = (format!("http://{host}/v1/credentials"), host.to_owned());
        sources.push(Source { url, token, name });
    }
    // The same in several processes is asked once.
    let mut known = BTreeSet::new();
    sources.retain(|source| known.insert((source.url.clone(), source.token.clone())));
    at_once(&sources, |source| ask(source, scope))
}

/// What a process's variables name.
fn sources_of(variables: &[(&str, &str)], process: &str, root: &Path) -> Vec<Source> {
    let value = |wanted: &str| {
        variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    };
    let token = value(TOKEN).or_else(|| read(root, &value(TOKEN_FILE)?));
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

fn read(root: &Path, file: &str) -> Option<String> {
    let token = fs::read_to_string(root.join(file.trim_start_matches('/'))).ok()?;
    Some(token.trim().to_owned())
}

/// Processes and their variables.
fn environments(root: &Path) -> Vec<(String, String)> {
    let processes = fs::read_dir(root.join("proc")).into_iter().flatten().flatten();
    let read = processes.filter_map(|process| {
        let environment = fs::read(process.path().join("environ")).ok()?;
        let name = format!("process {}", process.file_name().to_string_lossy());
        Some((name, String::from_utf8_lossy(&environment).into_owned()))
    });
    read.collect()
}

fn ask(source: &Source, scope: &Scope) -> Way {
    let Source { url, token, name } = source;
    let fields = token.as_ref().map_or_else(String::new, |it| format!("Authorization: {it}\r\n"));
    let answer = Origin::of_url(url).map(|(origin, path)| {
        let path = if path.is_empty() { "/" } else { &path };
        origin.ask("GET", path, &fields, scope.patience)
    });
    let (access, seen) = match answer {
        Ok(Ok(answer)) if answer.status == 200 && answer.body.contains("AccessKeyId") => {
            let open = if token.is_some() { Access::WithToken } else { Access::WithoutToken };
            (open, "gives credentials".to_owned())
        }
        Ok(Ok(answer)) => (Access::Closed, format!("refused with {}", answer.status)),
        Ok(Err(reason)) | Err(Unasked::Nobody(reason)) => (Access::Closed, reason),
        Err(Unasked::Untried(reason)) => (Access::Untried, reason),
    };
    Way { kind: "container", place: name.clone(), access, seen }
}
