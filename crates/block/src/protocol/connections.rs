//! What all protocols of servers have in common: how long a server may take, and the list of connections
//! that can be cut while somebody waits for them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

/// How images on servers are reached, whatever the protocol. What only one protocol has is in its address
/// (see [`Remote`](crate::Remote)).
#[derive(Clone, Debug, Default)]
pub struct RemoteOptions {
    /// How long nothing may come from a server while a reply is awaited. `None`: any time, a disk may be slow.
    pub reply_timeout: Option<Duration>,
    /// Where the connections can be cut from.
    pub connections: Arc<Connections>,
}

/// A connection to a server.
pub trait Connection: Send + Sync {
    /// Breaks it: what waits for the server fails, in all threads. Returns at once.
    fn cut(&self);
}

/// Connections of one disk, to be cut when nobody can wait for their servers any more. It does not keep them
/// open.
#[derive(Default)]
pub struct Connections(Mutex<Vec<Weak<dyn Connection>>>);

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<dyn Connection>>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Adds a connection.
    pub fn add(&self, connection: Weak<dyn Connection>) {
        let mut all = self.lock();
        all.retain(|connection| connection.strong_count() > 0);
        all.push(connection);
    }

    /// Cuts all connections. Returns how many there were.
    pub fn cut(&self) -> usize {
        let all: Vec<_> = self.lock().iter().filter_map(Weak::upgrade).collect();
        all.iter().for_each(|connection| connection.cut());
        all.len()
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.lock().iter().all(|connection| connection.strong_count() == 0)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Counter(AtomicUsize);

    impl Connection for Counter {
        fn cut(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn open_connections_of_any_protocol_are_cut_and_closed_ones_are_gone() {
        let (open, closed) = (Arc::new(Counter(0.into())), Arc::new(Counter(0.into())));
        let weak = |counter: &Arc<Counter>| {
            let counter: Arc<dyn Connection> = counter.clone();
            Arc::downgrade(&counter)
        };
        let all = Connections::default();
        assert!(all.is_empty());
        all.add(weak(&closed));
        all.add(weak(&open));
        drop(closed);
        assert!(!all.is_empty());
        assert_eq!(all.cut(), 1);
        assert_eq!(open.0.load(Ordering::Relaxed), 1);
        drop(open);
        assert!(all.is_empty());
        assert_eq!(all.cut(), 0);
    }
}
