//! The destination of a copy: opening it, and making it unless it is there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use virsparse_base::errno::Errno;

use super::job::JobContext;
use crate::block::{
    Access, Cache, Chain, FileKind, Files, Format, ImageFile, Location, OpenOptions, RemoteOptions,
};
use crate::domain::config::source::Source;
use crate::domain::failed;
use crate::domain::images::Images;
use crate::domain::images::create::{
    absolute, create_file, make_image, open_existing, sync_folder_of,
};
use crate::domain::images::describe::set_image;
use crate::domain::machine::block_job::{CopyDestination, CopyFlags};
use crate::error::*;
use crate::xml::Element;

/// Where a copy goes, as what it is on this machine.
#[derive(Clone)]
pub struct Destination {
    kind: String,
    element: Element,
    source: Source,
    pub format: Format,
    /// Nobody has said the format: it is that of the disk that is copied.
    assumed: bool,
    timeout: Option<Duration>,
}

impl Destination {
    /// A destination in a format, or in that of the disk that is copied, `like`. A volume is looked up.
    pub fn new(images: &Images, to: &CopyDestination, like: Format) -> Result<Destination> {
        let source = match &to.source {
            Source::Volume(pool, volume) => images.volume(pool, volume)?,
            other => other.clone(),
        };
        Ok(Destination {
            kind: to.kind.clone(),
            element: to.element.clone(),
            source,
            format: to.format.unwrap_or(like),
            assumed: to.assumed,
            timeout: to.timeout,
        })
    }

    /// Refuses what is there already if it cannot be of the format that was assumed: it would be
    /// overwritten as what it is not.
    fn check_assumed(&self, file: &dyn ImageFile, location: &Location) -> Result<()> {
        if !self.assumed {
            return Ok(());
        }
        let Some(found) = self.format.contradicted_by(file).map_err(failed)? else {
            return Ok(());
        };
        let format = self.format.name();
        let (begins, advice) = match found {
            "" => (format!("'{location}' has no {format} header"), "raw"),
            other => (format!("'{location}' begins as an image of format {other}"), other),
        };
        let text = format!(
            "no <driver type> says the format of the copy, so {format} is assumed, but {begins}: \
             virDomainBlockCopy takes <driver type='{advice}'/> or <driver type='{format}'/>"
        );
        Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text))
    }

    /// The `<mirror>` that describes it while it is written.
    pub fn mirror(&self, target: &Chain) -> Element {
        let mut mirror = Element::new("mirror").with_attr("type", &self.kind);
        if let (Source::File(path), "file") = (&self.source, &*self.kind) {
            mirror.set_attr("file", path.display());
            mirror.set_attr("format", self.format.name());
        }
        mirror.set_attr("job", "copy");
        let format = Element::new("format").with_attr("type", self.format.name());
        let mut source = self.element.clone();
        if let Some(top) = target.images.first() {
            source.set_attr("index", top.index);
        }
        mirror.with_child(format).with_child(source)
    }

    /// Makes a `<disk>` one of the copy.
    pub fn describe(&self, disk: &mut Element) {
        disk.set_attr("type", &self.kind);
        set_image(disk, self.element.clone(), self.format);
    }
}

/// The target of a copy, opened. Dropped, a file that was made for it is gone.
pub struct Target {
    files: Arc<dyn Files>,
    pub chain: Option<Chain>,
    /// Reads as zeros where it has not been written.
    pub zeroed: bool,
    made: Option<PathBuf>,
}

impl Target {
    /// Refuses one that is shorter than the disk. What a longer one has behind that stays as it is.
    pub fn check_length(&self, disk: &str, length: u64) -> Result<()> {
        let Some(chain) = &self.chain else { return Ok(()) };
        let there = chain.top().length().map_err(failed)?;
        if there >= length {
            return Ok(());
        }
        let name = &chain.images[0].location;
        let text = format!("disk '{disk}' has {length} bytes, and its copy '{name}' only {there}");
        Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text))
    }

    /// Keeps a file that was made for it.
    pub fn keep(&mut self) {
        self.made = None;
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(path) = &self.made {
            // It is of no use to anybody; what failed before is what is reported.
            if let Err(errno) = self.files.remove(path) {
                log::warn!("the target '{}' of a copy stays: {errno}", path.display());
            }
        }
    }
}

