//! Takes what changed in a project while its tools are in use.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use tokio::sync::RwLock;

use crate::{
    Error,
    base::name::ToolName,
    package::MANIFEST,
    pocket::{Loaded, Pocket, ToolEntry, opening::Opening, pocket::Core},
    settings::Settings,
    source::PinnedSource,
};

/// A project's tools as they are now.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reloaded {
    /// The tools as they are now. Calls that were begun before end with the tools they began with.
    pub pocket: Pocket,
    /// Those that came, went, or are another than before.
    pub changed: Vec<ToolName>,
    /// Those that cannot be used as they are now, and why. What was there of them before stays.
    pub failed: Vec<(ToolName, Error)>,
}

impl Pocket {
    /// The project's tools as its files, `pocket.lock` and the tools' own folders have them now, with the same accounts, limits and
    /// places for calls. Of `settings`, which the embedding program read anew, the tools count and what is denied; all else holds as
    /// it was when this was built.
    ///
    /// Functions and tools that the builder named are as they were. A tool that did not change stays compiled.
    pub async fn reloaded(&self, settings: Settings) -> Reloaded {
        let old = self.core.tools.read().await.clone();
        let mut core = self.core.with(settings);
        let mut tools: BTreeMap<String, Arc<Loaded>> = BTreeMap::new();
        let kept = old.iter().filter(|(_, loaded)| !self.core.is_of_project(loaded));
        tools.extend(kept.map(|(name, loaded)| (name.clone(), Arc::clone(loaded))));
        let mut failed = Vec::new();
        for name in core.settings.tools.keys() {
            if tools.contains_key(name.as_str()) {
                continue;
            }
            let before = old.get(name.as_str());
            let now = match core.opened(name, &tools).await {
                Ok(now) => before
                    .filter(|before| before.is_same(&now))
                    .cloned()
                    .unwrap_or_else(|| Arc::new(now)),
                Err(error) => {
                    failed.push((name.clone(), error));
                    match before {
                        Some(before) => Arc::clone(before),
                        None => continue,
                    }
                }
            };
            tools.insert(name.to_string(), now);
        }
        let changed = changed(&old, &tools);
        core.tools = RwLock::new(tools);
        Reloaded {
            pocket: Self {
                core: Arc::new(core),
                profile: self.profile.clone(),
            },
            changed,
            failed,
        }
    }

    /// The files of the tools that are folders of this machine: who changes one changes the tool.
    pub async fn files_of_tools(&self) -> Vec<PathBuf> {
        let tools = self.core.tools.read().await;
        let installed = tools.values().filter_map(|loaded| loaded.installed.as_ref());
        let files = installed.filter_map(|installed| match &installed.source {
            PinnedSource::Path(path) => Some([
                path.folder.join(MANIFEST),
                path.folder.join(&installed.package.component.path),
            ]),
            PinnedSource::Git { .. } => None,
        });
        files.flatten().collect()
    }
}

impl Core {
    /// With other tools of the project, none of them open yet.
    fn with(&self, settings: Settings) -> Self {
        Self {
            settings: Settings {
                tools: settings.tools,
                deny: settings.deny,
                ..self.settings.clone()
            },
            auth: Arc::clone(&self.auth),
            engine: self.engine.clone(),
            installer: self.installer.clone(),
            owners: Arc::clone(&self.owners),
            own_folders: Arc::clone(&self.own_folders),
            progress: self.progress.clone(),
            tools: RwLock::default(),
            begun: Arc::clone(&self.begun),
        }
    }

    async fn opened(&self, name: &ToolName, open: &BTreeMap<String, Arc<Loaded>>) -> Result<Loaded, Error> {
        let installed = Opening::of(self, None).installed_of_project(name).await?;
        self.sandboxed(installed, ToolEntry::default(), open)
    }

    /// Whether it is there because the project's files name it, and nobody else does.
    fn is_of_project(&self, loaded: &Loaded) -> bool {
        loaded.installed.is_some() && loaded.entry.is_of_nobody() && self.settings.tools.contains_key(&loaded.tool.name)
    }
}

fn changed(old: &BTreeMap<String, Arc<Loaded>>, new: &BTreeMap<String, Arc<Loaded>>) -> Vec<ToolName> {
    let is_new = new
        .iter()
        .filter(|(name, now)| !old.get(*name).is_some_and(|before| Arc::ptr_eq(before, now)));
    let is_gone = old.iter().filter(|(name, _)| !new.contains_key(*name));
    is_new
        .chain(is_gone)
        .map(|(_, loaded)| loaded.tool.name.clone())
        .collect()
}
