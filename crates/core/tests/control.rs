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
        // In one piece: the connection may end as soon as some of it has arrived.
        stream.write_all(&[nonsense, b"\0"].concat()).unwrap();
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

/// Numbers that look random, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// A value that no description allows in most places.
fn odd(numbers: &mut Numbers) -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1.5e308),
        json!(""),
        json!("vda"),
        json!("vda[7]"),
        json!("../../../etc/passwd"),
        json!("<domain/>"),
        json!("<source file='/nowhere'/>"),
        json!("\u{0}\u{fffd}"),
        json!([]),
        json!([[[{}]]]),
        json!({}),
        json!({ "state": 99, "reason": -5 }),
        json!({ "file": { "bytes": [255, 0, 1] } }),
        json!({ "remote": "nbd://[::1" }),
    ];
    values[numbers.below(values.len())].clone()
}

/// The methods, and the names that they take, as the process itself describes them. The one that ends the
/// domain is left out.
fn methods(stream: &UnixStream) -> Vec<(String, Vec<String>)> {
    let which = json!({ "interface": "io.libvirsparse.Domain" });
    let reply = ask(stream, "org.varlink.service.GetInterfaceDescription", which);
    let text = reply["parameters"]["description"].as_str().unwrap();
    let all = text.split("\nmethod ").skip(1).map(|method| {
        let (name, rest) = method.split_once('(').unwrap();
        let parameters = rest.split("->").next().unwrap();
        let names = parameters.split(',').filter_map(|one| Some(one.split_once(':')?.0.trim()));
        (name.to_string(), names.map(str::to_string).collect())
    });
    all.filter(|(name, _)| name != "Stop").collect()
}

#[test]
fn calls_with_any_parameters_are_answered_and_the_domain_goes_on() {
    let started = Started::new();
    let stream = started.connected(SOCKET);
    let methods = methods(&stream);
    assert!(methods.len() > 25, "{methods:?}");
    let mut numbers = Numbers(7);
    let (mut failed, mut refused) = (0, 0);
    for _ in 0..4000 {
        let (name, names) = &methods[numbers.below(methods.len())];
        let mut parameters = serde_json::Map::new();
        for name in names {
            if numbers.below(12) > 0 {
                // What fits often enough for a call to get further than its parameters.
                let fits = match name.as_str() {
                    "target" | "name" => json!("vda"),
                    "wait" | "relative" | "assumed" | "reuse" | "no_metadata" | "halt"
                    | "quiesce" => {
                        json!(false)
                    }
                    "offset" | "length" | "speed" | "flags" | "bytes" | "size" => json!(4096),
                    "disks" | "events" => json!([]),
                    _ => odd(&mut numbers),
                };
                let value = if numbers.below(4) > 0 { fits } else { odd(&mut numbers) };
                parameters.insert(name.clone(), value);
            }
        }
        let method = format!("io.libvirsparse.Domain.{name}");
        let reply = ask(&stream, &method, Value::Object(parameters));
        match reply["error"].as_str() {
            Some("io.libvirsparse.Domain.Failed") => {
                let message = reply["parameters"]["message"].as_str().unwrap();
                assert!(!message.contains("panic"), "{method}: {message}");
                failed += 1;
            }
            Some(_) => refused += 1,
            None => {}
        }
    }
    assert!(failed > 100 && refused > 100, "{failed} failed, {refused} refused");
    let reply = ask(&stream, "io.libvirsparse.Domain.GetCondition", json!({}));
    assert!(reply["parameters"]["condition"]["state"].is_number(), "{reply}");
}

#[test]
fn bytes_that_are_almost_a_call_are_answered_or_end_the_connection() {
    let started = Started::new();
    let call = br#"{"method":"io.libvirsparse.Domain.GetDisk","parameters":{"target":"vda"}}"#;
    let mut numbers = Numbers(11);
    let mut stream = started.connected(SOCKET);
    for _ in 0..2000 {
        let mut bytes = call.to_vec();
        for _ in 0..=numbers.below(3) {
            let at = numbers.below(bytes.len());
            match numbers.below(3) {
                0 => bytes[at] ^= 1 << numbers.below(8),
                1 => drop(bytes.drain(at..)),
                _ => bytes.insert(at, numbers.below(256) as u8),
            }
            if bytes.is_empty() {
                bytes.push(b'{');
            }
        }
        // One call at most.
        bytes.retain(|byte| *byte != 0);
        bytes.push(0);
        let mut reply = Vec::new();
        let sent = stream.write_all(&bytes);
        let _ = BufReader::new(&stream).read_until(0, &mut reply);
        if reply.is_empty() || sent.is_err() {
            stream = started.connected(SOCKET);
        } else {
            let reply: Value = serde_json::from_slice(&reply[..reply.len() - 1]).unwrap();
            assert!(reply.is_object());
        }
    }
}
