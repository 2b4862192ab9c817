//! The numbers of a header, read with every access checked: the bytes are hostile.

/// The first bytes of an image. A number that is not in them is `None`.
#[derive(Clone, Copy)]
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    fn bytes<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.slice(at, N)?.try_into().ok()
    }

    /// Bytes of it.
    pub fn slice(self, at: usize, length: usize) -> Option<&'a [u8]> {
        self.0.get(at..at.checked_add(length)?)
    }

    pub fn be32(self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_be_bytes)
    }

    pub fn be64(self, at: usize) -> Option<u64> {
        self.bytes(at).map(u64::from_be_bytes)
    }

    pub fn le32(self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    pub fn le64(self, at: usize) -> Option<u64> {
        self.bytes(at).map(u64::from_le_bytes)
    }

    /// Bytes that are a name.
    pub fn name(self, at: usize, length: usize) -> Option<String> {
        as_name(self.slice(at, length)?.to_vec())
    }
}

/// Bytes as a name, if they can be one: text without a NUL.
pub fn as_name(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|name| !name.contains('\0'))
}
