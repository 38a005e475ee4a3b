//! The certificate of the loopback listener: a self-signed one, or the operator's.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    auth::AuthError,
    base::{
        clock::{Clock, UnixTime},
        digest::Digest,
        file_lock::FileLock,
        files::{FileMode, create_private_dir, write_atomic},
        home::Home,
    },
};

/// How long a certificate holds, and how long before its end it is replaced.
const DAYS: u64 = 90;
const DAYS_LEFT: u64 = 30;
const DAY: u64 = 24 * 60 * 60;
/// No file of ours is larger.
const LARGEST: u64 = 64 * 1024;

/// The certificate that is in use.
pub(super) struct Tls {
    folder: PathBuf,
    /// The operator's, in place of one of ours.
    of_operator: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    current: Mutex<Option<Arc<Certificate>>>,
}

/// A certificate for `localhost`, ready to serve.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) config: Arc<ServerConfig>,
    /// SHA-256 of one of ours, which no browser knows, as it shows it: `AB:CD:...`.
    pub(super) fingerprint: Option<String>,
    made: UnixTime,
}

impl Certificate {
    fn is_good_at(&self, now: UnixTime) -> bool {
        is_good(self.made, now)
    }
}

/// A certificate made in the future is one from before the clock was set back: browsers would refuse it.
fn is_good(made: UnixTime, now: UnixTime) -> bool {
    made <= now.after(Duration::from_secs(DAY / 2)) && now.since(made) < Duration::from_secs((DAYS - DAYS_LEFT) * DAY)
}

impl Tls {
    /// The one in this file of the operator's, else the one in `data/tls/`.
    pub(super) fn new(home: &Home, of_operator: Option<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self {
            folder: home.data().join("tls"),
            of_operator,
            clock,
            current: Mutex::default(),
        }
    }

    /// The certificate: held, else read, else made. Reads files: call it where that is fine.
    pub(super) fn certificate(&self) -> Result<Arc<Certificate>, AuthError> {
        let now = self.clock.now();
        if let Some(file) = &self.of_operator {
            // Anew each time: whoever renews it need not tell us.
            let read = read_operators(file, now);
            return read.map(Arc::new).map_err(|reason| AuthError::OperatorsCertificate {
                file: file.clone(),
                reason,
            });
        }
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = current.as_ref().filter(|held| held.is_good_at(now)) {
            return Ok(Arc::clone(held));
        }
        let read = read_or_make(&self.folder, now)?;
        Ok(Arc::clone(current.insert(Arc::new(read))))
    }
}

fn read_or_make(folder: &Path, now: UnixTime) -> Result<Certificate, AuthError> {
    let refused = |reason: String| AuthError::Certificate { reason };
    let failed = |error: io::Error| refused(error.to_string());
    create_private_dir(folder).map_err(failed)?;
    let _one_at_a_time =
        FileLock::acquire(&folder.join("lock")).map_err(|error| error.told(AuthError::Locked, failed))?;
    // One file holds both, so that they always belong together.
    let file = folder.join("localhost.pem");
    match read(&file) {
        Ok(certificate) if certificate.is_good_at(now) => return Ok(certificate),
        Ok(_old) => {}
        Err(reason) => tracing::debug!(reason, "a new certificate is made"),
    }
    let text = make(now).map_err(|error| refused(error.to_string()))?;
    write_atomic(&file, text.as_bytes(), FileMode::Private).map_err(failed)?;
    parse(&text).map_err(refused)
}

fn read_operators(file: &Path, now: UnixTime) -> Result<Certificate, String> {
    let metadata = fs::metadata(file).map_err(|error| error.to_string())?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err("it is not a plain file of at most 64 KiB".to_owned());
    }
    if !is_private(&metadata) {
        return Err("others can read the key in it".to_owned());
    }
    let text = Zeroizing::new(fs::read_to_string(file).map_err(|error| error.to_string())?);
    served(&text, now)
}

fn read(file: &Path) -> Result<Certificate, String> {
    let metadata = fs::symlink_metadata(file).map_err(|error| error.to_string())?;
    if !metadata.is_file() || metadata.len() > LARGEST || !is_private(&metadata) {
        return Err("it is not a file of this user alone".to_owned());
    }
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    parse(&Zeroizing::new(text))
}

#[cfg(unix)]
fn is_private(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(_metadata: &fs::Metadata) -> bool {
    true
}

/// The file: a line that says when it was made, the certificate, its key.
fn parse(text: &str) -> Result<Certificate, String> {
    let made = text.lines().next().and_then(|line| line.strip_prefix("made "));
    let made = made.and_then(|made| made.parse().ok()).map(UnixTime);
    let made = made.ok_or("it does not say when it was made")?;
    let certificate = CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_no| "it has no certificate")?;
    let fingerprint = Some(fingerprint(&certificate));
    Ok(Certificate {
        fingerprint,
        ..served(text, made)?
    })
}

