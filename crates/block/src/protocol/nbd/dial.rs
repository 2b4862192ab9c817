//! The client's side of a connection up to the first request: reaching the server, and the
//! negotiation. Everything the server says is checked, and bounded in length and time.

use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use virsparse_base::errno::{Errno, errno_of};

use super::failure::Failure;
use super::protocol::*;
use super::socket::{Receiver, Socket};
use super::uri::{Address, Transport};

/// The longest answer to an option: a description takes 4 KiB.
const REPLY_MAX: u32 = 16 * 1024;

/// The most answers to one option.
const REPLIES_MAX: usize = 256;

/// The second word of a server that knows only the first form of the negotiation.
const OLDSTYLE: u64 = 0x0000_4202_8186_1253;

/// What has been agreed upon with the server.
#[derive(Clone, Copy)]
pub struct Agreed {
    pub length: u64,
    pub flags: TransmissionFlags,
    /// Replies that carry data are structured.
    pub structured: bool,
    /// The id of the context `base:allocation`, if the server has it.
    pub allocation: Option<u32>,
    /// What offsets and lengths must be multiples of.
    pub block: u32,
    /// The longest read and write.
    pub payload: u32,
}

impl Agreed {
    /// Whether a range has only whole blocks; the end of the export may cut the last one off.
    pub fn has_whole_blocks(&self, offset: u64, length: u32) -> bool {
        let block = u64::from(self.block);
        let end = offset.saturating_add(length.into());
        offset.is_multiple_of(block) && (end.is_multiple_of(block) || end == self.length)
    }
}

/// Connects to a server, within `timeout`.
pub fn dial(address: &Address, timeout: Duration) -> Result<(Receiver, Agreed), Failure> {
    let deadline = Instant::now() + timeout;
    let socket = match &address.transport {
        Transport::Tcp { host, port } => tcp(host, *port, deadline)?,
        Transport::Unix(path) => unix(path, timeout)?,
    };
    let socket = Arc::new(socket);
    socket.set_send_timeout(Some(timeout)).map_err(Failure::system)?;
    let mut receiver = Receiver::new(socket.clone());
    receiver.set_deadline(Some(deadline));
    let negotiation =
        Negotiation { socket: &socket, receiver: &mut receiver, export: &address.export };
    let agreed = negotiation.run()?;
    receiver.set_deadline(None);
    socket.set_send_timeout(None).map_err(Failure::system)?;
    Ok((receiver, agreed))
}

fn tcp(host: &str, port: u16, deadline: Instant) -> Result<Socket, Failure> {
    let addresses = (host, port).to_socket_addrs();
    let addresses = addresses.map_err(|e| {
        Failure::new(Errno::EHOSTUNREACH, format!("there is no host '{host}': {e}"))
    })?;
    let mut last = Errno::EHOSTUNREACH;
    for address in addresses {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::system(Errno::ETIMEDOUT));
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(Socket::new(stream)),
            Err(e) if e.kind() == std::io::ErrorKind::TimedOut => last = Errno::ETIMEDOUT,
            Err(e) => last = errno_of(&e),
        }
    }
    Err(Failure::system(last))
}

fn unix(path: &Path, timeout: Duration) -> Result<Socket, Failure> {
    let connected = || {
        let flags = SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        let raw = socket.as_raw_fd();
        let socket = Socket::new(socket);
        // A connect waits as a send does while the server has too many to accept.
        socket.set_send_timeout(Some(timeout))?;
        match connect(raw, &UnixAddr::new(path)?).map_err(Errno::from) {
            Ok(()) => Ok(socket),
            Err(Errno::EAGAIN) => Err(Errno::ETIMEDOUT),
            Err(errno) => Err(errno),
        }
    };
    connected().map_err(Failure::system)
}

struct Negotiation<'a> {
    socket: &'a Socket,
    receiver: &'a mut Receiver,
    export: &'a str,
}

/// How an option ended.
enum Answer {
    Accepted,
    Refused { reply: u32, text: String },
}

