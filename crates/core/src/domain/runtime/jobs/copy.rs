//! Copying a disk to another image while guests use it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use virsparse_base::errno::Errno;

use super::job::{JobContext, Kind, NewJob, PivotStep};
use crate::block::nbd::{NbdNode, NbdOptions, export_of};
use crate::block::qcow2::{self, CreateOptions};
use crate::block::{
    BlockError, Cache, Chain, FileKind, Files, Format, Image, ImageFile, Layers, OpenOptions,
    SECTOR,
};
use crate::copy::DirtyUnits;
use crate::domain::config::disk::{ImageDefinition, Source, timeout};
use crate::domain::failed;
use crate::domain::object::Domain;
use crate::domain::runtime::description::backing_store;
use crate::enums::domain::virDomainBlockCopyFlags;
use crate::enums::flags;
use crate::error::*;
use crate::job::{Control, Copy, Mirror, MirrorGuard};
use crate::xml::{self, Element};

/// A server that says nothing for so long while it owes an answer is lost, unless the XML says another
/// time.
const SILENCE: Duration = Duration::from_secs(30);

/// The unit in which changes are noted, unless the caller wants another.
const GRANULARITY: u64 = 64 * 1024;

flags! {
    /// How a disk is copied.
    pub struct CopyFlags: u32 = virDomainBlockCopyFlags {
        /// Only the image on top.
        const SHALLOW = VIR_DOMAIN_BLOCK_COPY_SHALLOW;
        /// Onto something that is there.
        const REUSE_EXT = VIR_DOMAIN_BLOCK_COPY_REUSE_EXT;
        /// The definition need not know of the copy.
        const TRANSIENT_JOB = VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB;
        /// What guests write goes to both at once.
        const SYNCHRONOUS_WRITES = VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES;
        /// The target reads as zeros.
        const TARGET_ZEROED = VIR_DOMAIN_BLOCK_COPY_TARGET_ZEROED;
    }
}

/// What else can be asked of a copy; 0 is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyParameters {
    /// Bytes a second.
    pub bandwidth: u64,
    /// The unit in which changes are noted, in bytes.
    pub granularity: u32,
    /// The most bytes that are on their way.
    pub buffer_size: u64,
}

impl CopyParameters {
    fn check(&self) -> Result<()> {
        let refused = |text: &str| Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text));
        let most = i64::MAX as u64;
        if self.bandwidth > most {
            let mib = most >> 20;
            return refused(&format!("bandwidth must be less than '{most}' bytes/s ({mib} MiB/s)"));
        }
        if self.granularity != 0 && !self.granularity.is_power_of_two() {
            return refused("granularity must be power of 2");
        }
        if self.granularity != 0 && !(512..=64 << 20).contains(&self.granularity) {
            return refused("granularity must be between 512 bytes and 64 MiB");
        }
        if self.buffer_size > most {
            return refused(&format!("buf-size must be less than '{most}' bytes"));
        }
        Ok(())
    }
}

/// Where a copy goes.
#[derive(Clone)]
struct Destination {
    /// The `type` and the `<source>` that the caller described it by.
    kind: String,
    element: Element,
    source: Source,
    format: Format,
    /// Nobody has said the format: it is that of the disk that is copied.
    assumed: bool,
    timeout: Option<Duration>,
}

