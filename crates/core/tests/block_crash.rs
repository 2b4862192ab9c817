//! Processes that are killed during a job: the definition can be parsed and its chain exists, the
//! images are intact, and they have all data that a guest has flushed.
//!
//! The guest is this process; the domain runs in another process that is killed. Then a domain with
//! the same state is started here. CRASH_KILLS sets how many times.

mod job_support;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use job_support::*;
use virsparse_block::Node;
use virsparse_block::nbd::NbdNode;
use virsparse_core::domain::{BandwidthFlags, DestroyFlags, StartFlags, UriFlags, XmlFlags};

const BLOCK: u64 = 4096;
const SIZE: u64 = 8 << 20;
const BLOCKS: u64 = SIZE / BLOCK;

/// Three images with data of their own. Each block begins with a number that identifies its writer.
fn make_template(folder: &Path) {
    let path = |name: &str| folder.join(name);
    let size = SIZE.to_string();
    let (base, mid, top) = (path("base"), path("mid"), path("top"));
    run("qemu-img", &["create", "-q", "-f", "raw", show(&base), &size]);
    run("qemu-img", &["create", "-q", "-f", "qcow2", "-b", "base", "-F", "raw", show(&mid)]);
    run("qemu-img", &["create", "-q", "-f", "qcow2", "-b", "mid", "-F", "qcow2", show(&top)]);
    for (image, format, commands) in [
        (&base, "raw", ["write -P 1 0 3M", "write -P 2 5M 1M"]),
        (&mid, "qcow2", ["write -P 3 1M 1500k", "write -z 5M 256k"]),
        (&top, "qcow2", ["write -P 4 2M 1M", "write -P 5 7M 128k"]),
    ] {
        run("qemu-io", &["-f", format, "-c", commands[0], "-c", commands[1], show(image)]);
    }
}

/// What the bytes of every block are, or may be.
struct Model {
    /// As it was when it was last flushed.
    flushed: Vec<Vec<u8>>,
    /// What has been written since; the last may not have been answered.
    pending: HashMap<u64, Vec<Vec<u8>>>,
    flushes: u64,
}

impl Model {
    fn new(bytes: &[u8]) -> Model {
        let flushed = bytes.chunks(BLOCK as usize).map(<[u8]>::to_vec).collect();
        Model { flushed, pending: HashMap::new(), flushes: 0 }
    }

    fn flushed(&mut self) {
        for (block, mut values) in self.pending.drain() {
            self.flushed[block as usize] = values.pop().expect("a value");
        }
        self.flushes += 1;
    }

    fn check(&self, bytes: &[u8], what: &str) {
        assert_eq!(bytes.len() as u64, SIZE, "{what}");
        for (number, block) in bytes.chunks(BLOCK as usize).enumerate() {
            let pending = self.pending.get(&(number as u64));
            let known = self.flushed[number] == block
                || pending.is_some_and(|values| values.iter().any(|value| value == block));
            assert!(known, "{what}: block {number} begins with {:?}", &block[..16]);
        }
    }
}

/// Writes until the server is gone.
fn guest(uri: &str, seed: u64, model: &mut Model, gone: &AtomicBool) {
    let Ok(node) = NbdNode::connect(uri) else { return };
    let mut state = seed;
    for stamp in 1u64.. {
        if gone.load(Ordering::Acquire) {
            return;
        }
        if random(&mut state).is_multiple_of(8) {
            if node.flush().is_err() {
                return;
            }
            model.flushed();
            continue;
        }
        let block = random(&mut state) % BLOCKS;
        let zero = random(&mut state).is_multiple_of(6);
        let mut bytes = vec![0; BLOCK as usize];
        if !zero {
            bytes[..8].copy_from_slice(&stamp.to_be_bytes());
            bytes[8..].fill((seed % 200) as u8 + 20);
        }
        model.pending.entry(block).or_default().push(bytes.clone());
        let done = match zero {
            true => node.write_zeroes(block * BLOCK, BLOCK, true),
            false => node.write_at(&bytes, block * BLOCK),
        };
        if done.is_err() {
            return;
        }
        std::thread::sleep(Duration::from_micros(random(&mut state) % 500));
    }
}

