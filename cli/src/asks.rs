//! What a manifest asks, in plain words.

use pocket_runtime::{
    Access, AccountOwner, AccountStatus, AuthRequirement, Candidate, Manifest, PinnedSource, Pocket, TokenKind,
    ToolName, shown_on_one_line,
};

use crate::{failure::Failure, terminal::Terminal};

/// What a manifest asks, in plain words.
pub(crate) struct Asks {
    pub(crate) lines: Vec<String>,
}

impl Asks {
    /// Whatever the account may have already.
    pub(crate) fn of(manifest: &Manifest) -> Self {
        Self::beside(manifest, &[])
    }

    /// With the scopes that the account has already: a token can do all that it ever could, whichever tool asked for it.
    pub(crate) fn beside(manifest: &Manifest, has: &[String]) -> Self {
        let mut lines = Vec::new();
        if let Some(auth) = &manifest.auth {
            lines.push(credential(auth, has));
        }
        if manifest.permissions.credentials_in_env {
            lines.push(
                "to see the token itself: what it is and does with it is then up to this tool, and no placeholder can stand for it"
                    .to_owned(),
            );
        }
        for rule in &manifest.permissions.http {
            lines.push(format!("to send requests to {}", rule.in_words()));
        }
        for file in &manifest.permissions.files {
            let what = match file.access {
                Access::Read => "to read",
                Access::Write => "to read and write",
            };
            lines.push(format!(
                "{what} a folder as {}; name it with --folder",
                shown_on_one_line(&file.guest)
            ));
        }
        if let Some(timeout) = manifest.permissions.timeout {
            lines.push(format!("up to {} s for a call", timeout.as_secs_f32()));
        }
        if let Some(memory) = manifest.permissions.memory {
            lines.push(format!("up to {} MiB of memory for a call", memory >> 20));
        }
        Self { lines }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(crate) fn show(&self, candidate: &Candidate, terminal: &Terminal) {
        terminal.say(format_args!(
            "`{}` from {} asks for:",
            candidate.package.manifest.name,
            shown_on_one_line(candidate.source.written())
        ));
        if let PinnedSource::Git { commit, .. } = &candidate.source {
            terminal.say(format_args!("  (commit {commit})"));
        }
        for line in &self.lines {
            terminal.say(format_args!("  - {line}"));
        }
    }
}

fn credential(auth: &AuthRequirement, has: &[String]) -> String {
    let mut scopes: Vec<String> = Vec::new();
    for scope in auth.scopes.iter().chain(has) {
        let mut shown = shown_on_one_line(scope);
        if has.contains(scope) {
            shown.push_str(" (it has it already)");
        }
        if !scopes.contains(&shown) {
            scopes.push(shown);
        }
    }
    let scopes = if scopes.is_empty() {
        String::new()
    } else {
        format!(" with the scopes {}", scopes.join(", "))
    };
    let how = auth
        .handler
        .as_ref()
        .map(|handler| format!(" ({handler})"))
        .unwrap_or_default();
    let whose = match auth.token {
        TokenKind::Bot => "",
        TokenKind::User => ", the user's own token,",
    };
    format!(
        "your {} credential{how}{whose}{scopes}: it can do there whatever the token allows",
        auth.provider
    )
}

/// The scopes that the accounts of a provider have which this tool would use.
pub(crate) async fn scopes_of_account(
    pocket: &Pocket,
    provider: &str,
    owner: &AccountOwner,
) -> Result<Vec<String>, Failure> {
    let accounts = pocket.accounts().await?;
    let scopes = accounts
        .iter()
        .filter(|account| account.provider == provider && is_of(account, owner))
        .flat_map(|account| account.scopes.clone());
    Ok(scopes.collect())
}

fn is_of(account: &AccountStatus, owner: &AccountOwner) -> bool {
    (account.tool.as_deref(), account.tool_of.as_deref()) == (owner.tool().map(ToolName::as_str), owner.place())
}
