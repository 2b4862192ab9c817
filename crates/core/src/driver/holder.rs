//! The process that holds one running domain. It opens the root as any other process does, runs the domain
//! that it is told to, and ends with it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use virsparse_base::errno::Errno;
use virsparse_base::sys::other_process::OtherProcess;

use super::connect::Connect;
use super::uri::Address;
use super::{Place, SharedPlace};
use crate::domain::Machine;
use crate::domain::holder::message::{Answer, Order, Stop, VERSION};
use crate::domain::holder::{Reader, send, set_holder};
use crate::error::*;
use crate::session::Hold;
use crate::sys;

/// How long others' calls that are under way may take when the domain has ended.
const LAST_CALLS: Duration = Duration::from_secs(15);

/// How often it is looked whether they are done.
const PAUSE: Duration = Duration::from_millis(1);

/// Runs the domain that the peer orders, and returns when it has ended. This process is there for nothing
/// else: signals that ask it to end shut the domain down.
pub fn hold(socket: OwnedFd) -> Result<()> {
    set_holder();
    let signals = take_signals()?;
    let stream = UnixStream::from(socket);
    let mut reader = Reader::new(&stream);
    let failed = |what: &str, cause: &dyn std::fmt::Display| {
        Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, format!("{what}: {cause}"))
    };
    let order = reader.next::<Order>().map_err(|e| failed("no order to hold a domain", &e))?;
    let Some(order) = order else {
        log::info!("nobody orders a domain to be held");
        return Ok(());
    };
    let process = match order.autodestroy.then(|| OtherProcess::behind(&stream)).transpose() {
        Ok(process) => process,
        Err(Errno::ESRCH) => {
            log::info!("who has ordered a domain to be held has ended");
            return Ok(());
        }
        Err(errno) => {
            log::warn!("the end of the starter is only known from its socket: {errno}");
            None
        }
    };
    let held = match Holder::begin(&order) {
        Ok(held) => held,
        Err(error) => {
            let answer = Answer { error: Some(error.clone().into()) };
            return send(&stream, &answer).map_err(|e| failed("nobody takes the error", &e));
        }
    };
    if let Err(e) = send(&stream, &Answer::default()) {
        // The domain runs all the same, as one does whose starter has gone after it was answered.
        log::info!("the starter of '{}' does not take the answer: {e}", held.name);
    }
    if order.autodestroy {
        held.serve(&signals, Some(Starter { stream: &stream, reader, process }))
    } else {
        drop(reader);
        drop(stream);
        held.serve(&signals, None)
    }
}

/// Blocks the signals that would end the process, for it to be told of those that ask it to. Its threads
/// inherit the mask.
fn take_signals() -> Result<SignalFd> {
    let failed = |errno: nix::Error| Error::system(VIR_FROM_DOMAIN, errno, "cannot take signals");
    let asked: SigSet = [Signal::SIGTERM, Signal::SIGINT].into_iter().collect();
    let others =
        [Signal::SIGHUP, Signal::SIGPIPE, Signal::SIGXFSZ, Signal::SIGUSR1, Signal::SIGUSR2];
    let blocked: SigSet = asked.into_iter().chain(others).collect();
    blocked.thread_block().map_err(failed)?;
    SignalFd::with_flags(&asked, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map_err(failed)
}

/// The domain that runs here.
struct Holder {
    name: String,
    connect: Arc<Connect>,
    /// What runs it; `None` if that has been ended already.
    machine: Option<Weak<dyn Machine>>,
    /// Can be read when it does not run any more.
    idle: Arc<EventFd>,
}

/// The starter, where the domain is to end with it.
struct Starter<'a> {
    stream: &'a UnixStream,
    reader: Reader<&'a UnixStream>,
    /// Tells its end, where the kernel can: the stream does not while a process has that open that was forked
    /// from the starter.
    process: Option<OtherProcess>,
}

