//! Snapshots of all of a domain in memory, as those of `test:///` are: its definition, what it is doing,
//! and what is in its images. There is no hypervisor, so there is nothing more.

use std::sync::Arc;

use uuid::Uuid;

use super::domains::Domains;
use crate::domain::config::definition::Definition;
use crate::domain::machine::condition::not_running;
use crate::domain::snapshot_store::contents::{check_internal, save, saved};
use crate::domain::snapshot_store::description::{Description, Mode};
use crate::domain::snapshot_store::metadata::Metadata;
use crate::domain::snapshot_store::plan::align;
use crate::error::*;
use crate::xml::Element;

impl Domains {
    /// Keeps a snapshot of everything. `live`: the definition of a domain that runs, which nobody
    /// changes meanwhile.
    pub fn keep_whole(
        &self,
        (uuid, name): (Uuid, &str),
        mut snapshot: Description,
        live: Option<Arc<Definition>>,
    ) -> Result<()> {
        let changing = self.change()?;
        let entry = changing.by_uuid(uuid, name)?;
        let config = entry.config()?.cloned();
        let is_running = live.is_some();
        let definition = match live {
            Some(live) => live,
            None => {
                changing.check_off(&entry)?;
                config.clone().ok_or_else(not_running)?
            }
        };
        let images = self.images();
        let name = snapshot.name.clone();
        snapshot.disks = align(images, &definition, &snapshot.disks, &name, Mode::Internal)?;
        check_internal(&snapshot.disks)?;
        snapshot.state = entry.condition().state.word().to_string();
        let memory = if is_running { "internal" } else { "no" };
        snapshot.memory = Element::new("memory").with_attr("snapshot", memory);
        snapshot.domain = Some(definition.root().clone());
        snapshot.inactive = config.filter(|_| is_running).map(|config| {
            let mut inactive = config.root().clone();
            inactive.name = "inactiveDomain".to_string();
            inactive
        });
        let mut contents = Vec::new();
        for disk in saved(&definition, &snapshot.disks) {
            save(&**images.files(), &*images.located(disk)?, &mut contents)?;
        }
        let store = changing.snapshots(&entry);
        Metadata::stage(&store, snapshot, false)?.keep()?;
        store.keep_contents(&name, contents);
        Ok(())
    }
}
