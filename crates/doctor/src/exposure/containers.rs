//! The addresses where tasks of ECS and pods of EKS get credentials.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::http::Origin;
use super::way::{Access, Scope, Way, at_once};

const ECS: &str = "http://169.254.170.2";
/// The addresses of EKS Pod Identity.
const EKS: [&str; 2] =
    ["http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"];
/// Where a pod has its token for EKS Pod Identity.
const EKS_TOKEN: &str =
    "var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token";

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// A URL, and the token for it.
type Source = (String, Option<String>);

pub(super) fn ways(scope: &Scope) -> Vec<Way> {
    let own: Vec<_> = scope.variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut sources = BTreeSet::new();
    sources.extend(sources_of(&own, &scope.root));
    // Other processes' variables, as far as this one may read them.
    for environment in environments(&scope.root) {
        let pairs = environment.split('\0').filter_map(|pair| pair.split_once('='));
        sources.extend(sources_of(&pairs.collect::<Vec<_>>(), &scope.root));
    }
    let mut asked: Vec<_> = sources.into_iter().map(Some).collect();
    let is_of_task = |source: &Option<Source>| {
        source.as_ref().is_some_and(|(url, _)| url.starts_with(&format!("{ECS}/")))
    };
    if !asked.iter().any(is_of_task) {
        asked.push(None);
    }
    at_once(&asked, |it| it.as_ref().map_or_else(|| without_path(scope), |it| ask(it, scope)))
}

/// What one process's variables say, and what every pod may try.
fn sources_of(variables: &[(&str, &str)], root: &Path) -> Vec<Source> {
    let value = |wanted: &str| {
        variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    };
    let read = |file: &str| {
        let token = fs::read_to_string(root.join(file.trim_start_matches('/'))).ok()?;
        Some(token.trim().to_owned())
    };
    let of_file = value(TOKEN_FILE).and_then(|file| read(&file));
    let token = value(TOKEN).or(of_file);
    let mut sources = Vec::new();
    sources.extend(value(RELATIVE).map(|path| (format!("{ECS}{path}"), token.clone())));
    sources.extend(value(FULL).map(|url| (url, token.clone())));
    let pod = token.or_else(|| read(EKS_TOKEN));
    sources.extend(EKS.map(|url| (url.to_owned(), pod.clone())));
    sources
}

fn environments(root: &Path) -> Vec<String> {
    let processes = fs::read_dir(root.join("proc")).into_iter().flatten().flatten();
    let read = processes.filter_map(|process| fs::read(process.path().join("environ")).ok());
    read.map(|environment| String::from_utf8_lossy(&environment).into_owned()).collect()
}

fn ask((url, token): &Source, scope: &Scope) -> Way {
    let fields = token.as_ref().map_or_else(String::new, |it| format!("Authorization: {it}\r\n"));
    let answer = Origin::of_url(url)
        .and_then(|(origin, path)| origin.ask("GET", &path, &fields, scope.patience));
    let (access, seen) = match answer {
        Ok(answer) if answer.status == 200 && answer.body.contains("AccessKeyId") => {
            let open = if token.is_some() { Access::WithToken } else { Access::WithoutToken };
            (open, "gives credentials".to_owned())
        }
        Ok(answer) => (Access::Closed, format!("refused with {}", answer.status)),
        Err(reason) => (Access::Closed, reason),
    };
    Way { kind: "container", place: url.clone(), access, seen }
}

/// ECS, where no process says which path a task has.
fn without_path(scope: &Scope) -> Way {
    let answer = Origin::of_url(ECS)
        .and_then(|(origin, _)| origin.ask("GET", "/v2/credentials", "", scope.patience));
    let seen = match answer {
        Ok(answer) => {
            format!(
                "answers with {}; a task's path, which is secret, is not known here",
                answer.status
            )
        }
        Err(reason) => reason,
    };
    Way { kind: "container", place: ECS.to_owned(), access: Access::Closed, seen }
}
