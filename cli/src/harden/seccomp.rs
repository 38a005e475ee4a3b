//! What a hardened process asks of the system: seccomp.
//!
//! Only what is listed goes through; anything else fails in the process as something that is not permitted. It keeps files, sockets,
//! memory and threads; it does not start programs, look into other processes, mount, load code into the kernel, or change who it is.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Holds this thread, and those that it starts, to what is listed here; gives what this kernel lacks, if anything. Sockets that
/// have a path lead to programs of this user's that do much more (a terminal's server, the session's bus): they are had only where the store
/// needs one.
pub(super) fn restrict(local_sockets: bool) -> Result<Option<&'static str>, Error> {
    let Ok(machine) = TargetArch::try_from(std::env::consts::ARCH) else {
        return Ok(Some("no list of system calls for this processor"));
    };
    let not_permitted = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let not_there = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    // Its flags lie in memory, where no filter looks: without it the C library uses `clone`, whose flags are looked at.
    let without_clone3 = filter(
        Rules::from([(libc::SYS_clone3, vec![])]),
        SeccompAction::Allow,
        not_there,
        machine,
    )?;
    let listed = filter(listed(local_sockets)?, not_permitted, SeccompAction::Allow, machine)?;
    for program in [without_clone3, listed] {
        match apply_filter(&program) {
            Ok(()) => {}
            Err(Error::Seccomp(error)) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS)) => {
                return Ok(Some("no seccomp"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn filter(
    rules: Rules,
    else_do: SeccompAction,
    then_do: SeccompAction,
    machine: TargetArch,
) -> Result<BpfProgram, BackendError> {
    SeccompFilter::new(rules, else_do, then_do, machine)?.try_into()
}

fn listed(local_sockets: bool) -> Result<Rules, BackendError> {
    let mut rules: Rules = EVERYWHERE.iter().chain(OLDER).map(|call| (*call, Vec::new())).collect();
    let this = u64::from(std::process::id());
    for (call, conditions) in [
        // Threads, and no processes.
        (libc::SYS_clone, vec![all_of(0, libc::CLONE_THREAD.unsigned_abs())?]),
        // Its own threads.
        (libc::SYS_tgkill, vec![is(0, this)?]),
        (libc::SYS_kill, vec![is(0, this)?]),
        // Its own limits; 0 is itself.
        (libc::SYS_prlimit64, vec![is(0, 0)?]),
        // What a terminal would take for typed by the user.
        (
            libc::SYS_ioctl,
            vec![is_not(1, TYPE_FOR_THE_USER)?, is_not(1, SELECT_ON_THE_CONSOLE)?],
        ),
    ] {
        rules.insert(call, vec![SeccompRule::new(conditions)?]);
    }
    let mut families = vec![libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    if local_sockets {
        families.push(libc::AF_UNIX);
    }
    rules.insert(libc::SYS_socket, any_of(0, &families)?);
    // Pairs of streams: an end of any other could be turned to another socket.
    let pair = SeccompRule::new(vec![is(0, u64::from(libc::AF_UNIX.unsigned_abs()))?, is_stream(1)?])?;
    rules.insert(libc::SYS_socketpair, vec![pair]);
    // Names of threads and of memory.
    rules.insert(
        libc::SYS_prctl,
        any_of(0, &[libc::PR_SET_NAME, libc::PR_GET_NAME, PR_SET_VMA])?,
    );
    Ok(rules)
}

const TYPE_FOR_THE_USER: u64 = libc::TIOCSTI;
const SELECT_ON_THE_CONSOLE: u64 = libc::TIOCLINUX;
const PR_SET_VMA: i32 = libc::PR_SET_VMA;

fn is(argument: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

/// The kernel looks at 32 bits of it, so no more may tell the difference.
fn is_not(argument: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, value)
}

fn all_of(argument: u8, bits: u32) -> Result<SeccompCondition, BackendError> {
    let bits = u64::from(bits);
    SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(bits), bits)
}

/// A stream, whatever is said beside the kind.
fn is_stream(argument: u8) -> Result<SeccompCondition, BackendError> {
    let kind = SeccompCmpOp::MaskedEq(0xf);
    let stream = u64::from(libc::SOCK_STREAM.unsigned_abs());
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, kind, stream)
}

fn any_of(argument: u8, values: &[i32]) -> Result<Vec<SeccompRule>, BackendError> {
    let rules = values
        .iter()
        .map(|value| SeccompRule::new(vec![is(argument, u64::from(value.unsigned_abs()))?]));
    rules.collect()
}

/// Calls that every processor has, with any arguments.
const EVERYWHERE: &[c_long] = &[
    // Files.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_lseek,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_fchmod,
    libc::SYS_utimensat,
    libc::SYS_umask,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_truncate,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_copy_file_range,
    libc::SYS_sendfile,
    libc::SYS_flock,
    libc::SYS_fcntl,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    // Being told that files change: a server follows its project.
    libc::SYS_inotify_init1,
    libc::SYS_inotify_add_watch,
    libc::SYS_inotify_rm_watch,
    // Memory. `mprotect` may make it executable: that is how compiled code is loaded.
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_mlock,
    libc::SYS_munlock,
    libc::SYS_memfd_create,
    libc::SYS_membarrier,
    // Threads, signals to itself, time.
    libc::SYS_clone3,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    // The network, and waiting for it.
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept4,
    libc::SYS_accept,
    libc::SYS_shutdown,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    // What it and the machine are.
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getgroups,
    libc::SYS_getpgid,
    libc::SYS_getsid,
    libc::SYS_getrusage,
    libc::SYS_getcpu,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getrandom,
];

/// Older forms of some of those, which this processor has beside them.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_getdents,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_create,
    libc::SYS_arch_prctl,
    libc::SYS_getpgrp,
    libc::SYS_getrlimit,
    libc::SYS_time,
];

/// Newer processors have none.
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];
