//! The server's side of the negotiation (fixed newstyle), up to the first request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use virsparse_base::errno::{Errno, SysResult};

use super::execute::CONTEXT_ID;
use super::request::Terms;
use crate::Node;
use crate::nbd::protocol::*;
use crate::nbd::socket::{Receiver, Socket};

/// A client that has not chosen an export by then is disconnected: it takes another client's place.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest data of an option that is looked at. A name and some queries need far less.
const OPTION_MAX: u32 = 32 * 1024;

/// What clients are told of the sizes of requests: the least, the one at which they are best, which is
/// what filesystems read and write anyway, and the most.
pub const BLOCK_SIZES: [u32; 3] = [1, 4096, PAYLOAD_MAX];

/// What is offered to clients.
pub struct Offer<'a> {
    /// The export's name. A client that names none gets it, too.
    pub name: &'a str,
    pub read_only: bool,
    pub node: &'a dyn Node,
}

/// Negotiates. `None` if the client leaves, or breaks the protocol.
pub fn negotiate(
    offer: &Offer,
    socket: &Arc<Socket>,
    receiver: &mut Receiver,
) -> SysResult<Option<Terms>> {
    receiver.set_deadline(Some(Instant::now() + PATIENCE));
    socket.set_send_timeout(Some(PATIENCE))?;
    let terms = Negotiation { offer, socket, receiver, structured: false, context_of: None }.run();
    receiver.set_deadline(None);
    socket.set_send_timeout(None)?;
    terms
}

struct Negotiation<'a> {
    offer: &'a Offer<'a>,
    socket: &'a Socket,
    receiver: &'a mut Receiver,
    structured: bool,
    /// The export, as the client named it, whose base:allocation it has chosen.
    context_of: Option<String>,
}

/// How the negotiation goes on after an option.
enum Next {
    Option,
    Transmission(Terms),
    End,
}

/// The answer to an option that is not accepted.
type Refusal = u32;

impl Negotiation<'_> {
    fn run(&mut self) -> SysResult<Option<Terms>> {
        let flags = HandshakeFlags::FIXED_NEWSTYLE | HandshakeFlags::NO_ZEROES;
        let mut greeting = Vec::new();
        greeting.extend(NBDMAGIC.to_be_bytes());
        greeting.extend(IHAVEOPT.to_be_bytes());
        greeting.extend(flags.bits().to_be_bytes());
        self.socket.send(&greeting)?;
        let Some(flags) = self.take(4)? else { return Ok(None) };
        let flags = Fields(&flags).u32().and_then(ClientFlags::from_bits);
        let Some(flags) = flags else { return Ok(None) };
        loop {
            let Some(head) = self.take(OptionHead::SIZE)? else { return Ok(None) };
            let Some(head) = OptionHead::decode(&head) else { return Ok(None) };
            if head.length > OPTION_MAX {
                return Ok(None);
            }
            let Some(data) = self.take(head.length as usize)? else { return Ok(None) };
            match self.answer(head.option, &data, flags)? {
                Next::Option => {}
                Next::Transmission(terms) => return Ok(Some(terms)),
                Next::End => return Ok(None),
            }
        }
    }

    /// Receives bytes; `None` if the client has left.
    fn take(&mut self, count: usize) -> SysResult<Option<Vec<u8>>> {
        Ok(self.receiver.fill(count)?.then(|| self.receiver.take(count).to_vec()))
    }

    fn answer(&mut self, option: u32, data: &[u8], flags: ClientFlags) -> SysResult<Next> {
        let answered = match option {
            option::EXPORT_NAME => return self.export_name(data, flags),
            option::ABORT => {
                // A client that does not wait for the answer has got what it wanted.
                let _ = self.reply(option, reply::ACK, &[]);
                return Ok(Next::End);
            }
            option::LIST if data.is_empty() => {
                let mut server = Vec::new();
                push_string(&mut server, self.offer.name);
                self.reply(option, reply::SERVER, &server)?;
                Ok(())
            }
            option::STRUCTURED_REPLY if data.is_empty() => {
                self.structured = true;
                Ok(())
            }
            option::LIST | option::STRUCTURED_REPLY => Err(reply::ERR_INVALID),
            option::INFO | option::GO => match self.information(option, data)? {
                Ok(terms) if option == option::GO => {
                    self.reply(option, reply::ACK, &[])?;
                    return Ok(Next::Transmission(terms));
                }
                Ok(_) => Ok(()),
                Err(refusal) => Err(refusal),
            },
            option::LIST_META_CONTEXT | option::SET_META_CONTEXT => self.contexts(option, data)?,
            _ => Err(reply::ERR_UNSUP),
        };
        let (reply, text) = match answered {
            Ok(()) => (reply::ACK, ""),
            Err(refusal) => (refusal, explanation(refusal)),
        };
        self.reply(option, reply, text.as_bytes())?;
        Ok(Next::Option)
    }

    fn reply(&self, option: u32, reply: u32, data: &[u8]) -> SysResult<()> {
        self.socket.send(&encode_option_reply(option, reply, data))
    }

    fn has_export(&self, name: &str) -> bool {
        name.is_empty() || name == self.offer.name
    }

    /// What a client gets that chooses the export now, under this name.
    fn terms(&self, name: &str) -> SysResult<Terms> {
        Ok(Terms {
            length: self.offer.node.length().map_err(|error| error.errno)?,
            read_only: self.offer.read_only,
            structured: self.structured,
            base_allocation: self.context_of.as_deref() == Some(name),
        })
    }

    /// The old way to choose an export, which cannot be answered with an error.
    fn export_name(&self, data: &[u8], flags: ClientFlags) -> SysResult<Next> {
        let Some(name) = text(data).filter(|name| self.has_export(name)) else {
            return Ok(Next::End);
        };
        let terms = self.terms(name)?;
        let mut answer = Vec::new();
        answer.extend(terms.length.to_be_bytes());
        answer.extend(transmission_flags(&terms).bits().to_be_bytes());
        if !flags.contains(ClientFlags::NO_ZEROES) {
            answer.extend([0; EXPORT_NAME_ZEROES]);
        }
        self.socket.send(&answer)?;
        Ok(Next::Transmission(terms))
    }

    /// INFO and GO.
    fn information(&self, option: u32, data: &[u8]) -> SysResult<Result<Terms, Refusal>> {
        let Some((name, wanted)) = parse_information(data) else {
            return Ok(Err(reply::ERR_INVALID));
        };
        if !self.has_export(name) {
            return Ok(Err(reply::ERR_UNKNOWN));
        }
        let terms = self.terms(name)?;
        let mut export = info::EXPORT.to_be_bytes().to_vec();
        export.extend(terms.length.to_be_bytes());
        export.extend(transmission_flags(&terms).bits().to_be_bytes());
        self.reply(option, reply::INFO, &export)?;
        if wanted.contains(&info::NAME) {
            let mut name = info::NAME.to_be_bytes().to_vec();
            name.extend(self.offer.name.as_bytes());
            self.reply(option, reply::INFO, &name)?;
        }
        if wanted.contains(&info::BLOCK_SIZE) {
            let mut sizes = info::BLOCK_SIZE.to_be_bytes().to_vec();
            for size in BLOCK_SIZES {
                sizes.extend(size.to_be_bytes());
            }
            self.reply(option, reply::INFO, &sizes)?;
        }
        Ok(Ok(terms))
    }

    /// LIST_META_CONTEXT and SET_META_CONTEXT.
    fn contexts(&mut self, option: u32, data: &[u8]) -> SysResult<Result<(), Refusal>> {
        let set = option == option::SET_META_CONTEXT;
        if set {
            // It replaces what was chosen before, even where it fails.
            self.context_of = None;
            if !self.structured {
                return Ok(Err(reply::ERR_INVALID));
            }
        }
        let Some((name, queries)) = parse_contexts(data) else {
            return Ok(Err(reply::ERR_INVALID));
        };
        if !self.has_export(name) {
            return Ok(Err(reply::ERR_UNKNOWN));
        }
        let found = match set {
            true => queries.contains(&BASE_ALLOCATION),
            false => {
                queries.is_empty() || queries.iter().any(|q| ["base:", BASE_ALLOCATION].contains(q))
            }
        };
        if found {
            let id: u32 = if set { CONTEXT_ID } else { 0 };
            let mut context = id.to_be_bytes().to_vec();
            context.extend(BASE_ALLOCATION.as_bytes());
            self.reply(option, reply::META_CONTEXT, &context)?;
        }
        if set && found {
            self.context_of = Some(name.to_string());
        }
        Ok(Ok(()))
    }
}

