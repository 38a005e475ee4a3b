//! Which files a hardened process reaches: Landlock.

use ::landlock::{
    ABI, Access as _, AccessFs, BitFlags, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};

use super::folders::Reach;

/// What is asked of the kernel; an older one holds as much of it as it knows.
const NEWEST: ABI = ABI::V6;

/// Holds this thread, and those that it starts, to what `reach` says; gives what this kernel lacks, if anything.
pub(super) fn restrict(reach: &Reach) -> Result<Option<&'static str>, RulesetError> {
    let Reach {
        read, write, terminal, ..
    } = reach;
    // No one's signals, and no sockets without a file: a session's bus may be one of these.
    let mut scopes = BitFlags::from(Scope::Signal);
    if !reach.bus_has_no_file() {
        scopes |= Scope::AbstractUnixSocket;
    }
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .scope(scopes)?
        .create()?
        .add_rules(path_beneath_rules(read, reading()))?
        .add_rules(path_beneath_rules(write, writing()))?
        .add_rules(path_beneath_rules(terminal, reading() | writing() | AccessFs::IoctlDev))?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => None,
        RulesetStatus::PartiallyEnforced => Some("only a part of Landlock"),
        RulesetStatus::NotEnforced => Some("no Landlock"),
    })
}

fn reading() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::ReadDir
}

/// Everything but devices, pipes, sockets and running what is there.
fn writing() -> BitFlags<AccessFs> {
    reading()
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSym
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer
}
