//! What a form of a sign-in's page sent.

use std::collections::BTreeMap;

use crate::{
    auth::{complete::Word, pending::Pending},
    base::secret::Secret,
};

/// The names of values that are typed begin so: none is taken for another thing that a form sends.
pub(super) const FIELD: &str = "field-";

/// What a form sent.
pub(super) struct Form {
    /// The form's own mark.
    form: Secret,
    /// What was typed, by the name of each field.
    fields: BTreeMap<String, Secret>,
    /// The code that the terminal shows.
    code: Secret,
    word: Option<Word>,
    /// Whether the user wants what he typed kept, though it looks like no token of this provider.
    anyway: bool,
}

impl Form {
    pub(super) fn parse(body: &[u8]) -> Self {
        let mut form = Self {
            form: Secret::new(""),
            fields: BTreeMap::new(),
            code: Secret::new(""),
            word: None,
            anyway: false,
        };
        for (name, value) in url::form_urlencoded::parse(body) {
            match (&*name, &*value) {
                ("form", _) => form.form = Secret::new(value),
                ("code", _) => form.code = Secret::new(value),
                ("word", "replace") => form.word = Some(Word::Replace),
                ("word", "keep") => form.word = Some(Word::Keep),
                ("anyway", "yes") => form.anyway = true,
                (field, _) => {
                    if let Some(field) = field.strip_prefix(FIELD) {
                        form.fields.insert(field.to_owned(), Secret::new(value));
                    }
                }
            }
        }
        form
    }

    /// Whether it is the form of this sign-in's page.
    pub(super) fn is_of(&self, pending: &Pending) -> bool {
        self.form == pending.form
    }

    pub(super) const fn word(&self) -> Option<Word> {
        self.word
    }

    pub(super) const fn fields(&self) -> &BTreeMap<String, Secret> {
        &self.fields
    }

    pub(super) const fn code(&self) -> &Secret {
        &self.code
    }

    pub(super) const fn anyway(&self) -> bool {
        self.anyway
    }
}
