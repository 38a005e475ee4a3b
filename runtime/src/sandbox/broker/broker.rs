//! The placeholders of one call, and the token that stands behind them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::request::Parts;
use zeroize::Zeroizing;

use crate::{
    auth::{Auth, Credential},
    provider::Placement,
    sandbox::broker::{
        Echoes, Field, Misplaced, NotBrokered, Spot,
        placeholder::Placeholder,
        spot::{self, Filled},
    },
};

/// The placeholders of one call, and the token that stands behind them: the host puts it in their place, at the one place
/// of a request to the provider where its tokens go.
pub(in crate::sandbox) struct Broker {
    placeholders: Vec<Placeholder>,
    longest: usize,
    placement: Placement,
    auth: Option<Arc<Auth>>,
    now: Mutex<Now>,
}

struct Now {
    credential: Credential,
    /// Of all tokens that this call has used.
    echoes: Echoes,
    /// Those that came after the first.
    renewed: Vec<Credential>,
}

impl Broker {
    /// Without `auth` a token that is refused is not renewed.
    pub(in crate::sandbox) fn new(credential: &Credential, auth: Option<Arc<Auth>>) -> Result<Self, NotBrokered> {
        let placement = credential
            .placement
            .clone()
            .ok_or_else(|| NotBrokered::NoPlace(credential.provider.to_string()))?;
        let placeholders = credential
            .secrets()
            .map(|(variable, secret)| Placeholder::of(variable, secret, &credential.token_prefixes))
            .collect::<Result<Vec<_>, _>>()?;
        if placeholders.len() > 1 {
            return Err(NotBrokered::SeveralSecrets(credential.handler.to_string()));
        }
        let echoes = echoes_of(Echoes::default(), credential, &placeholders);
        Ok(Self {
            longest: placeholders.iter().map(|one| one.text.len()).max().unwrap_or_default(),
            placeholders,
            placement,
            auth,
            now: Mutex::new(Now {
                credential: credential.clone(),
                echoes,
                renewed: Vec::new(),
            }),
        })
    }

    /// What the guest finds in a variable that holds a secret.
    pub(in crate::sandbox) fn value_of(&self, variable: &str) -> Option<&str> {
        let of_it = self.placeholders.iter().find(|one| one.variable == variable)?;
        Some(&of_it.text)
    }

    /// Where the head of a request holds a placeholder, if it does.
    pub(in crate::sandbox) fn spot(&self, parts: &Parts, to_provider: bool) -> Result<Option<Spot>, Misplaced> {
        spot::find(self, parts, Some(&self.placement), to_provider)
    }

    /// Puts the token into the head of a request. Gives what its reply is searched for; nothing where the token has characters
    /// that cannot stand there.
    pub(in crate::sandbox) fn fill(&self, parts: &mut Parts, spot: &Spot) -> Option<Echoes> {
        let now = self.locked();
        let (_, secret) = now.credential.secrets().find(|(name, _)| *name == spot.variable())?;
        let filled = spot.fill(parts, secret.expose())?;
        let mut echoes = now.echoes.clone();
        if let Filled::Encoded { form, instead } = filled {
            echoes.add_form(form, instead);
        }
        Some(echoes)
    }

    /// The field of a body in which this provider's tokens go.
    pub(in crate::sandbox) fn field(&self) -> Option<&str> {
        match &self.placement {
            Placement::Field(name) => Some(name),
            Placement::Header { .. } | Placement::BasicPassword | Placement::BasicUsername | Placement::Query(_) => {
                None
            }
        }
    }

    /// A body with the token in its field; nothing where no placeholder stands in it.
    pub(in crate::sandbox) fn fill_field(
        &self,
        kind: Field,
        name: &str,
        body: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Misplaced> {
        let now = self.locked();
        for placeholder in &self.placeholders {
            let Some(range) = kind.place(name, body, placeholder)? else {
                continue;
            };
            let secret = now.credential.secrets().find(|(name, _)| *name == placeholder.variable);
            let written = secret.map(|(_, secret)| Zeroizing::new(kind.written(secret.expose())));
            let (Some(written), Some(before), Some(after)) = (written, body.get(..range.start), body.get(range.end..))
            else {
                continue;
            };
            return Ok(Some(Zeroizing::new([before, written.as_bytes(), after].concat())));
        }
        Ok(None)
    }

    /// What any reply of the provider is searched for.
    pub(in crate::sandbox) fn echoes(&self) -> Echoes {
        self.locked().echoes.clone()
    }

    /// The token that would be sent now.
    pub(in crate::sandbox) fn version(&self) -> u64 {
        self.locked().credential.version
    }

    /// After the provider refused the token of this version: whether there is another one now.
    pub(in crate::sandbox) async fn renew(&self, refused: u64) -> bool {
        let Some(auth) = &self.auth else { return false };
        let current = {
            let now = self.locked();
            if now.credential.version != refused {
                return true;
            }
            now.credential.clone()
        };
        match auth.rejected(&current).await {
            Ok(Some(newer)) => self.take(newer),
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(%error, "the refused token could not be renewed");
                false
            }
        }
    }

    fn take(&self, newer: Credential) -> bool {
        let mut now = self.locked();
        if newer.version == now.credential.version {
            return false;
        }
        now.echoes = echoes_of(std::mem::take(&mut now.echoes), &newer, &self.placeholders);
        now.renewed.push(newer.clone());
        now.credential = newer;
        true
    }

    /// The credentials that came in the place of the first one.
    pub(in crate::sandbox) fn renewed(&self) -> Vec<Credential> {
        self.locked().renewed.clone()
    }

    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// The placeholder that a value is.
    pub(super) fn placeholder(&self, value: &[u8]) -> Option<&Placeholder> {
        self.placeholders.iter().find(|one| one.is(value))
    }

    pub(super) fn stands_in(&self, text: &[u8]) -> bool {
        self.placeholders.iter().any(|one| one.stands_in(text))
    }

    /// Names of hosts and headers lose their case.
    pub(super) fn stands_in_any_case(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        self.placeholders
            .iter()
            .any(|one| text.contains(&one.text.to_ascii_lowercase()))
    }

    fn locked(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn echoes_of(mut echoes: Echoes, credential: &Credential, placeholders: &[Placeholder]) -> Echoes {
    for (variable, secret) in credential.hidden() {
        if let Some(placeholder) = placeholders.iter().find(|one| one.variable == variable) {
            echoes.add(secret, &placeholder.text);
        }
    }
    echoes
}
