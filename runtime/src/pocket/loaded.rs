//! A tool of either kind, ready to be called, and what it is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    Error,
    base::digest::Digest,
    call::{CallTool, FunctionTool, LazyTool, Runner},
    install::Installed,
    package::{AccountOwner, AuthRequirement, CredentialGrant, FolderGrant, Manifest, Rule, Schema},
    pocket::{ToolDescription, ToolEntry, own_folders::OwnFolders},
    provider::{Scopes, Secrecy},
    sandbox::{CredentialsMode, Engine, Limits, Policy, SandboxError, ToolIdentity},
    settings::{Settings, ToolSettings},
    source::PinnedSource,
};

/// A tool of either kind, ready to be called, and what it is.
pub(super) struct Loaded {
    pub(super) tool: CallTool,
    pub(super) description: ToolDescription,
    /// What was installed; nothing for a function.
    pub(super) installed: Option<Installed>,
    /// What the embedding program gave it, which holds under a later grant or update too.
    pub(super) entry: ToolEntry,
}

impl Loaded {
    /// A sandboxed tool under what its installation, the settings and the embedding program say. It is compiled at its first call.
    /// `of_others` are the folders that any tool has.
    pub(super) fn sandboxed(
        engine: &Engine,
        settings: &Settings,
        own: &OwnFolders,
        installed: Installed,
        entry: ToolEntry,
        owner: AccountOwner,
        of_others: impl FnOnce() -> Result<Vec<FolderGrant>, Error>,
    ) -> Result<Self, Error> {
        let mut policy = policy(settings, &installed, &entry);
        let package = match &installed.source {
            PinnedSource::Path(path) => Some(path.folder.as_path()),
            PinnedSource::Git { .. } => None,
        };
        // The files that tell of the others are read where it matters alone.
        if !policy.files.is_empty() {
            policy.files = own.resolved(&policy.files, package, of_others()?.iter())?;
        }
        let manifest = &installed.package.manifest;
        if policy.credentials == CredentialsMode::Brokered {
            check_brokered(settings, manifest)?;
        }
        let need = manifest.auth.clone().map(|need| AuthRequirement { owner, ..need });
        let description = ToolDescription {
            name: installed.name.clone(),
            title: manifest.title.clone(),
            description: manifest.description.clone(),
            input_schema: schema_as_json(&manifest.input_schema),
            output_schema: manifest.output_schema.as_ref().map(schema_as_json),
            annotations: manifest.annotations.clone(),
            provider: manifest.auth.as_ref().map(|auth| auth.provider.clone()),
            source: Some(installed.source.written().to_owned()),
        };
        let tool = CallTool {
            name: installed.name.clone(),
            identity: identity(&description, Some(&installed.package.component.digest), need.as_ref()),
            input_schema: manifest.input_schema.clone(),
            output_schema: manifest.output_schema.clone(),
            auth: need,
            credential: installed.grant.credential.clone(),
            input_limit: settings.limits.input,
            output_limit: settings.limits.output,
            timeout: policy.timeout,
            memory: policy.memory,
            runner: Runner::Sandboxed(Box::new(LazyTool::new(engine.clone(), installed.clone(), policy))),
            output_function: entry.output.clone(),
        };
        Ok(Self {
            tool,
            description,
            installed: Some(installed),
            entry,
        })
    }

    /// Whether calling the one is calling the other: the same package, granted and set the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let (Some(one), Some(two)) = (&self.installed, &other.installed) else {
            return false;
        };
        let (Runner::Sandboxed(this), Runner::Sandboxed(that)) = (&self.tool.runner, &other.tool.runner) else {
            return false;
        };
        one.package.manifest.digest == two.package.manifest.digest
            && one.package.component.digest == two.package.component.digest
            && one.grant == two.grant
            && this.policy() == that.policy()
            && self.tool.auth == other.tool.auth
            && self.description == other.description
    }

    /// A function of the embedding program.
    pub(super) fn function(settings: &Settings, function: FunctionTool) -> Result<Self, Error> {
        let refused = |message: String| Error::Function {
            name: crate::shown_on_one_line(function.name()),
            message,
        };
        let name: crate::ToolName = function
            .name()
            .parse()
            .map_err(|e: crate::NotAToolName| refused(e.to_string()))?;
        let input_schema = Schema::compile(&function.input_schema).map_err(|e| refused(e.to_string()))?;
        if let Some(need) = &function.auth {
            check_need(settings, need, &refused)?;
        }
        let description = ToolDescription {
            name: name.clone(),
            title: None,
            description: function.description.clone(),
            input_schema: function.input_schema.clone(),
            output_schema: None,
            annotations: None,
            provider: function.auth.as_ref().map(|need| need.provider.clone()),
            source: None,
        };
        let tool = CallTool {
            name,
            identity: identity(&description, None, function.auth.as_ref()),
            input_schema,
            output_schema: None,
            auth: function.auth.clone(),
            credential: CredentialGrant::Given,
            input_limit: settings.limits.input,
            output_limit: settings.limits.output,
            timeout: function.timeout,
            memory: settings.limits.memory,
            runner: Runner::Function(function),
            output_function: None,
        };
        Ok(Self {
            tool,
            description,
            installed: None,
            entry: ToolEntry::default(),
        })
    }
}

