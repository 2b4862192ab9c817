//! Extents: what is known of a range of a node without reading it.

/// Whether a range holds data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtentKind {
    /// Bytes that must be read to be known.
    Data,
    /// Reads as zeros, and takes space.
    Zero,
    /// Reads as zeros, and takes no space.
    Hole,
}

impl ExtentKind {
    /// Whether the bytes are zero, as can be said without reading them.
    pub fn is_zero(self) -> bool {
        self != ExtentKind::Data
    }
}

/// A range of a node in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Where it begins in the node, in bytes.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// What is known of the bytes.
    pub kind: ExtentKind,
    /// Which image of a backing chain it is in: 0 for the node itself, 1 for its backing node.
    pub depth: u32,
    /// Whether that image says so itself. Where no image of the chain says anything, zeros are read,
    /// and the depth is that of the last image that was asked.
    pub present: bool,
    /// Where the range begins in the file of that image, if its bytes are there as they are.
    pub host: Option<u64>,
}

impl Extent {
    /// A range that the node itself knows of.
    pub fn new(offset: u64, length: u64, kind: ExtentKind) -> Extent {
        Extent { offset, length, kind, depth: 0, present: true, host: None }
    }

    /// The part that begins `skip` bytes later and has at most `length` bytes.
    pub fn part(&self, skip: u64, length: u64) -> Extent {
        Extent {
            offset: self.offset + skip,
            length: length.min(self.length - skip),
            host: self.host.map(|host| host + skip),
            ..*self
        }
    }

    /// The first byte after the range.
    pub fn end(&self) -> u64 {
        self.offset + self.length
    }
}

/// The images of a chain that are above another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layers {
    /// The depth of the other one.
    pub depth: u32,
    /// The length of the other one; 0 where there is none.
    pub length: u64,
}

impl Layers {
    /// All images of a chain.
    pub const NOTHING: Layers = Layers { depth: u32::MAX, length: 0 };

    /// Whether what is read in a range of the chain is due to these images, and is not the same
    /// without them.
    pub fn affect(&self, extent: &Extent) -> bool {
        match extent.kind.is_zero() {
            // Where the other one has nothing, zeros are read in any case; where it has something, it
            // must be hidden. An image that ends hides it, too.
            true => extent.offset < self.length && (extent.depth < self.depth || !extent.present),
            false => extent.depth < self.depth,
        }
    }
}
