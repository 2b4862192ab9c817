//! Starts a program that is not this process's child: nothing is left that the host could wait for, no
//! SIGCHLD reaches it, and nothing of its surroundings is inherited that is not given here.
//!
//! A process in between clones the program's and ends. Both run in this process's memory until the program
//! is executed, as after vfork(2), so that a large host is not copied, and what has failed is known when
//! [`spawn`] returns. Until then they only make system calls: a lock that another thread of the host holds
//! would never be released for them.

mod child;

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use crate::errno::{Errno, SysResult, errno_of};
use crate::memory::fallible;

/// What is to be started.
pub struct Program<'a> {
    /// Its file.
    pub path: CString,
    /// Its arguments, beginning with the name that it goes by.
    pub arguments: Vec<CString>,
    /// Its whole environment: `NAME=value`.
    pub environment: Vec<CString>,
    /// What it has as its descriptor 3. 0, 1 and 2 lead to /dev/null, and it has no other.
    pub socket: BorrowedFd<'a>,
}

/// What a program could not be started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The system call.
    pub step: &'static str,
    pub errno: Errno,
}

/// A program that has been started.
pub struct Detached {
    plan: Box<Plan>,
    end: Option<OwnedFd>,
}

/// The steps that can fail, in the order of their numbers in [`Report`]; 0 is none.
const STEPS: [&str; 8] =
    ["", "clone", "setsid", "chdir", "setrlimit", "open /dev/null", "dup", "execve"];

/// What the processes tell of themselves. It is in memory that stays shared after a fork: under valgrind,
/// a clone is one.
#[repr(C)]
#[derive(Default)]
struct Report {
    step: AtomicI32,
    errno: AtomicI32,
    /// The number of the program's process.
    process: AtomicI32,
    /// The process in between has done its work, and nobody uses the plan any more.
    done: AtomicBool,
}

impl Report {
    fn failed(&self, step: &str, errno: i32) {
        let step = STEPS.iter().position(|name| *name == step).unwrap_or(0);
        self.errno.store(errno, Ordering::Relaxed);
        self.step.store(step as i32, Ordering::Release);
    }

    fn failure(&self) -> Option<Failure> {
        let step = usize::try_from(self.step.load(Ordering::Acquire)).ok()?;
        let step = STEPS.get(step).filter(|step| !step.is_empty())?;
        Some(Failure { step, errno: Errno::from_raw(self.errno.load(Ordering::Relaxed)) })
    }
}

/// Everything that the two processes need, made before they are.
struct Plan {
    report: Mapping,
    /// Two stacks, each with a page below it that nobody can use.
    stacks: Mapping,
    path: CString,
    /// Pointers into the two vectors behind them, and NULL.
    argv: Vec<*const c_char>,
    envp: Vec<*const c_char>,
    _arguments: Vec<CString>,
    _environment: Vec<CString>,
    socket: RawFd,
    limits: Vec<(c_int, libc::rlimit)>,
}

// SAFETY: its pointers lead to what it owns, which nobody changes.
unsafe impl Send for Plan {}
// SAFETY: as above.
unsafe impl Sync for Plan {}

const STACK: usize = 64 * 1024;
const GUARD: usize = 64 * 1024;

impl Plan {
    fn new(program: Program<'_>) -> SysResult<Box<Plan>> {
        let Program { path, arguments, environment, socket } = program;
        let pointers = |list: &[CString]| {
            list.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect::<Vec<_>>()
        };
        let report = Mapping::new(size_of::<Report>(), libc::MAP_SHARED)?;
        let stacks = Mapping::new(2 * (GUARD + STACK), libc::MAP_PRIVATE | libc::MAP_STACK)?;
        for which in 0..2 {
            stacks.protect(which * (GUARD + STACK), GUARD)?;
        }
        Ok(Box::new(Plan {
            report,
            stacks,
            path,
            argv: pointers(&arguments),
            envp: pointers(&environment),
            _arguments: arguments,
            _environment: environment,
            socket: socket.as_raw_fd(),
            limits: limits()?,
        }))
    }

