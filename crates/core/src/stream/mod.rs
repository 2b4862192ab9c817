//! Streams: how a volume's bytes get to and from a caller, in pieces or through callbacks, with or
//! without holes.
//!
//! A [`Stream`] is the state machine (unattached, active, failed, closed). While active it has one
//! of two ends: [`upload`] writes what the caller sends, [`download`] reads ahead of what the
//! caller receives. [`all`] holds the loops over callbacks.

mod all;
mod download;
mod events;
mod hole_handlers;
mod pipe;
mod stats;
#[cfg(test)]
mod tests;
mod upload;

pub use all::{DataSink, DataSource};
pub use download::{DownloadRange, Received};
pub use events::Readiness;
pub use hole_handlers::{HoleHandlers, SectionHandler, SkipHandler};
pub use stats::Snapshot;
pub use upload::Target;

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread::ThreadId;

use download::Download;
use events::{Wakeup, Watch};
use stats::Stats;
use upload::Upload;

use crate::error::*;
use crate::event::Timer;
use crate::session::Session;

/// Runs once when a transfer has ended, however it did.
pub type OnClose = Box<dyn FnOnce() + Send>;

/// An active transfer.
#[derive(Clone)]
enum Transfer {
    Upload(Arc<Upload>),
    Download(Arc<Download>),
}

enum State {
    Unattached,
    Active(Transfer, OnClose),
    /// A call failed; all others fail likewise, until the caller has finished or aborted it.
    Failed(Transfer, OnClose, Error),
    /// It has failed, and its file is closed. What asks about it is still told why.
    GivenUp(Error),
    Closed,
    /// Given up by this thread. The others may not have heard of it.
    Aborted(ThreadId),
}

impl State {
    fn check_attachable(&self) -> Result<()> {
        match self {
            State::Unattached | State::Closed | State::Aborted(_) | State::GivenUp(_) => Ok(()),
            State::Active(..) => Err(Error::invalid_operation(
                VIR_FROM_STREAMS,
                "stream already has an active transfer",
            )),
            State::Failed(_, _, error) => Err(error.clone()),
        }
    }

    /// The transfer has failed, unless it is over.
    fn fail(&mut self, transfer: &Transfer, error: &Error) {
        if !self.is_of(transfer) {
            return;
        }
        *self = match std::mem::replace(self, State::Closed) {
            State::Active(transfer, on_close) => State::Failed(transfer, on_close, error.clone()),
            other => other,
        };
    }

    /// Whether it is the state of that transfer, and not already of the next.
    fn is_of(&self, transfer: &Transfer) -> bool {
        match self {
            State::Active(other, _) | State::Failed(other, ..) => other.is(transfer),
            State::Unattached | State::Closed | State::Aborted(_) | State::GivenUp(_) => false,
        }
    }
}

/// A stream object.
pub struct Stream {
    session: Arc<Session>,
    waits: bool,
    state: Mutex<State>,
    stats: Mutex<Arc<Stats>>,
    wakeup: Arc<Wakeup>,
    hole_handlers: Mutex<HoleHandlers>,
}

impl Stream {
    /// An unattached stream. Unless `waits`, no call waits for the disk.
    pub fn new(session: Arc<Session>, waits: bool) -> Arc<Stream> {
        Arc::new(Stream {
            session,
            waits,
            state: Mutex::new(State::Unattached),
            stats: Mutex::default(),
            wakeup: Arc::default(),
            hole_handlers: Mutex::default(),
        })
    }

    /// The connection that the stream was made on.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Refuses to begin a transfer while one is active.
    pub fn check_attachable(&self) -> Result<()> {
        self.state().check_attachable()
    }

    /// Begins an upload. `total`: bytes that it covers, 0 if unlimited.
    pub fn attach_upload(&self, target: Target, total: u64, on_close: OnClose) -> Result<()> {
        let stats = Arc::new(Stats::of_upload(total));
        let upload = Upload::new(target, self.waits, stats.clone(), self.wakeup.clone())?;
        self.attach(Transfer::Upload(Arc::new(upload)), stats, on_close)
    }

