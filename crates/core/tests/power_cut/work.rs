//! The work on the machine, and the promises that it makes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use virsparse_block::Node;
use virsparse_block::nbd::NbdNode;
use virsparse_core::domain::{
    CommitFlags, DefineFlags, DestroyFlags, Domain, RebaseFlags, SnapshotCreateFlags,
    SnapshotDeleteFlags, StartFlags, UndefineFlags, UriFlags, XmlFlags,
};
use virsparse_core::driver::Connect;
use virsparse_core::error::Report;
use virsparse_core::storage::{
    BuildFlags, CloneFlags, CreateFlags, CreateVolumeFlags, Pool, ResizeFlags, UploadFlags, Volume,
    WipeAlgorithm,
};
use virsparse_core::stream::Stream;

use super::Check;
use super::disk::Disk;
use super::machine::Machine;
use crate::job_support::{Work, image_of, pivot, random, run, show, wait};

const MIB: u64 = 1 << 20;

/// Bytes without a pattern, which are different for each seed.
fn noise(seed: u64, length: u64) -> Vec<u8> {
    let mut state = seed;
    (0..length / 4).flat_map(|_| (random(&mut state) as u32).to_ne_bytes()).collect()
}

fn says(what: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if what { Ok(()) } else { Err(otherwise()) }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn compare(found: &[u8], wanted: &[u8]) -> Result<(), String> {
    says(found.len() == wanted.len(), || {
        format!("{} bytes instead of {}", found.len(), wanted.len())
    })?;
    let blocks = found.chunks(4096).zip(wanted.chunks(4096));
    let wrong = blocks.filter(|(one, other)| one != other).count();
    says(wrong == 0, || format!("{wrong} blocks of {} are wrong", wanted.len().div_ceil(4096)))
}

/// The file of that name holds these bytes.
fn holds(name: &str, bytes: Vec<u8>) -> Check {
    let name = name.to_string();
    Box::new(move |place| compare(&std::fs::read(place.join(&name)).map_err(text)?, &bytes))
}

fn qemu_img(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("qemu-img").args(arguments).output().map_err(text)?;
    // 3 is for clusters that nothing refers to.
    let good =
        output.status.success() || arguments[0] == "check" && output.status.code() == Some(3);
    says(good, || format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// What QEMU reads from an image begins with these bytes; the rest, up to `size`, is zeros.
fn read_by_qemu(path: &Path, format: &str, bytes: &[u8], size: u64) -> Result<(), String> {
    if format == "qcow2" {
        qemu_img(&["check", "-q", "-f", "qcow2", show(path)])?;
    }
    let flat = tempfile::NamedTempFile::new().map_err(text)?;
    qemu_img(&["convert", "-f", format, "-O", "raw", show(path), show(flat.path())])?;
    let mut wanted = bytes.to_vec();
    wanted.resize(size as usize, 0);
    compare(&std::fs::read(flat.path()).map_err(text)?, &wanted)
}

fn image_holds(name: &str, bytes: Vec<u8>, size: u64) -> Check {
    let name = name.to_string();
    Box::new(move |place| read_by_qemu(&place.join(&name), "qcow2", &bytes, size))
}

fn absent(name: &str) -> Check {
    let name = name.to_string();
    Box::new(move |place| {
        says(std::fs::symlink_metadata(place.join(&name)).is_err(), || "it is there".to_string())
    })
}

fn open(place: &Path) -> Result<Arc<Connect>, String> {
    let uri = format!("sparse:///embed?root={}", show(&place.join("root")));
    Connect::open(&uri, false).map_err(text)
}

/// The domain of that name is there, and is like that.
fn domain_is(
    name: &str,
    is: impl Fn(&Arc<Domain>) -> Result<(), String> + Send + Sync + 'static,
) -> Check {
    let name = name.to_string();
    Box::new(move |place| {
        let domain = open(place)?.domains().domain_by_name(&name).map_err(text)?;
        is(&domain)
    })
}

fn no_domain(name: &str) -> Check {
    let name = name.to_string();
    Box::new(move |place| {
        says(open(place)?.domains().domain_by_name(&name).is_err(), || "it is there".to_string())
    })
}

/// The machine while it works.
struct Worker<'a> {
    disk: &'a Disk,
    connect: Arc<Connect>,
    pool: Arc<Pool>,
}

fn volume_xml(name: &str, capacity: u64, allocation: u64, target: &str) -> String {
    format!(
        "<volume><name>{name}</name><capacity>{capacity}</capacity>\
         <allocation>{allocation}</allocation><target>{target}</target></volume>"
    )
}

const RAW: &str = "<format type='raw'/>";
const QCOW2: &str = "<format type='qcow2'/><compat>1.1</compat>";

impl Worker<'_> {
    fn create(&self, name: &str, xml: &str, check: Check) -> Arc<Volume> {
        let create = || self.pool.create_volume(xml, CreateVolumeFlags::empty()).expect(name);
        self.disk.promise(name, create, check)
    }

    fn copy(&self, name: &str, xml: &str, source: &Arc<Volume>, check: Check) -> Arc<Volume> {
        let copy = || self.pool.clone_volume(xml, source, CloneFlags::empty()).expect(name);
        self.disk.promise(name, copy, check)
    }

    fn change(
        &self,
        key: &str,
        work: impl FnOnce() -> virsparse_core::error::Result<()>,
        check: Check,
    ) {
        self.disk.promise(key, || work().expect(key), check);
    }

    /// Sends data and holes into a volume from `offset` on.
    fn upload(&self, key: &str, volume: &Arc<Volume>, offset: u64, parts: &[Part], check: Check) {
        let upload = || {
            let stream = Stream::new(self.connect.session().clone(), true);
            volume.upload(&stream, offset, 0, UploadFlags::SPARSE_STREAM)?;
            for part in parts {
                match part {
                    Part::Data(bytes) => drop(stream.send(bytes)?),
                    Part::Hole(length) => stream.send_hole(*length as i64)?,
                }
            }
            stream.finish()
        };
        self.change(key, upload, check);
    }

    fn volumes(&self) {
        const SIZE: u64 = 4 * MIB;
        let sparse = volume_xml("sparse", SIZE, 0, RAW);
        let sparse = self.create("upload", &sparse, holds("p/sparse", vec![0; SIZE as usize]));
        let data = noise(1, MIB * 3);
        let mut contents = [vec![0; MIB as usize], data.clone()].concat();
        self.upload(
            "upload",
            &sparse,
            MIB,
            &[Part::Data(data)],
            holds("p/sparse", contents.clone()),
        );

        let full = volume_xml("full", 2 * MIB, 2 * MIB, RAW);
        let full = self.create("sparse upload", &full, holds("p/full", vec![0; 2 << 20]));
        let data = noise(2, 64 * 1024);
        let parts = [Part::Hole(MIB), Part::Data(data.clone()), Part::Hole(MIB - 64 * 1024)];
        let mut punched = vec![0; 2 << 20];
        punched[1 << 20..][..64 * 1024].copy_from_slice(&data);
        self.upload("sparse upload", &full, 0, &parts, holds("p/full", punched.clone()));

        let copy = volume_xml("clone", SIZE, 0, RAW);
        let clone = self.copy("clone", &copy, &sparse, holds("p/clone", contents.clone()));
        let check = image_holds("p/image", contents.clone(), SIZE);
        let image = self.copy("conversion", &volume_xml("image", SIZE, 0, QCOW2), &clone, check);
        let compression = "<v:compression xmlns:v='urn:virsparse:volume:1' type='zstd'/>";
        let target = format!("{QCOW2}{compression}");
        let check = image_holds("p/packed", contents.clone(), SIZE);
        let packed = volume_xml("packed", SIZE, 0, &target);
        let packed = self.copy("compressed conversion", &packed, &image, check);
        let back = volume_xml("back", SIZE, 0, RAW);
        let back = self.copy("conversion to raw", &back, &image, holds("p/back", contents.clone()));

        let resize =
            |volume: &Arc<Volume>, size: u64, flags: ResizeFlags| volume.resize(size, flags);
        let check = image_holds("p/image", contents.clone(), 8 * MIB);
        self.change("conversion", || resize(&image, 8 * MIB, ResizeFlags::empty()), check);
        let mut longer = contents.clone();
        longer.resize(6 << 20, 0);
        let check = holds("p/clone", longer);
        self.change("clone", || resize(&clone, 6 * MIB, ResizeFlags::empty()), check);
        let check = holds("p/full", punched[..(3 * MIB / 2) as usize].to_vec());
        let shorter = || resize(&full, 3 * MIB / 2, ResizeFlags::SHRINK);
        self.change("sparse upload", shorter, check);
        contents.resize(5 << 20, 0);
        let check = holds("p/sparse", contents.clone());
        self.change("upload", || resize(&sparse, 5 * MIB, ResizeFlags::ALLOCATE), check);

        let wiped = holds("p/back", vec![0; SIZE as usize]);
        self.change("conversion to raw", || back.wipe(WipeAlgorithm::ZERO), wiped);
        contents[MIB as usize..][..MIB as usize].fill(0);
        let wiped = holds("p/sparse", contents.clone());
        self.change("upload", || sparse.wipe_range(MIB, MIB), wiped);
        self.change("compressed conversion", || packed.delete(), absent("p/packed"));
        let folder: Check = Box::new(|place| {
            says(place.join("p/folder").is_dir(), || "it is not there".to_string())
        });
        self.create("folder", &volume_xml("folder", 0, 0, "<format type='dir'/>"), folder);
    }

    /// What a guest has written and flushed, whichever image it is in.
    fn guest_writes(&self, domain: &Domain, bytes: &mut [u8], offset: usize, seed: u64) {
        let part = noise(seed, 256 * 1024);
        bytes[offset..][..part.len()].copy_from_slice(&part);
        let wanted = bytes.to_vec();
        let check = move |domain: &Arc<Domain>| {
            let (image, format) = image_of(&domain.xml(XmlFlags::empty()).map_err(text)?);
            read_by_qemu(&image, &format, &wanted, wanted.len() as u64)
        };
        let work = || {
            let uri = domain.disk_uri("vda", UriFlags::empty())?;
            let failed =
                |e: virsparse_block::BlockError| e.report(virsparse_core::error::VIR_FROM_NONE);
            let node = NbdNode::connect(&uri).map_err(failed)?;
            node.write_at(&part, offset as u64).and_then(|()| node.flush()).map_err(failed)
        };
        self.change("the guest's disk", work, domain_is("guest", check));
    }

    fn snapshot(&self, domain: &Arc<Domain>, name: &str, image: &Path) {
        let xml = format!(
            "<domainsnapshot><name>{name}</name><disks><disk name='vda' snapshot='external'>\
             <source file='{}'/></disk></disks></domainsnapshot>",
            show(image)
        );
        let take = || domain.create_snapshot(&xml, SnapshotCreateFlags::DISK_ONLY).map(drop);
        let (wanted, image) = (name.to_string(), image.to_path_buf());
        let has = move |domain: &Arc<Domain>| {
            domain.snapshot_by_name(&wanted).map_err(text)?;
            let names = domain.current_snapshot().map_err(text)?.name().to_string();
            says(names == wanted, || format!("the current snapshot is '{names}'"))
        };
        self.disk.release("domain's image");
        self.change("snapshot", take, domain_is("guest", has));
        self.top_is("domain's image", &image, "qcow2", || ());
    }

    /// Runs a call after which the definition has that image.
    fn top_is(&self, key: &str, image: &Path, format: &str, work: impl FnOnce()) {
        let wanted = (image.to_path_buf(), format.to_string());
        let check = move |domain: &Arc<Domain>| {
            let found = image_of(&domain.xml(XmlFlags::INACTIVE).map_err(text)?);
            says(found == wanted, || format!("it is {found:?}"))
        };
        self.disk.promise(key, work, domain_is("guest", check));
    }

    fn domains(&self, images: &Path) {
        let size = 2 * MIB;
        let mut bytes = vec![0; size as usize];
        let path = |name: &str| -> PathBuf { images.join(name) };
        run("qemu-img", &["create", "-q", "-f", "qcow2", show(&path("top")), "2M"]);
        run("sync", &["-f", show(images)]);
        let xml = |name: &str, image: &Path| {
            format!(
                "<domain type='kvm'><name>{name}</name><memory>1024</memory><os><type>hvm</type></os>\
                 <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>\
                 <source file='{}'/><target dev='vda'/></disk></devices></domain>",
                show(image)
            )
        };
        let define = |name: &str, image: &Path| {
            self.connect
                .domains()
                .define_domain(&xml(name, image), DefineFlags::empty())
                .expect("define")
        };
        let domain = self.disk.promise(
            "domain",
            || define("guest", &path("top")),
            domain_is("guest", |_| Ok(())),
        );
        domain.create(StartFlags::empty()).expect("start");
        self.guest_writes(&domain, &mut bytes, 0, 11);
        self.snapshot(&domain, "one", &path("one"));
        self.guest_writes(&domain, &mut bytes, 128 * 1024, 12);
        // The guest's disk is promised all the time: it is in the old chain, or in the new one.
        self.top_is("domain's image", &path("copy"), "raw", || {
            Work::RawCopy.start(&domain, images, 0);
            wait(&domain);
            pivot(&domain);
        });
        self.guest_writes(&domain, &mut bytes, 512 * 1024, 13);
        self.snapshot(&domain, "two", &path("two"));
        self.guest_writes(&domain, &mut bytes, 640 * 1024, 14);
        self.top_is("domain's image", &path("copy"), "raw", || {
            let flags = CommitFlags::ACTIVE | CommitFlags::DELETE;
            domain.block_commit("vda", None, None, 0, flags).expect("commit");
            wait(&domain);
            pivot(&domain);
        });
        self.snapshot(&domain, "three", &path("three"));
        self.guest_writes(&domain, &mut bytes, MIB as usize, 15);
        self.snapshot(&domain, "four", &path("four"));
        self.disk.promise(
            "pull",
            || {
                domain.block_pull("vda", None, 0, RebaseFlags::empty()).expect("pull");
                while domain.block_job_info("vda").expect("info").is_some() {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            },
            domain_is("guest", |domain| {
                let (image, _) = image_of(&domain.xml(XmlFlags::INACTIVE).map_err(text)?);
                let info = run("qemu-img", &["info", show(&image)]);
                says(!info.contains("backing file:"), || "it has a backing file".to_string())
            }),
        );
        let gone = domain_is("guest", |domain| {
            says(domain.snapshot_by_name("one").is_err(), || "snapshot one is there".to_string())
        });
        self.change("deleted", || delete_snapshot(&domain, "one"), gone);
        domain.destroy(DestroyFlags::empty()).expect("destroy");
        let marked = domain_is("guest", |domain| {
            says(domain.autostart().map_err(text)?, || "it is not marked".to_string())
        });
        self.change("autostart", || domain.set_autostart(true), marked);
        for name in ["two", "three", "four"] {
            self.disk.release("snapshot");
            delete_snapshot(&domain, name).expect("delete");
        }
        self.undefined_and_renamed(&domain, &bytes, |name| define(name, &path("top")));
    }

    fn undefined_and_renamed(
        &self,
        domain: &Arc<Domain>,
        bytes: &[u8],
        define: impl Fn(&str) -> Arc<Domain>,
    ) {
        // They are about the old name.
        let about =
            ["domain", "domain's image", "the guest's disk", "pull", "deleted", "autostart"];
        for key in about {
            self.disk.release(key);
        }
        self.change("old name", || domain.rename("renamed"), no_domain("guest"));
        let wanted = bytes.to_vec();
        let check = domain_is("renamed", move |domain| {
            says(domain.autostart().map_err(text)?, || "it is not marked".to_string())?;
            let (image, format) = image_of(&domain.xml(XmlFlags::empty()).map_err(text)?);
            read_by_qemu(&image, &format, &wanted, wanted.len() as u64)
        });
        self.disk.promise("new name", || (), check);
        let there = domain_is("other", |_| Ok(()));
        let other = self.disk.promise("other domain", || define("other"), there);
        let undefine = || other.undefine(UndefineFlags::empty());
        self.change("other domain", undefine, no_domain("other"));
    }
}

fn delete_snapshot(domain: &Arc<Domain>, name: &str) -> virsparse_core::error::Result<()> {
    domain.snapshot_by_name(name)?.delete(SnapshotDeleteFlags::METADATA_ONLY)
}

enum Part {
    Data(Vec<u8>),
    Hole(u64),
}

/// Does everything that makes promises.
pub fn work(machine: &Machine, uri_more: &str) {
    let (place, disk) = (&machine.place, &machine.disk);
    let uri = format!("sparse:///embed?root={}{uri_more}", show(&place.join("root")));
    let connect = Connect::open(&uri, false).expect("connect");
    let xml = format!(
        "<pool type='dir'><name>p</name><target><path>{}</path></target></pool>",
        show(&place.join("p"))
    );
    let pool_is_there: Check = Box::new(|place| {
        let pool = open(place)?.storage().pool_by_name("p").map_err(text)?;
        says(place.join("p").is_dir(), || "its folder is missing".to_string())?;
        pool.create(CreateFlags::empty()).map_err(text)
    });
    let make = || {
        let pool = connect.storage().define_pool(&xml, false).expect("define");
        pool.build(BuildFlags::empty()).expect("build");
        pool.create(CreateFlags::empty()).expect("create");
        pool
    };
    let pool = disk.promise("pool", make, pool_is_there);
    let worker = Worker { disk, connect: connect.clone(), pool };
    worker.volumes();
    let images = place.join("images");
    std::fs::create_dir(&images).expect("create");
    worker.domains(&images);
    let no_pool: Check = Box::new(|place| {
        says(open(place)?.storage().pool_by_name("p").is_err(), || "it is there".to_string())
    });
    worker.pool.destroy().expect("destroy");
    disk.promise("pool", || worker.pool.undefine().expect("undefine"), no_pool);
}