    fn report(&self) -> &Report {
        // SAFETY: the mapping is as large as a report, begins as zeros, which are one, and is only
        // changed by atomic operations.
        unsafe { self.report.start.cast::<Report>().as_ref() }
    }

    /// The end of a stack, from which it grows down.
    fn stack(&self, which: usize) -> *mut c_void {
        // SAFETY: it is the end of a part of the mapping.
        unsafe { self.stacks.start.as_ptr().cast::<u8>().add((which + 1) * (GUARD + STACK)).cast() }
    }
}

fn last_errno() -> Errno {
    errno_of(&io::Error::last_os_error())
}

/// Pages of memory.
struct Mapping {
    start: NonNull<c_void>,
    length: usize,
}

impl Mapping {
    fn new(length: usize, flags: c_int) -> SysResult<Mapping> {
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, flags | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, access, flags, -1, 0) };
        match NonNull::new(start) {
            Some(start) if start.as_ptr() != libc::MAP_FAILED => Ok(Mapping { start, length }),
            _ => Err(last_errno()),
        }
    }

    /// Has the kernel stop who uses this part.
    fn protect(&self, offset: usize, length: usize) -> SysResult<()> {
        // SAFETY: a part of a mapping of ours, to which nothing refers.
        let result = unsafe {
            let start = self.start.as_ptr().cast::<u8>().add(offset);
            libc::mprotect(start.cast(), length, libc::PROT_NONE)
        };
        Errno::result(result).map(drop)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing refers to it any more.
        unsafe { libc::munmap(self.start.as_ptr(), self.length) };
    }
}

/// The largest stack that a program begins with: without a limit the kernel would lay its memory out in
/// another way, and each of its threads would want as much.
const STACK_LIMIT: libc::rlim_t = 8 << 20;

/// What the program is limited to: as much as may be had. It writes no core, which would have the data of
/// guests in it, until somebody gives it leave by prlimit(1).
fn limits() -> SysResult<Vec<(c_int, libc::rlimit)>> {
    let all = [
        libc::RLIMIT_AS,
        libc::RLIMIT_CORE,
        libc::RLIMIT_CPU,
        libc::RLIMIT_DATA,
        libc::RLIMIT_FSIZE,
        libc::RLIMIT_MEMLOCK,
        libc::RLIMIT_NOFILE,
        libc::RLIMIT_NPROC,
        libc::RLIMIT_STACK,
    ];
    let mut limits = Vec::new();
    for which in all {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the kernel writes one limit.
        Errno::result(unsafe { libc::getrlimit(which, &mut limit) })?;
        limit.rlim_cur = match which {
            libc::RLIMIT_CORE => 0,
            libc::RLIMIT_STACK => limit.rlim_max.min(STACK_LIMIT),
            _ => limit.rlim_max,
        };
        limits.push((which as c_int, limit));
    }
    Ok(limits)
}

/// All signals blocked in this thread, also those that the C library keeps for itself, until this is
/// dropped: no handler may run in a process that shares the memory.
struct Unsignalled(u64);

impl Unsignalled {
    fn new() -> Unsignalled {
        let (all, mut before) = (u64::MAX, 0_u64);
        child::set_signal_mask(&all, Some(&mut before));
        Unsignalled(before)
    }
}

impl Drop for Unsignalled {
    fn drop(&mut self) {
        child::set_signal_mask(&self.0, None);
    }
}

