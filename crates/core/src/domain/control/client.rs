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
use super::peer::connect_in;
use super::{READ_ONLY_SOCKET, SOCKET, wire};
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
    /// Whether some process still runs the domain.
    is_run: Box<dyn Fn() -> bool + Send + Sync>,
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
    fn is_answered(&self) -> bool {
        let ask = || -> io::Result<bool> {
            let stream = self.connect()?;
            let method = "org.varlink.service.GetInfo".to_string();
            send(Quiet(&stream), &Call { method, ..Call::default() })?;
            let patient = Patient { stream, asked: None, deadline: None };
            let reply = Reader::new(patient).next::<Reply>()?;
            Ok(reply.is_some())
        };
        ask().unwrap_or(false)
    }
}

/// A connection whose silence is borne for as long as the process answers on another one.
struct Patient {
    stream: UnixStream,
    asked: Option<Arc<Sockets>>,
    /// When it is not borne any more in any case.
    deadline: Option<Instant>,
}

impl Patient {
    fn may_be_silent(&self) -> bool {
        self.deadline.is_none_or(|deadline| Instant::now() < deadline)
            && self.asked.as_ref().is_some_and(|sockets| sockets.is_answered())
    }
}

impl Read for Patient {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let timeout = PollTimeout::try_from(SILENCE).unwrap_or(PollTimeout::MAX);
        loop {
            let mut waited = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
            match poll(&mut waited, timeout) {
                Ok(0) if self.may_be_silent() => {}
                Ok(0) => return Err(ErrorKind::TimedOut.into()),
                Ok(_) => return self.stream.read(to),
                Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

struct Connection(Reader<Patient>);

/// Why there is no reply.
enum Failure {
    /// Nothing has been done: what was asked for did not arrive.
    NotCalled(io::Error),
    /// What was asked for may have been done or not.
    Lost(io::Error),
    /// The process says nothing at all.
    Silent,
}

impl Connection {
    /// Calls, and waits for the first reply. `None` if the connection ends instead.
    fn call(&mut self, call: &Call, limit: Option<Duration>) -> Result<Option<Reply>, Failure> {
        self.0.source_mut().deadline = limit.map(|limit| Instant::now() + limit);
        // A message that has not arrived as a whole is not acted on.
        send(Quiet(&self.0.source().stream), call).map_err(|e| match e.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::Silent,
            _ => Failure::NotCalled(e),
        })?;
        self.receive()
    }

    fn receive(&mut self) -> Result<Option<Reply>, Failure> {
        self.0.next().map_err(|e| match e.kind() {
            ErrorKind::TimedOut => Failure::Silent,
            // The process has closed its end with something in it that it had not read: the call.
            ErrorKind::ConnectionReset => Failure::NotCalled(e),
            _ => Failure::Lost(e),
        })
    }
}

impl Link {
    /// The way to the process of that number, whose sockets are in `folder`. `is_run` tells whether there
    /// still is one that runs the domain.
    pub fn new(
        folder: PathBuf,
        name: &str,
        process: u32,
        right: Right,
        is_run: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Link {
        Link {
            name: name.to_string(),
            process,
            sockets: Arc::new(Sockets { folder, right }),
            is_run: Box::new(is_run),
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

    /// The process that listens there, whether it answers or not.
    pub fn listener(&self) -> io::Result<OtherProcess> {
        Ok(OtherProcess::behind(&self.sockets.connect()?)?)
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
        let kept = self.lock().pop();
        if let Some(mut connection) = kept {
            match connection.call(call, limit) {
                Ok(Some(reply)) => return Ok((connection, reply)),
                // A connection on which nothing was under way can lose its place to another one, and then
                // nothing that arrives is acted on.
                Ok(None) | Err(Failure::NotCalled(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let stream = self.sockets.connect().map_err(Failure::NotCalled)?;
        let patient = Patient { stream, asked: Some(self.sockets.clone()), deadline: None };
        let mut connection = Connection(Reader::new(patient));
        let reply = connection.call(call, limit)?;
        let reply = reply.ok_or_else(|| Failure::Lost(ErrorKind::UnexpectedEof.into()))?;
        Ok((connection, reply))
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.lock();
        if idle.len() < KEPT {
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
            Failure::NotCalled(_) if !(self.is_run)() => not_running(),
            Failure::NotCalled(e) => {
                let text =
                    format!("cannot connect to process {process}, which runs domain '{name}'");
                match e.raw_os_error() {
                    Some(errno) => Error::system(VIR_FROM_DOMAIN, Errno::from_raw(errno), text),
                    None => told(VIR_ERR_OPERATION_FAILED, format!("{text}: {e}")),
                }
            }
            Failure::Lost(e) => {
                let ended = if (self.is_run)() { "" } else { ", and has ended" };
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
