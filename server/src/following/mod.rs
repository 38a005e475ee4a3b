//! Follows a project whose files change while its tools are served.

mod project;
mod watch;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::time::Instant;

pub use project::Project;

use crate::{following::watch::Watch, server::Core};

/// How long nothing may change before it is looked what did: a build writes a file piece by piece.
const QUIET: Duration = Duration::from_millis(200);
/// How long it is waited for that at most.
const AT_MOST: Duration = Duration::from_secs(5);

/// Takes what changes, until it is dropped.
pub(crate) async fn follow(core: Arc<Core>, project: Arc<dyn Project>) {
    let mut files = files(&core, &*project).await;
    let mut watch = match Watch::begin(&files) {
        Ok(watch) => watch,
        Err(error) => return not_followed(&error),
    };
    loop {
        watch.changed().await;
        let by = Instant::now() + AT_MOST;
        while Instant::now() < by && tokio::time::timeout(QUIET, watch.changed()).await.is_ok() {}
        // Watched anew before anything is read: a folder may have been made anew, and what changes from here on is seen.
        loop {
            watch = match Watch::begin(&files) {
                Ok(watch) => watch,
                Err(error) => return not_followed(&error),
            };
            reload(&core, &project).await;
            let now = self::files(&core, &*project).await;
            if now == files {
                break;
            }
            files = now;
        }
    }
}

fn not_followed(error: &notify::Error) {
    tracing::warn!(%error, "what changes on disk is not seen: start `pocket serve` again after a change");
}

async fn files(core: &Core, project: &dyn Project) -> Vec<PathBuf> {
    let mut files = project.files();
    files.extend(core.tools.now().files_of_tools().await);
    files.sort();
    files.dedup();
    files
}

async fn reload(core: &Core, project: &Arc<dyn Project>) {
    let reading = Arc::clone(project);
    let Ok(read) = tokio::task::spawn_blocking(move || reading.settings()).await else {
        return;
    };
    // What is wrong the project has told.
    let Some(settings) = read else { return };
    let reloaded = core.tools.now().reloaded(settings).await;
    project.reloaded(&reloaded);
    core.tools.take(reloaded.pocket, reloaded.changed);
}
