//! Delivery of object events (of pools, of domains and their block jobs) to the callbacks of one
//! connection: queued by whoever changes the object, delivered in order from the event loop.
//!
//! Each connection has one broker, one counter of callback ids, and one timer that is registered
//! with the first callback, armed only while something waits, and removed when there is no callback any
//! more: a loop whose owner waits until nothing is registered comes to its end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Timer;
use super::listening::Listening;
use crate::error::*;

/// The kinds of object whose events callbacks wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A storage pool.
    Pool,
    /// A domain.
    Domain,
    /// Networks, devices of the machine and secrets: there are none, so these never do.
    Network,
    Device,
    Secret,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    /// `event` and `detail` are the enumerators of the object's lifecycle event.
    Lifecycle { event: i32, detail: i32 },
    /// The pool's volumes may have changed.
    Refresh,
    /// A request of a guest has failed. `action` is a virDomainEventIOErrorAction.
    IoError { path: String, alias: String, action: i32, reason: String },
    /// A block job has changed its state. `disk` is a path or a target, as the event's id says;
    /// the others are a virDomainBlockJobType and a virConnectDomainEventBlockJobStatus.
    BlockJob { disk: String, job: i32, status: i32 },
    /// A device has come or gone, or does not go.
    Device { alias: String },
    /// Metadata has changed: a virDomainMetadataType, and the namespace of an element.
    Metadata { kind: i32, uri: Option<String> },
    /// A guest has written behind a threshold, by `excess` bytes.
    Threshold { device: String, path: Option<String>, threshold: u64, excess: u64 },
    /// Limits have changed: typed parameters by their names.
    Tunable { parameters: Vec<(String, Setting)> },
}

/// The value of a typed parameter in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// An unsigned long long.
    Number(u64),
    /// A string.
    Text(String),
}

/// One event: which object, which event id of its kind, and what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub kind: ObjectKind,
    pub id: i32,
    pub name: String,
    pub uuid: Uuid,
    pub payload: Payload,
}

impl Event {
    /// Writes it into the log.
    pub fn log(&self) {
        let Event { kind, name, payload, .. } = self;
        log::info!("{kind:?} '{name}': {payload:?}");
    }
}

/// Runs for each delivered event; dropping the last reference releases what it owns.
pub type OnEvent = Arc<dyn Fn(&Event) + Send + Sync>;

/// Which events a callback wants, and how a second registration of it is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    pub kind: ObjectKind,
    pub id: i32,
    /// Only events of this object; `None` for all.
    pub object: Option<Uuid>,
    /// The address of the caller's function.
    pub function: usize,
    /// Registered by function, and so deregistered.
    pub legacy: bool,
}

impl Interest {
    fn covers(&self, event: &Event) -> bool {
        self.kind == event.kind
            && self.id == event.id
            && self.object.is_none_or(|uuid| uuid == event.uuid)
    }
}

struct Subscription {
    id: i32,
    interest: Interest,
    callback: OnEvent,
    /// Other processes are listened to meanwhile.
    _listening: Option<Arc<Listening>>,
}

#[derive(Default)]
struct State {
    next_id: i32,
    subscriptions: Vec<Subscription>,
    queue: VecDeque<Event>,
    /// Runs the callbacks; there is none without them.
    timer: Option<Arc<Timer>>,
}

/// The event callbacks of one connection.
#[derive(Default)]
pub struct Broker {
    state: Mutex<State>,
}

impl Broker {
    /// A broker without callbacks, timer or queue.
    pub fn new() -> Arc<Broker> {
        Arc::new(Broker::default())
    }

    /// Registers a callback and returns its id, which is never used again. `listening` is kept with it.
    /// `registered` runs when that has succeeded, and before the callback can.
    pub fn subscribe(
        self: &Arc<Self>,
        interest: Interest,
        callback: OnEvent,
        listening: Option<Arc<Listening>>,
        registered: impl FnOnce(),
    ) -> Result<i32> {
        // The host's loop may call back while it adds the timer, so no lock is held meanwhile; the timer
        // that others have made or removed by then counts.
        let mut made = None;
        let mut state = loop {
            let mut state = self.lock();
            if state.timer.is_none() {
                state.timer = made.take();
            }
            if state.timer.is_some() {
                break state;
            }
            drop(state);
            made = Some(self.new_timer()?);
        };
        if state.subscriptions.iter().any(|s| s.interest == interest) {
            return Err(Error::new(
                VIR_ERR_INVALID_ARG,
                VIR_FROM_NONE,
                "event callback already tracked",
            ));
        }
        registered();
        let id = state.next_id;
        state.next_id += 1;
        state.subscriptions.push(Subscription { id, interest, callback, _listening: listening });
        drop(state);
        // One too many, which the loop is told without a lock as well.
        drop(made);
        Ok(id)
    }

