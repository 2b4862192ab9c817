//! The messages of the NBD protocol: numbers and layouts, without input or output. All numbers are
//! big-endian on the wire. The names are those of the specification, doc/proto.md of the NBD
//! project.

use bitflags::bitflags;
use virsparse_base::errno::Errno;

/// The server's first words.
pub const NBDMAGIC: u64 = 0x4e42_444d_4147_4943;
/// The server's second word in the newstyle negotiation, and the first of every option.
pub const IHAVEOPT: u64 = 0x4948_4156_454f_5054;
const OPTION_REPLY_MAGIC: u64 = 0x0003_e889_0455_65a9;
const REQUEST_MAGIC: u32 = 0x2560_9513;
const SIMPLE_REPLY_MAGIC: u32 = 0x6744_6698;
const STRUCTURED_REPLY_MAGIC: u32 = 0x668e_33ef;

/// The longest string that the protocol allows, an export's name for example.
pub const STRING_MAX: usize = 4096;

/// The longest read or write that every server takes, and that ours takes.
pub const PAYLOAD_MAX: u32 = 32 << 20;

/// The most descriptors that a server should send in one reply.
pub const DESCRIPTORS_MAX: usize = 1 << 20;

/// The zeros that end the answer to an EXPORT_NAME, unless they are negotiated away.
pub const EXPORT_NAME_ZEROES: usize = 124;

/// The metadata context that tells data from holes.
pub const BASE_ALLOCATION: &str = "base:allocation";

bitflags! {
    /// What the server says before the options.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct HandshakeFlags: u16 {
        /// The server answers options that it does not know, instead of hanging up.
        const FIXED_NEWSTYLE = 1 << 0;
        /// The zeros after the answer to an EXPORT_NAME can be left out.
        const NO_ZEROES = 1 << 1;
        const _ = !0;
    }

    /// What the client answers to that.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ClientFlags: u32 {
        /// The client knows the fixed newstyle negotiation.
        const FIXED_NEWSTYLE = 1 << 0;
        /// The zeros after the answer to an EXPORT_NAME are to be left out.
        const NO_ZEROES = 1 << 1;
    }

    /// What an export can do.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct TransmissionFlags: u16 {
        /// Set always.
        const HAS_FLAGS = 1 << 0;
        /// The export takes no writes.
        const READ_ONLY = 1 << 1;
        /// It takes FLUSH.
        const SEND_FLUSH = 1 << 2;
        /// It takes the flag FUA.
        const SEND_FUA = 1 << 3;
        /// It is on a rotating disk: requests are best sent in the order of their offsets.
        const ROTATIONAL = 1 << 4;
        /// It takes TRIM.
        const SEND_TRIM = 1 << 5;
        /// It takes WRITE_ZEROES.
        const SEND_WRITE_ZEROES = 1 << 6;
        /// It takes the flag DF.
        const SEND_DF = 1 << 7;
        /// What one connection has flushed is seen by all of them.
        const CAN_MULTI_CONN = 1 << 8;
        /// It takes CACHE.
        const SEND_CACHE = 1 << 10;
        /// It takes the flag FAST_ZERO.
        const SEND_FAST_ZERO = 1 << 11;
        const _ = !0;
    }

    /// How a request is meant.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CommandFlags: u16 {
        /// The reply comes when the change is on stable storage.
        const FUA = 1 << 0;
        /// Zeros keep their space.
        const NO_HOLE = 1 << 1;
        /// The data of a read comes in one chunk.
        const DF = 1 << 2;
        /// One extent for each context is enough.
        const REQ_ONE = 1 << 3;
        /// Making zeros fails if that is no faster than writing them.
        const FAST_ZERO = 1 << 4;
        const _ = !0;
    }

    /// The state of a range in the context `base:allocation`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct StateFlags: u32 {
        /// It takes no space.
        const HOLE = 1 << 0;
        /// It reads as zeros.
        const ZERO = 1 << 1;
        const _ = !0;
    }
}