/// When the processes of one kind are killed: as late as they take, and a little later.
struct Span {
    begin: f64,
    pivot: f64,
}

struct Served {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Served {
    /// Starts a process that serves the domain and works on it.
    fn start(folder: &Path, work: usize, speed: u64) -> Served {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "the_process_that_is_killed", "--nocapture"])
            .env("CRASH_FOLDER", folder)
            .env("CRASH_WORK", work.to_string())
            .env("CRASH_SPEED", speed.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start a process");
        let lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        Served { child, lines }
    }

    /// Waits until it says something that begins with `word`; the rest of it.
    fn says(&mut self, word: &str) -> Option<String> {
        for line in self.lines.by_ref() {
            let line = line.expect("a line");
            if let Some((_, rest)) = line.split_once(&format!("CRASH {word}")) {
                return Some(rest.trim().to_string());
            }
        }
        None
    }

    fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }
}

/// What kills have met.
#[derive(Debug, Default)]
struct Tally {
    /// The job had not ended.
    working: u64,
    /// The definition named another image already.
    moved: u64,
    flushes: u64,
}

/// Kills once.
fn crash(template: &Path, work: usize, state: &mut u64, span: &mut Span, tally: &mut Tally) {
    let folder = tempfile::tempdir().expect("folder");
    let images = folder.path().join("images");
    std::fs::create_dir(&images).expect("create");
    for name in ["base", "mid", "top"] {
        std::fs::copy(template.join(name), images.join(name)).expect("copy");
    }
    let initial = std::fs::read(template.join("bytes")).expect("bytes");
    let mut model = Model::new(&initial);
    let kind = WORKS[work];
    let speed = match random(state) % 3 {
        0 => 40 << 20,
        _ => 0,
    };
    let mut served = Served::start(folder.path(), work, speed);
    let uri = served.says("uri").expect("an address");
    let gone = AtomicBool::new(false);
    let near = kind.pivots() && random(state).is_multiple_of(2);
    let part = (random(state) % 1000) as f64 / 1000.0;
    let seed = random(state);
    std::thread::scope(|scope| {
        let (model, gone) = (&mut model, &gone);
        scope.spawn(move || guest(&uri, seed, model, gone));
        // The guest has a head start.
        std::thread::sleep(Duration::from_millis(random(state) % 20));
        served.child.stdin.take();
        let (word, usual) = match near {
            true => ("pivot", &mut span.pivot),
            false => ("begin", &mut span.begin),
        };
        served.says(word).expect("a job");
        let began = Instant::now();
        let wait = Duration::from_secs_f64(*usual * part);
        let killed = {
            std::thread::sleep(wait);
            served.kill();
            began.elapsed().as_secs_f64()
        };
        gone.store(true, Ordering::Release);
        // What it said before it was killed tells whether that was early.
        *usual = match served.says("end") {
            Some(_) => (*usual * 0.9).max(0.002),
            None => {
                tally.working += 1;
                (*usual * 1.1).max(killed * 1.1).min(2.0)
            }
        };
    });
    let what = format!("{kind:?}, speed {speed}, near the pivot: {near}");
    tally.moved += u64::from(verify(folder.path(), kind, &model, &what));
    tally.flushes += model.flushes;
}