/// A certificate, those that it was signed with, and its key, in any order.
fn served(text: &str, made: UnixTime) -> Result<Certificate, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let chain = chain
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or("it has no certificate")?;
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_no| "it has no key")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    let mut config = config
        .with_single_cert(chain, key)
        .map_err(|_does_not_fit| "certificate and key do not belong together")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Certificate {
        config: Arc::new(config),
        fingerprint: None,
        made,
    })
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = Digest::of(certificate);
    let pairs: Vec<String> = digest.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

fn make(now: UnixTime) -> Result<Zeroizing<String>, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
    params
        .subject_alt_names
        .push(SanType::IpAddress(std::net::Ipv6Addr::LOCALHOST.into()));
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Pocket on this machine");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A browser's clock may be a little behind.
    params.not_before = at(now.0.saturating_sub(DAY as i64));
    params.not_after = at(now.after(Duration::from_secs(DAYS * DAY)).0);
    let certificate = params.self_signed(&key)?;
    let key_pem = Zeroizing::new(key.serialize_pem());
    Ok(Zeroizing::new(format!(
        "made {}\n{}{}",
        now.0,
        certificate.pem(),
        *key_pem
    )))
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::base::clock::ManualClock;

    fn tls(folder: &Path, clock: &Arc<ManualClock>) -> Tls {
        Tls::new(&Home::at(folder), None, Arc::clone(clock) as Arc<dyn Clock>)
    }

    #[test]
    fn a_certificate_is_kept_and_replaced_a_month_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(UnixTime(1_800_000_000)));
        let first = tls(folder.path(), &clock).certificate().unwrap();
        assert_eq!(first.fingerprint.as_ref().map(String::len), Some(95));
        clock.advance(Duration::from_secs(59 * DAY));
        assert_eq!(
            tls(folder.path(), &clock).certificate().unwrap().fingerprint,
            first.fingerprint
        );
        clock.advance(Duration::from_secs(2 * DAY));
        let held = tls(folder.path(), &clock);
        let second = held.certificate().unwrap();
        assert_ne!(second.fingerprint, first.fingerprint);
        clock.set(UnixTime(1_700_000_000));
        assert_ne!(
            held.certificate().unwrap().fingerprint,
            second.fingerprint,
            "the clock was set back"
        );
    }

    #[test]
    fn a_damaged_or_open_certificate_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(UnixTime(1_800_000_000)));
        let first = tls(folder.path(), &clock).certificate().unwrap();
        let file = Home::at(folder.path()).data().join("tls/localhost.pem");
        let whole = fs::read_to_string(&file).unwrap();
        for damaged in [
            "",
            "made x\n",
            &whole[..whole.len() / 2],
            &whole.replace("BEGIN CERT", "BEGIN SERT"),
        ] {
            write_atomic(&file, damaged.as_bytes(), FileMode::Private).unwrap();
            assert_ne!(
                tls(folder.path(), &clock).certificate().unwrap().fingerprint,
                first.fingerprint
            );
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let before = tls(folder.path(), &clock).certificate().unwrap();
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            assert_ne!(
                tls(folder.path(), &clock).certificate().unwrap().fingerprint,
                before.fingerprint
            );
        }
    }

    #[test]
    fn the_operators_certificate_is_served_as_it_is_now_and_has_no_fingerprint_to_check() {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(UnixTime(1_800_000_000)));
        let file = folder.path().join("mine.pem");
        let tls = Tls::new(&Home::at(folder.path()), Some(file.clone()), clock);
        assert!(matches!(tls.certificate(), Err(AuthError::OperatorsCertificate { .. })));
        let made = make(UnixTime(1_800_000_000)).unwrap();
        write_atomic(&file, made.as_bytes(), FileMode::Private).unwrap();
        assert_eq!(tls.certificate().unwrap().fingerprint, None);
        write_atomic(&file, b"renewed, and cut off", FileMode::Private).unwrap();
        tls.certificate().unwrap_err();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            write_atomic(&file, made.as_bytes(), FileMode::Private).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            let refused = tls.certificate().unwrap_err();
            assert!(refused.to_string().contains("others can read"), "{refused}");
            assert!(refused.hints()[0].contains("chmod 600"), "{refused:?}");
        }
        assert!(
            !Home::at(folder.path()).data().join("tls").exists(),
            "none of ours is made"
        );
    }

    #[test]
    fn a_key_of_another_certificate_is_not_used() {
        let one = make(UnixTime(1_800_000_000)).unwrap();
        let two = make(UnixTime(1_800_000_000)).unwrap();
        let (head, _) = one.split_once("-----BEGIN PRIVATE KEY").unwrap();
        let (_, tail) = two.split_once("-----BEGIN PRIVATE KEY").unwrap();
        assert!(parse(&format!("{head}-----BEGIN PRIVATE KEY{tail}")).is_err());
        assert!(parse(&one).is_ok());
    }
}
