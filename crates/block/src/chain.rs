//! Backing chains: the images that a disk consists of, each of which can be told from the others and
//! be exchanged.
//!
//! The format of an image is what the caller or the image above says, never what the bytes look like,
//! and a name in an image is a local file, relative to the image's folder, or an NBD export.

use std::ops::Range;
use std::sync::{Arc, Weak};

use virsparse_base::errno::Errno;

use super::backing_name::BackingName;
use super::files::{Files, ImageFile, RealFiles};
use super::filter::{Filtered, flushed::Flushed};
use super::format::{Format, ImageHeader, ImageInfo, ImageParts, Overlay};
use super::location::shown;
use super::open::OpenOptions;
use super::{Access, BlockError, Layers, Location, Node, Result};

/// Images in a chain, at most.
pub const MOST_IMAGES: usize = 200;

/// One image of a chain.
pub struct Image {
    /// Where it is.
    pub location: Location,
    /// What it is opened as.
    pub format: Format,
    /// What it is called while the disk is used: images that come later have higher numbers.
    pub index: u32,
    /// What the image above calls it; `None` for the one on top.
    pub recorded: Option<String>,
    /// Opened for writing.
    pub writable: bool,
    /// Its bytes with what is below.
    pub node: Arc<dyn Node>,
    /// The same, where the images below can be exchanged.
    overlay: Option<Arc<dyn Overlay>>,
    access: Access,
    /// The files that it consists of, its own first, if they are locked.
    files: Vec<Arc<dyn ImageFile>>,
}

impl Image {
    /// The image as one that may lie over another, if it is of such a format.
    pub fn overlay(&self) -> Option<&Arc<dyn Overlay>> {
        self.overlay.as_ref()
    }

    /// Whether its bytes are those of a block device.
    pub fn is_raw_device(&self) -> bool {
        let is_device = |file: &Arc<dyn ImageFile>| file.is_device();
        self.format == Format::Raw
            && self.location.path().is_some()
            && self.files.first().is_some_and(is_device)
    }

    /// An image that is not opened again, of whatever is at its location.
    pub fn of_node(node: Arc<dyn Node>, location: Location, writable: bool) -> Image {
        let (format, access, files) = (Format::Raw, Access::new(writable), Vec::new());
        let (index, recorded, overlay) = (0, None, None);
        Image { location, format, index, recorded, writable, node, overlay, access, files }
    }

    /// Whether one of its files has that identity, or its path leads there if nothing is known of its
    /// files.
    pub fn is_in(&self, files: &dyn Files, identity: (u64, u64)) -> bool {
        if self.files.is_empty() {
            let path = self.location.path();
            return path.is_some_and(|path| files.identity(path) == Ok(identity));
        }
        self.files.iter().any(|file| file.identity() == Ok(identity))
    }

    /// What makes everything fail that waits for the servers of its files, in all threads. It does not
    /// keep them open.
    pub fn disconnector(&self) -> Box<dyn Fn() + Send + Sync> {
        let files: Vec<_> = self.files.iter().map(Arc::downgrade).collect();
        Box::new(move || files.iter().filter_map(Weak::upgrade).for_each(|file| file.disconnect()))
    }