impl Destination {
    /// Reads a caller's `<disk>`. `like`: the format of the disk that is copied.
    fn parse(text: &str, like: Format) -> Result<Destination> {
        let element = xml::parse(text, "disk_definition", VIR_FROM_DOMAIN)?;
        element.expect_name("disk")?;
        let driver = element.child("driver").and_then(|driver| driver.attr("type"));
        let format = driver.unwrap_or(like.name());
        let Some(image) = ImageDefinition::parse(&element, format)? else {
            let what = "missing source information for device ";
            return Err(Error {
                message: what.to_string(),
                ..Error::new(VIR_ERR_NO_SOURCE, VIR_FROM_DOMAIN, "")
            });
        };
        let format = Format::from_name(format).ok_or_else(|| {
            let text = format!("copies of format '{format}' are not made");
            Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text)
        })?;
        let kind = element.attr("type").unwrap_or("file").to_string();
        let timeout = timeout(&element, SILENCE)?;
        let element = element.child("source").cloned().unwrap_or(Element::new("source"));
        let assumed = driver.is_none();
        let source = image.source;
        let destination = Destination { kind, element, source, format, assumed, timeout };
        if let Some(path) = destination.path()
            && !path.is_absolute()
        {
            let text = "absolute path must be used as block copy target";
            return Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text));
        }
        Ok(destination)
    }

    /// A file, or a device, in a format that the caller has not said.
    fn at_path(path: &str, device: bool, format: Format) -> Result<Destination> {
        let (kind, attr) = if device { ("block", "dev") } else { ("file", "file") };
        let disk = Element::new("disk")
            .with_attr("type", kind)
            .with_child(Element::new("source").with_attr(attr, path));
        Destination::parse(&disk.to_xml(), format)
    }

    fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path) | Source::Block(path) => Some(path),
            Source::Nbd(_) | Source::Volume(..) | Source::Other(_) => None,
        }
    }

    /// Refuses what is there already if it cannot be of the format that was assumed: it would be
    /// overwritten as what it is not.
    fn check_assumed(&self, files: &dyn Files, path: &Path) -> Result<()> {
        if !self.assumed {
            return Ok(());
        }
        let file = files.open(path, false, Cache::default()).map_err(failed)?;
        let Some(found) = self.format.contradicted_by(&*file).map_err(failed)? else {
            return Ok(());
        };
        let (path, format) = (path.display(), self.format.name());
        let (begins, advice) = match found {
            "" => (format!("'{path}' has no {format} header"), "raw"),
            other => (format!("'{path}' begins as an image of format {other}"), other),
        };
        let text = format!(
            "no <driver type> says the format of the copy, so {format} is assumed, but {begins}: \
             virDomainBlockCopy takes <driver type='{advice}'/> or <driver type='{format}'/>"
        );
        Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text))
    }

    /// The `<mirror>` that describes it while it is written.
    fn mirror(&self, target: &Chain) -> Element {
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
    fn describe(&self, disk: &mut Element) {
        disk.set_attr("type", &self.kind);
        set_image(disk, self.element.clone(), self.format);
    }
}

/// Puts another image into a `<disk>`, whose chain is then what that records.
pub fn set_image(disk: &mut Element, source: Element, format: Format) {
    disk.remove_children("backingStore");
    disk.set_child(source);
    match disk.child_mut("driver") {
        Some(driver) => driver.set_attr("type", format.name()),
        None => {
            disk.push(
                Element::new("driver").with_attr("name", "qemu").with_attr("type", format.name()),
            );
        }
    }
}

/// The target of a copy, opened. Dropped, a file that was made for it is gone.
pub struct Target {
    files: Arc<dyn Files>,
    pub chain: Option<Chain>,
    /// Reads as zeros where it has not been written.
    zeroed: bool,
    made: Option<PathBuf>,
    nbd: Option<Arc<NbdNode>>,
}

impl Target {
    /// Refuses one that is shorter than the disk. What a longer one has behind that stays as it is.
    fn check_length(&self, disk: &str, length: u64) -> Result<()> {
        let Some(chain) = &self.chain else { return Ok(()) };
        let there = chain.top().length().map_err(failed)?;
        if there >= length {
            return Ok(());
        }
        let name = chain.images[0].path.display();
        let text = format!("disk '{disk}' has {length} bytes, and its copy '{name}' only {there}");
        Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text))
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

/// Makes a file that must not be there, for an image.
pub fn create_file(files: &dyn Files, path: &Path, what: &str) -> Result<Arc<dyn ImageFile>> {
    files.create(path).map_err(|errno| {
        let text = format!("failed to create {what} '{}'", path.display());
        Error::system(VIR_FROM_STORAGE, errno, text)
    })
}

/// Brings the name of a new file to stable storage.
pub fn sync_folder_of(files: &dyn Files, path: &Path) -> Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    files.sync_folder(folder).map_err(|errno| {
        let text = format!("cannot sync '{}'", folder.display());
        Error::system(VIR_FROM_STORAGE, errno, text)
    })
}

/// Makes an image of `size` bytes in a file or on a device.
pub fn make_image(
    node: &dyn ImageFile,
    format: Format,
    size: u64,
    backing: Option<(String, String)>,
) -> Result<()> {
    // Somebody may be using what is there: a device, or a file that is to be reused.
    node.lock(true).map_err(failed)?;
    match format {
        Format::Raw => node.resize(size).map_err(failed),
        Format::Qcow2 => {
            let in_place = node.is_device();
            let options = CreateOptions { backing, in_place, ..CreateOptions::new(size) };
            qcow2::create(node, &options).map_err(failed)
        }
    }
}