/// The export and the kinds of information that an INFO or GO asks for.
fn parse_information(data: &[u8]) -> Option<(&str, Vec<u16>)> {
    let mut fields = Fields(data);
    let name = fields.string()?;
    let count = fields.u16()?;
    let wanted = (0..count).map(|_| fields.u16()).collect::<Option<_>>()?;
    fields.is_done().then_some((name, wanted))
}

/// The export and the queries of a request for metadata contexts.
fn parse_contexts(data: &[u8]) -> Option<(&str, Vec<&str>)> {
    let mut fields = Fields(data);
    let name = fields.string()?;
    // Each query takes at least the four bytes of its length, so a false count ends soon.
    let count = fields.u32()?;
    let queries = (0..count).map(|_| fields.string()).collect::<Option<_>>()?;
    fields.is_done().then_some((name, queries))
}

fn transmission_flags(terms: &Terms) -> TransmissionFlags {
    use TransmissionFlags as Flags;
    let mut flags = Flags::HAS_FLAGS
        | Flags::SEND_FLUSH
        | Flags::SEND_FUA
        | Flags::SEND_CACHE
        // All connections use one node, and its flush covers what any of them has written.
        | Flags::CAN_MULTI_CONN;
    flags.set(Flags::SEND_DF, terms.structured);
    match terms.read_only {
        true => flags |= Flags::READ_ONLY,
        false => flags |= Flags::SEND_TRIM | Flags::SEND_WRITE_ZEROES | Flags::SEND_FAST_ZERO,
    }
    flags
}

fn explanation(refusal: Refusal) -> &'static str {
    match refusal {
        reply::ERR_UNKNOWN => "there is no export of this name",
        reply::ERR_INVALID => "the option is malformed, or not allowed here",
        _ => "the option is not supported",
    }
}

/// What makes a name usable for an export.
pub fn check_name(name: &str) -> Result<(), Errno> {
    text(name.as_bytes()).map(|_| ()).ok_or(Errno::EINVAL)
}