fn identity(
    description: &ToolDescription,
    digest: Option<&Digest>,
    need: Option<&AuthRequirement>,
) -> Arc<ToolIdentity> {
    Arc::new(ToolIdentity {
        name: description.name.clone(),
        source: description.source.clone(),
        digest: digest.cloned(),
        provider: description.provider.clone(),
        scopes: need.map(|need| need.scopes.clone()).unwrap_or_default(),
    })
}

fn check_need(settings: &Settings, need: &AuthRequirement, refused: &impl Fn(String) -> Error) -> Result<(), Error> {
    if need.provider.is_empty() {
        return Err(refused(
            "it names a handler or scopes but no provider: call `auth_provider` too".to_owned(),
        ));
    }
    let handler = settings
        .providers
        .find(&need.provider)?
        .handler(need.handler.as_deref())?;
    if handler.scopes == Scopes::None && !need.scopes.is_empty() {
        return Err(refused(format!("`{}` takes no scopes", handler.name)));
    }
    Ok(())
}

/// A placeholder can stand only for a secret that goes to one place of a request, and that the tool need not have itself.
fn check_brokered(settings: &Settings, manifest: &Manifest) -> Result<(), Error> {
    let Some(need) = &manifest.auth else { return Ok(()) };
    let refused = |why: String| Err(SandboxError::NotBrokered(why).into());
    if manifest.permissions.credentials_in_env {
        return refused(
            "its manifest says that it needs the secret itself (`permissions.credentials` is `env`)".to_owned(),
        );
    }
    let provider = settings.providers.find(&need.provider)?;
    if provider.placement.is_none() {
        return refused(format!(
            "the file of its provider does not say where in a request the token goes: {}",
            need.provider
        ));
    }
    let handler = provider.handler(need.handler.as_deref())?;
    let secrets = handler
        .variables
        .iter()
        .filter(|variable| variable.secrecy == Secrecy::Secret);
    if secrets.count() > 1 {
        return refused(format!(
            "what it signs in with has several secrets, and only one place in a request is known: {}",
            handler.name
        ));
    }
    Ok(())
}

/// What holds in every call of a tool. What a manifest asks for counts only together with what was granted.
fn policy(settings: &Settings, installed: &Installed, entry: &ToolEntry) -> Policy {
    let of_project = settings.tools.get(&installed.name);
    let asked = &installed.package.manifest.permissions;
    let mut allow: Vec<_> = of_project.map(|tool| tool.http.clone()).unwrap_or_default();
    allow.extend(entry.allow.iter().cloned());
    allow.extend(Rule::in_both(&asked.http, &installed.grant.http));
    Policy {
        deny: settings.deny.clone(),
        allow,
        files: folders(installed, of_project, entry),
        variables: variables(installed, of_project, entry),
        credentials: entry
            .credentials
            .or(of_project.and_then(|tool| tool.credentials))
            .or_else(|| settings.credentials.for_source(installed.source.written()))
            .unwrap_or_default(),
        timeout: timeout(&settings.limits, asked.timeout, installed.grant.timeout),
        memory: memory(&settings.limits, asked.memory, installed.grant.memory),
    }
}

/// A guest has one folder of a name: what was granted replaces what the embedding program gave, and that what the settings give. Two in
/// one list stay, and are refused.
pub(super) fn folders(installed: &Installed, of_project: Option<&ToolSettings>, entry: &ToolEntry) -> Vec<FolderGrant> {
    let mut folders = of_project.map(|tool| tool.files.clone()).unwrap_or_default();
    for over in [&entry.folders, &installed.grant.files] {
        folders.retain(|kept| !over.iter().any(|new| new.guest == kept.guest));
        folders.extend(over.iter().cloned());
    }
    folders
}

fn variables(installed: &Installed, of_project: Option<&ToolSettings>, entry: &ToolEntry) -> BTreeMap<String, String> {
    let mut variables = installed.package.manifest.variables.clone();
    if let Some(tool) = of_project {
        variables.extend(tool.variables.clone());
    }
    variables.extend(entry.variables.clone());
    variables
}

/// Less than usual may be asked freely; more holds as far as it was granted.
fn timeout(limits: &Limits, asked: Option<Duration>, granted: Option<Duration>) -> Duration {
    match (asked, granted) {
        (None, _) => limits.timeout,
        (Some(asked), None) => asked.min(limits.timeout),
        (Some(asked), Some(granted)) => asked.min(granted.max(limits.timeout)).min(limits.timeout_max),
    }
}

fn memory(limits: &Limits, asked: Option<u64>, granted: Option<u64>) -> u64 {
    match (asked, granted) {
        (None, _) => limits.memory,
        (Some(asked), None) => asked.min(limits.memory),
        (Some(asked), Some(granted)) => asked.min(granted.max(limits.memory)).min(limits.memory_max),
    }
}

/// The schema was JSON when it was compiled.
fn schema_as_json(schema: &Schema) -> serde_json::Value {
    serde_json::from_str(schema.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_time_than_usual_needs_a_grant_and_less_does_not() {
        let limits = Limits::default();
        let s = Duration::from_secs;
        assert_eq!(timeout(&limits, None, Some(s(60))), s(30));
        assert_eq!(timeout(&limits, Some(s(5)), None), s(5));
        assert_eq!(timeout(&limits, Some(s(60)), None), s(30));
        assert_eq!(timeout(&limits, Some(s(60)), Some(s(60))), s(60));
        assert_eq!(timeout(&limits, Some(s(60)), Some(s(40))), s(40));
        assert_eq!(timeout(&limits, Some(s(6000)), Some(s(6000))), limits.timeout_max);
    }
}