/// Checks the state after the kill; returns whether the disk has another active layer than before.
fn verify(folder: &Path, kind: Work, model: &Model, what: &str) -> bool {
    let connect = connect(&folder.join("root"));
    let domain = connect.domains().domain_by_name(NAME).expect("the definition");
    assert!(!domain.is_active().expect("active"), "{what}");
    let (image, format) = image_of(&domain.xml(XmlFlags::empty()).expect("XML"));
    let images = folder.join("images");
    let (result, result_format) = kind.result();
    let before = (images.join("top"), "qcow2".to_string());
    let after = (images.join(result), result_format.to_string());
    let found = (image.clone(), format.clone());
    assert!(found == before || found == after, "{what}: {found:?}");
    let chain =
        run("qemu-img", &["info", "--backing-chain", "--output=json", "-f", &format, show(&image)]);
    assert!(chain.contains("\"virtual-size\": 8388608"), "{what}: {chain}");
    for name in ["mid", "top", "copy"] {
        let path = images.join(name);
        // Only the images of the definition must be intact.
        if !path.exists() || !chain.contains(&format!("\"{}\"", show(&path))) && path != image {
            continue;
        }
        if path == image && format == "raw" {
            continue;
        }
        let check = Command::new("qemu-img")
            .args(["check", "-q", "-f", "qcow2", show(&path)])
            .output()
            .expect("check");
        // 3 is for leaks.
        let code = check.status.code();
        assert!(matches!(code, Some(0 | 3)), "{what}: {name}: {check:?}");
    }
    let bytes = folder.join("bytes");
    run("qemu-img", &["convert", "-f", &format, "-O", "raw", show(&image), show(&bytes)]);
    model.check(&std::fs::read(&bytes).expect("bytes"), what);
    // What we read ourselves is the same.
    domain.create(StartFlags::empty()).expect(what);
    let node =
        NbdNode::connect(&domain.disk_uri("vda", UriFlags::empty()).expect("address")).expect(what);
    let mut read = vec![0; SIZE as usize];
    for at in (0..SIZE).step_by(1 << 20) {
        let part = &mut read[at as usize..][..1 << 20];
        assert_eq!(node.read_at(part, at).expect(what), 1 << 20);
    }
    assert!(read == std::fs::read(&bytes).expect("bytes"), "{what}");
    drop(node);
    domain.destroy(DestroyFlags::empty()).expect(what);
    found != before
}

#[test]
fn flushed_data_survives_a_kill() {
    let template = tempfile::tempdir().expect("folder");
    make_template(template.path());
    let (top, bytes) = (template.path().join("top"), template.path().join("bytes"));
    run("qemu-img", &["convert", "-f", "qcow2", "-O", "raw", show(&top), show(&bytes)]);
    let mut state = setting("CRASH_SEED", 1);
    let mut spans: Vec<Span> = WORKS.iter().map(|_| Span { begin: 0.1, pivot: 0.02 }).collect();
    let (kills, mut tally) = (setting("CRASH_KILLS", 50), Tally::default());
    let mut number = 0;
    // On a busy machine more of them come before the work begins, or after it has ended.
    while number < kills || tally.working <= kills / 4 && number < 4 * kills {
        let work = number as usize % WORKS.len();
        crash(template.path(), work, &mut state, &mut spans[work], &mut tally);
        number += 1;
    }
    println!("{number} kills: {tally:?}");
    assert!(tally.flushes > 0 && tally.working > kills / 4, "{tally:?}");
}

/// Not a test by itself: what the other one starts.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os("CRASH_FOLDER") else { return };
    let folder = Path::new(&folder);
    let work = WORKS[setting("CRASH_WORK", 0) as usize];
    let connect = connect(&folder.join("root"));
    let images = folder.join("images");
    let domain = start(&connect, &images.join("top"), "qcow2");
    println!("CRASH uri {}", domain.disk_uri("vda", UriFlags::empty()).expect("address"));
    // Nobody writes to it: it ends when the guest is there.
    let _ = std::io::stdin().read_line(&mut String::new());
    println!("CRASH begin");
    let speed = setting("CRASH_SPEED", 0);
    work.start(&domain, &images, speed);
    if speed > 0 {
        // A guest that writes faster than a limited copy would keep it from being ready.
        std::thread::sleep(Duration::from_millis(50));
        // It may have ended.
        let _ = domain.set_block_job_speed("vda", 0, BandwidthFlags::BYTES);
    }
    wait(&domain);
    if work.pivots() {
        println!("CRASH pivot");
        pivot(&domain);
    }
    println!("CRASH end");
    std::thread::sleep(Duration::from_secs(60));
}
