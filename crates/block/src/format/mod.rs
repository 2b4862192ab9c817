//! Image formats. [`Format`] is the table of them: to add one, write an [`ImageFormat`] beside these and
//! give it a row here. What an image is opened as is always what somebody has said, never what its bytes
//! look like.

pub(crate) mod fields;
mod options;
mod qcow2;
mod raw;
pub(crate) mod summary;

use std::ops::Range;
use std::sync::Arc;

use crate::{BlockError, Errno, Layers, Node, Result};

pub use options::{Compression, ImageFeatures, ImageOptions, NewImage, Preallocation};
pub use summary::{ImageSummary, RecordedBacking};

/// The formats that images are opened in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The bytes of the disk, as they are.
    Raw,
    /// QEMU's format.
    Qcow2,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 2] = [Format::Raw, Format::Qcow2];
    /// The format of a new overlay for which none has been chosen.
    pub const OVERLAY: Format = Format::Qcow2;

    /// What does the work.
    fn driver(self) -> &'static dyn ImageFormat {
        match self {
            Format::Raw => &raw::Raw,
            Format::Qcow2 => &qcow2::Qcow2,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.driver().name()
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Whether images of this format describe themselves, so that their file holds more than the bytes of
    /// the disk.
    pub fn has_header(self) -> bool {
        self.driver().has_header()
    }

    /// Whether images of this format can have a backing image, and so can be overlays.
    pub fn can_have_backing(self) -> bool {
        self.driver().can_have_backing()
    }

    /// How much space a new image of this format can have from the beginning.
    pub fn preallocations(self) -> &'static [Preallocation] {
        self.driver().preallocations()
    }

    /// Whether images of this format can have compressed clusters.
    pub fn can_compress(self) -> bool {
        self.driver().can_compress()
    }

    /// Reads what the image in `file` says of itself. Nothing that it refers to is opened. Messages call
    /// it `name`.
    pub fn read(self, name: &str, file: &dyn Node) -> Result<Box<dyn ImageHeader>> {
        self.driver().read(name, file)
    }

    /// Refuses an image that [`Format::create`] could not make, before anything is changed: EOPNOTSUPP.
    pub fn check(self, image: &NewImage) -> Result<()> {
        let preallocation = image.options.preallocation;
        if !self.preallocations().contains(&preallocation) {
            let name = self.name();
            return Err(unsupported(format!(
                "preallocation mode {preallocation:?} is not available for {name} images"
            )));
        }
        if image.backing.is_some() && !self.can_have_backing() {
            return Err(unsupported(format!("a {} image has no backing image", self.name())));
        }
        if image.options.compression.is_some() && !self.can_compress() {
            return Err(unsupported(format!("{} images cannot be compressed", self.name())));
        }
        self.driver().check(image)
    }

    /// Makes an empty image in `file`. What was in that is gone.
    pub fn create(self, file: &dyn Node, image: &NewImage) -> Result<()> {
        self.check(image)?;
        self.driver().create(file, image)
    }
}

/// What an image format does.
pub trait ImageFormat: Sync {
    /// What it is called in XML and by QEMU; also what the mark at the beginning of its images means.
    fn name(&self) -> &'static str;

    /// See [`Format::has_header`].
    fn has_header(&self) -> bool;

    /// See [`Format::can_have_backing`]. Images of such a format are opened as an [`OpenImage::Overlay`].
    fn can_have_backing(&self) -> bool;

    /// See [`Format::preallocations`].
    fn preallocations(&self) -> &'static [Preallocation];

    /// See [`Format::can_compress`].
    fn can_compress(&self) -> bool;

    /// See [`Format::check`], which looks at what the functions above say.
    fn check(&self, image: &NewImage) -> Result<()>;

    /// See [`Format::read`].
    fn read(&self, name: &str, file: &dyn Node) -> Result<Box<dyn ImageHeader>>;

    /// See [`Format::create`].
    fn create(&self, file: &dyn Node, image: &NewImage) -> Result<()>;
}

/// The error that something cannot be made in a format.
fn unsupported(what: String) -> BlockError {
    BlockError { what, errno: Errno::EOPNOTSUPP }
}

/// What an image says of itself.
#[derive(Clone, Debug, Default)]
pub struct ImageInfo {
    /// Bytes that a guest sees.
    pub size: u64,
    /// What it calls its backing image.
    pub backing_file: Option<String>,
    /// The format that it records of its backing image.
    pub backing_format: Option<String>,
    /// Its data is in another file.
    pub has_data_file: bool,
    /// What it calls that file.
    pub data_file: Option<String>,
    /// Internal snapshots.
    pub snapshots: u32,
    /// Persistent bitmaps.
    pub bitmaps: u32,
}

impl ImageInfo {
    /// The format of the backing image by name. Without a record it is raw: to guess would let a guest
    /// choose it.
    pub fn backing_format_name(&self) -> &str {
        self.backing_format.as_deref().unwrap_or("raw")
    }
}

/// An image whose header has been read and which is not open yet: its owner opens first what it refers to.
pub trait ImageHeader: Send {
    /// What it says.
    fn info(&self) -> &ImageInfo;

