//! What the nbd_server target does with its input: bytes for an NBD export, for its negotiation, or, if
//! the first one is odd, for its parser of requests.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use virsparse_block::MemoryNode;
use virsparse_block::export::nbd::{ExportOptions, NbdExport};
use virsparse_block::nbd::protocol::*;

static EXPORT: LazyLock<NbdExport> = LazyLock::new(|| {
    let options = ExportOptions { name: "disk".to_string(), ..ExportOptions::default() };
    NbdExport::new(Arc::new(MemoryNode::new("memory", 8 << 20)), &options).unwrap()
});

/// What a client says before its first request, with structured replies and base:allocation.
static NEGOTIATION: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut contexts = Vec::new();
    push_string(&mut contexts, "disk");
    contexts.extend(1u32.to_be_bytes());
    push_string(&mut contexts, BASE_ALLOCATION);
    let mut go = Vec::new();
    push_string(&mut go, "disk");
    go.extend(0u16.to_be_bytes());
    [
        3u32.to_be_bytes().to_vec(),
        encode_option(option::STRUCTURED_REPLY, &[]),
        encode_option(option::SET_META_CONTEXT, &contexts),
        encode_option(option::GO, &go),
    ]
    .concat()
});

/// The export must hang up in the end, and serve the next client.
pub fn serve(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    EXPORT.attach(theirs).unwrap();
    let mut sender = ours.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            // The export may hang up at any time.
            if first & 1 != 0 {
                let _ = sender.write_all(&NEGOTIATION);
            }
            let _ = sender.write_all(data);
            let _ = sender.shutdown(Shutdown::Write);
        });
        let mut buffer = [0; 4096];
        loop {
            match ours.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::ConnectionReset => break,
                // libFuzzer's timer.
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => panic!("the export hangs: {e}"),
            }
        }
    });
}