/// What a client asks for before the transmission.
pub mod option {
    /// An export by its name. The transmission follows; an error is no reply but the end of the
    /// connection.
    pub const EXPORT_NAME: u32 = 1;
    /// To end the negotiation and the connection.
    pub const ABORT: u32 = 2;
    /// The names of all exports.
    pub const LIST: u32 = 3;
    /// To encrypt what follows.
    pub const STARTTLS: u32 = 5;
    /// What an export is like.
    pub const INFO: u32 = 6;
    /// The same as INFO, and the transmission if that succeeds.
    pub const GO: u32 = 7;
    /// Replies in chunks from now on.
    pub const STRUCTURED_REPLY: u32 = 8;
    /// The metadata contexts that an export has.
    pub const LIST_META_CONTEXT: u32 = 9;
    /// The metadata contexts that BLOCK_STATUS is to tell of.
    pub const SET_META_CONTEXT: u32 = 10;
}

/// What a server answers to an option.
pub mod reply {
    /// It is done, and nothing else follows.
    pub const ACK: u32 = 1;
    /// One export, in the answer to LIST.
    pub const SERVER: u32 = 2;
    /// Something about an export: see [`super::info`].
    pub const INFO: u32 = 3;
    /// One metadata context, with its number.
    pub const META_CONTEXT: u32 = 4;
    /// Set in every reply that is an error.
    pub const ERROR: u32 = 1 << 31;
    /// The server does not know the option.
    pub const ERR_UNSUP: u32 = ERROR + 1;
    /// The server is configured to refuse it.
    pub const ERR_POLICY: u32 = ERROR + 2;
    /// The option is malformed, or comes at the wrong time.
    pub const ERR_INVALID: u32 = ERROR + 3;
    /// The server cannot do it on its platform.
    pub const ERR_PLATFORM: u32 = ERROR + 4;
    /// The server wants encryption first.
    pub const ERR_TLS_REQD: u32 = ERROR + 5;
    /// There is no such export.
    pub const ERR_UNKNOWN: u32 = ERROR + 6;
    /// The server is ending.
    pub const ERR_SHUTDOWN: u32 = ERROR + 7;
    /// The client has to ask for the sizes of blocks, and to keep to them.
    pub const ERR_BLOCK_SIZE_REQD: u32 = ERROR + 8;
    /// The option, or its answer, is too long.
    pub const ERR_TOO_BIG: u32 = ERROR + 9;
}

/// What an INFO reply tells.
pub mod info {
    /// The length of the export in bytes, and its [`TransmissionFlags`](super::TransmissionFlags).
    pub const EXPORT: u16 = 0;
    /// The name that the server prefers for it.
    pub const NAME: u16 = 1;
    /// The least, the best, and the largest size of a request, in bytes.
    pub const BLOCK_SIZE: u16 = 3;
}

/// What a request asks for.
pub mod command {
    /// To read a range.
    pub const READ: u16 = 0;
    /// To write the data that follows the request.
    pub const WRITE: u16 = 1;
    /// To end the connection. There is no reply.
    pub const DISC: u16 = 2;
    /// To bring what was written to stable storage.
    pub const FLUSH: u16 = 3;
    /// To say that a range is not needed any more.
    pub const TRIM: u16 = 4;
    /// To read a range in advance.
    pub const CACHE: u16 = 5;
    /// To make a range read as zeros.
    pub const WRITE_ZEROES: u16 = 6;
    /// To be told the extents of a range, in the contexts that were agreed on.
    pub const BLOCK_STATUS: u16 = 7;
}

