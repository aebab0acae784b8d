//! What is read before the first call: certificates, keys and passwords.

use std::path::Path;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use super::client::{Client, Login};
use super::location::EtcdLocation;
use crate::open_error::OpenError;
use crate::secret_file::{secret, text};

/// A cluster's members and how to get in, with what files say.
pub(super) struct Setup {
    /// As messages name the cluster.
    pub(super) name: String,
    members: Vec<Endpoint>,
    login: Option<(String, String)>,
}

impl Setup {
    pub(super) fn read(location: &EtcdLocation) -> Result<Self, OpenError> {
        let tls = location.ca.as_deref().map(|ca| tls(location, ca)).transpose()?;
        let member = |member: &String| {
            let invalid = |error: tonic::transport::Error| invalid(location, &error);
            let endpoint = Endpoint::from_shared(location.uri(member)).map_err(invalid)?;
            match &tls {
                Some(tls) => endpoint.tls_config(tls.clone()).map_err(invalid),
                None => Ok(endpoint),
            }
        };
        let members = location.members.iter().map(member).collect::<Result<_, _>>()?;
        let password = location.password_file.as_deref().map(secret).transpose()?;
        let password = password.map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
        let login = location.user.clone().zip(password);
        Ok(Self { name: location.to_string(), members, login })
    }

    /// Must be called within a runtime.
    pub(super) fn client(&self) -> Client {
        let login = self.login.clone().map(|(user, password)| Login { user, password });
        Client::new(self.members.clone(), login)
    }
}

fn tls(location: &EtcdLocation, ca: &Path) -> Result<ClientTlsConfig, OpenError> {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(text(ca)?));
    if let (Some(cert), Some(key)) = (&location.cert, &location.key) {
        tls = tls.identity(Identity::from_pem(text(cert)?, secret(key)?));
    }
    Ok(tls)
}

fn invalid(location: &EtcdLocation, error: &tonic::transport::Error) -> OpenError {
    let reason = std::error::Error::source(error).map_or(error.to_string(), ToString::to_string);
    OpenError::Etcd { problem: format!("{location} cannot be spoken with: {reason}") }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn secrets_are_for_their_owner_and_wrong_files_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str, mode: u32| {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let setup = |query: &str| {
            let location = EtcdLocation::parse(&format!("root@127.0.0.1:1?{query}")).unwrap();
            Setup::read(&location).map_err(|error| error.to_string())
        };
        let password = file("password", "secret\n", 0o600);
        let login = setup(&format!("password-file={}", password.display())).ok().unwrap().login;
        assert_eq!(login, Some(("root".to_owned(), "secret".to_owned())));

        let open = file("open", "secret", 0o644);
        let problem = setup(&format!("password-file={}", open.display())).err().unwrap();
        assert!(problem.contains("others may use: chmod 600"), "{problem}");
        let problem = setup("password-file=/absent").err().unwrap();
        assert_eq!(problem, "cannot read /absent");

        // Nobody writes to the pipe, so whoever waits for it waits for ever.
        let pipe = directory.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for (path, problem) in
            [(&*pipe, "is not a regular file"), (directory.path(), "is a directory, not a file")]
        {
            for query in ["password-file={}", "password-file={0}&ca={}"] {
                let query = query.replace("{0}", &password.display().to_string());
                let found = setup(&query.replace("{}", &path.display().to_string())).err().unwrap();
                assert_eq!(found, format!("{} {problem}", path.display()));
            }
        }

        let empty = file("empty", "", 0o600);
        let query = format!(
            "password-file={}&ca={1}&cert={1}&key={1}",
            password.display(),
            empty.display()
        );
        let problem = setup(&query).err().unwrap();
        assert!(
            problem.starts_with("etcd: etcd://127.0.0.1:1/imds cannot be spoken with: "),
            "{problem}"
        );
        assert!(!problem.contains("secret"), "{problem}");
    }
}
