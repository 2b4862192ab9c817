//! What processes that are not of this library can do to one that runs a domain: on its sockets they say
//! what they like.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use virsparse_core::domain::{DefineFlags, DestroyFlags, StartFlags};
use virsparse_core::driver::Connect;
use virsparse_core::error::VIR_ERR_OPERATION_DENIED;

const DOMAIN: &str = "<domain type='kvm'><name>n</name><memory>1024</memory>\
    <os><type>hvm</type></os><devices><disk type='file'><driver type='raw'/>\
    <source file='IMAGE'/><target dev='vda'/></disk></devices></domain>";

const SOCKET: &str = "control.sock";
const READ_ONLY_SOCKET: &str = "control-ro.sock";

/// A running domain, of a connection whose folder this is.
struct Started {
    root: tempfile::TempDir,
    connect: Arc<Connect>,
}

impl Started {
    fn new() -> Started {
        let root = tempfile::tempdir().unwrap();
        let image = root.path().join("image");
        fs::write(&image, [7; 1 << 20]).unwrap();
        let uri = format!("sparse:///embed?root={}", root.path().join("root").display());
        let connect = Connect::open(&uri, false).unwrap();
        let xml = DOMAIN.replace("IMAGE", image.to_str().unwrap());
        let domain = connect.domains().define_domain(&xml, DefineFlags::empty()).unwrap();
        domain.create(StartFlags::empty()).unwrap();
        Started { root, connect }
    }

    fn sockets(&self) -> PathBuf {
        let disks = self.root.path().join("root/run/disks");
        let mut folders = fs::read_dir(disks).unwrap();
        folders.next().unwrap().unwrap().path()
    }

    fn connected(&self, socket: &str) -> UnixStream {
        UnixStream::connect(self.sockets().join(socket)).unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let domain = self.connect.domains().domain_by_name("n").unwrap();
        domain.destroy(DestroyFlags::empty()).unwrap();
    }
}

fn ask(mut stream: &UnixStream, method: &str, parameters: Value) -> Value {
    let call = json!({ "method": method, "parameters": parameters });
    stream.write_all(format!("{call}\0").as_bytes()).unwrap();
    let mut reply = Vec::new();
    BufReader::new(stream).read_until(0, &mut reply).unwrap();
    assert_eq!(reply.pop(), Some(0));
    serde_json::from_slice(&reply).unwrap()
}

#[test]
fn both_sockets_are_the_users_alone() {
    let started = Started::new();
    for socket in [SOCKET, READ_ONLY_SOCKET] {
        let mode = fs::symlink_metadata(started.sockets().join(socket)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}

#[test]
fn a_connection_for_reading_changes_nothing() {
    let started = Started::new();
    let stream = started.connected(READ_ONLY_SOCKET);
    let reply = ask(&stream, "io.libvirsparse.Domain.Suspend", json!({}));
    assert_eq!(reply["error"], "io.libvirsparse.Domain.Failed");
    assert_eq!(reply["parameters"]["code"], VIR_ERR_OPERATION_DENIED as i32);
    let reply = ask(&stream, "io.libvirsparse.Domain.GetCondition", json!({}));
    assert_eq!(reply["parameters"]["condition"]["state"], 1);
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let started = Started::new();
    let stream = started.connected(SOCKET);
    let refused = |method: &str, parameters, error: &str, told: Value| {
        let reply = ask(&stream, method, parameters);
        assert_eq!(reply["error"], format!("org.varlink.service.{error}"), "{method}");
        assert_eq!(reply["parameters"], told);
    };
    let none = || json!({});
    let method = "io.libvirsparse.Domain.Fly";
    refused(method, none(), "MethodNotFound", json!({ "method": method }));
    refused("a.B", none(), "InterfaceNotFound", json!({ "interface": "a" }));
    let more = json!({ "target": "vda", "quickly": true });
    let method = "io.libvirsparse.Domain.GetDisk";
    refused(method, more, "InvalidParameter", json!({ "parameter": "quickly" }));
    refused(method, none(), "InvalidParameter", json!({ "parameter": "target" }));
    let reply = ask(&stream, "org.varlink.service.GetInfo", none());
    assert_eq!(reply["parameters"]["product"], "libvirsparse");
    // And what is known is answered on the same connection.
    let reply = ask(&stream, method, json!({ "target": "vda" }));
    assert_eq!(reply["parameters"]["disk"]["target"], "vda");
    let reply = ask(&stream, method, json!({ "target": "vdb" }));
    assert_eq!(reply["parameters"]["message"], "invalid argument: disk 'vdb' not found in domain");
}

#[test]
fn nonsense_costs_its_connection_and_nothing_else() {
    let started = Started::new();
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n\0"[..], b"[]\0", b"\0", &[0xff; 4096]] {
        let mut stream = started.connected(SOCKET);
        stream.write_all(nonsense).unwrap();
        stream.write_all(b"\0").unwrap();
        let mut rest = Vec::new();
        // Closed with bytes that nobody has read, it may be reset.
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.is_empty(), "{rest:?}");
    }
    // More than are served at a time, all of them silent.
    let silent: Vec<UnixStream> = (0..200).map(|_| started.connected(SOCKET)).collect();
    let stream = started.connected(SOCKET);
    let reply = ask(&stream, "io.libvirsparse.Domain.GetDisks", json!({}));
    assert_eq!(reply["parameters"]["disks"][0]["target"], "vda");
    drop(silent);
}
