//! A node that is exported over NBD is to other programs what it is here.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use virsparse::block::export::{Export, ExportOptions};
use virsparse::block::{FileNode, Node};

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect(program);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

fn sparse_file(path: &Path) -> FileNode {
    let file =
        std::fs::File::options().read(true).write(true).create(true).truncate(true).open(path);
    let node = FileNode::new(file.expect("a file"), "image").expect("a node");
    node.resize(64 << 20).expect("resize");
    node.write_at(&[1; 300_000], 1 << 20).expect("write");
    node.write_at(&[2; 65536], 40 << 20).expect("write");
    node
}

#[test]
fn other_programs_read_write_and_map_the_export() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("image");
    let copy = folder.path().join("copy");
    let socket = folder.path().join("socket");
    let node: Arc<dyn Node> = Arc::new(sparse_file(&image));
    let options = ExportOptions { socket: Some(socket.clone()), ..ExportOptions::default() };
    let export = Export::new(node, &options).expect("an export");
    let uri = format!("nbd+unix:///?socket={}", socket.display());
    let text = |path: &Path| path.to_str().expect("UTF-8").to_string();

    assert_eq!(run("nbdinfo", &["--size", &uri]).trim(), (64u64 << 20).to_string());
    let map = run("nbdinfo", &["--map", &uri]);
    assert!(map.contains("data") && map.contains("hole,zero"), "{map}");
    run("nbdcopy", &[&uri, &text(&copy)]);
    run("cmp", &[&text(&image), &text(&copy)]);
    run("qemu-img", &["compare", "-q", "-f", "raw", "-F", "raw", &uri, &text(&image)]);
    let arguments =
        ["-f", "raw", "-c", "write -P 7 5M 64k", "-c", "write -z -u 40M 64k", "-c", "flush"];
    run("qemu-io", &[&arguments[..], &[uri.as_str(), "-c", "read -P 7 5M 64k"]].concat());
    run("qemu-img", &["compare", "-q", "-f", "raw", "-F", "raw", &uri, &text(&image)]);
    run("nbdcopy", &[&text(&copy), &uri]);
    run("cmp", &[&text(&image), &text(&copy)]);

    export.stop(Duration::from_secs(5));
    assert!(!socket.exists());
}