impl JobContext {
    /// Opens where a copy goes; makes it, unless it is to be there.
    pub fn open_target(&self, to: &Destination, flags: CopyFlags, size: u64) -> Result<Target> {
        let path = match &to.source {
            Source::Remote(remote) if self.files().is_real() => {
                return self.open_export(to, Location::Remote(remote.clone()), flags, size);
            }
            other @ (Source::Remote(_) | Source::Volume(..) | Source::Other(_)) => {
                let kind = match other {
                    Source::Other(kind) => kind,
                    _ => to.kind.as_str(),
                };
                let text = format!("copies to sources of type {kind} are not made");
                return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
            }
            Source::File(path) | Source::Block(path) => path,
        };
        let reuse = flags.contains(CopyFlags::REUSE_EXT);
        let device = matches!(to.source, Source::Block(_));
        let files = self.files();
        let found = match files.look(path) {
            Ok(found) => Some(found.kind),
            Err(Errno::ENOENT) if !reuse && !device => None,
            Err(errno) => {
                let target = &self.disk.target;
                let text =
                    format!("missing destination file for disk {target}: {}", path.display());
                return Err(Error::system(VIR_FROM_DOMAIN, errno, text));
            }
        };
        let (exists, is_device) = (found.is_some(), found == Some(FileKind::Device));
        let is_file = found == Some(FileKind::File);
        if exists && !device && !is_device && !reuse {
            let text = format!(
                "external destination file for disk {} already exists and is not a block device: {}",
                self.disk.target,
                path.display()
            );
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        if exists && (device != is_device || !device && !is_file) {
            let what = if device { "block device" } else { "regular file" };
            let text = format!("the copy's type requires '{}' to be a {what}", path.display());
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let shallow = flags.contains(CopyFlags::SHALLOW);
        let files = files.clone();
        let mut target = Target { files, chain: None, zeroed: false, made: None };
        let files = self.files();
        if !reuse {
            let backing = if shallow { self.backing()? } else { None };
            let file = match exists {
                true => open_existing(&**files, path)?,
                false => {
                    let file = create_file(&**files, path, "copy target")?;
                    target.made = Some(path.clone());
                    file
                }
            };
            // Without a header, what is there already is an image.
            let makes = !exists || to.format.has_header();
            if makes {
                make_image(&*file, to.format, size, backing)?;
            }
            if !exists {
                // A definition will name it, which a crash must not make a lie.
                sync_folder_of(&**files, path)?;
            }
            target.zeroed = makes && !shallow;
        } else {
            let file = files.open_file(path, false, Cache::default()).map_err(failed)?;
            to.check_assumed(&*file, &path.into())?;
        }
        // The copy is to take the disk's place.
        let cache = self.disk.definition.cache;
        let (format, without_backing) = (to.format, !reuse);
        let options =
            OpenOptions { writable: true, without_backing, cache, ..OpenOptions::new(format) };
        target.chain = Some(Chain::open_in(files, path.into(), options).map_err(failed)?);
        Ok(target)
    }

    /// The same where it goes to an export, which is there.
    fn open_export(
        &self,
        to: &Destination,
        location: Location,
        flags: CopyFlags,
        size: u64,
    ) -> Result<Target> {
        // Guests may have to wait for it.
        let (reply_timeout, connections) = (to.timeout, self.disk.connections.clone());
        let remote = RemoteOptions { reply_timeout, connections };
        let access = Access { remote: remote.clone(), ..Access::new(true) };
        let file = self.files().open(&location, &access).map_err(failed)?;
        let (reuse, shallow) =
            (flags.contains(CopyFlags::REUSE_EXT), flags.contains(CopyFlags::SHALLOW));
        let makes = to.format.has_header() && !reuse;
        if makes {
            let backing = if shallow { self.backing()? } else { None };
            make_image(&*file, to.format, size, backing)?;
        } else if reuse {
            to.check_assumed(&*file, &location)?;
        }
        let cache = self.disk.definition.cache;
        let format = OpenOptions::new(to.format);
        let options =
            OpenOptions { writable: true, without_backing: !reuse, cache, remote, ..format };
        // A server may take one client only, so the image is used through the same connection.
        let chain = Chain::open_on(self.files(), location, file, options).map_err(failed)?;
        let files = self.files().clone();
        Ok(Target { files, chain: Some(chain), zeroed: makes && !shallow, made: None })
    }

    /// What an image with the same backing image records of it.
    fn backing(&self) -> Result<Option<(String, String)>> {
        let chain = self.disk.live.images();
        let Some(below) = chain.images.get(1) else { return Ok(None) };
        Ok(Some((absolute(&below.location)?, below.format.name().to_string())))
    }
}