    /// Whether somebody beside this chain has locked its files.
    pub fn has_other_users(&self) -> Result<bool> {
        for file in &self.files {
            if file.has_other_users()? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The images of a disk, from the one on top to the last one.
pub struct Chain {
    /// From the one on top down; a chain that was opened has at least one.
    pub images: Vec<Image>,
    /// Where their names lead.
    files: Arc<dyn Files>,
}

impl Chain {
    /// Opens the image at a path or another location, and those that it refers to. Their files are
    /// locked against other users as long as the chain is open, where the filesystem has locks.
    ///
    /// Fails if one of the images cannot be opened, is in use by somebody who would not share it, is not
    /// of its format, refers to what is not supported, or is in the chain twice.
    ///
    /// ```
    /// use std::fs::File;
    /// use virsparse_block::{Chain, FileNode, Format, Location, NewImage, OpenOptions};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let folder = tempfile::tempdir()?;
    /// let (base, top) = (folder.path().join("base.raw"), folder.path().join("top.qcow2"));
    /// std::fs::write(&base, [7; 65536])?;
    /// let file = File::options().read(true).write(true).create_new(true).open(&top)?;
    /// // A name in an image is relative to the folder of the image.
    /// let backing = Some(("base.raw".to_string(), "raw".to_string()));
    /// let image = NewImage { size: 1 << 20, backing, ..NewImage::default() };
    /// Format::Qcow2.create(&FileNode::new(file, "top.qcow2")?, &image)?;
    ///
    /// let chain = Chain::open(&top, OpenOptions::new(Format::Qcow2))?;
    /// assert_eq!(chain.images.len(), 2);
    /// assert_eq!(chain.images[1].location, Location::File(base));
    /// assert_eq!(chain.images[1].format, Format::Raw);
    /// let mut bytes = [0; 512];
    /// chain.top().read_at(&mut bytes, 0)?;
    /// assert_eq!(bytes, [7; 512]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(location: impl Into<Location>, options: OpenOptions) -> Result<Chain> {
        let files = Arc::new(RealFiles) as Arc<dyn Files>;
        Chain::open_in(&files, location.into(), options)
    }

    /// The same where names lead to other files.
    pub fn open_in(
        files: &Arc<dyn Files>,
        location: Location,
        options: OpenOptions,
    ) -> Result<Chain> {
        let file = files.open(&location, &options.access(true))?;
        Chain::open_on(files, location, file, options)
    }

    /// The same where what is at the location of the top image is already open.
    pub fn open_on(
        files: &Arc<dyn Files>,
        location: Location,
        file: Arc<dyn ImageFile>,
        options: OpenOptions,
    ) -> Result<Chain> {
        let mut found: Vec<Found> = Vec::new();
        let mut top = Some(file);
        let mut next = Some((location, options.format, None::<String>));
        while let Some((location, format, recorded)) = next.take() {
            let access = options.access(found.is_empty());
            let file = top.take().map_or_else(|| files.open(&location, &access), Ok);
            let image = file
                .and_then(|file| {
                    find(&**files, location, file, format, recorded.clone(), access, &found)
                })
                .map_err(|error| match (recorded, found.last()) {
                    (Some(name), Some(above)) => BlockError {
                        what: format!(
                            "could not open the backing image '{}' of '{}': {}",
                            virsparse_base::text::excerpt(&shown(&name)),
                            above.file.name(),
                            error.what
                        ),
                        errno: error.errno,
                    },
                    _ => error,
                })?;
            if !options.without_backing {
                next = image.below()?.map(|(at, format, name)| (at, format, Some(name)));
            }
            found.push(image);
        }
        // From the last one up: each needs the one below.
        let mut images = Vec::new();
        let mut below = None;
        for image in found.into_iter().rev() {
            let image = image.build(below)?;
            below = Some(image.node.clone());
            images.push(image);
        }
        images.reverse();
        Ok(Chain { images, files: files.clone() })
    }

    /// A chain of one image that is no local file, or is used by others as well.
    pub fn of_image(image: Image) -> Chain {
        Chain { images: vec![image], files: Arc::new(RealFiles) }
    }

    /// Numbers the images from `first` on; the next number.
    pub fn number(&mut self, first: u32) -> u32 {
        let mut next = first;
        for image in &mut self.images {
            image.index = next;
            next += 1;
        }
        next
    }

    /// What a guest reads and writes.
    pub fn top(&self) -> Arc<dyn Node> {
        self.images[0].node.clone()
    }

    /// The images above the one at `index`, as they are seen from the one at `from`; all, where
    /// there is none at `index`.
    pub fn above(&self, from: usize, index: usize) -> Result<Layers> {
        match self.images.get(index) {
            Some(image) => {
                Ok(Layers { depth: (index - from) as u32, length: image.node.length()? })
            }
            None => Ok(Layers::NOTHING),
        }
    }

    /// The range that the image above the one at `top` reads as zeros because `top` ends, and would not
    /// if it was over the one at `base` instead. Empty where `base` is no longer than that.
    pub fn hidden_by_end(&self, top: usize, base: usize) -> Result<Range<u64>> {
        let Some(over) = top.checked_sub(1) else { return Ok(0..0) };
        let length = |index: usize| self.images[index].node.length();
        let end = length(top)?;
        Ok(end..length(over)?.min(length(base)?).max(end))
    }

    /// Opens the image at `index` anew, for writing or only for reading, and puts it in its place.
    /// Nobody may be using the chain, whose top may be another node then. After an error it is as it
    /// was.
    pub fn reopen(&mut self, index: usize, writable: bool) -> Result<()> {
        let below = self.images.get(index + 1).map(|image| image.node.clone());
        let image = &self.images[index];
        let Some(old) = image.files.first() else { return Ok(()) };
        if image.writable == writable {
            return Ok(());
        }
        // Twice: what the first has freed is written by the second.
        image.node.flush()?;
        image.node.flush()?;
        let file = old.open_again(writable)?;
        // One process, two open files: the locks of one would keep the other out.
        image.files.iter().for_each(|file| file.unlock());
        let (location, recorded) = (image.location.clone(), image.recorded.clone());
        let access = Access { writable, ..image.access.clone() };
        let made = Found::new(&*self.files, location, image.format, recorded, access, file)
            .and_then(|found| found.build(below));
        let new = match made {
            Ok(new) => Image { index: image.index, ..new },
            Err(error) => {
                // They were ours a moment ago.
                let locked = image.files.iter().try_for_each(|file| file.lock(image.writable));
                if let Err(unlocked) = locked {
                    log::error!("'{}' is in use without locks: {unlocked:?}", old.name());
                }
                return Err(error);
            }
        };
        self.images[index] = new;
        self.link(index);
        Ok(())
    }

    /// Makes the image at `index` only readable again, which nobody writes any more. Where it cannot
    /// be opened once more, it is used as it is open, with the locks of a reader. Only what could not
    /// be written back stays open for writing: others must not use it.
    pub fn give_up_writing(&mut self, index: usize) {
        let Err(error) = self.reopen(index, false) else { return };
        let image = &mut self.images[index];
        let path = &image.location;
        if let Err(unwritten) = image.node.flush() {
            log::error!("'{path}' stays open for writing: {unwritten:?}");
            return;
        }
        log::warn!("'{path}' is read through the file that was written: {error:?}");
        for file in &image.files {
            file.unlock();
            if let Err(unlocked) = file.lock(false) {
                log::error!("'{path}' is in use without locks: {unlocked:?}");
            }
        }
        image.writable = false;
    }

    /// Makes the image above `index` read from what is there now, if anything is.
    pub fn link(&self, index: usize) {
        if let Some(above) = index.checked_sub(1)
            && let Some(overlay) = &self.images[above].overlay
        {
            overlay.set_backing(self.images.get(index).map(|image| image.node.clone()));
        }
    }
}

/// An image whose file is open, and whose header has been read.
struct Found {
    location: Location,
    format: Format,
    recorded: Option<String>,
    access: Access,
    file: Arc<dyn ImageFile>,
    header: Box<dyn ImageHeader>,
    /// The external data file.
    data: Option<Arc<dyn ImageFile>>,
}

impl Found {
    fn new(
        files: &dyn Files,
        location: Location,
        format: Format,
        recorded: Option<String>,
        access: Access,
        file: Arc<dyn ImageFile>,
    ) -> Result<Found> {
        // Others may write an image only while nobody else uses it.
        file.lock(access.writable)?;
        let purpose = if access.writable { "writing" } else { "reading" };
        log::debug!("opened and locked '{}' as {} for {purpose}", file.name(), format.name());
        let header = format.read(file.name(), &*file)?;
        let data = match header.info().has_data_file {
            true => Some(open_data(files, &location, &*file, header.info(), &access)?),
            false => None,
        };
        Ok(Found { location, format, recorded, access, file, header, data })
    }

    /// The files that it consists of.
    fn files(&self) -> impl Iterator<Item = &Arc<dyn ImageFile>> {
        [&self.file].into_iter().chain(&self.data)
    }

    /// The image below: where it is, its format, and the name by which this one refers to it.
    fn below(&self) -> Result<Option<(Location, Format, String)>> {
        let info = self.header.info();
        let Some(name) = &info.backing_file else { return Ok(None) };
        let BackingName { location, format: said } = self.location.backing(name)?;
        let recorded = info.backing_format.as_deref();
        if let (Some(recorded), Some(said)) = (recorded, &said)
            && recorded != said
        {
            let (image, name) =
                (self.file.name(), virsparse_base::text::excerpt(&shown(name)).into_owned());
            let what = format!("image '{image}' records the format {recorded} of '{name}'");
            return Err(BlockError { what, errno: Errno::EINVAL });
        }
        let word = said.as_deref().unwrap_or(info.backing_format_name());
        let format = Format::from_name(word).ok_or_else(|| BlockError {
            what: format!(
                "image '{}' has a backing image of format '{}'",
                self.file.name(),
                virsparse_base::text::excerpt(&shown(word))
            ),
            errno: Errno::EOPNOTSUPP,
        })?;
        Ok(Some((location, format, name.clone())))
    }

    fn build(self, below: Option<Arc<dyn Node>>) -> Result<Image> {
        let Found { location, format, recorded, access, file, header, data } = self;
        let writable = access.writable;
        let files = [&file].into_iter().chain(&data).cloned().collect();
        let name = file.name().to_string();
        let data = data.map(|data| data as Arc<dyn Node>);
        let parts = ImageParts { name, file, data, backing: below, writable };
        let image = header.open(parts)?;
        let overlay = image.overlay();
        let mut node = image.node();
        if writable && access.cache.flushes_changes() {
            node = Arc::new(Filtered::new(Arc::new(Flushed), node));
        }
        Ok(Image { location, format, index: 0, recorded, writable, node, overlay, access, files })
    }
}

/// Opens the external data file of the image at `location`, whose own file is another.
fn open_data(
    files: &dyn Files,
    location: &Location,
    image: &dyn ImageFile,
    info: &ImageInfo,
    access: &Access,
) -> Result<Arc<dyn ImageFile>> {
    let fail = |what: &str, errno| {
        Err(BlockError { what: format!("image '{}' {what}", image.name()), errno })
    };
    let Some(name) = &info.data_file else {
        return fail("does not name its data file", Errno::EINVAL);
    };
    let data = files.open(&location.data_file(name)?, access)?;
    if data.identity()? == image.identity()? {
        return fail("is its own data file", Errno::ELOOP);
    }
    data.lock(access.writable)?;
    Ok(data)
}

/// Takes what a chain has next, unless it has it already.
fn find(
    files: &dyn Files,
    location: Location,
    file: Arc<dyn ImageFile>,
    format: Format,
    recorded: Option<String>,
    access: Access,
    above: &[Found],
) -> Result<Found> {
    let fail = |what| Err(BlockError { what, errno: Errno::ELOOP });
    let known = |file: &dyn ImageFile| -> Result<bool> {
        let new = file.identity()?;
        for other in above.iter().flat_map(Found::files) {
            if other.identity()? == new {
                return Ok(true);
            }
        }
        Ok(false)
    };
    if known(&*file)? {
        return fail(format!("image '{}' is its own backing image", file.name()));
    }
    if above.len() >= MOST_IMAGES {
        return fail(format!("the backing chain has more than {MOST_IMAGES} images"));
    }
    let found = Found::new(files, location, format, recorded, access, file)?;
    match &found.data {
        Some(data) if known(&**data)? => {
            fail(format!("the data file '{}' is another image of the chain", data.name()))
        }
        _ => Ok(found),
    }
}
