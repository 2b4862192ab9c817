//! A disk of a running domain: its chain, open and locked, behind a block backend that is exported.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::exports;
use super::jobs::job::DiskJob;
use crate::block::export::{Address, Export};
use crate::block::filter::Filtered;
use crate::block::filter::meter::{Meter, OnNotice};
use crate::block::{BlockBackend, Connections, MemoryNode, Node};
use crate::domain::config::disk::DiskDefinition;
use crate::domain::images::Images;
use crate::domain::images::chain;
use crate::domain::machine::block_job::BlockJobReport;
use crate::error::*;
use crate::job::{LiveChain, Progress};
use crate::state::short_name;

/// What fits into the address of a unix socket, with a NUL behind it.
const SOCKET_PATH_MAX: usize = 107;

/// What the socket of a disk is called. Long targets are shortened, to leave bytes for the folder.
fn socket_name(target: &str) -> String {
    match target.len() {
        ..=16 => format!("{target}.sock"),
        _ => format!("{}.sock", short_name(target)),
    }
}

/// A disk that guests can use.
pub struct Disk {
    pub target: String,
    /// As it was opened.
    pub definition: DiskDefinition,
    /// The images, and the gate that guests' requests pass.
    pub live: Arc<LiveChain>,
    /// What works on them.
    pub job: Mutex<Option<Arc<DiskJob>>>,
    /// How the last one has ended.
    pub last_job: Mutex<Option<BlockJobReport>>,
    /// How far it has been streamed in increments, if that is what is being done with it.
    pub increments: Mutex<Option<Progress>>,
    /// Connections to the machines that its images are on.
    pub connections: Arc<Connections>,
    meter: Arc<Meter>,
    /// Nobody but the jobs uses a disk without any.
    exports: Vec<Box<dyn Export>>,
}

