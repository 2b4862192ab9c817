//! The program by itself: what it says when the library did not start it, or cannot be loaded.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_virsparse-domain"))
}

/// Runs it with a socket as its descriptor 3, and returns what it said there.
fn with_socket(arguments: &[&str]) -> (Output, String) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let theirs_fd = theirs.as_raw_fd();
    let mut command = program();
    command.args(arguments);
    // SAFETY: system calls only.
    unsafe {
        command.pre_exec(move || match libc::dup2(theirs_fd, 3) {
            3 if theirs_fd == 3 && libc::fcntl(3, libc::F_SETFD, 0) != 0 => {
                Err(std::io::Error::last_os_error())
            }
            3 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let output = command.output().unwrap();
    drop(theirs);
    let mut said = String::new();
    ours.read_to_string(&mut said).unwrap();
    (output, said)
}

#[test]
fn who_starts_it_by_hand_is_told_what_it_is() {
    for arguments in [&[][..], &["vm"], &["vm", "/lib.so"], &["--help"]] {
        let mut command = program();
        command.args(arguments);
        // Whatever this test has inherited as 3.
        // SAFETY: a system call.
        unsafe {
            command.pre_exec(|| {
                libc::close(3);
                Ok(())
            });
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("is started by libvirsparse"), "{said}");
    }
    let output = program().arg("--version").output().unwrap();
    let version = format!("virsparse-domain {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), version);
}

#[test]
fn a_library_that_cannot_be_used_is_named_to_the_starter() {
    let (output, said) = with_socket(&["vm", "/does/not/exist.so"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("!cannot load '/does/not/exist.so': "), "{said}");
    assert!(said.ends_with('\0'), "{said}");
    // One that has no such entry.
    let (output, said) = with_socket(&["vm", "libc.so.6"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("!'libc.so.6' cannot hold domains: "), "{said}");
    assert!(said.contains("virSparseHolderRun"), "{said}");
}