    /// Begins a download.
    pub fn attach_download(&self, source: DownloadRange, on_close: OnClose) -> Result<()> {
        let range = source.offset..source.end;
        let stats = Arc::new(Stats::of_download(source.node.clone(), range));
        let download = Download::new(source, self.waits, stats.clone(), self.wakeup.clone());
        self.attach(Transfer::Download(Arc::new(download)), stats, on_close)
    }

    fn attach(&self, transfer: Transfer, stats: Arc<Stats>, on_close: OnClose) -> Result<()> {
        let mut state = self.state();
        if let Err(error) = state.check_attachable() {
            drop(state);
            transfer.stop(closed());
            return Err(error);
        }
        *self.stats.lock().unwrap_or_else(|p| p.into_inner()) = stats;
        *state = State::Active(transfer, on_close);
        drop(state);
        self.wakeup.notify();
        Ok(())
    }

    /// Sends bytes: how many were taken, or `None` if none can be without waiting.
    pub fn send(&self, data: &[u8]) -> Result<Option<usize>> {
        let (transfer, upload) = self.upload()?;
        self.settled(&transfer, upload.send(data))
    }

    /// Sends a hole of `length` bytes.
    pub fn send_hole(&self, length: i64) -> Result<()> {
        let (transfer, upload) = self.upload()?;
        let length = u64::try_from(length).ok().filter(|length| *length > 0).ok_or_else(|| {
            let text = format!("length in {FUNCTION} must be greater than zero");
            Error::argument(VIR_FROM_STREAMS, "length", text)
        })?;
        self.settled(&transfer, upload.send_hole(length))
    }

    /// Receives bytes. At a hole: zeros, or the news of it if `stop_at_hole`.
    pub fn receive(&self, buffer: &mut [u8], stop_at_hole: bool) -> Result<Received> {
        let (transfer, download) = self.download()?;
        self.settled(&transfer, download.receive(buffer, stop_at_hole))
    }

    /// Takes the hole at which the stream is: its length, 0 if the stream is not at one.
    pub fn receive_hole(&self) -> Result<u64> {
        let (transfer, download) = self.download()?;
        self.settled(&transfer, download.receive_hole())
    }

    /// How long the hole is at which the stream is, which stays there; 0 if the stream is not at one.
    pub fn hole_size(&self) -> Result<u64> {
        let (transfer, download) = self.download()?;
        self.settled(&transfer, download.hole())
    }

    /// Sends a hole, or takes so much of the one at which the stream is.
    pub fn skip(&self, length: u64) -> Result<()> {
        let transfer = self.transfer()?;
        match &transfer {
            Transfer::Upload(_) => self.send_hole(i64::try_from(length).unwrap_or(-1)),
            Transfer::Download(download) => self.settled(&transfer, download.skip(length)),
        }
    }

    /// Ends the transfer. An upload has then brought every byte into the volume.
    pub fn finish(&self) -> Result<()> {
        let transfer = self.transfer().inspect_err(|_| self.end_failed())?;
        if let Transfer::Upload(upload) = &transfer {
            self.settled(&transfer, upload.finish()).inspect_err(|_| self.end_failed())?;
        }
        self.close_if(|state| state.is_of(&transfer));
        Ok(())
    }

    /// Gives the transfer up. Whoever is at work on it in another thread is told that.
    pub fn abort(&self) -> Result<()> {
        let state = self.state();
        let transfer = match &*state {
            State::Unattached => return Ok(()),
            State::Closed => return Err(closed()),
            State::Aborted(by) => return Err(ended_by(*by)),
            State::GivenUp(error) => return Err(error.clone()),
            State::Failed(_, _, error) => {
                let error = error.clone();
                drop(state);
                self.end_failed();
                return Err(error);
            }
            State::Active(transfer, _) => transfer.clone(),
        };
        drop(state);
        let aborted_here = State::Aborted(std::thread::current().id());
        self.end_if(|state| state.is_of(&transfer), aborted_here, aborted());
        Ok(())
    }