    /// Opens it.
    fn open(self: Box<Self>, parts: ImageParts) -> Result<OpenImage>;
}

/// What an image consists of.
pub struct ImageParts {
    /// What messages call it.
    pub name: String,
    /// The file that its header was read from.
    pub file: Arc<dyn Node>,
    /// Its external data file.
    pub data: Option<Arc<dyn Node>>,
    /// Its backing image.
    pub backing: Option<Arc<dyn Node>>,
    /// It is to be written.
    pub writable: bool,
}

/// An open image.
pub enum OpenImage {
    /// One that has nothing below it.
    Flat(Arc<dyn Node>),
    /// One that may have.
    Overlay(Arc<dyn Overlay>),
}

impl OpenImage {
    /// Its bytes, with those of what is below it.
    pub fn node(self) -> Arc<dyn Node> {
        match self {
            OpenImage::Flat(node) => node,
            OpenImage::Overlay(overlay) => overlay,
        }
    }

    /// The image, if it may have another one below it.
    pub fn overlay(&self) -> Option<Arc<dyn Overlay>> {
        match self {
            OpenImage::Flat(_) => None,
            OpenImage::Overlay(overlay) => Some(overlay.clone()),
        }
    }
}

/// An open image that may lie over another: what block jobs need of its format.
pub trait Overlay: Node {
    /// What it said of itself when it was opened.
    fn info(&self) -> &ImageInfo;

    /// How far its file is in use: whoever keeps an image on a device has to see to it that the device is
    /// longer. `None` for an image that is only read, whose use does not grow.
    fn used_end(&self) -> Result<Option<u64>>;

    /// Reads what is below from another node from now on. What it records stays.
    fn set_backing(&self, backing: Option<Arc<dyn Node>>);

    /// Records which file, of which format, is the backing image. What was written before is durable
    /// before that is, and that is durable when this returns.
    fn record_backing(&self, backing: Option<(&str, &str)>) -> Result<()>;

    /// Copies into the image what is read from the images below, where it is one of those of `above` that
    /// says it. What others write meanwhile stays.
    fn populate(&self, offset: u64, length: u64, above: Layers) -> Result<()>;

    /// The first part of a range that may have no space in this image: at most `most` bytes and what they
    /// need to be whole clusters. Empty if there is none.
    fn next_unallocated_range(&self, offset: u64, end: u64, most: u64) -> Result<Range<u64>>;

    /// The first part of a range that is read from the images below: limited in length, but at least a
    /// cluster. Empty, and at the end, if there is none.
    fn next_backing_range(&self, offset: u64, end: u64) -> Result<Range<u64>>;

    /// Gives a range space in this image, and writes there what is read. What others write meanwhile
    /// stays.
    fn copy_up(&self, range: &Range<u64>) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryNode;

    #[test]
    fn each_format_opens_what_it_has_made() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
            let file: Arc<dyn Node> = Arc::new(MemoryNode::new("file", 0));
            let new = NewImage { size: 1 << 20, ..NewImage::default() };
            format.create(&*file, &new).unwrap();
            assert_eq!(format.contradicted_by(&*file), Ok(None));
            let header = format.read("image", &*file).unwrap();
            assert_eq!((header.info().size, header.info().bitmaps), (1 << 20, 0));
            let (name, data, backing) = ("image".to_string(), None, None);
            let parts = ImageParts { name, file, data, backing, writable: true };
            let image = header.open(parts).unwrap();
            assert_eq!(image.overlay().is_some(), format.can_have_backing());
            let node = image.node();
            node.write_at(&[7; 512], 4096).unwrap();
            let mut bytes = [0; 512];
            assert_eq!(node.read_at(&mut bytes, 4096), Ok(512));
            assert_eq!(bytes, [7; 512]);
        }
        assert_eq!(Format::from_name("vmdk"), None);
        assert!(Format::OVERLAY.can_have_backing());
    }

    /// What a format says of itself is what it makes, and what it says that it cannot is refused before
    /// the file is touched.
    #[test]
    fn each_format_makes_what_it_says_and_refuses_the_rest() {
        use Preallocation::*;
        let backing = ("below".to_string(), "raw".to_string());
        for format in Format::ALL {
            let asked = |change: &dyn Fn(&mut NewImage), expected: bool| {
                let mut new = NewImage { size: 1 << 20, ..NewImage::default() };
                change(&mut new);
                let file = MemoryNode::new("file", 0);
                let made = format.create(&file, &new);
                assert_eq!(made.is_ok(), expected, "{format:?} {new:?}: {made:?}");
                if let Err(error) = made {
                    assert_eq!((error.errno, file.length()), (Errno::EOPNOTSUPP, Ok(0)));
                }
            };
            for kind in [Off, Metadata, Falloc, Full] {
                let expected = format.preallocations().contains(&kind);
                asked(&|new| new.options.preallocation = kind, expected);
            }
            asked(&|new| new.backing = Some(backing.clone()), format.can_have_backing());
            asked(&|new| new.options.compression = Some(Compression::Zstd), format.can_compress());
        }
    }
}
