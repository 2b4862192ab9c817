//! Calls to the process that runs a domain.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Deserialize;
use serde_json::{Value, json};
use virsparse_base::errno::Errno;
use virsparse_base::sys::other_process::OtherProcess;

use super::message::{Call, Quiet, Reader, Reply, send};
use super::methods::{FAILED, INTERFACE, Method, Right};
use super::peer::{connect_in, peer};
use super::{OWNER, READ_ONLY_SOCKET, SOCKET, wire};
use crate::domain::machine::condition::not_running;
use crate::error::*;

/// How long the process may say nothing at all. While a call takes longer it is asked whether it is there, for
/// which it has the same time.
const SILENCE: Duration = Duration::from_secs(5);

/// Connections that are kept for later calls.
const KEPT: usize = 4;

/// The way to the process that runs a domain. Calls from several threads go side by side.
pub struct Link {
    /// Of the domain, and the number of the process, for messages.
    name: String,
    process: u32,
    sockets: Arc<Sockets>,
    /// The number of the process that runs the domain now, if one does.
    runs: Box<dyn Fn() -> io::Result<Option<u32>> + Send + Sync>,
    idle: Mutex<Vec<Connection>>,
}

/// Where the process listens.
struct Sockets {
    folder: PathBuf,
    right: Right,
}

impl Sockets {
    fn connect(&self) -> io::Result<UnixStream> {
        let name = match self.right {
            Right::Write => SOCKET,
            Right::Read => READ_ONLY_SOCKET,
        };
        let stream = UnixStream::from(connect_in(&self.folder, name)?);
        stream.set_write_timeout(Some(SILENCE))?;
        Ok(stream)
    }

    /// Whether the process answers anything, in time.
    fn ask(&self) -> Sign {
        let ask = || -> io::Result<()> {
            let stream = self.connect()?;
            let method = "org.varlink.service.GetInfo".to_string();
            send(Quiet(&stream), &Call { method, ..Call::default() })?;
            let patient = Patient { stream, asked: None, deadline: None, unclear: 0 };
            Reader::new(patient).next::<Reply>().map(drop)
        };
        match ask().map_err(|e| e.kind()) {
            Err(ErrorKind::TimedOut | ErrorKind::WouldBlock) => Sign::None,
            // Its sockets go before its last replies.
            Err(ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Sign::Unclear,
            // It refuses one more, or this process cannot ask: neither is silence.
            Ok(()) | Err(_) => Sign::Alive,
        }
    }
}

/// What a question says of a process.
enum Sign {
    Alive,
    None,
    /// It is not asked any more. If it ends, that shows by itself.
    Unclear,
}

/// How often in a row that may be, while a process ends.
const UNCLEAR: usize = 6;

/// A connection whose silence is borne for as long as the process answers on another one.
struct Patient {
    stream: UnixStream,
    asked: Option<Arc<Sockets>>,
    /// When it is not borne any more in any case.
    deadline: Option<Instant>,
    /// How often it was not clear whether it is to be borne.
    unclear: usize,
}

impl Patient {
    /// Fails if nothing is to be waited for any more: with TimedOut if the process says nothing at all, else
    /// because it takes too long.
    fn expect_sign(&mut self) -> io::Result<()> {
        let sign = self.asked.as_ref().map_or(Sign::None, |sockets| sockets.ask());
        self.unclear = match sign {
            Sign::Alive => 0,
            Sign::Unclear if self.unclear < UNCLEAR => self.unclear + 1,
            Sign::Unclear | Sign::None => return Err(ErrorKind::TimedOut.into()),
        };
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => Err(ErrorKind::QuotaExceeded.into()),
            _ => Ok(()),
        }
    }
}

