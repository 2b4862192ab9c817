//! qcow2 images that are on an NBD server: as a domain's disk, as a backing image, and as the
//! destination of a block copy. nbdkit serves the files as they are; qemu-img says what is in them.

mod job_support;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use job_support::{connect, pivot, run, show, wait};
use virsparse_block::Node;
use virsparse_block::nbd::NbdNode;
use virsparse_core::domain::{
    CopyFlags, CopyParameters, DefineFlags, DestroyFlags, Domain, StartFlags, UriFlags, XmlFlags,
};
use virsparse_core::driver::Connect;

const SIZE: usize = 8 << 20;

/// A file behind a server, which ends with this.
struct Served {
    file: PathBuf,
    socket: PathBuf,
    server: Child,
}

impl Served {
    fn new(file: PathBuf) -> Served {
        Served::with(file, &[])
    }

    /// With a server that refuses what is not whole blocks of 64 KiB.
    fn in_blocks(file: PathBuf) -> Served {
        let policy = ["blocksize-error-policy=error", "blocksize-minimum=65536"];
        let preferred = ["blocksize-preferred=65536", "--filter=blocksize-policy"];
        Served::with(file, &[policy, preferred].concat())
    }

    fn with(file: PathBuf, arguments: &[&str]) -> Served {
        let socket = file.with_extension("sock");
        let server = Command::new("nbdkit")
            .args(["-f", "--exit-with-parent", "-U", show(&socket), "file", show(&file)])
            .args(arguments)
            .spawn()
            .expect("nbdkit");
        for _ in 0..1000 {
            if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Served { file, socket, server }
    }

    fn uri(&self) -> String {
        format!("nbd+unix:///?socket={}", show(&self.socket))
    }

    /// A `<disk>` over it, without its target.
    fn disk(&self, more: &str) -> String {
        self.disk_of("qcow2", more)
    }

    fn disk_of(&self, format: &str, more: &str) -> String {
        format!(
            "<disk type='network' device='disk'><driver name='qemu' type='{format}'/>\
             <source protocol='nbd' name=''><host transport='unix' socket='{}'/></source>{more}\
             </disk>",
            show(&self.socket)
        )
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn start(connect: &Arc<Connect>, disk: &str) -> virsparse_core::error::Result<Arc<Domain>> {
    let xml = format!(
        "<domain type='kvm'><name>guest</name><memory>1024</memory><os><type>hvm</type></os>\
         <devices>{disk}</devices></domain>"
    );
    let domain = connect.domains().define_domain(&xml, DefineFlags::empty())?;
    domain.create(StartFlags::empty())?;
    Ok(domain)
}

fn guest(domain: &Domain) -> NbdNode {
    let uri = domain.disk_uri("vda", UriFlags::empty()).expect("where the disk is served");
    NbdNode::connect(&uri).expect("connect")
}

/// Writes what differs from place to place, and says what the disk holds then.
fn write(domain: &Domain, model: &mut [u8], seed: u8) {
    let node = guest(domain);
    for (at, length) in [(0, 512), (65536 - 512, 1024), (3 << 20, 200_000), (SIZE - 512, 512)] {
        let bytes = vec![seed; length];
        node.write_at(&bytes, at as u64).expect("write");
        model[at..at + length].copy_from_slice(&bytes);
    }
    node.flush().expect("flush");
}

fn expect_guest_sees(domain: &Domain, model: &[u8]) {
    let mut bytes = vec![0; SIZE];
    assert_eq!(guest(domain).read_at(&mut bytes, 0).expect("read"), SIZE);
    assert!(bytes == model, "the guest sees other bytes");
}

/// QEMU finds the image whole, and these bytes in it.
fn expect_qemu_reads(image: &Path, model: &[u8]) {
    run("qemu-img", &["check", "-q", "-f", "qcow2", show(image)]);
    let raw = image.with_extension("raw");
    run("qemu-img", &["convert", "-f", "qcow2", "-O", "raw", show(image), show(&raw)]);
    assert!(std::fs::read(raw).expect("read") == model, "QEMU reads other bytes");
}

/// A qcow2 image with some data, and what a guest sees of it.
fn image(path: &Path) -> Vec<u8> {
    run("qemu-img", &["create", "-q", "-f", "qcow2", show(path), "8M"]);
    run("qemu-io", &["-f", "qcow2", "-c", "write -P 7 1M 1M", show(path)]);
    let mut model = vec![0; SIZE];
    model[1 << 20..2 << 20].fill(7);
    model
}

fn stop(domain: &Domain) {
    domain.destroy(DestroyFlags::empty()).expect("destroy");
}

#[test]
fn a_qcow2_image_over_nbd_is_a_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let connect = connect(&folder.path().join("root"));
    let path = folder.path().join("x.qcow2");
    let mut model = image(&path);
    // A raw file of a server cannot grow: there must be room for what is written.
    File::options().write(true).open(&path).expect("open").set_len(16 << 20).expect("grow");
    let served = Served::new(path);
    let domain = start(&connect, &served.disk("<target dev='vda'/>")).expect("start");
    expect_guest_sees(&domain, &model);
    write(&domain, &mut model, 9);
    expect_guest_sees(&domain, &model);
    let info = domain.block_info("vda").expect("sizes");
    assert_eq!((info.capacity, info.physical), (SIZE as u64, SIZE as u64));
    assert!(info.allocation > 0, "{info:?}");
    stop(&domain);
    expect_qemu_reads(&served.file, &model);
}

#[test]
fn a_qcow2_image_over_nbd_is_a_backing_image() {
    let folder = tempfile::tempdir().expect("a folder");
    let connect = connect(&folder.path().join("root"));
    let mut model = image(&folder.path().join("base.qcow2"));
    let served = Served::new(folder.path().join("base.qcow2"));
    let top = folder.path().join("top");
    let uri = served.uri();
    run("qemu-img", &["create", "-q", "-f", "qcow2", "-b", &uri, "-F", "qcow2", show(&top)]);
    let disk = format!(
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>\
         <source file='{}'/><target dev='vda'/></disk>",
        show(&top)
    );
    let domain = start(&connect, &disk).expect("start");
    expect_guest_sees(&domain, &model);
    write(&domain, &mut model, 3);
    expect_guest_sees(&domain, &model);
    stop(&domain);
    expect_qemu_reads(&top, &model);
}

#[test]
fn a_disk_is_copied_to_a_qcow2_image_over_nbd_and_goes_on_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let connect = connect(&folder.path().join("root"));
    let source = folder.path().join("source");
    let mut model = image(&source);
    let target = folder.path().join("target.qcow2");
    File::create(&target).expect("create").set_len(16 << 20).expect("grow");
    let served = Served::new(target);
    let disk = format!(
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>\
         <source file='{}'/><target dev='vda'/></disk>",
        show(&source)
    );
    let domain = start(&connect, &disk).expect("start");
    write(&domain, &mut model, 1);
    let parameters = CopyParameters::default();
    let copy = |flags| domain.block_copy("vda", &served.disk(""), parameters, flags);
    // There is no image in it yet.
    let error = copy(CopyFlags::TRANSIENT_JOB | CopyFlags::REUSE_EXT).expect_err("no image");
    assert!(error.message.contains("is not in qcow2 format"), "{error}");
    copy(CopyFlags::TRANSIENT_JOB).expect("copy");
    wait(&domain);
    write(&domain, &mut model, 2);
    pivot(&domain);
    let xml = domain.xml(XmlFlags::empty()).expect("description");
    assert!(xml.contains("<disk type='network'") && xml.contains("type='qcow2'"), "{xml}");
    write(&domain, &mut model, 5);
    expect_guest_sees(&domain, &model);
    stop(&domain);
    expect_qemu_reads(&served.file, &model);
}

/// Guests, jobs and qcow2's own metadata make requests of any shape.
#[test]
fn a_disk_is_copied_to_a_server_that_takes_only_large_blocks_and_goes_on_there() {
    for format in ["raw", "qcow2"] {
        let folder = tempfile::tempdir().expect("a folder");
        let connect = connect(&folder.path().join("root"));
        let source = folder.path().join("source");
        let mut model = image(&source);
        let target = folder.path().join("target");
        let size = if format == "raw" { SIZE as u64 } else { 16 << 20 };
        File::create(&target).expect("create").set_len(size).expect("grow");
        let served = Served::in_blocks(target);
        let disk = format!(
            "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>\
             <source file='{}'/><target dev='vda'/></disk>",
            show(&source)
        );
        let domain = start(&connect, &disk).expect("start");
        write(&domain, &mut model, 1);
        let to = served.disk_of(format, "");
        let parameters = CopyParameters::default();
        domain.block_copy("vda", &to, parameters, CopyFlags::TRANSIENT_JOB).expect("copy");
        wait(&domain);
        write(&domain, &mut model, 2);
        pivot(&domain);
        write(&domain, &mut model, 5);
        expect_guest_sees(&domain, &model);
        stop(&domain);
        match format {
            "raw" => {
                let copy = std::fs::read(&served.file).expect("read");
                assert!(copy == model, "the copy holds other bytes");
            }
            _ => expect_qemu_reads(&served.file, &model),
        }
    }
}

#[test]
fn a_relative_backing_file_of_an_image_over_nbd_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let connect = connect(&folder.path().join("root"));
    let path = folder.path().join("x.qcow2");
    run(
        "qemu-img",
        &["create", "-q", "-u", "-f", "qcow2", "-b", "base", "-F", "raw", show(&path), "8M"],
    );
    let served = Served::new(path);
    let error = start(&connect, &served.disk("<target dev='vda'/>")).err().expect("no folder");
    assert!(error.message.contains("refers to 'base': its path is not absolute"), "{error}");
}
