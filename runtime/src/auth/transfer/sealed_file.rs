//! A file sealed with a passphrase: argon2id makes the key (RFC 9106), XChaCha20-Poly1305 seals.
//!
//! ```text
//! "POCKETAC" · version (1) · memory in KiB, passes, lanes (4 each) · salt (16)
//! nonce (24) · nothing, sealed (16): opens under the right passphrase, bound to all before it
//! nonce (24) · length (8) · the accounts, sealed: bound to all before them
//! ```
//!
//! Numbers are little-endian.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Generate as _, Payload},
};
use zeroize::Zeroizing;

use super::TransferError;
use crate::base::secret::Secret;

const MAGIC: &[u8; 8] = b"POCKETAC";
const VERSION: u8 = 1;
/// RFC 9106 section 4, the second choice: 64 MiB, three passes.
const COST: Cost = Cost {
    memory: 65_536,
    passes: 3,
    lanes: 1,
};
/// A file of a stranger asks for no more than this.
const HIGHEST: Cost = Cost {
    memory: 262_144,
    passes: 10,
    lanes: 4,
};
const NONCE: usize = 24;
const TAG: usize = 16;
const LEAST_CHARACTERS: usize = 8;

#[derive(Clone, Copy)]
struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// Seals. It works for some tenths of a second.
pub(in crate::auth) fn seal(plain: &[u8], passphrase: &Secret) -> Result<Vec<u8>, TransferError> {
    if passphrase.expose().chars().count() < LEAST_CHARACTERS {
        return Err(TransferError::ShortPassphrase {
            least: LEAST_CHARACTERS,
        });
    }
    let salt: [u8; 16] = rand::random();
    let cipher = cipher(passphrase, &salt, COST)?;
    let mut file = MAGIC.to_vec();
    file.push(VERSION);
    for number in [COST.memory, COST.passes, COST.lanes] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    file.extend_from_slice(&salt);
    for plain in [b"".as_slice(), plain] {
        let nonce = XNonce::generate();
        let mut head = [&*file, nonce.as_slice()].concat();
        if !plain.is_empty() {
            head.extend_from_slice(&((plain.len() + TAG) as u64).to_le_bytes());
        }
        let payload = Payload { msg: plain, aad: &head };
        // It fails only for more than 256 GiB.
        let sealed = cipher
            .encrypt(&nonce, payload)
            .map_err(|_too_long| TransferError::Content)?;
        file = [head, sealed].concat();
    }
    Ok(file)
}

/// Opens, in memory that is wiped. It works for some tenths of a second.
pub(in crate::auth) fn open(file: &[u8], passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, TransferError> {
    let mut rest = Rest { file, at: 0 };
    if rest.take(MAGIC.len()).ok() != Some(MAGIC.as_slice()) {
        return Err(TransferError::NotAnExport);
    }
    match rest.take(1)? {
        [VERSION] => {}
        found => {
            return Err(TransferError::Newer {
                found: u32::from(found.first().copied().unwrap_or_default()),
            });
        }
    }
    let cost = Cost {
        memory: rest.number()?,
        passes: rest.number()?,
        lanes: rest.number()?,
    };
    if cost.memory > HIGHEST.memory || cost.passes > HIGHEST.passes || cost.lanes > HIGHEST.lanes {
        return Err(TransferError::TooCostly);
    }
    let salt = rest.take(16)?;
    let (check_nonce, check_aad) = (rest.array::<NONCE>()?, rest.before());
    let check = rest.take(TAG)?;
    let nonce = rest.array::<NONCE>()?;
    let length = u64::from_le_bytes(rest.array::<8>()?);
    let aad = rest.before();
    let sealed = rest.rest();
    if sealed.len() as u64 != length {
        return Err(TransferError::Cut {
            found: file.len() as u64,
            said: (aad.len() as u64).saturating_add(length),
        });
    }
    let cipher = cipher(passphrase, salt, cost)?;
    let opened = |nonce: [u8; NONCE], msg, aad| cipher.decrypt(&XNonce::from(nonce), Payload { msg, aad });
    opened(check_nonce, check, check_aad).map_err(|_shut| TransferError::WrongPassphrase)?;
    opened(nonce, sealed, aad)
        .map(Zeroizing::new)
        .map_err(|_shut| TransferError::Altered)
}

fn cipher(passphrase: &Secret, salt: &[u8], cost: Cost) -> Result<XChaCha20Poly1305, TransferError> {
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).map_err(|_no| TransferError::TooCostly)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut_slice())
        .map_err(|_no| TransferError::TooCostly)?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}

/// What of a file is not read yet.
struct Rest<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], TransferError> {
        let end = self.at.saturating_add(length);
        let taken = self.file.get(self.at..end).ok_or(TransferError::Cut {
            found: self.file.len() as u64,
            said: end as u64,
        })?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TransferError> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_never| TransferError::NotAnExport)
    }

    fn number(&mut self) -> Result<u32, TransferError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// All that was read.
    fn before(&self) -> &'a [u8] {
        self.file.get(..self.at).unwrap_or_default()
    }

    fn rest(&self) -> &'a [u8] {
        self.file.get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn passphrase() -> Secret {
        Secret::new("correct horse battery")
    }

    #[test]
    fn a_file_opens_with_its_passphrase_alone() {
        let file = seal(b"CANARY", &passphrase()).unwrap();
        assert!(!file.windows(6).any(|window| window == b"CANARY"));
        assert_eq!(open(&file, &passphrase()).unwrap().as_slice(), b"CANARY");
        let wrong = open(&file, &Secret::new("correct horse batterz"));
        assert_eq!(wrong.unwrap_err(), TransferError::WrongPassphrase);
        let again = seal(b"CANARY", &passphrase()).unwrap();
        assert_ne!(file[21..], again[21..], "the salt was used twice");
        let short = seal(b"x", &Secret::new("1234567")).unwrap_err();
        assert_eq!(short, TransferError::ShortPassphrase { least: 8 });
    }

    #[test]
    fn a_cut_altered_or_foreign_file_is_told_from_a_wrong_passphrase() {
        let file = seal(&[7; 100], &passphrase()).unwrap();
        for cut in [8, 9, 20, 36, 60, 76, 100, 107, 108, file.len() - 1] {
            let error = open(&file[..cut], &passphrase()).unwrap_err();
            assert!(matches!(error, TransferError::Cut { .. }), "{cut}: {error}");
        }
        let longer = [file.as_slice(), b"x"].concat();
        assert!(matches!(open(&longer, &passphrase()), Err(TransferError::Cut { .. })));
        let flipped = |at: usize| {
            let mut flipped = file.clone();
            flipped[at] ^= 1;
            open(&flipped, &passphrase()).unwrap_err()
        };
        assert_eq!(flipped(0), TransferError::NotAnExport);
        assert_eq!(flipped(8), TransferError::Newer { found: 0 });
        assert_eq!(flipped(25), TransferError::WrongPassphrase);
        for at in [77, file.len() - 1, file.len() - 50] {
            assert_eq!(flipped(at), TransferError::Altered, "{at}");
        }
        for other in [b"".as_slice(), b"x", b"{\"accounts\":[]}"] {
            assert_eq!(open(other, &passphrase()).unwrap_err(), TransferError::NotAnExport);
        }
    }

    #[test]
    fn a_file_that_asks_for_all_memory_is_refused_before_any_work() {
        let mut file = seal(b"x", &passphrase()).unwrap();
        file[9..13].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(open(&file, &passphrase()).unwrap_err(), TransferError::TooCostly);
    }
}
