//! libgit2's settings, which one process has once.

use std::{
    collections::BTreeSet,
    io::Write as _,
    path::Path,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use crate::{
    base::{digest::Digest, net::NetSettings},
    source::SourceError,
};

const CONNECT_MILLIS: i32 = 10_000;
const ANSWER_MILLIS: i32 = 30_000;

/// Which CA files were added; `None` until libgit2 was set up at all. Whoever uses libgit2 holds it for reading, so
/// that nothing is set while a fetch runs.
static SET_UP: RwLock<Option<BTreeSet<Digest>>> = RwLock::new(None);

/// Refuses a CA file without a certificate, before anything needs it.
pub(super) fn check_ca(net: &NetSettings) -> Result<(), SourceError> {
    let Some(pem) = &net.ca_pem else {
        return Ok(());
    };
    match CertificateDer::pem_slice_iter(pem).next() {
        Some(Ok(_)) => Ok(()),
        Some(Err(e)) => Err(SourceError::Ca(e.to_string())),
        None => Err(SourceError::Ca("it is not PEM".to_owned())),
    }
}

/// Held by whoever uses libgit2, which is set up first where it was not yet.
pub(super) fn enter(net: &NetSettings) -> Result<RwLockReadGuard<'static, Option<BTreeSet<Digest>>>, SourceError> {
    set_up(net)?;
    Ok(SET_UP.read().unwrap_or_else(PoisonError::into_inner))
}

/// Sets libgit2's time limits, and adds the operator's CA to the roots that it trusts.
///
/// libgit2 has one set of roots: where one process makes several fetchers, each trusts the CAs of all.
fn set_up(net: &NetSettings) -> Result<(), SourceError> {
    let ca = net.ca_pem.as_deref();
    let is_done = |done: &Option<BTreeSet<Digest>>| {
        done.as_ref()
            .is_some_and(|added| ca.is_none_or(|pem| added.contains(&Digest::of(pem))))
    };
    if is_done(&SET_UP.read().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(());
    }
    let mut done = SET_UP.write().unwrap_or_else(PoisonError::into_inner);
    if done.is_none() {
        set_time_limits().map_err(|e| SourceError::Git(e.message().to_owned()))?;
    }
    let added = done.get_or_insert_default();
    if let Some(pem) = ca.filter(|pem| !added.contains(&Digest::of(pem))) {
        let failed = |e: std::io::Error| SourceError::Ca(e.to_string());
        let mut file = tempfile::NamedTempFile::new().map_err(failed)?;
        file.write_all(pem).map_err(failed)?;
        file.flush().map_err(failed)?;
        add_ca(file.path()).map_err(|e| SourceError::Ca(e.message().to_owned()))?;
        added.insert(Digest::of(pem));
    }
    Ok(())
}

#[expect(unsafe_code, reason = "libgit2's settings are process-wide")]
fn set_time_limits() -> Result<(), git2::Error> {
    // SAFETY: these write two integers of libgit2's without synchronisation. `SET_UP` is held for writing, so no thread
    // of ours is inside libgit2, and only this module's callers name git2.
    unsafe {
        git2::opts::set_server_connect_timeout_in_milliseconds(CONNECT_MILLIS)?;
        git2::opts::set_server_timeout_in_milliseconds(ANSWER_MILLIS)
    }
}

#[expect(unsafe_code, reason = "libgit2's settings are process-wide")]
fn add_ca(file: &Path) -> Result<(), git2::Error> {
    // SAFETY: this changes libgit2's one TLS context. `SET_UP` is held for writing, so no thread of ours is inside
    // libgit2; the file is read before the call returns.
    unsafe { git2::opts::set_ssl_cert_file(file) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        let mut net = NetSettings::default();
        assert!(check_ca(&net).is_ok() && enter(&net).is_ok());
        for pem in [
            "not a certificate",
            "",
            "-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----\n",
        ] {
            net.ca_pem = Some(pem.as_bytes().to_vec());
            assert!(matches!(check_ca(&net), Err(SourceError::Ca(_))), "{pem}");
        }
        let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        net.ca_pem = Some(junk.as_bytes().to_vec());
        assert!(matches!(enter(&net), Err(SourceError::Ca(_))));
    }
}