/// Starts a program: a session leader without a terminal, in `/`, with umask 077, all signals as a program
/// finds them by default, and its soft limits at its hard ones.
pub fn spawn(program: Program<'_>) -> SysResult<Result<Detached, Failure>> {
    let plan = Plan::new(program)?;
    {
        let _unsignalled = Unsignalled::new();
        let flags = libc::CLONE_VM | libc::CLONE_VFORK;
        let argument = ptr::from_ref::<Plan>(&plan).cast_mut().cast::<c_void>();
        // SAFETY: the function makes system calls only, on a stack of its own; the plan lives until the
        // process has ended.
        let between = unsafe { libc::clone(child::between, plan.stack(0), flags, argument) };
        Errno::result(between)?;
        // It sends no signal, and only who waits for such children finds it. Should the host be one, it is
        // gone by now, too.
        // SAFETY: no memory is passed.
        while unsafe { libc::waitpid(between, ptr::null_mut(), libc::__WALL) } < 0
            && last_errno() == Errno::EINTR
        {}
    }
    if !plan.report().done.load(Ordering::Acquire) {
        // It was killed. The program's process may be using the plan, which has to stay.
        Box::leak(plan);
        return Err(Errno::ESRCH);
    }
    if let Some(failure) = plan.report().failure() {
        return Ok(Err(failure));
    }
    let end = pidfd(plan.report().process.load(Ordering::Acquire))?;
    Ok(Ok(Detached { plan, end }))
}

/// A descriptor of a process, which can be read when that has ended. `None` if it has, or if the kernel
/// has no such descriptors.
fn pidfd(process: i32) -> SysResult<Option<OwnedFd>> {
    // SAFETY: no memory is passed.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) };
    match Errno::result(fd as c_int) {
        // SAFETY: a new descriptor.
        Ok(fd) => Ok(Some(unsafe { OwnedFd::from_raw_fd(fd) })),
        Err(Errno::ESRCH | Errno::ENOSYS | Errno::EPERM) => Ok(None),
        Err(errno) => Err(errno),
    }
}

impl Detached {
    /// The number of its process, which is another's when that has ended.
    pub fn process(&self) -> i32 {
        self.plan.report().process.load(Ordering::Acquire)
    }

    /// Can be read when the program has ended, where the kernel has such a thing.
    pub fn end(&self) -> Option<&OwnedFd> {
        self.end.as_ref()
    }

    /// The same, for who keeps it.
    pub fn take_end(&mut self) -> Option<OwnedFd> {
        self.end.take()
    }

    /// Why it was not executed, if that is known only now: where a clone is a fork.
    pub fn failure(&self) -> Option<Failure> {
        self.plan.report().failure()
    }
}

/// The environment variables that a program gets of this process's, by their names.
pub fn environment(wanted: impl Fn(&str) -> bool) -> Vec<CString> {
    let all = std::env::vars_os();
    let wanted = all.filter(|(name, _)| name.to_str().is_some_and(&wanted));
    let joined = wanted.map(|(name, value)| {
        let mut text = name.into_vec();
        text.push(b'=');
        text.extend(value.into_vec());
        text
    });
    // The environment has no NUL in it.
    joined.filter_map(|text| CString::new(text).ok()).collect()
}

/// The file that has this function in it, by its whole path: the shared library.
pub fn own_file() -> Option<PathBuf> {
    // The path of one that was replaced is the new one's.
    let loaded = loaded_file().filter(|path| path.is_absolute());
    // The loader may know it by a path that began in another folder.
    loaded.or_else(|| mapped_file(own_file as *const c_void as usize))
}

/// As the loader knows it.
fn loaded_file() -> Option<PathBuf> {
    let mut found = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the address of a function, and room for the result.
    let known = unsafe { libc::dladdr(own_file as *const c_void, found.as_mut_ptr()) };
    // SAFETY: zeros are one, too.
    let found = unsafe { found.assume_init() };
    if known == 0 || found.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the loader's string, which stays while the library is loaded.
    let name = unsafe { CStr::from_ptr(found.dli_fname) };
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}

/// The file that is mapped at an address, as the kernel knows it.
fn mapped_file(address: usize) -> Option<PathBuf> {
    let maps = fallible(|| std::fs::read("/proc/self/maps")).ok()?;
    maps.split(|byte| *byte == b'\n').find_map(|line| {
        let path = line.iter().position(|byte| *byte == b'/').map(|at| &line[at..])?;
        let range = str::from_utf8(line.split(|byte| *byte == b' ').next()?).ok()?;
        let (start, end) = range.split_once('-')?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        (number(start)?..number(end)?).contains(&address).then(|| OsStr::from_bytes(path).into())
    })
}

#[cfg(test)]
mod tests;
