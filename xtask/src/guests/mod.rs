//! How guests are built: with which toolchain, and by a cargo that knows nothing of the one that called it.

mod cargo;
pub(crate) mod debian;
mod rustup;
mod sysroot;
mod toolchain;

pub(crate) use cargo::release_dir;
pub(crate) use toolchain::Toolchain;
