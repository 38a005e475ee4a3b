//! Where in a form a field is, and where in the JSON its value.

/// Where in a form a field is, and where in the JSON its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Path {
    /// What the field is called: as the pointer, with `|N` where the N-th way of several is taken.
    pub(super) name: String,
    /// JSON pointer (RFC 6901) of its value.
    pub(super) pointer: String,
}

impl Path {
    /// The whole.
    pub(in crate::pages) const fn root() -> Self {
        Self {
            name: String::new(),
            pointer: String::new(),
        }
    }

    /// A field of an object, or an item of a list.
    pub(super) fn step(&self, key: &str) -> Self {
        let key = key.replace('~', "~0").replace('/', "~1");
        Self {
            name: format!("{}/{}", self.name, key.replace('|', "~2")),
            pointer: format!("{}/{key}", self.pointer),
        }
    }

    /// The N-th way of several to give one value.
    pub(super) fn way(&self, which: usize) -> Self {
        Self {
            name: format!("{}|{which}", self.name),
            pointer: self.pointer.clone(),
        }
    }

    /// The box that says whether a part is given that may be left out.
    pub(super) fn given(&self) -> String {
        format!("?{}", self.name)
    }

    /// The number of rows of a list.
    pub(super) fn count(&self) -> String {
        format!("#{}", self.name)
    }

    /// Which way is taken.
    pub(super) fn taken(&self) -> String {
        format!(":{}", self.name)
    }

    /// What an element of the page is called that has this name.
    pub(super) fn id(name: &str) -> String {
        format!("f{}", name.replace(char::is_whitespace, "~3"))
    }
}
