//! All domains of this process, whatever URI they are behind: which are open, because somebody is connected
//! to them, and which stay open, because something runs.

use std::sync::{Arc, Mutex, Weak};

use super::domains::Domains;
use crate::storage::ImageUsers;
use crate::sys::fork::{GENERATIONS, PerGeneration};
use uuid::Uuid;

static OPEN: PerGeneration<Mutex<Vec<Weak<Domains>>>> =
    PerGeneration([const { Mutex::new(Vec::new()) }; GENERATIONS]);

/// Domains that are kept though nobody may be connected.
static STAYING: PerGeneration<Mutex<Vec<Arc<Domains>>>> =
    PerGeneration([const { Mutex::new(Vec::new()) }; GENERATIONS]);

impl Domains {
    /// Adds them to those of the process. From now on their storage asks them who uses an image.
    pub(in crate::domain) fn register(self: &Arc<Self>) {
        let users: Arc<dyn ImageUsers> = self.clone();
        self.storage().set_image_users(&users);
        let mut open = OPEN.lock().unwrap_or_else(|p| p.into_inner());
        open.retain(|domains| domains.strong_count() > 0);
        open.push(Arc::downgrade(self));
    }

    /// Keeps them while a domain runs: that goes on when the last connection is closed, as it does with
    /// a daemon. To be called when one has been started, or has stopped.
    pub(in crate::domain) fn stay_while_busy(self: &Arc<Self>) {
        if self.host().is_test() {
            return;
        }
        let mut staying = STAYING.lock().unwrap_or_else(|p| p.into_inner());
        let before = staying.iter().position(|domains| Arc::ptr_eq(domains, self));
        match (self.is_busy(), before) {
            (true, None) => staying.push(self.clone()),
            (false, Some(index)) => drop(staying.swap_remove(index)),
            _ => {}
        }
        drop(staying);
        if let Some(call) = self.idle.get()
            && !self.is_busy()
        {
            call();
        }
    }
}

impl ImageUsers for Domains {
    fn user_of(&self, identity: (u64, u64), besides: Option<(Uuid, &str)>) -> Option<String> {
        let others: Vec<Arc<Domains>> = {
            let open = OPEN.lock().unwrap_or_else(|p| p.into_inner());
            // Files in memory are nobody else's.
            let shared = open.iter().filter(|_| self.images().files().is_real());
            shared.filter_map(Weak::upgrade).collect()
        };
        let others = others.iter().map(|domains| (&**domains, None));
        let others = others
            .filter(|(other, _)| !std::ptr::eq(*other, self) && other.images().files().is_real());
        [(self, besides)].into_iter().chain(others).find_map(|(domains, besides)| {
            // The image is in use in any case; by whom helps whoever reads the error.
            domains.own_user_of(identity, besides).unwrap_or_else(|e| {
                log::debug!("users of an image are not known: {}", e.message);
                None
            })
        })
    }
}