impl Disk {
    /// Opens a disk, and exports it through a socket in `folder` if there is one. `None` for an empty
    /// drive. `paused`: requests wait for [`Gate::open`](crate::block::Gate::open).
    pub fn open(
        images: &Images,
        definition: &DiskDefinition,
        folder: Option<&Path>,
        paused: bool,
        on_notice: OnNotice,
    ) -> Result<Option<Disk>> {
        let Some(definition) = images.find(definition)? else { return Ok(None) };
        let definition = &*definition;
        let target = definition.target.clone();
        let socket = folder.map(|folder| folder.join(socket_name(&target)));
        if let Some(socket) = socket.as_ref().filter(|s| s.as_os_str().len() > SOCKET_PATH_MAX) {
            let text = format!(
                "the path of a socket has at most {SOCKET_PATH_MAX} bytes, which '{}' exceeds",
                socket.display()
            );
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let connections = Arc::default();
        let scratch = folder.unwrap_or(Path::new(""));
        let Some(chain) = chain::open(images.files(), definition, scratch, &connections)? else {
            return Ok(None);
        };
        let live = Arc::new(LiveChain::new(chain));
        let name = live.gate.node().name().to_string();
        if paused {
            live.gate.close();
        }
        let meter = Meter::new(definition.rules, on_notice);
        // All exports go through one meter: statistics, limits and the threshold are the disk's.
        let backend = BlockBackend::new(name, live.gate.clone());
        let served: Arc<dyn Node> = Arc::new(Filtered::new(meter.clone(), backend));
        let exports = exports::start(definition, socket.as_deref(), &served)?;
        Ok(Some(Disk {
            target,
            definition: definition.clone(),
            live,
            job: Mutex::default(),
            last_job: Mutex::default(),
            increments: Mutex::default(),
            connections,
            meter,
            exports,
        }))
    }

    /// What guests have done with it.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Where guests find it, if it is served through a socket.
    pub fn uri(&self) -> Option<String> {
        self.uri_at(|address| matches!(address, Address::Unix(_)))
    }

    /// Where guests find it over TCP, if it is served there.
    pub fn tcp_uri(&self) -> Option<String> {
        self.uri_at(|address| matches!(address, Address::Tcp(_)))
    }

    /// The first place for NBD clients whose address is of a kind.
    fn uri_at(&self, is_wanted: impl Fn(&Address) -> bool) -> Option<String> {
        let exports = self.exports.iter().filter(|export| export.protocol() == "nbd");
        let mut endpoints = exports.flat_map(|export| export.endpoints());
        endpoints.find(|endpoint| is_wanted(&endpoint.address)).map(|endpoint| endpoint.uri)
    }

    /// Gives up what does not answer: what is on other machines, and the job.
    pub fn cut_off(&self) {
        self.abandon_job();
        if self.connections.cut() > 0 {
            log::warn!("disk '{}' is cut off from its server, which does not answer", self.target);
        }
    }

    /// Serves nobody any more, and brings what was written to stable storage. Requests that have
    /// arrived are done first if that takes no longer than `drain`.
    pub fn close(&self, drain: Duration) -> Result<()> {
        self.end_job();
        self.live.gate.end();
        self.meter.close();
        // All of them have the same time.
        let deadline = Instant::now() + drain;
        for export in &self.exports {
            export.stop(deadline.saturating_duration_since(Instant::now()));
        }
        let node = self.live.gate.node();
        let flushed = node.flush().map_err(|e| e.report(VIR_FROM_STORAGE));
        // Somebody may still be looking at this, which must not keep the images locked.
        let closed = MemoryNode::new(format!("{}, which is closed", node.name()), 0);
        self.live.close(Arc::new(closed));
        flushed
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The export waits for its requests, which may be waiting for the end of a pause, or a limit.
        self.live.gate.end();
        self.meter.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::filter::meter::Notice;
    use crate::block::nbd::NbdNode;
    use crate::block::{Node, qcow2};
    use crate::storage::Storage;
    use crate::xml;

    fn storage() -> Arc<Storage> {
        let root = tempfile::tempdir().unwrap();
        Arc::new(Storage::embed(root.path()).unwrap())
    }

    fn open(definition: &DiskDefinition, folder: &Path, paused: bool) -> Result<Option<Disk>> {
        let images = Images::new(storage());
        Disk::open(&images, definition, Some(folder), paused, Box::new(|_| {}))
    }

    fn definition(inside: &str) -> DiskDefinition {
        let text = format!("<disk>{inside}<target dev='vda'/></disk>");
        let element = xml::parse(&text, "disk_definition", VIR_FROM_DOMAIN).unwrap();
        DiskDefinition::parse(&element).unwrap()
    }

    fn raw(path: &Path, inside: &str) -> DiskDefinition {
        std::fs::write(path, [1; 4096]).unwrap();
        definition(&format!("<source file='{}'/>{inside}", path.display()))
    }

    #[test]
    fn a_disk_is_served_until_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let disk = open(&raw(&path, ""), folder.path(), false).unwrap().unwrap();
        let client = NbdNode::connect(&disk.uri().unwrap()).unwrap();
        client.write_at(&[2; 512], 512).unwrap();
        let error = open(&disk.definition, folder.path(), false).err().unwrap();
        assert!(error.message.contains("Unable to lock"), "{}", error.message);
        disk.close(Duration::from_secs(1)).unwrap();
        assert!(client.write_at(&[3; 512], 512).is_err());
        drop(disk);
        assert_eq!(std::fs::read(&path).unwrap()[512], 2);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn statistics_and_threshold_are_those_of_all_ways_to_a_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut definition = raw(&folder.path().join("a"), "");
        definition.listen = Some(([127, 0, 0, 1], 0).into());
        let (images, told) = (Images::new(storage()), Arc::new(Mutex::new(Vec::new())));
        let notices = told.clone();
        let on_notice = Box::new(move |notice| notices.lock().unwrap().push(notice));
        let disk = Disk::open(&images, &definition, Some(folder.path()), false, on_notice);
        let disk = disk.unwrap().unwrap();
        disk.meter().set_threshold(1024);
        let clients = [disk.uri(), disk.tcp_uri()].map(|uri| NbdNode::connect(&uri.unwrap()));
        let clients = clients.map(|client| client.unwrap());
        assert_eq!(disk.exports.iter().map(|export| export.connections()).sum::<usize>(), 2);
        for (number, client) in clients.iter().enumerate() {
            client.write_at(&[2; 512], number as u64 * 2048).unwrap();
            client.write_at(&[2; 512], number as u64 * 2048).unwrap();
        }
        let stats = disk.meter().stats();
        assert_eq!((stats.writes, stats.write_bytes), (4, 2048));
        let expected = Notice::Threshold { threshold: 1024, excess: 1536 };
        assert_eq!(*told.lock().unwrap(), [expected]);
        disk.close(Duration::from_secs(1)).unwrap();
        assert_eq!(disk.exports.iter().map(|export| export.connections()).sum::<usize>(), 0);
        assert!(clients.iter().all(|client| client.write_at(&[3; 512], 0).is_err()));
    }

    #[test]
    fn what_is_written_to_a_transient_disk_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let disk = open(&raw(&path, "<transient/>"), folder.path(), false).unwrap().unwrap();
        let client = NbdNode::connect(&disk.uri().unwrap()).unwrap();
        client.write_at(&[2; 512], 512).unwrap();
        let mut read = [0; 1024];
        client.read_at(&mut read, 0).unwrap();
        assert_eq!((read[0], read[512]), (1, 2));
        disk.close(Duration::ZERO).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), [1; 4096]);
    }

    #[test]
    fn a_read_only_disk_takes_no_writes_and_a_shareable_one_has_several_users() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let disk = open(&raw(&path, "<readonly/>"), folder.path(), false).unwrap().unwrap();
        assert!(NbdNode::connect(&disk.uri().unwrap()).unwrap().is_read_only());
        drop(disk);
        let shared = raw(&path, "<shareable/>");
        let other = tempfile::tempdir().unwrap();
        let first = open(&shared, folder.path(), false).unwrap().unwrap();
        let second = open(&shared, other.path(), false).unwrap().unwrap();
        drop((first, second));
    }

    #[test]
    fn a_paused_disk_can_be_closed() {
        let folder = tempfile::tempdir().unwrap();
        let disk = raw(&folder.path().join("a"), "");
        let disk = open(&disk, folder.path(), true).unwrap().unwrap();
        let client = NbdNode::connect(&disk.uri().unwrap()).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| client.write_at(&[2; 512], 0));
            std::thread::sleep(Duration::from_millis(50));
            assert!(!waiting.is_finished());
            disk.close(Duration::ZERO).unwrap();
            assert!(waiting.join().unwrap().is_err());
        });
    }

    #[test]
    fn a_chain_in_the_xml_must_be_the_one_that_the_images_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("base"), [1; 4096]).unwrap();
        let file = std::fs::File::create_new(path("top")).unwrap();
        let mut options = qcow2::CreateOptions::new(4096);
        options.backing = Some(("base".to_string(), "raw".to_string()));
        qcow2::create(&crate::block::FileNode::new(file, "top").unwrap(), &options).unwrap();
        let open_with = |backing: &str| {
            let top = path("top");
            let disk = definition(&format!(
                "<driver type='qcow2'/><source file='{}'/>{backing}",
                top.display()
            ));
            let disk = open(&disk, folder.path(), false)?.unwrap();
            let mut byte = [9];
            disk.live.gate.node().read_at(&mut byte, 0).map_err(|e| e.report(VIR_FROM_STORAGE))?;
            Ok::<u8, Error>(byte[0])
        };
        let said = |name: &str, format: &str| {
            format!(
                "<backingStore type='file'><format type='{format}'/><source file='{}'/>\
                 <backingStore/></backingStore>",
                path(name).display()
            )
        };
        assert_eq!(open_with(""), Ok(1));
        assert_eq!(open_with("<backingStore/>"), Ok(0));
        assert_eq!(open_with(&said("base", "raw")), Ok(1));
        for wrong in [said("base", "qcow2"), said("other", "raw")] {
            assert_eq!(open_with(&wrong).unwrap_err().code, VIR_ERR_CONFIG_UNSUPPORTED);
        }
    }
}
