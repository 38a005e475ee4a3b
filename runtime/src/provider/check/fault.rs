//! One thing that is wrong with a provider file.

/// One thing that is wrong with a provider file.
#[derive(Debug)]
pub(in crate::provider) struct Fault {
    pub(in crate::provider) message: String,
    pub(in crate::provider) hint: Option<String>,
}

impl Fault {
    pub(in crate::provider) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    pub(in crate::provider) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