    /// Ends a transfer that has failed: its file is closed, and the stream can be used for another.
    fn end_failed(&self) {
        let error = match &*self.state() {
            State::Failed(_, _, error) => error.clone(),
            _ => return,
        };
        let is_it = |state: &State| matches!(state, State::Failed(_, _, other) if *other == error);
        self.end_if(is_it, State::GivenUp(error.clone()), error.clone());
    }

    /// Ends the transfer, whatever its state; what has not been written is dropped.
    pub fn close(&self) {
        self.close_if(|state| !matches!(state, State::Unattached));
    }

    /// The same if the state is a certain one: since the caller looked at it, another thread may
    /// have ended the transfer and begun the next.
    fn close_if(&self, condition: impl FnOnce(&State) -> bool) {
        self.end_if(condition, State::Closed, closed());
    }

    fn end_if(&self, condition: impl FnOnce(&State) -> bool, end: State, why: Error) {
        let mut state = self.state();
        if !condition(&state) {
            return;
        }
        let before = std::mem::replace(&mut *state, end);
        // The next transfer may begin before this one has stopped.
        let stats = self.stats();
        drop(state);
        if let State::Active(transfer, on_close) | State::Failed(transfer, on_close, _) = before {
            transfer.stop(why);
            stats.end();
            on_close();
        }
        self.wakeup.notify();
    }

    /// How much the present or last transfer has moved.
    pub fn progress(&self) -> Snapshot {
        self.stats().snapshot()
    }

    fn stats(&self) -> Arc<Stats> {
        self.stats.lock().unwrap_or_else(|p| p.into_inner()).clone()
    }

    /// Registers the one callback that is told when the stream is ready for one of `events`.
    /// `registered` runs when that has succeeded, and before the callback can.
    pub fn add_callback(
        self: &Arc<Self>,
        events: Readiness,
        callback: Arc<dyn Fn(Readiness) + Send + Sync>,
        registered: impl FnOnce(),
    ) -> Result<()> {
        self.attached()?;
        let stream: Weak<Stream> = Arc::downgrade(self);
        let timer = Timer::new(Arc::new(move |timer| {
            if let Some(stream) = stream.upgrade() {
                stream.on_timer(timer, &*callback);
            }
        }))
        .ok_or_else(|| Error::internal(VIR_FROM_NONE, "no event loop is registered"))?;
        let watch = Arc::new(Watch { interest: AtomicI32::new(events.bits()), timer });
        self.wakeup.set(watch, registered).map_err(|_| {
            Error::internal(VIR_FROM_STREAMS, "stream already has a callback registered")
        })?;
        self.wakeup.notify();
        Ok(())
    }

    /// Changes what the callback waits for.
    pub fn update_callback(&self, events: Readiness) -> Result<()> {
        self.attached()?;
        let watch = self.wakeup.watch().ok_or_else(no_callback)?;
        watch.interest.store(events.bits(), Ordering::Relaxed);
        if events.is_empty() {
            watch.timer.disarm();
        } else {
            watch.timer.arm();
        }
        Ok(())
    }

    /// Takes the callback back. What it owns is released from the event loop.
    pub fn remove_callback(&self) -> Result<()> {
        self.attached()?;
        self.wakeup.take().map(drop).ok_or_else(no_callback)
    }

    /// Runs on the event loop, at each iteration while the stream may be ready.
    fn on_timer(&self, timer: i32, callback: &dyn Fn(Readiness)) {
        // Since the loop took the timer up, the callback may have been removed, and another one have
        // been added.
        let Some(watch) = self.wakeup.watch().filter(|watch| watch.timer.id() == timer) else {
            return;
        };
        let interest = Readiness::from_bits_retain(watch.interest.load(Ordering::Relaxed));
        let mut ready = self.readiness(interest);
        if ready.is_empty() {
            watch.timer.disarm();
            // It may have become ready between the look and the disarming.
            ready = self.readiness(interest);
            if ready.is_empty() {
                return;
            }
            watch.timer.arm();
        }
        callback(ready);
    }