impl Read for Patient {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let timeout = PollTimeout::try_from(SILENCE).unwrap_or(PollTimeout::MAX);
        loop {
            let mut waited = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
            match poll(&mut waited, timeout) {
                Ok(0) => self.expect_sign()?,
                Ok(_) => return self.stream.read(to),
                Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

struct Connection {
    reader: Reader<Patient>,
    /// Whose connection it is. A child that was forked shares it, and must not take its parent's replies.
    owner: u32,
}

/// Why there is no reply.
enum Failure {
    /// Nothing has been done: what was asked for did not arrive.
    NotCalled(io::Error),
    /// What was asked for may have been done or not.
    Lost(io::Error),
    /// The process says nothing at all.
    Silent,
    /// It answers, but takes longer than it should.
    Late,
}

impl Connection {
    /// Calls, and waits for the first reply. `None` if the connection ends instead.
    fn call(&mut self, call: &Call, limit: Option<Duration>) -> Result<Option<Reply>, Failure> {
        self.reader.source_mut().deadline = limit.map(|limit| Instant::now() + limit);
        // A message that has not arrived as a whole is not acted on.
        send(Quiet(&self.reader.source().stream), call).map_err(|e| match e.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::Silent,
            _ => Failure::NotCalled(e),
        })?;
        self.receive()
    }

    fn receive(&mut self) -> Result<Option<Reply>, Failure> {
        self.reader.next().map_err(|e| match e.kind() {
            ErrorKind::TimedOut => Failure::Silent,
            ErrorKind::QuotaExceeded => Failure::Late,
            // The process has closed its end with something in it that it had not read: the call.
            ErrorKind::ConnectionReset => Failure::NotCalled(e),
            _ => Failure::Lost(e),
        })
    }
}

impl Link {
    /// The way to the process of that number, whose sockets are in `folder`. `runs` tells which process runs the
    /// domain by then.
    pub fn new(
        folder: PathBuf,
        name: &str,
        process: u32,
        right: Right,
        runs: impl Fn() -> io::Result<Option<u32>> + Send + Sync + 'static,
    ) -> Link {
        Link {
            name: name.to_string(),
            process,
            sockets: Arc::new(Sockets { folder, right }),
            runs: Box::new(runs),
            idle: Mutex::default(),
        }
    }

    /// Calls a method.
    pub fn call<M: Method>(&self, method: &M) -> Result<M::Reply> {
        self.call_within(method, None)
    }

    /// Calls a method that must not take longer, also if the process answers other calls.
    pub fn call_within<M: Method>(&self, method: &M, limit: Option<Duration>) -> Result<M::Reply> {
        let mut result = None;
        self.call_and_take(method, false, limit, |reply| result = Some(reply))?;
        result.ok_or_else(|| wire::invalid("no reply"))
    }

    /// Whether some process still runs the domain. Where nobody can look, one may.
    fn is_run(&self) -> bool {
        !matches!((self.runs)(), Ok(None))
    }

    /// Whether it is still the same one.
    fn is_run_as_before(&self) -> bool {
        (self.runs)().is_ok_and(|process| process == Some(self.process))
    }

    /// The process that listens there, whether it answers or not; `None` if it has ended.
    pub fn listener(&self) -> io::Result<Option<OtherProcess>> {
        match self.sockets.connect() {
            Ok(stream) => {
                // Somebody else may run the domain by now.
                let process = peer(&stream)?.process;
                if u32::try_from(process).ok() != Some(self.process) {
                    let text = format!("process {process} listens there, and not {}", self.process);
                    return Err(io::Error::other(text));
                }
                Ok(Some(OtherProcess::behind(&stream)?))
            }
            // So many wait for it already that nobody else can. What its number leads to is it if that has the
            // file open whose lock says that the domain runs.
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                let file = self.sockets.folder.join(OWNER);
                Ok(OtherProcess::with_file(self.process, &file)?)
            }
            Err(e) => match e.kind() {
                ErrorKind::NotFound | ErrorKind::ConnectionRefused => Ok(None),
                _ => Err(e),
            },
        }
    }

    /// Calls a method that replies in parts.
    pub fn call_in_parts<M: Method>(&self, method: &M, each: impl FnMut(M::Reply)) -> Result<()> {
        self.call_and_take(method, true, None, each)
    }

    fn call_and_take<M: Method>(
        &self,
        method: &M,
        more: bool,
        limit: Option<Duration>,
        mut take: impl FnMut(M::Reply),
    ) -> Result<()> {
        let parameters = serde_json::to_value(method);
        let parameters = parameters.map_err(|e| wire::invalid(&e.to_string()))?;
        let call = Call {
            method: format!("{INTERFACE}.{}", M::NAME),
            parameters,
            more,
            ..Call::default()
        };
        let failed = |failure| self.failed(M::NAME, failure);
        let (mut connection, mut reply) = self.first_reply(&call, limit).map_err(failed)?;
        loop {
            let Reply { parameters, continues, error } = reply;
            if !continues {
                self.keep(connection);
                return self.result::<M>(error, parameters).map(take);
            }
            take(self.result::<M>(error, parameters)?);
            let next = connection.receive().map_err(failed)?;
            reply = next.ok_or_else(|| failed(Failure::Lost(ErrorKind::UnexpectedEof.into())))?;
        }
    }

    /// Calls through a connection that is there, or a new one.
    fn first_reply(
        &self,
        call: &Call,
        limit: Option<Duration>,
    ) -> Result<(Connection, Reply), Failure> {
        if let Some(mut connection) = self.kept() {
            match connection.call(call, limit) {
                Ok(Some(reply)) => return Ok((connection, reply)),
                // A connection on which nothing was under way can lose its place to another one, and then
                // nothing that arrives is acted on.
                Ok(None) if self.is_run_as_before() => {}
                Ok(None) => return Err(Failure::Lost(ErrorKind::UnexpectedEof.into())),
                Err(Failure::NotCalled(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let stream = self.sockets.connect().map_err(|e| match e.kind() {
            ErrorKind::WouldBlock => Failure::Silent,
            _ => Failure::NotCalled(e),
        })?;
        let asked = Some(self.sockets.clone());
        let reader = Reader::new(Patient { stream, asked, deadline: None, unclear: 0 });
        let mut connection = Connection { reader, owner: std::process::id() };
        let reply = connection.call(call, limit)?;
        let reply = reply.ok_or_else(|| Failure::Lost(ErrorKind::UnexpectedEof.into()))?;
        Ok((connection, reply))
    }

    /// A connection that is there already.
    fn kept(&self) -> Option<Connection> {
        let mut idle = self.lock();
        idle.retain(|connection| connection.owner == std::process::id());
        idle.pop()
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.lock();
        // More than the reply has come: what follows would be taken for another one.
        if idle.len() < KEPT && connection.reader.is_empty() {
            idle.push(connection);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What a reply says.
    fn result<M: Method>(&self, error: Option<String>, parameters: Value) -> Result<M::Reply> {
        let parameters = if parameters.is_null() { json!({}) } else { parameters };
        match error {
            None => serde_json::from_value(parameters)
                .map_err(|e| wire::invalid(&format!("a reply to {} is none: {e}", M::NAME))),
            Some(error) if error == FAILED => Err(reported(M::NAME, parameters)),
            Some(error) => Err(self.not_known(M::NAME, &error, &parameters)),
        }
    }

    /// The error that the process is of a version that cannot do what is asked of it.
    fn not_known(&self, method: &str, error: &str, parameters: &Value) -> Error {
        let what = parameters.get("parameter").and_then(Value::as_str);
        let what = what.map(|name| format!(" with '{name}'")).unwrap_or_default();
        let Link { name, process, .. } = self;
        let text = format!(
            "domain '{name}' runs in process {process}, which has another version of the library and cannot do \
             {method}{what} ({error})"
        );
        Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text)
    }

    fn failed(&self, method: &str, failure: Failure) -> Error {
        let Link { name, process, .. } = self;
        let told = |code, text| Error::new(code, VIR_FROM_DOMAIN, text);
        match failure {
            Failure::NotCalled(_) if !self.is_run() => not_running(),
            Failure::NotCalled(e) => {
                let text =
                    format!("cannot connect to process {process}, which runs domain '{name}'");
                match e.raw_os_error() {
                    Some(errno) => Error::system(VIR_FROM_DOMAIN, Errno::from_raw(errno), text),
                    None => told(VIR_ERR_OPERATION_FAILED, format!("{text}: {e}")),
                }
            }
            Failure::Lost(e) => {
                let ended = if self.is_run() { "" } else { ", and has ended" };
                let text = format!(
                    "process {process}, which runs domain '{name}', has not told what became of {method}{ended}: {e}"
                );
                told(VIR_ERR_OPERATION_FAILED, text)
            }
            Failure::Silent => {
                let text = format!(
                    "process {process}, which runs domain '{name}', does not answer {method}"
                );
                told(VIR_ERR_OPERATION_TIMEOUT, text)
            }
            Failure::Late => {
                let text = format!(
                    "process {process}, which runs domain '{name}', answers, and has not done {method} in time"
                );
                told(VIR_ERR_OPERATION_FAILED, text)
            }
        }
    }
}

/// What the process has reported.
fn reported(method: &str, parameters: Value) -> Error {
    match wire::Error::deserialize(parameters) {
        Ok(error) => error.into(),
        Err(e) => wire::invalid(&format!("{method} has failed, and why cannot be read: {e}")),
    }
}
