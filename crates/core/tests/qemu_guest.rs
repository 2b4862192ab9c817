//! A machine in QEMU boots from a disk that is served here, and writes to it while the disk is
//! pulled, committed, and copied to another image. The last image must have all its writes.

mod job_support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use job_support::*;
use virsparse_block::Node;
use virsparse_block::nbd::NbdNode;
use virsparse_core::domain::{DestroyFlags, UriFlags};

/// What `qemu_guest.s` writes: so many blocks, from here on.
const BLOCKS: u64 = 128;
const START: u64 = 64 * 512;

/// A running machine.
struct Machine(Child);

impl Machine {
    fn boot(uri: &str) -> Machine {
        let drive = format!("if=none,id=disk,format=raw,file={uri}");
        let child = Command::new("qemu-system-x86_64")
            .args(["-machine", "pc,accel=tcg", "-m", "16", "-nodefaults", "-display", "none"])
            .args(["-no-user-config", "-drive", &drive, "-device", "virtio-blk-pci,drive=disk"])
            .stdin(Stdio::null())
            .spawn()
            .expect("qemu-system-x86_64");
        Machine(child)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first sector of a disk: the guest.
fn boot_sector(folder: &Path) -> Vec<u8> {
    let (object, image) = (folder.join("guest.o"), folder.join("guest.bin"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/qemu_guest.s");
    run("as", &["--32", "-o", show(&object), show(&source)]);
    run("objcopy", &["-O", "binary", "-j", ".text", show(&object), show(&image)]);
    let sector = std::fs::read(&image).expect("sector");
    assert_eq!(sector.len(), 512);
    sector
}

/// The number in a block, which is all of it.
fn number(bytes: &[u8], block: u64) -> u32 {
    let words: Vec<u32> =
        bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("4"))).collect();
    assert!(words.iter().all(|word| *word == words[0]), "block {block} is mixed");
    words[0]
}

/// Waits until the guest has filled all blocks two more times: the first may have been under way.
fn wait_for_guest(client: &NbdNode) {
    let last = |bytes: &mut [u8; 4]| client.read_at(bytes, START + (BLOCKS - 1) * 4096).map(drop);
    let read = || {
        let mut bytes = [0; 4];
        last(&mut bytes).expect("read");
        u32::from_le_bytes(bytes)
    };
    let (before, deadline) = (read(), Instant::now() + Duration::from_secs(60));
    while read() < before + 2 {
        assert!(Instant::now() < deadline, "the guest has stopped at {before}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_qemu_guest_keeps_writing_while_its_disk_is_copied() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name);
    let mut base = vec![0; 8 << 20];
    base[..512].copy_from_slice(&boot_sector(folder.path()));
    // The rest is something to be copied.
    let mut state = 1;
    base[4 << 20..].iter_mut().for_each(|byte| *byte = random(&mut state) as u8);
    std::fs::write(path("base"), &base).expect("base");
    for (name, below, format) in [("mid", "base", "raw"), ("top", "mid", "qcow2")] {
        let image = path(name);
        run("qemu-img", &["create", "-q", "-f", "qcow2", "-b", below, "-F", format, show(&image)]);
    }
    let connect = connect(&path("root"));
    let domain = start(&connect, &path("top"), "qcow2");
    let uri = domain.disk_uri("vda", UriFlags::empty()).expect("address");
    let client = NbdNode::connect(&uri).expect("connect");
    let machine = Machine::boot(&uri);
    for work in [Work::Commit, Work::Pull, Work::RawCopy, Work::Qcow2Copy, Work::SynchronousCopy] {
        // A name that an earlier one has used is not one of the disk any more.
        if work.pivots() && path("copy").exists() {
            std::fs::rename(path("copy"), path(&format!("before {work:?}"))).expect("rename");
        }
        wait_for_guest(&client);
        work.start(&domain, folder.path(), 0);
        wait(&domain);
        if work.pivots() {
            wait_for_guest(&client);
            while domain
                .block_job_info("vda")
                .expect("info")
                .is_some_and(|info| info.done < info.end)
            {
                std::thread::sleep(Duration::from_millis(1));
            }
            pivot(&domain);
        }
        wait_for_guest(&client);
    }
    drop((machine, client));
    domain.destroy(DestroyFlags::empty()).expect("destroy");
    let bytes = std::fs::read(path("copy")).expect("copy");
    assert_eq!(bytes.len(), base.len());
    assert!(bytes[..512] == base[..512] && bytes[4 << 20..] == base[4 << 20..], "the rest");
    // Blocks are written in order: some have the last number, those behind the one before.
    let blocks = bytes[START as usize..][..(BLOCKS * 4096) as usize].chunks(4096);
    let numbers: Vec<u32> = blocks.zip(0..).map(|(bytes, block)| number(bytes, block)).collect();
    let first = numbers[0];
    assert!(first > 10, "the guest has written {first} times");
    let end = numbers.iter().position(|number| *number != first).unwrap_or(numbers.len());
    assert!(numbers[end..].iter().all(|number| *number == first - 1), "{numbers:?}");
}