impl JobContext {
    /// Opens where a copy goes; makes it, unless it is to be there.
    fn open_target(&self, to: &Destination, flags: &CopyFlags, size: u64) -> Result<Target> {
        let path = match &to.source {
            Source::Nbd(uri) if self.files().is_real() => {
                // Guests may have to wait for it.
                let options = NbdOptions {
                    reply_timeout: to.timeout,
                    connections: self.disk.connections.clone(),
                    ..NbdOptions::default()
                };
                return open_nbd(self.files(), uri, to.format, &options);
            }
            other @ (Source::Nbd(_) | Source::Volume(..) | Source::Other(_)) => {
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
        let mut target = Target { files, chain: None, zeroed: false, made: None, nbd: None };
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
            if !exists || to.format == Format::Qcow2 {
                make_image(&*file, to.format, size, backing)?;
            }
            if !exists {
                // A definition will name it, which a crash must not make a lie.
                sync_folder_of(&**files, path)?;
            }
            target.zeroed = (!exists || to.format == Format::Qcow2) && !shallow;
        } else {
            to.check_assumed(&**files, path)?;
        }
        // The copy is to take the disk's place.
        let cache = self.disk.definition.cache;
        let (format, without_backing) = (to.format, !reuse);
        let options =
            OpenOptions { writable: true, without_backing, cache, ..OpenOptions::new(format) };
        target.chain = Some(Chain::open_in(files, path, options).map_err(failed)?);
        Ok(target)
    }

    /// What an image with the same backing image records of it.
    fn backing(&self) -> Result<Option<(String, String)>> {
        let chain = self.disk.live.images();
        let Some(below) = chain.images.get(1) else { return Ok(None) };
        Ok(Some((absolute(&below.path)?, below.format.name().to_string())))
    }

    /// What a shallow copy is to have of the chain.
    fn above_next(&self) -> Result<Option<Layers>> {
        let chain = self.disk.live.images();
        match chain.images.len() {
            0 | 1 => Ok(None),
            _ => chain.above(0, 1).map(Some).map_err(failed),
        }
    }
}

/// The path of an image as another one can record it, whatever folder that is in.
pub fn absolute(path: &Path) -> Result<String> {
    if let Some(address) = export_of(path) {
        return Ok(address.uri());
    }
    let whole = std::path::absolute(path).map_err(|e| {
        let text = format!("cannot find the folder of '{}'", path.display());
        Error::io(VIR_FROM_STORAGE, &e, text)
    })?;
    whole.to_str().map(str::to_string).ok_or_else(|| {
        let text = format!("the path '{}' is not UTF-8", path.display());
        Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text)
    })
}

/// Opens what is there already, to make an image in it.
pub fn open_existing(files: &dyn Files, path: &Path) -> Result<Arc<dyn ImageFile>> {
    files.open(path, true, Cache::default()).map_err(failed)
}

fn open_nbd(
    files: &Arc<dyn Files>,
    uri: &str,
    format: Format,
    options: &NbdOptions,
) -> Result<Target> {
    if format != Format::Raw {
        let text = "copies to NBD exports are raw";
        return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
    }
    let node = Arc::new(NbdNode::connect_with(uri, options).map_err(failed)?);
    if node.is_read_only() {
        let what = format!("Unable to write {uri}");
        return Err(failed(BlockError { what, errno: Errno::EROFS }));
    }
    let chain = Chain::of_image(Image::of_node(node.clone(), PathBuf::from(uri), true));
    let files = files.clone();
    Ok(Target { files, chain: Some(chain), zeroed: false, made: None, nbd: Some(node) })
}

impl Domain {
    /// Copies a disk to what `xml` describes, and keeps the copy equal until told what to do with it.
    pub fn block_copy(
        &self,
        name: &str,
        xml: &str,
        parameters: CopyParameters,
        flags: CopyFlags,
    ) -> Result<()> {
        self.copy_to(name, parameters, flags, |like| Destination::parse(xml, like))
    }

    /// The same to a file, or a device, of the disk's format or of another.
    pub(in crate::domain) fn block_copy_to_path(
        &self,
        name: &str,
        (path, device): (&str, bool),
        format: Option<Format>,
        parameters: CopyParameters,
        flags: CopyFlags,
    ) -> Result<()> {
        self.copy_to(name, parameters, flags, |like| {
            Destination::at_path(path, device, format.unwrap_or(like))
        })
    }

    /// `destination` is given the format of the disk's top image.
    fn copy_to(
        &self,
        name: &str,
        parameters: CopyParameters,
        flags: CopyFlags,
        destination: impl FnOnce(Format) -> Result<Destination>,
    ) -> Result<()> {
        parameters.check()?;
        let place = self.workplace(name)?;
        let _changing = place.changing_disk()?;
        place.disk.check_no_job()?;
        place.check_kept()?;
        let persistent = self.is_persistent()?;
        if persistent && !flags.contains(CopyFlags::TRANSIENT_JOB) {
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, "domain is not transient"));
        }
        let (like, images) = {
            let chain = place.disk.live.images();
            (chain.images.first().map_or(Format::Raw, |top| top.format), chain.images.len())
        };
        let mut to = destination(like)?;
        if let Source::Volume(pool, volume) = &to.source {
            to.source = place.running.images.volume(pool, volume)?;
        }
        let shallow = flags.contains(CopyFlags::SHALLOW) && images > 1;
        if shallow && to.format == Format::Raw {
            let text = format!(
                "shallow copy of disk '{}' into a raw file is not possible",
                place.disk.target
            );
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let source = place.disk.live.gate.node();
        let length = source.length().map_err(failed)?;
        let mut target = place.open_target(&to, &flags, length)?;
        target.check_length(&place.disk.target, length)?;
        let above = if shallow { place.above_next()? } else { None };
        // What has an image below it reads as that, whatever is said of it.
        target.zeroed |= flags.contains(CopyFlags::TARGET_ZEROED) && above.is_none();
        place.start_copy(&to, &mut target, above, length, parameters, flags)?;
        target.made = None;
        Ok(())
    }
}