/// What a chunk of a structured reply holds.
pub mod chunk {
    /// Nothing.
    pub const NONE: u16 = 0;
    /// An offset in the export, and the data there.
    pub const OFFSET_DATA: u16 = 1;
    /// An offset in the export, and how many zeros are there.
    pub const OFFSET_HOLE: u16 = 2;
    /// The number of a context, and lengths with the state of each.
    pub const BLOCK_STATUS: u16 = 5;
    /// Set in every type of chunk that is an error.
    pub const ERROR_BIT: u16 = 1 << 15;
    /// An error number, and a message.
    pub const ERROR: u16 = ERROR_BIT + 1;
    /// The same, and the offset where it happened.
    pub const ERROR_OFFSET: u16 = ERROR_BIT + 2;
    /// The flag of a reply's last chunk.
    pub const DONE: u16 = 1 << 0;
}

/// Takes the fields of a message in turn; `None` where the message ends too early.
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    /// The next two bytes, as a number.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next four bytes, as a number.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next eight bytes, as a number.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A string with its length before it.
    pub fn string(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.u32()?).ok()?;
        text(self.bytes(length)?)
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// Whether the message ends here.
    pub fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

/// A string as the protocol allows it: of bounded length, UTF-8, without NUL.
pub fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (text.len() <= STRING_MAX && !text.contains('\0')).then_some(text)
}

/// The head of an option; `length` bytes of data follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionHead {
    /// What is asked for: one of [`option`].
    pub option: u32,
    /// Bytes of data that follow.
    pub length: u32,
}

impl OptionHead {
    /// Bytes of the head.
    pub const SIZE: usize = 16;

    /// `None` if the magic number is wrong.
    pub fn decode(bytes: &[u8]) -> Option<OptionHead> {
        let mut fields = Fields(bytes);
        let magic = fields.u64()?;
        let head = OptionHead { option: fields.u32()?, length: fields.u32()? };
        (magic == IHAVEOPT).then_some(head)
    }
}

/// An option with its data.
pub fn encode_option(option: u32, data: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(OptionHead::SIZE + data.len());
    message.extend(IHAVEOPT.to_be_bytes());
    message.extend(option.to_be_bytes());
    message.extend((data.len() as u32).to_be_bytes());
    message.extend(data);
    message
}

/// Adds a string with its length before it.
pub fn push_string(message: &mut Vec<u8>, text: &str) {
    message.extend((text.len() as u32).to_be_bytes());
    message.extend(text.as_bytes());
}

/// The head of an answer to an option; `length` bytes of data follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionReplyHead {
    /// What is answered: one of [`option`].
    pub option: u32,
    /// The answer: one of [`reply`].
    pub reply: u32,
    /// Bytes of data that follow.
    pub length: u32,
}

impl OptionReplyHead {
    /// Bytes of the head.
    pub const SIZE: usize = 20;

    /// `None` if the magic number is wrong.
    pub fn decode(bytes: &[u8]) -> Option<OptionReplyHead> {
        let mut fields = Fields(bytes);
        let magic = fields.u64()?;
        let (option, reply, length) = (fields.u32()?, fields.u32()?, fields.u32()?);
        (magic == OPTION_REPLY_MAGIC).then_some(OptionReplyHead { option, reply, length })
    }
}

/// An answer to an option, with its data.
pub fn encode_option_reply(option: u32, reply: u32, data: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(OptionReplyHead::SIZE + data.len());
    message.extend(OPTION_REPLY_MAGIC.to_be_bytes());
    message.extend(option.to_be_bytes());
    message.extend(reply.to_be_bytes());
    message.extend((data.len() as u32).to_be_bytes());
    message.extend(data);
    message
}

/// A request; the data of a write follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// How it is meant.
    pub flags: CommandFlags,
    /// What is asked for: one of [`command`].
    pub command: u16,
    /// What the reply repeats, so that the client knows what it answers.
    pub cookie: u64,
    /// Where the range begins, in bytes.
    pub offset: u64,
    /// Bytes of the range.
    pub length: u32,
}

impl Request {
    /// Bytes of a request without the data of a write.
    pub const SIZE: usize = 28;

