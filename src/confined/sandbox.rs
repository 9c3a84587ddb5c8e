//! What such a process gives up before it reads a byte of a stranger: memory, time, files, threads, the network, and every other call
//! of the kernel that reading and answering does not need.

use std::collections::BTreeMap;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// What a process may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Memory beyond its own program, in bytes.
    pub memory_bytes: u64,
    /// Processor time in seconds; a second later it is killed.
    pub cpu_secs: u64,
}

/// Shuts this process in, for good, with every thread that it has; it gets no other. Libraries that share their work among threads of their own
/// making do it on this one.
///
/// # Errors
/// When the kernel refuses a limit or the filter: then nothing may be read.
pub fn enter(limits: Limits) -> anyhow::Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let memory_bytes = mapped_bytes()? + limits.memory_bytes;
    limit(Resource::As, memory_bytes, memory_bytes)?;
    limit(Resource::Cpu, limits.cpu_secs, limits.cpu_secs + 1)?;
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Fsize, 0, 0)?;
    limit(Resource::Nofile, 3, 3)?;
    seccompiler::apply_filter_all_threads(&nothing_begins()?).context("the filter of files and threads")?;
    let needed = only_what_is_needed(SeccompAction::KillProcess)?;
    seccompiler::apply_filter_all_threads(&needed).context("the filter of system calls")
}

fn limit(resource: Resource, soft: u64, hard: u64) -> anyhow::Result<()> {
    // A limit that is set from outside and tighter stays.
    let present = getrlimit(resource).maximum;
    let within = |wanted: u64| Some(present.map_or(wanted, |present| present.min(wanted)));
    setrlimit(resource, Rlimit { current: within(soft), maximum: within(hard) })
        .with_context(|| format!("the limit {resource:?}"))
}

/// The address space that the program itself takes: its code, and what it was started with.
fn mapped_bytes() -> anyhow::Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").context("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').next().unwrap_or_default().parse().context("/proc/self/statm")?;
    Ok(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// Calls that name a file or begin a thread or a process. They are answered "not permitted" and do not kill: libraries try things that
/// they can do without.
const REFUSED: [i64; 5] = [libc::SYS_openat, libc::SYS_readlinkat, libc::SYS_statx, libc::SYS_clone, libc::SYS_clone3];
#[cfg(target_arch = "x86_64")]
const REFUSED_OF_OLD: [i64; 2] = [libc::SYS_open, libc::SYS_readlink];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_OF_OLD: [i64; 0] = [];

/// What reading, computing, answering and dying need.
const NEEDED: [i64; 24] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
];

fn nothing_begins() -> anyhow::Result<BpfProgram> {
    let answer = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    compiled(refused().map(|call| (call, Vec::new())).collect(), SeccompAction::Allow, answer)
}

/// Lets through what is needed; anything else ends with `otherwise`.
fn only_what_is_needed(otherwise: SeccompAction) -> anyhow::Result<BpfProgram> {
    let plain = NEEDED.into_iter().chain(refused()).map(|call| (call, Vec::new()));
    // Memory that can be written is never run.
    let not_executable = |call: i64| -> anyhow::Result<(i64, Vec<SeccompRule>)> {
        let exec = u64::from(libc::PROT_EXEC.unsigned_abs());
        let without = SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(exec), 0)?;
        Ok((call, vec![SeccompRule::new(vec![without])?]))
    };
    let memory = [not_executable(libc::SYS_mmap)?, not_executable(libc::SYS_mprotect)?];
    compiled(plain.chain(memory).collect(), otherwise, SeccompAction::Allow)
}

fn refused() -> impl Iterator<Item = i64> {
    REFUSED.into_iter().chain(REFUSED_OF_OLD)
}

fn compiled(
    calls: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    then: SeccompAction,
) -> anyhow::Result<BpfProgram> {
    let arch = std::env::consts::ARCH.try_into().context("no filter of system calls for this processor")?;
    Ok(SeccompFilter::new(calls, otherwise, then, arch)?.try_into()?)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpStream, UdpSocket};

    use super::*;

    /// In a thread: a filter holds for the thread that applies it. Refusing instead of killing, so that there is something to see.
    #[test]
    fn neither_files_nor_sockets_nor_programs_are_in_reach() {
        std::thread::spawn(|| {
            seccompiler::apply_filter(&nothing_begins().unwrap()).unwrap();
            let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
            seccompiler::apply_filter(&only_what_is_needed(refused).unwrap()).unwrap();
            let errors = [
                std::fs::read("/etc/passwd").map(drop).unwrap_err(),
                std::fs::write("/tmp/huzhu-escaped", b"x").unwrap_err(),
                std::fs::read_dir("/").map(drop).unwrap_err(),
                std::fs::remove_file("/tmp/huzhu-escaped").unwrap_err(),
                TcpStream::connect("127.0.0.1:9").map(drop).unwrap_err(),
                UdpSocket::bind("127.0.0.1:0").map(drop).unwrap_err(),
                std::process::Command::new("/bin/true").status().map(drop).unwrap_err(),
                std::thread::Builder::new().spawn(|| {}).map(drop).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
            }
            // What is left still works.
            assert_eq!(vec![1_u8; 10_000_000].len(), 10_000_000);
        })
        .join()
        .unwrap();
    }
}