impl JobContext {
    fn start_copy(
        &self,
        to: &Destination,
        target: &mut Target,
        above: Option<Layers>,
        length: u64,
        parameters: CopyParameters,
        flags: CopyFlags,
    ) -> Result<()> {
        let Some(mut chain) = target.chain.take() else {
            return Err(Error::internal(VIR_FROM_DOMAIN, "the copy's target is not open"));
        };
        let live = &self.disk.live;
        live.number(&mut chain);
        // A copy that is made with the same images below it uses those that are open.
        let shares = above.is_some() && !flags.contains(CopyFlags::REUSE_EXT);
        if shares {
            let images = live.images();
            if let (Some(qcow2), Some(below)) = (&chain.images[0].qcow2, images.images.get(1)) {
                qcow2.set_backing(Some(below.node.clone()));
            }
        }
        let mut description = to.mirror(&chain);
        description.push(match shares {
            true => backing_store(&**self.files(), &live.images().images[1..]),
            false => backing_store(&**self.files(), &chain.images[1..]),
        });
        let (window, speed) = (parameters.buffer_size, parameters.bandwidth);
        let control = Arc::new(Control::new(length, speed, window));
        let unit = match parameters.granularity {
            0 => GRANULARITY,
            unit => u64::from(unit),
        };
        let synchronous = flags.contains(CopyFlags::SYNCHRONOUS_WRITES);
        let mirror = Arc::new(Mirror::new(
            live.gate.base(),
            chain.top(),
            // A guest may write all of a last sector that the disk has only a part of.
            DirtyUnits::new(length.next_multiple_of(SECTOR), unit),
            synchronous,
            control.waker(),
        ));
        let (place, to_ready) = (self.clone(), self.clone());
        let (to, top, top_at_pivot) = (to.clone(), chain.top(), chain.top());
        let recorded =
            chain.images[0].qcow2.as_ref().and_then(|image| image.header().backing_file.clone());
        let mut chain = Some(chain);
        let pivot_control = control.clone();
        let pivot: PivotStep = Box::new(move |finish| {
            let Some(_changing) = place.changing(&pivot_control) else { return Ok(false) };
            let live = &place.disk.live;
            let closed = live.gate.closed();
            finish()?;
            let new_end = top_at_pivot.length().map_err(failed)?.next_multiple_of(SECTOR);
            place.redefine(|disk| to.describe(disk))?;
            if let Some(mut new) = chain.take() {
                closed.set_end(new_end);
                closed.swap(new.top());
                let mut images = live.images();
                if shares && images.images.len() > 1 {
                    new.images.extend(images.images.drain(1..));
                    new.images[1].recorded = recorded.clone();
                }
                *images = new;
            }
            Ok(true)
        });
        let nbd = target.nbd.take();
        let give_up = nbd.map(|nbd| {
            let nbd = Arc::downgrade(&nbd);
            let abort = move || {
                if let Some(nbd) = nbd.upgrade() {
                    nbd.abort();
                }
            };
            Box::new(abort) as Box<dyn Fn() + Send + Sync>
        });
        let copy = Copy {
            guard: MirrorGuard::new(&live.gate, mirror.clone()),
            above,
            zeroed: target.zeroed,
            ready: Box::new(move || to_ready.tell_ready(Kind::Copy)),
            pivot: Some(pivot),
        };
        let new = NewJob {
            mirror: Some(mirror),
            description: Some(description),
            give_up,
            moves: Some(Box::new(move |extent| above.is_none_or(|above| above.affect(extent)))),
            ..NewJob::new(Kind::Copy, control)
        };
        self.start(new, move |control| {
            let there = top.length().map_err(failed)?;
            let end = length.next_multiple_of(SECTOR).min(there);
            if end > length && !copy.zeroed {
                // The rest of the last sector, which the disk has only a part of.
                top.write_zeroes(length, end - length, true).map_err(failed)?;
            }
            copy.run(control)
        })
    }
}
