//! The library's face: joins the stages, decides nothing.

mod accounts;
mod builder;
mod changes;
mod counts;
mod definition;
mod description;
mod loaded;
mod opening;
mod own_folders;
mod owners;
mod pocket;
mod reach;
mod reloading;
mod tool_entry;

pub use builder::PocketBuilder;
pub use counts::Counts;
pub use definition::{DefinitionFormat, NotADefinitionFormat, ToolDefinition};
pub use description::ToolDescription;
use loaded::Loaded;
use pocket::Core;
pub use pocket::{CallOptions, Pocket};
pub use reach::Reach;
pub use reloading::Reloaded;
pub use tool_entry::ToolEntry;
