//! What starts by itself: once in each boot of the machine, by the first process that may start it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::{Flock, FlockArg};
use virsparse_base::memory::fallible;

use super::StateDir;
use crate::error::*;

/// The right to start what starts by itself. Others do not, as long as this lives.
pub struct Autostart<'a> {
    state: &'a StateDir,
    file: Flock<File>,
    boot: String,
}

impl StateDir {
    /// That right, unless what starts by itself has been started in this boot, or somebody is doing so, or it is
    /// not known which boot this is.
    pub fn autostart(&self) -> Result<Option<Autostart<'_>>> {
        let Some(boot) = self.boot()? else { return Ok(None) };
        let path = self.autostart_path();
        let failed = |e: &io::Error, what: &str| self.failed(e, what, &path);
        match fallible(|| fs::read_to_string(&path)) {
            Ok(done) if done == boot => return Ok(None),
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(&e, "cannot read")),
            _ => {}
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|e| failed(&e, "cannot open"))?;
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => file,
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => return Ok(None),
            Err((_, errno)) => return Err(failed(&errno.into(), "cannot lock")),
        };
        // Somebody may have done it just now.
        let mut done = String::new();
        fallible(|| file.read_to_string(&mut done)).map_err(|e| failed(&e, "cannot read"))?;
        Ok((done != boot).then_some(Autostart { state: self, file, boot }))
    }
}

impl Autostart<'_> {
    /// Notes that it has been done.
    pub fn done(mut self) -> Result<()> {
        let (boot, file) = (&self.boot, &mut self.file);
        let written = crate::sys::allow_file_size(boot.len() as u64)
            .map_err(io::Error::from)
            .and_then(|()| file.set_len(0))
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(boot.as_bytes()));
        written.map_err(|e| self.state.failed(&e, "cannot write", &self.state.autostart_path()))
    }
}
