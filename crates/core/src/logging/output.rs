//! Writing lines of the log. One call of write(2) a line, so that lines of several threads and
//! processes do not mix.

use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

use log::{Level, LevelFilter};

use super::settings::{Destination, OutputKind};
use crate::sys;

pub struct Output {
    level: LevelFilter,
    /// `None` for the standard error output.
    file: Option<File>,
}

impl Output {
    /// `None` if its file cannot be opened, which is told on the standard error output: whoever has
    /// asked for a log looks there.
    pub fn open(destination: &Destination) -> Option<Output> {
        let file = match &destination.kind {
            OutputKind::Stderr => None,
            OutputKind::File(path) => {
                // Not blocking: a named pipe that nobody reads must not stop the program.
                let file = OpenOptions::new()
                    .append(true)
                    .create(true)
                    .mode(0o600)
                    .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
                    .open(path);
                match file {
                    Ok(file) => Some(file),
                    Err(error) => {
                        let text = format!("libvirsparse: cannot log to '{path}': {error}\n");
                        sys::write_line(std::io::stderr().as_fd(), text.as_bytes());
                        return None;
                    }
                }
            }
        };
        Some(Output { level: destination.level, file })
    }

    pub fn write(&self, level: Level, line: &str) {
        if level > self.level {
            return;
        }
        let stderr = std::io::stderr();
        let fd: BorrowedFd = match &self.file {
            Some(file) => file.as_fd(),
            None => stderr.as_fd(),
        };
        sys::write_line(fd, line.as_bytes());
    }
}
