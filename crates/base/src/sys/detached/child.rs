//! What runs in the processes that share the host's memory: system calls, and nothing that could take a
//! lock, allocate or panic.

use std::ffi::{c_int, c_long, c_void};
use std::ptr;
use std::sync::atomic::Ordering;

use super::Plan;

/// The size of a signal set, as the kernel counts.
const SIGNAL_SET: usize = size_of::<u64>();

/// Sets the thread's signal mask: also the signals that the C library's function leaves alone.
pub(super) fn set_signal_mask(mask: &u64, before: Option<&mut u64>) {
    let before = before.map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: the kernel reads one signal set and writes another. It cannot fail.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            ptr::from_ref(mask),
            before,
            SIGNAL_SET,
        );
    }
}

fn last_errno() -> i32 {
    // SAFETY: the C library's place for it; this process uses that of the thread that waits for it.
    unsafe { *libc::__errno_location() }
}

/// Makes the program's process, and ends: whose parent has ended is init's child.
pub(super) extern "C" fn between(plan: *mut c_void) -> c_int {
    // SAFETY: the plan that `spawn` has passed, which stays.
    let plan = unsafe { &*plan.cast_const().cast::<Plan>() };
    let report = plan.report();
    let argument = ptr::from_ref(plan).cast_mut().cast::<c_void>();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK;
    // SAFETY: as in `spawn`; it returns when the program has been executed, or its process has ended.
    let process = unsafe { libc::clone(program, plan.stack(1), flags, argument) };
    if process < 0 {
        report.failed("clone", last_errno());
    } else {
        report.process.store(process, Ordering::Release);
    }
    if process > 0 && report.failure().is_some() {
        // Not every init takes note of the children that it is given.
        // SAFETY: no memory is passed.
        unsafe { libc::waitpid(process, ptr::null_mut(), libc::__WALL) };
    }
    report.done.store(true, Ordering::Release);
    // SAFETY: ends this process, and calls nothing else.
    unsafe { libc::_exit(0) }
}

/// Becomes the program.
extern "C" fn program(plan: *mut c_void) -> c_int {
    // SAFETY: the plan that `spawn` has passed, which stays.
    let plan = unsafe { &*plan.cast_const().cast::<Plan>() };
    let step = prepare_and_execute(plan);
    plan.report().failed(step, last_errno());
    // SAFETY: ends this process, and calls nothing else.
    unsafe { libc::_exit(127) }
}

/// Returns the name of the step that has failed.
fn prepare_and_execute(plan: &Plan) -> &'static str {
    // SAFETY: system calls that read the plan's memory and change nothing but this process.
    unsafe {
        if libc::setsid() < 0 {
            return "setsid";
        }
        libc::umask(0o077);
        if libc::chdir(c"/".as_ptr()) < 0 {
            return "chdir";
        }
        for (which, limit) in &plan.limits {
            let none = ptr::null_mut::<libc::rlimit>();
            // Of this process. The C library's function takes a type of its own.
            if libc::syscall(libc::SYS_prlimit64, 0, *which, ptr::from_ref(limit), none) < 0 {
                return "setrlimit";
            }
        }
    }
    if let Err(step) = set_descriptors(plan.socket) {
        return step;
    }
    reset_signals();
    // SAFETY: a path and two lists that end with NULL.
    unsafe { libc::execve(plan.path.as_ptr(), plan.argv.as_ptr(), plan.envp.as_ptr()) };
    "execve"
}

/// Leaves the socket, as 3, and three ways to /dev/null. This process has a table of its own.
fn set_descriptors(socket: c_int) -> Result<(), &'static str> {
    // SAFETY: system calls on descriptors, which nobody else has.
    unsafe {
        let kept = match socket {
            3 => libc::fcntl(3, libc::F_SETFD, 0),
            _ => libc::dup3(socket, 3, 0),
        };
        if kept < 0 {
            return Err("dup");
        }
        close_from(4);
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_NOCTTY);
        if null < 0 {
            return Err("open /dev/null");
        }
        for standard in 0..3 {
            if null != standard && libc::dup3(null, standard, 0) < 0 {
                return Err("dup");
            }
        }
        if null > 3 {
            libc::close(null);
        }
    }
    Ok(())
}

fn close_from(first: c_int) {
    // SAFETY: as above.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
    if closed != 0 {
        close_listed(first);
    }
}

/// The same where the kernel has no call for it: closes what /proc lists, until that is nothing.
fn close_listed(first: c_int) {
    /// Where the length and the name of an entry are.
    const LENGTH: usize = 16;
    const NAME: usize = 19;
    let mut entries = [0_u64; 128];
    // SAFETY: the kernel writes whole entries into the memory, and says how much that was.
    unsafe {
        let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
        let folder = libc::open(c"/proc/self/fd".as_ptr(), flags);
        if folder < 0 {
            return;
        }
        let start = entries.as_mut_ptr().cast::<u8>();
        let size = size_of_val(&entries);
        loop {
            let found: c_long = libc::syscall(libc::SYS_getdents64, folder, start, size);
            let Ok(found @ 1..) = usize::try_from(found) else { break };
            let mut at = 0_usize;
            while at.saturating_add(NAME) < found {
                let entry = start.add(at);
                if let Some(fd) = number(entry.add(NAME))
                    && fd >= first
                    && fd != folder
                {
                    libc::close(fd);
                }
                let length = usize::from(entry.add(LENGTH).cast::<u16>().read_unaligned());
                at = at.saturating_add(length.max(NAME));
            }
        }
        libc::close(folder);
    }
}

/// The number that a text is, of an entry in /proc/self/fd.
///
/// # Safety
///
/// The text ends with a NUL.
unsafe fn number(text: *const u8) -> Option<c_int> {
    let mut number: c_int = 0;
    let mut at = text;
    loop {
        // SAFETY: the text is not at its end yet.
        let digit = unsafe { *at };
        match digit {
            0 if at != text => return Some(number),
            b'0'..=b'9' => {
                let digit = c_int::from(digit.wrapping_sub(b'0'));
                number = number.checked_mul(10)?.checked_add(digit)?;
            }
            _ => return None,
        }
        at = at.wrapping_add(1);
    }
}

/// What the kernel's sigaction has, at most: a handler, flags, a restorer and a mask.
type SignalAction = [u64; 4];

/// Has all signals do what they do by default, and lets them through.
fn reset_signals() {
    let default: SignalAction = [0; 4];
    for signal in 1..=64 {
        // SAFETY: the kernel reads one action. It refuses those of SIGKILL and SIGSTOP.
        unsafe {
            let none = ptr::null_mut::<SignalAction>();
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                ptr::from_ref(&default),
                none,
                SIGNAL_SET,
            );
        }
    }
    set_signal_mask(&0, None);
}

#[cfg(test)]
pub(super) fn close_all_listed_from(first: c_int) {
    close_listed(first);
}