impl Holder {
    fn begin(order: &Order) -> Result<Holder> {
        if order.version != VERSION {
            let text = format!(
                "virsparse {} holds no domain for virsparse {}: it knows version {VERSION} of what they tell \
                 each other, and not {}",
                env!("CARGO_PKG_VERSION"),
                order.library,
                order.version
            );
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let root = order.root.clone().try_into()?;
        let address = Address {
            place: Place::Shared(SharedPlace::Embed(root)),
            sync: Some(order.sync),
            hold: Hold::Caller,
        };
        let connect = Connect::open_address(c"sparse:///session", &address)?;
        let idle = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(|errno| Error::system(VIR_FROM_DOMAIN, errno, "cannot watch a domain"))?;
        let idle = Arc::new(idle);
        let signal = idle.clone();
        let domains = connect.domains().clone();
        domains.domains().when_idle(Box::new(move || {
            // Its counter is far from its end.
            let _ = signal.write(1);
        }));
        let name = domains.start_ordered(order)?;
        let machine = domains.domains().machines(|_| true).first().map(Arc::downgrade);
        // Whoever runs a hundred domains has a hundred of these.
        domains.domains().forget_others();
        sys::give_memory_back();
        Ok(Holder { name, connect, machine, idle })
    }

    /// Waits until the domain has ended.
    fn serve(self, signals: &SignalFd, mut starter: Option<Starter<'_>>) -> Result<()> {
        loop {
            let stream = starter.as_ref().map(|starter| starter.stream.as_fd());
            let process = starter.as_ref().and_then(|starter| starter.process.as_ref());
            let process = process.map(OtherProcess::as_fd);
            let [signalled, idle, said, ended] =
                wait([Some(signals.as_fd()), Some(self.idle.as_fd()), stream, process])?;
            if idle {
                break;
            }
            if signalled && let Ok(Some(signal)) = signals.read_signal() {
                log::info!("domain '{}' is shut down for signal {}", self.name, signal.ssi_signo);
                self.shut_down();
            }
            // What it has said before it ended counts.
            if (said || ended)
                && let Some(starter) = starter.take()
            {
                if said { self.follow(starter) } else { self.end_with_starter() }
            }
        }
        self.finish()
    }

    /// Takes the starter's last message, or its end: the domain ends in either case.
    fn follow(&self, mut starter: Starter<'_>) {
        match starter.reader.next::<Stop>() {
            Ok(Some(_)) => log::info!("domain '{}' ends with its connection", self.name),
            Ok(None) => return self.end_with_starter(),
            Err(e) => {
                log::warn!("the starter of domain '{}' is not understood: {e}", self.name);
                return self.end_with_starter();
            }
        }
        let answer = Answer { error: self.stop().err().map(Into::into) };
        if let Err(e) = send(starter.stream, &answer) {
            log::info!("the starter of '{}' does not take the answer: {e}", self.name);
        }
    }

    /// Ends the domain, for nobody who would be told how that went.
    fn end_with_starter(&self) {
        log::info!("domain '{}' ends with its starter", self.name);
        if let Err(error) = self.stop() {
            log::error!("domain '{}' has ended: {error}", self.name);
        }
    }

    fn stop(&self) -> Result<()> {
        self.connect.domains().domains().stop_of_connection(self.connect.id())
    }

    /// Shuts the domain down, on a thread: that may take its time.
    fn shut_down(&self) {
        let domains = self.connect.domains().domains().clone();
        let name = self.name.clone();
        let stop = move || {
            if let Err(error) = domains.shut_down_all() {
                log::error!("domain '{name}' has ended: {error}");
            }
        };
        if sys::spawn("virsparse-stop", stop).is_none() {
            log::error!("domain '{}' goes on: there is no thread that could end it", self.name);
        }
    }

    fn is_used(&self) -> bool {
        self.machine.as_ref().is_some_and(|machine| machine.strong_count() > 0)
    }

    /// Lets others have the answers to their last calls.
    fn finish(self) -> Result<()> {
        let begin = Instant::now();
        while self.is_used() && begin.elapsed() < LAST_CALLS {
            sleep(PAUSE);
        }
        log::info!("domain '{}' has ended", self.name);
        match Arc::into_inner(self.connect) {
            Some(connect) => connect.close(),
            None => Ok(()),
        }
    }
}

/// Waits until one of these can be read, and returns which can.
fn wait<const N: usize>(fds: [Option<BorrowedFd<'_>>; N]) -> Result<[bool; N]> {
    let mut waited: Vec<PollFd> =
        fds.iter().flatten().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    loop {
        match poll(&mut waited, PollTimeout::NONE).map_err(Errno::from) {
            Err(Errno::EINTR) => {}
            Err(errno) => {
                return Err(Error::system(
                    VIR_FROM_DOMAIN,
                    errno,
                    "cannot wait for a domain's end",
                ));
            }
            Ok(_) => break,
        }
    }
    let mut ready = waited.iter().map(|fd| fd.any().unwrap_or(true));
    Ok(fds.map(|fd| fd.is_some() && ready.next().unwrap_or(false)))
}
