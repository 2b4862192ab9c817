//! How writes reach the medium: the modes that libvirt knows as `<driver cache='...'>`.

/// How an image is cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cache {
    /// Through the page cache; on the medium after a flush.
    #[default]
    Writeback,
    /// Through the page cache, and on the medium when a write returns.
    Writethrough,
    /// Past the page cache; on the medium after a flush.
    None,
    /// Past the page cache, and on the medium when a write returns.
    Directsync,
    /// Through the page cache; on the medium some time, whoever flushes. For what can be made again.
    Unsafe,
}

impl Cache {
    /// The mode of that name.
    pub fn from_name(name: &str) -> Option<Cache> {
        match name {
            "default" | "writeback" => Some(Cache::Writeback),
            "writethrough" => Some(Cache::Writethrough),
            "none" => Some(Cache::None),
            "directsync" => Some(Cache::Directsync),
            "unsafe" => Some(Cache::Unsafe),
            _ => None,
        }
    }

    /// Past the page cache.
    pub fn is_direct(self) -> bool {
        matches!(self, Cache::None | Cache::Directsync)
    }

    /// Every change is flushed.
    pub fn flushes_changes(self) -> bool {
        matches!(self, Cache::Writethrough | Cache::Directsync)
    }

    /// Flushes are not passed on to the medium.
    pub fn ignores_flushes(self) -> bool {
        self == Cache::Unsafe
    }
}
