//! What a node is good at: how large its requests should be, and how many of them at one time.

/// How requests to a node are best made. It is advice: every request is done, whatever its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Bytes of data of a request: enough that what a request costs on top of them does not show.
    pub piece: u64,
    /// Requests under way at one time. More of them make nothing faster.
    pub depth: usize,
    /// What offsets and lengths are best multiples of; a power of two.
    pub alignment: u64,
}

impl Profile {
    /// Of memory and of files: what is in the page cache is bound by memory, not by the number of
    /// processors. Two requests keep reading and writing going at the same time, in pieces that stay in
    /// the processor's cache between the read and the write.
    pub const CACHED: Profile = Profile { piece: 256 << 10, depth: 2, alignment: 1 };

    /// Of a server on a network: a request waits for the way there and back, so many are on their way.
    pub const NETWORK: Profile = Profile { piece: 256 << 10, depth: 16, alignment: 1 };

    /// For requests that go to two nodes, one after the other.
    pub fn with(self, other: Profile) -> Profile {
        Profile {
            piece: self.piece.max(other.piece),
            depth: self.depth.max(other.depth),
            alignment: self.alignment.max(other.alignment),
        }
    }
}
