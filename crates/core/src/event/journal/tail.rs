//! Reading what is appended to a journal, from a place in it on, and over to the next file when there is a
//! new one. No lock is taken: a line counts when its end is there.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use virsparse_base::errno::Errno;

use super::LONGEST_LINE;
use super::record::Record;
use crate::event::broker::Event;

/// A file longer than this was not written by us; the rest is passed over.
const MOST: u64 = 16 << 20;

/// A place in a journal.
pub struct Tail {
    file: File,
    at: u64,
    /// The number of the file, where its first line has been read.
    number: Option<u64>,
}

impl Tail {
    /// Begins at the end of the journal: what has happened before is not told.
    pub fn begin(path: &Path) -> io::Result<Tail> {
        let file = open(OpenOptions::new().read(true).write(true).create(true), path)?;
        let number = number_of(&file)?;
        let end = file.metadata()?.len();
        // A line that is being written now is of an event that has not been told yet.
        let mut last = vec![0; end.min(LONGEST_LINE as u64) as usize];
        let from = end - last.len() as u64;
        file.read_exact_at(&mut last, from)?;
        let whole = last.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index + 1);
        Ok(Tail { file, at: from + whole as u64, number })
    }

    /// Reads on to the end, and gives each event to `tell`.
    pub fn read_on(&mut self, path: &Path, mut tell: impl FnMut(&Event)) -> io::Result<()> {
        loop {
            // Nobody writes to a file any more when another one has got its name. So what is read after
            // that is all that there is.
            let present = match path.symlink_metadata() {
                Err(e) if e.kind() == io::ErrorKind::NotFound => None,
                found => Some(found?),
            };
            self.read_lines(&mut tell)?;
            if present.is_none_or(|present| is_of(&present, &self.file)) {
                return Ok(());
            }
            let file = open(OpenOptions::new().read(true), path)?;
            let number = number_of(&file)?;
            if number.is_none() || self.number.is_some_and(|before| number != Some(before + 1)) {
                log::warn!("events of other processes may be lost: '{}' is new", path.display());
            }
            *self = Tail { file, at: 0, number };
        }
    }

    /// Goes behind a line of this process, which ends at `end` of the file `written`. All before it has
    /// been read.
    pub fn pass(&mut self, written: &File, end: u64) -> io::Result<()> {
        if is_of(&written.metadata()?, &self.file) {
            self.at = end;
        }
        Ok(())
    }

    fn read_lines(&mut self, tell: &mut impl FnMut(&Event)) -> io::Result<()> {
        let end = self.file.metadata()?.len();
        if end < self.at || end - self.at > MOST {
            log::warn!("what others have written of events was changed by hand, and is not told");
            self.at = end;
        }
        let mut text = vec![0; (end - self.at) as usize];
        let mut length = 0;
        while length < text.len() {
            match self.file.read_at(&mut text[length..], self.at + length as u64) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        for line in text[..length].split_inclusive(|byte| *byte == b'\n') {
            // The rest of it is yet to come.
            let Some(record) = line.strip_suffix(b"\n") else { break };
            self.at += line.len() as u64;
            match Record::parse(record) {
                Ok(Record::Event(event)) => tell(&event),
                Ok(Record::File(number)) => self.number = Some(number),
                // It ends a line that was cut off.
                Err(_) if record.is_empty() => {}
                Err(cause) => {
                    let excerpt = String::from_utf8_lossy(&record[..record.len().min(80)]);
                    log::warn!("an event of another process is passed over: {cause}: {excerpt}");
                }
            }
        }
        Ok(())
    }
}

/// Opens a journal's file. Nothing that is waited for, and nothing elsewhere, can be in its place.
pub fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    let file = options.custom_flags(flags).mode(0o600).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(Errno::EINVAL.into()),
    }
}

/// The number in a file's first line; `None` if there is none.
pub fn number_of(file: &File) -> io::Result<Option<u64>> {
    let mut first = [0; 256];
    let length = file.read_at(&mut first, 0)?;
    let line = first[..length].split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(match Record::parse(line) {
        Ok(Record::File(number)) => Some(number),
        _ => None,
    })
}

/// Whether what was found is that open file.
pub fn is_of(found: &Metadata, file: &File) -> bool {
    file.metadata().is_ok_and(|open| (open.dev(), open.ino()) == (found.dev(), found.ino()))
}
