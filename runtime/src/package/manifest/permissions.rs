//! `permissions`: what the tool asks beyond its provider's hosts.

use std::time::Duration;

use crate::{
    base::{
        quantity::{self, NotAQuantity},
        text::is_invisible,
    },
    package::{
        Access, FilePermission, Permissions, Rule, Severity,
        fault::shortened,
        manifest::reader::{Item, Report},
    },
};

/// The longest a call may ever take.
const LONGEST: Duration = Duration::from_secs(600);

/// The most memory a call may ever have.
const MOST_MEMORY: u64 = 1 << 30;

pub(super) fn read<'t>(item: &Item<'t>, report: &mut Report<'t>) -> Permissions {
    let mut permissions = Permissions::default();
    let Some(fields) = report.object(item) else {
        return permissions;
    };
    report.unknown_fields(&fields, &["http", "files", "limits", "credentials"], Severity::Error);
    if let Some(item) = fields.get("http") {
        permissions.http = rules(&item, report);
    }
    if let Some(item) = fields.get("files") {
        permissions.files = folders(&item, report);
    }
    if let Some(item) = fields.get("limits") {
        (permissions.timeout, permissions.memory) = limits(&item, report);
    }
    if let Some(item) = fields.get("credentials") {
        permissions.credentials_in_env = credentials(&item, report);
    }
    permissions
}

fn rules<'t>(item: &Item<'t>, report: &mut Report<'t>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for item in report.array(item).unwrap_or_default() {
        if item.is_object() {
            report.error(
                &item,
                "a rule is a string here: found an object",
                Some("only the operator may open private addresses: `grant.http` in pocket.toml"),
            );
            continue;
        }
        let Some(text) = report.string(&item) else {
            continue;
        };
        match text.parse::<Rule>() {
            Ok(rule) if rules.contains(&rule) => {}
            Ok(rule) => rules.push(rule),
            Err(error) => {
                let message: String = error.to_string().chars().take(300).collect();
                report.error(
                    &item,
                    crate::base::text::shown_on_one_line(&message),
                    Some("write a rule like `https://api.example.com` or `GET https://api.example.com/v1/*`"),
                );
            }
        }
    }
    rules
}

fn folders<'t>(item: &Item<'t>, report: &mut Report<'t>) -> Vec<FilePermission> {
    let mut folders: Vec<FilePermission> = Vec::new();
    for item in report.array(item).unwrap_or_default() {
        let Some(folder) = folder(&item, report) else {
            continue;
        };
        if folders.iter().any(|other| other.guest == folder.guest) {
            let message = format!("this folder is asked for twice: `{}`", shortened(&folder.guest));
            report.error(&item, message, Some("ask for it once: `write` includes `read`"));
        } else {
            folders.push(folder);
        }
    }
    folders
}

fn folder<'t>(item: &Item<'t>, report: &mut Report<'t>) -> Option<FilePermission> {
    const SHAPE: &str = "write it as `{ \"guest\": \"/data\", \"access\": \"read\" }`";
    let fields = report.object(item)?;
    report.unknown_fields(&fields, &["guest", "access"], Severity::Error);
    let guest = match fields.get("guest") {
        Some(item) => guest(&item, report),
        None => {
            report.missing(&fields, "guest", SHAPE);
            None
        }
    };
    let access = match fields.get("access") {
        Some(item) => match report.string(&item) {
            Some("read") => Some(Access::Read),
            Some("write") => Some(Access::Write),
            Some(_other) => {
                report.unexpected(&item, "`read` or `write`");
                None
            }
            None => None,
        },
        None => {
            report.missing(&fields, "access", SHAPE);
            None
        }
    };
    Some(FilePermission {
        guest: guest?,
        access: access?,
    })
}

/// An absolute path that can be written in one way only.
fn guest<'t>(item: &Item<'t>, report: &mut Report<'t>) -> Option<String> {
    let path = report.string(item)?;
    let segments_are_plain = path == "/"
        || path
            .strip_prefix('/')
            .is_some_and(|rest| rest.split('/').all(|segment| !matches!(segment, "" | "." | "..")));
    if segments_are_plain && path.len() <= 256 && !path.contains('\\') && !path.chars().any(is_invisible) {
        return Some(path.to_owned());
    }
    report.error(
        item,
        format!(
            "a folder of the guest is an absolute path without `.`, `..`, `//` or a slash at its end: `{}`",
            shortened(path)
        ),
        Some("write it like `/data`; which folder of this machine it is, the operator says"),
    );
    None
}

fn limits<'t>(item: &Item<'t>, report: &mut Report<'t>) -> (Option<Duration>, Option<u64>) {
    let Some(fields) = report.object(item) else {
        return (None, None);
    };
    report.unknown_fields(&fields, &["timeout", "memory"], Severity::Error);
    let timeout = fields.get("timeout").and_then(|item| {
        let text = report.string(&item)?;
        let refused = match quantity::duration(text) {
            Ok(time) if time.is_zero() || time > LONGEST => {
                format!("a call may take up to 10 minutes: `{}`", shortened(text))
            }
            Ok(time) => return Some(time),
            Err(error) => in_short(&error),
        };
        report.error(&item, refused, Some("write a length of time like `60s`"));
        None
    });
    let memory = fields.get("memory").and_then(|item| {
        let text = report.string(&item)?;
        let refused = match quantity::bytes(text) {
            Ok(bytes) if bytes == 0 || bytes > MOST_MEMORY => {
                format!("a call may have up to 1 GiB of memory: `{}`", shortened(text))
            }
            Ok(bytes) => return Some(bytes),
            Err(error) => in_short(&error),
        };
        report.error(&item, refused, Some("write an amount of memory like `512MiB`"));
        None
    });
    (timeout, memory)
}

/// The same error with what was found shortened and escaped.
fn in_short(error: &NotAQuantity) -> String {
    match error {
        NotAQuantity::Duration(text) => NotAQuantity::Duration(shortened(text)).to_string(),
        NotAQuantity::Bytes(text) => NotAQuantity::Bytes(shortened(text)).to_string(),
    }
}

fn credentials<'t>(item: &Item<'t>, report: &mut Report<'t>) -> bool {
    match report.string(item) {
        Some("env") => true,
        Some(_other) => {
            report.unexpected(item, "`env`");
            false
        }
        None => false,
    }
}
