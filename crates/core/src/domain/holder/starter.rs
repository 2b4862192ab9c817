//! The starter's side: starts the program, tells it what to run, and takes the answer.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use virsparse_base::errno::{Errno, errno_of};
use virsparse_base::memory::fallible;
use virsparse_base::sys::detached::{self, Detached};

use super::conversation::Conversation;
use super::message::{Answer, COMPLAINT, Order, Stop};
use super::program::{Program, environment};
use crate::domain::control::message::{Reader, send};
use crate::error::*;

/// A domain in a process of its own that ends with a connection of this one.
pub struct Held {
    /// The connection's number.
    pub session: u64,
    /// The domain's name.
    pub name: String,
    /// The domain's number, where that could be read.
    pub id: Option<i32>,
    /// The process that has started it. One that is forked from that has a copy of this.
    starter: u32,
    conversation: Conversation,
}

/// Starts a domain in a process of its own, and returns when it runs. Fails as a start in this process
/// would. What is returned has to be kept for as long as a domain with autodestroy is to run.
pub fn start(program: &Program, name: &str, session: u64, order: &Order) -> Result<Held> {
    let failed = |errno: Errno, step: &str| {
        let text = format!("cannot start '{}' for domain '{name}': {step}", program.path.display());
        Error::system(VIR_FROM_DOMAIN, errno, text)
    };
    let (ours, theirs) = UnixStream::pair().map_err(|e| failed(errno_of(&e), "socketpair"))?;
    let started = detached::spawn(detached::Program {
        path: program.c_path()?,
        arguments: program.arguments(name)?,
        environment: environment(),
        socket: theirs.as_fd(),
    });
    let started = started.map_err(|errno| failed(errno, "clone"))?;
    let mut started = started.map_err(|failure| failed(failure.errno, failure.step))?;
    drop(theirs);
    log::info!("domain '{name}' is started in process {}", started.process());
    let conversation = Conversation::new(ours, started.take_end());
    let answered = send(&conversation, order).and_then(|()| answer(&conversation));
    match answered {
        Ok(Some(Answer { error: None })) => {
            let (name, starter) = (name.to_string(), std::process::id());
            Ok(Held { session, name, id: None, starter, conversation })
        }
        Ok(Some(Answer { error: Some(error) })) => Err(error.into()),
        Ok(None) => Err(ended(&started, name, failed)),
        Err(e) if is_end(&e) => Err(ended(&started, name, failed)),
        Err(e) => Err(no_answer(name, &e)),
    }
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof)
}

fn ended(started: &Detached, name: &str, failed: impl Fn(Errno, &str) -> Error) -> Error {
    match started.failure() {
        Some(failure) => failed(failure.errno, failure.step),
        None => {
            let text = format!("the process of domain '{name}' has ended before it answered");
            Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text)
        }
    }
}

fn no_answer(name: &str, cause: &io::Error) -> Error {
    let text = format!("the process of domain '{name}' has not answered as it should: {cause}");
    Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text)
}

/// The next answer; `None` if the process has ended instead. What the program itself complains of is an
/// answer, too.
fn answer(conversation: &Conversation) -> io::Result<Option<Answer>> {
    let mut first = [0];
    if (&mut &*conversation).read(&mut first)? == 0 {
        return Ok(None);
    }
    let mut rest = first.as_slice().chain(conversation);
    if first != [COMPLAINT] {
        return Reader::new(rest).next();
    }
    let mut text = Vec::new();
    fallible(|| rest.read_to_end(&mut text))?;
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_start_matches(char::from(COMPLAINT)).trim_end_matches('\0');
    let error = Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text);
    Ok(Some(Answer { error: Some(error.into()) }))
}

impl Held {
    /// Whether it is this process that the domain ends with.
    pub fn is_of_this_process(&self) -> bool {
        self.starter == std::process::id()
    }

    /// Whether the domain has ended.
    pub fn is_over(&self) -> bool {
        self.conversation.is_over()
    }

    /// Has the domain end. The result is that of [`Held::ended`].
    pub fn stop(&self) {
        if let Err(e) = send(&self.conversation, &Stop { stop: true }) {
            log::debug!("domain '{}' has ended before: {e}", self.name);
        }
    }

    /// Whether it has, or cannot any more, within that time.
    pub fn is_answered(&self, within: Duration) -> Result<bool> {
        self.conversation.is_answered(within).map_err(|e| no_answer(&self.name, &e))
    }

    /// Waits until it has. What guests have written and could not be brought to stable storage is told.
    pub fn ended(self) -> Result<()> {
        match answer(&self.conversation) {
            Ok(Some(Answer { error: Some(error) })) => Err(error.into()),
            // Somebody else has been faster, or the process is no more, and the domain neither.
            Ok(Some(Answer { error: None }) | None) => Ok(()),
            Err(e) if is_end(&e) => Ok(()),
            Err(e) => Err(no_answer(&self.name, &e)),
        }
    }
}

#[cfg(test)]
impl Held {
    /// One whose process is whoever has the other end of the stream.
    pub fn by_stream(name: &str, id: Option<i32>, stream: UnixStream) -> Held {
        let conversation = Conversation::new(stream, None);
        Held { session: 1, name: name.to_string(), id, starter: std::process::id(), conversation }
    }

    /// The same, as a process has it that is forked from the starter.
    pub fn forked(self) -> Held {
        Held { starter: self.starter + 1, ..self }
    }
}