    /// Which of `interest` the stream is ready for; also ERROR when it has failed.
    fn readiness(&self, interest: Readiness) -> Readiness {
        let either = Readiness::READABLE | Readiness::WRITABLE;
        let transfer = match &*self.state() {
            State::Active(transfer, _) => transfer.clone(),
            State::Unattached => return Readiness::empty(),
            State::Closed | State::Aborted(_) => return interest & either,
            State::Failed(..) | State::GivenUp(_) => return interest & either | Readiness::ERROR,
        };
        let ready = match transfer {
            Transfer::Upload(upload) if upload.is_writable() => Readiness::WRITABLE,
            Transfer::Download(download) if download.is_readable() => Readiness::READABLE,
            _ => Readiness::empty(),
        };
        ready & interest
    }

    /// The active transfer, or why there is none.
    fn transfer(&self) -> Result<Transfer> {
        match &*self.state() {
            State::Active(transfer, _) => Ok(transfer.clone()),
            State::Unattached => Err(Error::no_support(VIR_FROM_STREAMS)),
            State::Failed(_, _, error) | State::GivenUp(error) => Err(error.clone()),
            State::Closed => Err(closed()),
            State::Aborted(by) => Err(ended_by(*by)),
        }
    }

    fn upload(&self) -> Result<(Transfer, Arc<Upload>)> {
        let transfer = self.transfer()?;
        let upload = transfer.upload()?.clone();
        Ok((transfer, upload))
    }

    fn download(&self) -> Result<(Transfer, Arc<Download>)> {
        let transfer = self.transfer()?;
        let download = transfer.download()?.clone();
        Ok((transfer, download))
    }

    fn attached(&self) -> Result<()> {
        match &*self.state() {
            State::Unattached => Err(Error::no_support(VIR_FROM_STREAMS)),
            _ => Ok(()),
        }
    }

    /// Passes a result of `transfer` on. A failure of the transfer itself is the stream's from then
    /// on; refused arguments and operations leave it as it is.
    fn settled<T>(&self, transfer: &Transfer, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && !matches!(error.code, VIR_ERR_INVALID_ARG | VIR_ERR_OPERATION_INVALID)
        {
            self.state().fail(transfer, error);
        }
        // The callback may have looked while this thread was at work, and have seen nothing.
        self.wakeup.notify();
        result
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.wakeup.take();
        self.close();
    }
}

impl Transfer {
    fn is(&self, other: &Transfer) -> bool {
        match (self, other) {
            (Transfer::Upload(one), Transfer::Upload(other)) => Arc::ptr_eq(one, other),
            (Transfer::Download(one), Transfer::Download(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    fn upload(&self) -> Result<&Arc<Upload>> {
        match self {
            Transfer::Upload(upload) => Ok(upload),
            Transfer::Download(_) => Err(invalid("a download stream cannot be written to")),
        }
    }

    fn download(&self) -> Result<&Arc<Download>> {
        match self {
            Transfer::Download(download) => Ok(download),
            Transfer::Upload(_) => Err(invalid("an upload stream cannot be read from")),
        }
    }

    fn stop(&self, why: Error) {
        match self {
            Transfer::Upload(upload) => upload.stop(why),
            Transfer::Download(download) => download.stop(why),
        }
    }
}

fn closed() -> Error {
    Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_STREAMS, "stream is closed")
}

fn aborted() -> Error {
    Error::new(VIR_ERR_OPERATION_ABORTED, VIR_FROM_STREAMS, "stream was aborted")
}

/// What a thread is told of a stream that one has aborted. That one knows.
fn ended_by(thread: ThreadId) -> Error {
    if thread == std::thread::current().id() { closed() } else { aborted() }
}

fn no_callback() -> Error {
    Error::internal(VIR_FROM_STREAMS, "no stream callback registered")
}

fn invalid(text: &str) -> Error {
    Error::invalid_operation(VIR_FROM_STREAMS, text)
}