    /// `None` if the magic number is wrong.
    pub fn decode(bytes: &[u8]) -> Option<Request> {
        let mut fields = Fields(bytes);
        let magic = fields.u32()?;
        let request = Request {
            flags: CommandFlags::from_bits_retain(fields.u16()?),
            command: fields.u16()?,
            cookie: fields.u64()?,
            offset: fields.u64()?,
            length: fields.u32()?,
        };
        (magic == REQUEST_MAGIC).then_some(request)
    }

    /// As it is sent.
    pub fn encode(&self) -> [u8; Request::SIZE] {
        let mut message = [0; Request::SIZE];
        message[..4].copy_from_slice(&REQUEST_MAGIC.to_be_bytes());
        message[4..6].copy_from_slice(&self.flags.bits().to_be_bytes());
        message[6..8].copy_from_slice(&self.command.to_be_bytes());
        message[8..16].copy_from_slice(&self.cookie.to_be_bytes());
        message[16..24].copy_from_slice(&self.offset.to_be_bytes());
        message[24..].copy_from_slice(&self.length.to_be_bytes());
        message
    }
}

/// The head of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyHead {
    /// A simple reply. The data of a read follows it if `error` is 0.
    Simple {
        /// 0, or why the request has failed: see [`errno_of_reply`].
        error: u32,
        /// That of the request.
        cookie: u64,
    },
    /// A chunk of a structured reply; `length` bytes of payload follow.
    Chunk {
        /// [`chunk::DONE`] in the last chunk of a reply.
        flags: u16,
        /// What the payload is: one of [`chunk`].
        kind: u16,
        /// That of the request.
        cookie: u64,
        /// Bytes of payload.
        length: u32,
    },
}

/// The size of a simple reply's head. A chunk's is [`CHUNK_HEAD`].
pub const SIMPLE_HEAD: usize = 16;
/// The size of a chunk's head.
pub const CHUNK_HEAD: usize = 20;
/// The size of what precedes the data in a chunk of data: its head and the data's offset.
pub const DATA_HEAD: usize = CHUNK_HEAD + 8;
/// The size of a whole chunk for a hole.
pub const HOLE_CHUNK: usize = CHUNK_HEAD + 12;

impl ReplyHead {
    /// How long the head is that begins with these four bytes. `None` if none does.
    pub fn size(magic: [u8; 4]) -> Option<usize> {
        match u32::from_be_bytes(magic) {
            SIMPLE_REPLY_MAGIC => Some(SIMPLE_HEAD),
            STRUCTURED_REPLY_MAGIC => Some(CHUNK_HEAD),
            _ => None,
        }
    }

    /// `None` if the magic number is wrong.
    pub fn decode(bytes: &[u8]) -> Option<ReplyHead> {
        let mut fields = Fields(bytes);
        match fields.u32()? {
            SIMPLE_REPLY_MAGIC => {
                Some(ReplyHead::Simple { error: fields.u32()?, cookie: fields.u64()? })
            }
            STRUCTURED_REPLY_MAGIC => Some(ReplyHead::Chunk {
                flags: fields.u16()?,
                kind: fields.u16()?,
                cookie: fields.u64()?,
                length: fields.u32()?,
            }),
            _ => None,
        }
    }
}

/// The head of a simple reply.
pub fn simple_head(error: u32, cookie: u64) -> [u8; SIMPLE_HEAD] {
    let mut head = [0; SIMPLE_HEAD];
    head[..4].copy_from_slice(&SIMPLE_REPLY_MAGIC.to_be_bytes());
    head[4..8].copy_from_slice(&error.to_be_bytes());
    head[8..].copy_from_slice(&cookie.to_be_bytes());
    head
}

