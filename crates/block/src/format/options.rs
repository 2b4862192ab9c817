//! What a new image is to be like.

/// How much of a new image has space from the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preallocation {
    /// Nothing has.
    #[default]
    Off,
    /// Every cluster has its place, which is a hole in the file.
    Metadata,
    /// The filesystem has reserved the space.
    Falloc,
    /// Zeros are written there.
    Full,
}

/// How compressed clusters are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// With deflate.
    Deflate,
    /// With Zstandard.
    Zstd,
}

/// What an image can do beyond the minimum of its version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageFeatures {
    /// Refcounts may be written late: a program that opens the image after a crash corrects them.
    pub lazy_refcounts: bool,
    /// Clusters have subclusters, which are allocated one by one.
    pub extended_l2: bool,
}

/// What a creator asks for. A format refuses what it does not have, and chooses what is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageOptions {
    /// The version of the format, as QEMU's option of this name has it, such as `1.1`.
    pub compat: Option<String>,
    /// Bytes of a cluster.
    pub cluster_size: Option<u64>,
    /// What it can do.
    pub features: ImageFeatures,
    /// How clusters are compressed, if that is asked for when they are written.
    pub compression: Option<Compression>,
    /// How much of it has space from the beginning.
    pub preallocation: Preallocation,
}

/// An image to be made.
#[derive(Clone, Debug, Default)]
pub struct NewImage {
    /// Bytes that a guest sees.
    pub size: u64,
    /// The name of the backing image as it is recorded, and its format.
    pub backing: Option<(String, String)>,
    /// It is made in what keeps its length: a block device, or an export.
    pub in_place: bool,
    /// What it is to be like.
    pub options: ImageOptions,
}
