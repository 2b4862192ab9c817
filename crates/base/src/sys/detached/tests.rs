use std::os::fd::AsRawFd;

use super::*;

/// What a forked child's function returns, which may only make system calls.
fn in_fork(run: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child makes system calls, and ends.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::_exit(run());
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &mut status, 0), child);
        assert!(libc::WIFEXITED(status), "{status}");
        libc::WEXITSTATUS(status)
    }
}

#[test]
fn without_close_range_all_that_is_listed_is_closed() {
    let files: Vec<_> = (0..300).map(|_| std::fs::File::open("/").unwrap()).collect();
    let first = files[0].as_raw_fd();
    let wrong = in_fork(|| {
        child::close_all_listed_from(first + 1);
        // SAFETY: no memory is passed.
        let is_open = |fd: i32| unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0;
        let left = files[1..].iter().filter(|file| is_open(file.as_raw_fd())).count();
        i32::from(left != 0 || !is_open(first))
    });
    assert_eq!(wrong, 0);
}

#[test]
fn the_own_file_is_found_by_the_loader_and_by_the_kernel() {
    let program = std::fs::canonicalize("/proc/self/exe").unwrap();
    assert_eq!(own_file().and_then(|path| path.canonicalize().ok()), Some(program.clone()));
    assert_eq!(mapped_file(own_file as *const c_void as usize), Some(program));
    assert_eq!(mapped_file(1), None);
}

#[test]
fn limits_are_the_hard_ones_except_of_cores_and_stacks() {
    let limits = limits().unwrap();
    let of = |which| limits.iter().find(|(one, _)| *one == which as c_int).unwrap().1;
    assert_eq!(of(libc::RLIMIT_NOFILE).rlim_cur, of(libc::RLIMIT_NOFILE).rlim_max);
    assert_eq!(of(libc::RLIMIT_CORE).rlim_cur, 0);
    assert!(of(libc::RLIMIT_STACK).rlim_cur <= STACK_LIMIT);
}
