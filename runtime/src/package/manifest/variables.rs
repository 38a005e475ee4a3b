//! `variables`: the tool's environment where the operator says nothing else.

use std::collections::BTreeMap;

use crate::{
    base::text::is_invisible,
    package::{
        fault::shortened,
        manifest::{
            auth::AskedHandler,
            reader::{Item, Report},
        },
    },
};

/// The largest environment, in bytes: each name and value with the `=` and the NUL that go with them.
const LARGEST: usize = 32 << 10;

pub(super) fn read<'t>(
    item: &Item<'t>,
    filled: Option<&AskedHandler>,
    report: &mut Report<'t>,
) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let Some(fields) = report.object(item) else {
        return variables;
    };
    let mut size = 0_usize;
    for (name, item) in fields.iter() {
        let Some(value) = report.string(&item) else {
            continue;
        };
        size = size
            .saturating_add(name.len())
            .saturating_add(value.len())
            .saturating_add(2);
        if name.is_empty() || name.contains('=') || name.chars().any(is_invisible) {
            report.error(
                &item,
                format!(
                    "an environment variable's name may not be empty or have `=` or control characters: `{}`",
                    shortened(name)
                ),
                None,
            );
        } else if value.contains('\0') {
            report.error(
                &item,
                "an environment variable's value may not have a NUL character",
                None,
            );
        } else if let Some(handler) = filled.filter(|handler| handler.variables.iter().any(|filled| filled == name)) {
            report.error(
                &item,
                format!(
                    "the credential of `{}` fills this variable: `{}`",
                    shortened(&handler.name),
                    shortened(name)
                ),
                Some("remove it from `variables`: what the user signs in with is put there"),
            );
        } else {
            variables.insert(name.to_owned(), value.to_owned());
        }
    }
    if size > LARGEST {
        let message = format!("an environment has at most {LARGEST} bytes: {size}");
        report.error(item, message, Some("give large values as input, or in a folder"));
    }
    variables
}