/// What INFO and GO tell.
#[derive(Default)]
struct Information {
    export: Option<(u64, TransmissionFlags)>,
    /// Minimum, preferred and maximum.
    sizes: Option<(u32, u32, u32)>,
}

impl Negotiation<'_> {
    fn run(mut self) -> Result<Agreed, Failure> {
        let greeting = self.take(16)?;
        let mut fields = Fields(&greeting);
        match (fields.u64(), fields.u64()) {
            (Some(NBDMAGIC), Some(IHAVEOPT)) => {}
            (Some(NBDMAGIC), Some(OLDSTYLE)) => {
                let text = "the server knows only the oldstyle negotiation";
                return Err(Failure::new(Errno::EPROTONOSUPPORT, text));
            }
            _ => return Err(Failure::protocol("it is no NBD server")),
        }
        let flags = self.take(2)?;
        let flags = HandshakeFlags::from_bits_retain(Fields(&flags).u16().unwrap_or(0));
        let mut mine = ClientFlags::empty();
        mine.set(ClientFlags::FIXED_NEWSTYLE, flags.contains(HandshakeFlags::FIXED_NEWSTYLE));
        mine.set(ClientFlags::NO_ZEROES, flags.contains(HandshakeFlags::NO_ZEROES));
        self.send(&mine.bits().to_be_bytes())?;
        if !mine.contains(ClientFlags::FIXED_NEWSTYLE) {
            return self.export_name(mine, false, None);
        }
        let structured = self.ask(option::STRUCTURED_REPLY, &[], |_, _| Some(()))?;
        let structured = matches!(structured, Answer::Accepted);
        let allocation = if structured { self.allocation()? } else { None };
        // To ask for sizes with INFO commits us to nothing, as it would with GO.
        let (answer, mut told) = self.information(option::INFO, true)?;
        if let Answer::Refused { reply: reply::ERR_UNKNOWN, text } = answer {
            return Err(self.no_export(&text));
        }
        let sizes = told.sizes;
        let mut answer;
        (answer, told) = self.information(option::GO, false)?;
        if let Answer::Refused { reply: reply::ERR_BLOCK_SIZE_REQD, .. } = answer {
            (answer, told) = self.information(option::GO, true)?;
        }
        // A server that can pad requests itself (qemu-nbd) says so with GO; that of the others is padded here.
        let sizes = told.sizes.or(sizes);
        let block = sizes.map_or(1, |(minimum, _, _)| minimum);
        let (length, flags) = match (answer, told.export) {
            (Answer::Accepted, Some(export)) => export,
            (Answer::Accepted, None) => {
                return Err(Failure::protocol("the server does not tell the export's size"));
            }
            (Answer::Refused { reply: reply::ERR_UNSUP, .. }, _) => {
                return self.export_name(mine, structured, allocation);
            }
            (Answer::Refused { text, .. }, _) => return Err(self.no_export(&text)),
        };
        let payload = sizes.map_or(PAYLOAD_MAX, |(_, _, maximum)| maximum.min(PAYLOAD_MAX));
        let payload = payload / block * block;
        agreed(Agreed { length, flags, structured, allocation, block, payload })
    }

    fn no_export(&self, text: &str) -> Failure {
        let reason = if text.is_empty() { String::new() } else { format!(": {text}") };
        let text = format!("the server does not give the export '{}'{reason}", self.export);
        Failure::new(Errno::ENOENT, text)
    }

    fn send(&self, message: &[u8]) -> Result<(), Failure> {
        self.socket.send(message).map_err(Failure::connection)
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>, Failure> {
        match self.receiver.fill(count).map_err(Failure::connection)? {
            true => Ok(self.receiver.take(count).to_vec()),
            false => Err(Failure::connection(Errno::ECONNRESET)),
        }
    }

    /// Sends an option and receives the answers to it. `tell` gets those that carry something,
    /// and returns `None` for one that is malformed.
    fn ask(
        &mut self,
        option: u32,
        data: &[u8],
        mut tell: impl FnMut(u32, &[u8]) -> Option<()>,
    ) -> Result<Answer, Failure> {
        self.send(&encode_option(option, data))?;
        for _ in 0..REPLIES_MAX {
            let head = self.take(OptionReplyHead::SIZE)?;
            let head = OptionReplyHead::decode(&head)
                .filter(|head| head.option == option && head.length <= REPLY_MAX)
                .ok_or_else(|| Failure::protocol("the answer to an option is malformed"))?;
            let data = self.take(head.length as usize)?;
            if head.reply == reply::ACK {
                return Ok(Answer::Accepted);
            }
            if head.reply & reply::ERROR != 0 {
                return Ok(Answer::Refused { reply: head.reply, text: Failure::readable(&data) });
            }
            tell(head.reply, &data)
                .ok_or_else(|| Failure::protocol("the answer to an option is malformed"))?;
        }
        Err(Failure::protocol("the answers to an option do not end"))
    }

    fn allocation(&mut self) -> Result<Option<u32>, Failure> {
        let mut data = Vec::new();
        push_string(&mut data, self.export);
        data.extend(1u32.to_be_bytes());
        push_string(&mut data, BASE_ALLOCATION);
        let mut id = None;
        let answer = self.ask(option::SET_META_CONTEXT, &data, |reply, data| {
            let mut fields = Fields(data);
            let context = fields.u32()?;
            if reply == reply::META_CONTEXT && fields.rest() == BASE_ALLOCATION.as_bytes() {
                id = Some(context);
            }
            Some(())
        })?;
        Ok(id.filter(|_| matches!(answer, Answer::Accepted)))
    }

    fn information(&mut self, option: u32, sizes: bool) -> Result<(Answer, Information), Failure> {
        let wanted: &[u16] = if sizes { &[info::BLOCK_SIZE] } else { &[] };
        let mut data = Vec::new();
        push_string(&mut data, self.export);
        data.extend((wanted.len() as u16).to_be_bytes());
        data.extend(wanted.iter().flat_map(|info| info.to_be_bytes()));
        let mut told = Information::default();
        let answer = self.ask(option, &data, |reply, data| {
            let mut fields = Fields(data);
            if reply != reply::INFO {
                return None;
            }
            match fields.u16()? {
                info::EXPORT => {
                    let flags = |bits| TransmissionFlags::from_bits_retain(bits);
                    told.export = Some((fields.u64()?, flags(fields.u16()?)));
                }
                info::BLOCK_SIZE => {
                    let sizes = (fields.u32()?, fields.u32()?, fields.u32()?);
                    let (minimum, preferred, maximum) = sizes;
                    let sensible = minimum.is_power_of_two()
                        && minimum <= 64 * 1024
                        && preferred >= 512
                        && maximum >= preferred.max(minimum);
                    told.sizes = Some(sensible.then_some(sizes)?);
                }
                // What else there may be is not for us.
                _ => {}
            }
            Some(())
        })?;
        Ok((answer, told))
    }

    /// The old way to choose an export. A server that does not give it hangs up.
    fn export_name(
        &mut self,
        flags: ClientFlags,
        structured: bool,
        allocation: Option<u32>,
    ) -> Result<Agreed, Failure> {
        self.send(&encode_option(option::EXPORT_NAME, self.export.as_bytes()))?;
        let zeroes = if flags.contains(ClientFlags::NO_ZEROES) { 0 } else { EXPORT_NAME_ZEROES };
        let answer = match self.take(10 + zeroes) {
            Err(failure) if failure.errno == Errno::ECONNRESET => return Err(self.no_export("")),
            other => other?,
        };
        let mut fields = Fields(&answer);
        let (length, flags) = (fields.u64().unwrap_or(0), fields.u16().unwrap_or(0));
        let flags = TransmissionFlags::from_bits_retain(flags);
        let payload = PAYLOAD_MAX;
        agreed(Agreed { length, flags, structured, allocation, block: 1, payload })
    }
}

/// Offsets must fit what Linux takes for a file's.
fn agreed(agreed: Agreed) -> Result<Agreed, Failure> {
    match i64::try_from(agreed.length) {
        Ok(_) => Ok(agreed),
        Err(_) => Err(Failure::new(Errno::EFBIG, "the export is larger than 8 EiB")),
    }
}