/// The head of a chunk.
pub fn chunk_head(flags: u16, kind: u16, cookie: u64, length: u32) -> [u8; CHUNK_HEAD] {
    let mut head = [0; CHUNK_HEAD];
    head[..4].copy_from_slice(&STRUCTURED_REPLY_MAGIC.to_be_bytes());
    head[4..6].copy_from_slice(&flags.to_be_bytes());
    head[6..8].copy_from_slice(&kind.to_be_bytes());
    head[8..16].copy_from_slice(&cookie.to_be_bytes());
    head[16..].copy_from_slice(&length.to_be_bytes());
    head
}

/// The error of a reply that says why a request failed. The protocol knows eight of them.
pub fn error_number(errno: Errno) -> u32 {
    let known = match errno {
        Errno::EPERM | Errno::EACCES | Errno::EROFS => Errno::EPERM,
        Errno::ENOSPC | Errno::EDQUOT | Errno::EFBIG => Errno::ENOSPC,
        Errno::ENOMEM | Errno::EINVAL | Errno::EOVERFLOW | Errno::ESHUTDOWN => errno,
        Errno::EOPNOTSUPP => Errno::EOPNOTSUPP,
        _ => Errno::EIO,
    };
    known.raw() as u32
}

/// What an error in a reply means. The specification wants unknown ones to count as EINVAL.
pub fn errno_of_reply(error: u32) -> Errno {
    let known = [
        Errno::EPERM,
        Errno::EIO,
        Errno::ENOMEM,
        Errno::ENOSPC,
        Errno::EOVERFLOW,
        Errno::EOPNOTSUPP,
        Errno::ESHUTDOWN,
    ];
    known.into_iter().find(|errno| errno.raw() as u32 == error).unwrap_or(Errno::EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives_the_wire() {
        let request = Request {
            flags: CommandFlags::FUA | CommandFlags::NO_HOLE,
            command: command::WRITE_ZEROES,
            cookie: 0x0102_0304_0506_0708,
            offset: 1 << 40,
            length: 512,
        };
        let wire = request.encode();
        assert_eq!(wire[..4], [0x25, 0x60, 0x95, 0x13]);
        assert_eq!(Request::decode(&wire), Some(request));
        assert_eq!(Request::decode(&wire[..27]), None);
        assert_eq!(Request::decode(&[0; 28]), None);
    }

    #[test]
    fn replies_survive_the_wire() {
        let simple = simple_head(5, 77);
        assert_eq!(ReplyHead::size(simple[..4].try_into().unwrap()), Some(SIMPLE_HEAD));
        assert_eq!(ReplyHead::decode(&simple), Some(ReplyHead::Simple { error: 5, cookie: 77 }));
        let head = chunk_head(chunk::DONE, chunk::OFFSET_DATA, 9, 4096);
        assert_eq!(ReplyHead::size(head[..4].try_into().unwrap()), Some(CHUNK_HEAD));
        let decoded = ReplyHead::Chunk { flags: 1, kind: 1, cookie: 9, length: 4096 };
        assert_eq!(ReplyHead::decode(&head), Some(decoded));
        assert_eq!(ReplyHead::size([0; 4]), None);
    }

    #[test]
    fn fields_end_where_the_message_ends() {
        let mut fields = Fields(&[0, 0, 0, 3, b'a', b'b']);
        assert_eq!(fields.string(), None);
        let mut fields = Fields(&[0, 0, 0, 2, b'a', b'b', 7]);
        assert_eq!(fields.string(), Some("ab"));
        assert_eq!(fields.u16(), None);
        assert_eq!(fields.rest(), [7]);
        assert_eq!(text(b"a\0"), None);
        assert_eq!(text(&[0xff]), None);
        assert_eq!(text(&[b'a'; STRING_MAX + 1]), None);
    }

    #[test]
    fn errors_are_among_those_that_the_protocol_knows() {
        assert_eq!(error_number(Errno::EDQUOT), 28);
        assert_eq!(error_number(Errno::ESTALE), 5);
        assert_eq!(errno_of_reply(108), Errno::ESHUTDOWN);
        assert_eq!(errno_of_reply(4711), Errno::EINVAL);
    }
}
