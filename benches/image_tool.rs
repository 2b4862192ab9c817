//! What `benches/images.py` measures of the block layer: a conversion, and small writes, each as one
//! process. Usage:
//!
//!     image-tool convert FORMAT SOURCE FORMAT TARGET [deflate|zstd]
//!     image-tool copy SOURCE TARGET
//!     image-tool bench IMAGE CACHE COUNT STEP FLUSH-EVERY THREADS
//!
//! A conversion leaves it to the system when the target reaches the medium, as `qemu-img convert`
//! does. A copy is one of raw bytes over what is there; either end may be an NBD URI. A bench writes 4 KiB at multiples of STEP, modulo the image's size, as `qemu-img bench` does.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::Instant;

use virsparse_block::copy::{CopyOptions, copy};
use virsparse_block::nbd::NbdNode;
use virsparse_block::qcow2::{Compression, CreateOptions, create};
use virsparse_block::{BlockError, Cache, FileNode, Format, Node, OpenOptions, open};

const BLOCK: u64 = 4096;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["convert", from, source, to, target] => convert(from, source, to, target, None),
        ["convert", from, source, to, target, how] => convert(from, source, to, target, Some(how)),
        ["copy", source, target] => copy_raw(source, target),
        ["bench", image, cache, count, step, every, threads] => {
            let numbers = [count, step, every, threads].map(|text| text.parse().unwrap_or(0));
            bench(image, cache, numbers)
        }
        _ => Err("see the source for what to say".to_string()),
    };
    if let Err(message) = done {
        eprintln!("image-tool: {message}");
        std::process::exit(1);
    }
}

fn say(error: BlockError) -> String {
    format!("{}: {}", error.what, error.errno.text())
}

fn format(name: &str) -> Result<Format, String> {
    Format::from_name(name).ok_or(format!("no format is called '{name}'"))
}

fn convert(
    from: &str,
    source: &str,
    to: &str,
    target: &str,
    how: Option<&str>,
) -> Result<(), String> {
    let source = open(Path::new(source), OpenOptions::new(format(from)?)).map_err(say)?;
    let length = source.length().map_err(say)?;
    let file = File::options().read(true).write(true).create_new(true).open(target);
    let file = FileNode::new(file.map_err(|e| format!("{target}: {e}"))?, target).map_err(say)?;
    let to = format(to)?;
    match to {
        Format::Raw => file.resize(length),
        Format::Qcow2 => {
            let compression = match how {
                Some("zstd") => Compression::Zstd,
                _ => Compression::Deflate,
            };
            create(&file, &CreateOptions { compression, ..CreateOptions::new(length) })
        }
    }
    .map_err(say)?;
    drop(file);
    let options = OpenOptions { writable: true, cache: Cache::Unsafe, ..OpenOptions::new(to) };
    let target = open(Path::new(target), options).map_err(say)?;
    let options = CopyOptions { zeroed: true, compress: how.is_some(), ..CopyOptions::new(length) };
    copy(&*source, &*target, options).and_then(|()| target.flush()).map_err(say)
}

/// What a name leads to: an NBD export, or a file.
fn raw(name: &str, writable: bool) -> Result<Arc<dyn Node>, String> {
    if name.starts_with("nbd") {
        return Ok(Arc::new(NbdNode::connect(name).map_err(say)?));
    }
    let file = File::options().read(true).write(writable).open(name);
    let file = file.map_err(|e| format!("{name}: {e}"))?;
    Ok(Arc::new(FileNode::new(file, name).map_err(say)?))
}

fn copy_raw(source: &str, target: &str) -> Result<(), String> {
    let (source, target) = (raw(source, false)?, raw(target, true)?);
    let length = source.length().map_err(say)?;
    copy(&*source, &*target, CopyOptions::new(length)).map_err(say)
}

fn bench(image: &str, cache: &str, numbers: [u64; 4]) -> Result<(), String> {
    let [count, step, every, threads] = numbers;
    if count == 0 || step == 0 || every == 0 || threads == 0 {
        return Err("numbers are at least 1".into());
    }
    let cache = Cache::from_name(cache).ok_or("no such cache mode")?;
    let options = OpenOptions { writable: true, cache, ..OpenOptions::new(Format::Qcow2) };
    let node = open(Path::new(image), options).map_err(say)?;
    let size = node.length().map_err(say)?;
    let barrier = Barrier::new(threads as usize);
    let started = Instant::now();
    // The others would wait for a thread that has failed.
    let sure = |done: Result<(), BlockError>| {
        if let Err(error) = done {
            eprintln!("image-tool: {}", say(error));
            std::process::exit(1);
        }
    };
    let work = |thread: u64| {
        let data = vec![0x5a; 2 * BLOCK as usize];
        let data = &data[data.as_ptr().align_offset(BLOCK as usize)..][..BLOCK as usize];
        for batch in (0..count).step_by(every as usize) {
            for number in (batch..count.min(batch + every)).filter(|n| n % threads == thread) {
                let offset = number * step % size / BLOCK * BLOCK;
                sure(node.write_at(data, offset));
            }
            if barrier.wait().is_leader() {
                sure(node.flush());
            }
            barrier.wait();
        }
    };
    std::thread::scope(|scope| {
        let work = &work;
        (0..threads).for_each(|thread| drop(scope.spawn(move || work(thread))));
    });
    println!("Run completed in {:.3} seconds.", started.elapsed().as_secs_f64());
    Ok(())
}
