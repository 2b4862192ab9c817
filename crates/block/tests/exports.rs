//! Several exports of one disk.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use virsparse_block::export::nbd::{ExportOptions, NbdExport};
use virsparse_block::export::{Address, Export};
use virsparse_block::filter::Filtered;
use virsparse_block::filter::meter::{Meter, Notice, Rules};
use virsparse_block::nbd::NbdNode;
use virsparse_block::{BlockBackend, FileNode, Gate, Node};

#[test]
fn two_exports_share_a_meter_and_are_stopped_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(folder.path().join("disk"))
        .unwrap();
    file.set_len(1 << 20).unwrap();
    let node = FileNode::new(file, "disk").unwrap();
    let gate = Arc::new(Gate::new(Arc::new(node)));
    let told: Arc<Mutex<Vec<Notice>>> = Arc::default();
    let tell = told.clone();
    let on_notice = Box::new(move |notice| tell.lock().unwrap().push(notice));
    let meter = Meter::new(Rules::default(), on_notice);
    let backend = BlockBackend::new("disk", gate);
    let node: Arc<dyn Node> = Arc::new(Filtered::new(meter.clone(), backend));
    let export = |name: &str, tcp: bool| -> Box<dyn Export> {
        let options = ExportOptions {
            name: name.to_string(),
            socket: Some(folder.path().join(format!("{} %.sock", &name[..1]))),
            tcp: tcp.then(|| ([127, 0, 0, 1], 0).into()),
            ..ExportOptions::default()
        };
        Box::new(NbdExport::new(node.clone(), &options).unwrap())
    };
    let (first, second) = (export("a", true), export("b c", false));
    assert_eq!((first.protocol(), second.endpoints().len()), ("nbd", 1));
    let unix = Address::Unix(folder.path().join("b %.sock"));
    assert_eq!(second.endpoints()[0].address, unix);
    assert!(second.endpoints()[0].uri.starts_with("nbd+unix:///b%20c?socket="));
    assert!(matches!(first.endpoints()[1].address, Address::Tcp(address) if address.port() != 0));

    // Every way leads to the disk, and is counted by its meter.
    let endpoints: Vec<_> = [&first, &second].iter().flat_map(|e| e.endpoints()).collect();
    let clients: Vec<_> =
        endpoints.iter().map(|endpoint| NbdNode::connect(&endpoint.uri).unwrap()).collect();
    assert_eq!((first.connections(), second.connections()), (2, 1));
    meter.set_threshold(4096);
    for (number, client) in clients.iter().enumerate() {
        client.write_at(&[1; 512], number as u64 * 4096).unwrap();
        let mut read = [0; 512];
        clients[0].read_at(&mut read, number as u64 * 4096).unwrap();
        assert_eq!(read, [1; 512]);
    }
    let stats = meter.stats();
    assert_eq!((stats.writes, stats.write_bytes, stats.reads), (3, 1536, 3));
    assert_eq!(*told.lock().unwrap(), [Notice::Threshold { threshold: 4096, excess: 512 }]);

    first.stop(Duration::from_secs(5));
    assert!(clients[..2].iter().all(|client| client.write_at(&[2; 512], 0).is_err()));
    clients[2].write_at(&[2; 512], 0).unwrap();
    assert_eq!((first.connections(), second.connections()), (0, 1));
    drop(second);
    assert!(clients[2].write_at(&[2; 512], 0).is_err());
    assert!(!folder.path().join("b %.sock").exists());
}