    fn new_timer(self: &Arc<Self>) -> Result<Arc<Timer>> {
        let broker: Weak<Broker> = Arc::downgrade(self);
        let deliver = Arc::new(move |_| {
            if let Some(broker) = broker.upgrade() {
                broker.deliver();
            }
        });
        Timer::new(deliver).map(Arc::new).ok_or_else(super::no_timer)
    }

    /// Ends a subscription: its callback does not run again. It is released before this returns, unless
    /// it is running (on another thread, or because it ends its own subscription): then after that.
    pub fn unsubscribe(&self, kind: ObjectKind, id: i32) -> Result<()> {
        let text = || format!("event callback id {id} not registered");
        self.end(text, |s| s.id == id && s.interest.kind == kind && !s.interest.legacy)
    }

    /// The same for one that was registered by its function.
    pub fn unsubscribe_function(&self, kind: ObjectKind, function: usize) -> Result<()> {
        let text = || "event callback not registered".to_string();
        let is_it = |i: &Interest| i.legacy && i.kind == kind && i.function == function;
        self.end(text, |s| is_it(&s.interest))
    }

    fn end(&self, text: impl Fn() -> String, is_it: impl Fn(&Subscription) -> bool) -> Result<()> {
        let mut state = self.lock();
        let index = state
            .subscriptions
            .iter()
            .position(is_it)
            .ok_or_else(|| Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, text()))?;
        let ended = state.subscriptions.remove(index);
        // A loop may be waited for until nothing is registered in it.
        let timer = if state.subscriptions.is_empty() { state.timer.take() } else { None };
        if timer.is_some() {
            state.queue.clear();
        }
        drop(state);
        // Both may run functions of the host's.
        drop(timer);
        drop(ended);
        Ok(())
    }

    /// Queues an event for the callbacks that want it. Cheap when there are none, and calls
    /// nothing of the host's.
    pub fn queue(&self, event: &Event) {
        let mut state = self.lock();
        if state.subscriptions.iter().any(|s| s.interest.covers(event)) {
            state.queue.push_back(event.clone());
        }
    }

    /// Has what is queued delivered from the loop.
    pub fn wake(&self) {
        let waiting = !self.lock().queue.is_empty();
        if waiting {
            self.arm();
        }
    }

    /// Runs on the loop: delivers what is queued, in order, and goes to sleep if that is all. What
    /// callbacks queue is for the next iteration, so that the loop's other business gets its turn.
    fn deliver(&self) {
        let queued = self.lock().queue.len();
        for _ in 0..queued {
            self.deliver_one();
        }
        let timer = self.lock().timer.clone();
        let is_idle = || self.lock().queue.is_empty();
        if let Some(timer) = timer.filter(|_| is_idle()) {
            timer.disarm();
            // Something may have been queued, and the timer armed, just before that.
            if !is_idle() {
                timer.arm();
            }
        }
    }

    /// Delivers one event, if there is one.
    fn deliver_one(&self) {
        let mut state = self.lock();
        let Some(event) = state.queue.pop_front() else { return };
        let covering = state.subscriptions.iter().filter(|s| s.interest.covers(&event));
        let wanted: Vec<i32> = covering.map(|s| s.id).collect();
        drop(state);
        for id in wanted {
            // An earlier callback of this event may have ended this subscription.
            let callback = {
                let state = self.lock();
                let found = state.subscriptions.iter().find(|s| s.id == id);
                found.map(|s| s.callback.clone())
            };
            if let Some(callback) = callback {
                callback(&event);
            }
        }
    }

    /// Wakes the loop. No lock is held: the host's loop may be written in a language that has one
    /// of its own.
    fn arm(&self) {
        let timer = self.lock().timer.clone();
        if let Some(timer) = timer {
            timer.arm();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
