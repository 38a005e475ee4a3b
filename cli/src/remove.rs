//! `pocket remove`: remove a tool from this project.

use serde_json::json;

use crate::{
    args,
    failure::Failure,
    project_file::ProjectFile,
    session::{Place, no_tool},
    terminal::Terminal,
};

/// It opens no tool, so one that is broken or whose source is gone can be removed too.
pub(crate) async fn remove(args: args::Remove, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Remove { name } = args;
    let (settings, asks) = place.read()?;
    let trusted = place.trusted(&asks)?;
    let installer = place.installer(&settings)?;
    let in_lock = installer.names()?.contains(&name);
    if in_lock {
        installer.remove(&name).await?;
    }
    let mut file = ProjectFile::open(&place.project)?;
    let in_file = file.remove_tool(&name);
    if in_file {
        file.save()?;
    }
    if !in_lock && !in_file {
        return Err(no_tool(&name, &settings));
    }
    place.keep_trusted(trusted)?;
    terminal.done(format_args!("removed `{name}`"));
    if terminal.is_json() {
        terminal.value(&json!({ "removed": name }));
    }
    Ok(())
}
