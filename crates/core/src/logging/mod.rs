//! The log: off unless the environment or the program asks for it.
//!
//! Code writes with the macros of the `log` crate. While nobody listens, each of them costs one
//! relaxed load and evaluates nothing. docs/debugging.md tells users what they can read.

mod output;
mod settings;

use std::cell::Cell;
use std::sync::{Arc, Once, OnceLock, RwLock};
use std::time::SystemTime;

use log::{LevelFilter, Log, Metadata, Record};

use crate::error::*;
use output::Output;
use settings::Settings;

/// A program's own log function. It may be called from any thread, also while locks are held.
pub trait Listener: Send + Sync {
    fn hear(&self, level: log::Level, source: &str, text: &str);
}

struct Listening {
    level: LevelFilter,
    listener: Arc<dyn Listener>,
}

struct Logger;

static LOGGER: Logger = Logger;
/// What the environment asks for; set once.
static ENVIRONMENT: OnceLock<(Settings, Vec<Output>)> = OnceLock::new();
static LISTENING: RwLock<Option<Listening>> = RwLock::new(None);

thread_local! {
    /// This thread is inside of a program's log function.
    static IN_LISTENER: Cell<bool> = const { Cell::new(false) };
}

/// Reads the environment, once for the process: LIBVIRT_DEBUG, LIBVIRT_LOG_FILTERS and
/// LIBVIRT_LOG_OUTPUTS. A program that runs with another user's rights is not told what to write.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let settings = Settings::read(|name| crate::sys::secure_env(name)?.into_string().ok());
        if !settings.is_on() {
            return;
        }
        let outputs = settings.outputs.iter().filter_map(Output::open).collect();
        let complaints = settings.complaints.clone();
        if ENVIRONMENT.set((settings, outputs)).is_ok() {
            set_level();
        }
        for complaint in complaints {
            log::warn!("{complaint}");
        }
    });
}

/// Has `listener` called with what is at least as serious as `level`; `None` ends that. A call that
/// is under way on another thread may still be at work when this returns.
pub fn set_listener(listener: Option<(LevelFilter, Arc<dyn Listener>)>) -> Result<()> {
    init();
    let new = listener.map(|(level, listener)| Listening { level, listener });
    if new.is_some() && !is_ours() {
        let text = "the process's log belongs to a Rust program that has set its own logger";
        return Err(Error::new(VIR_ERR_OPERATION_INVALID, VIR_FROM_NONE, text));
    }
    let old = std::mem::replace(&mut *LISTENING.write().unwrap_or_else(|e| e.into_inner()), new);
    // Outside of the lock: it may run a function of the program's.
    drop(old);
    set_level();
    Ok(())
}

/// This thread is inside of a program's log function, which may run while locks are held.
pub fn is_in_listener() -> bool {
    IN_LISTENER.get()
}

/// Whether this is the logger of the `log` crate. It is not if a Rust program has set another: that
/// one gets all messages then, and decides what becomes of them.
fn is_ours() -> bool {
    static OURS: OnceLock<bool> = OnceLock::new();
    *OURS.get_or_init(|| log::set_logger(&LOGGER).is_ok())
}

/// Sets how much is asked for by anybody.
fn set_level() {
    if is_ours() {
        let environment = ENVIRONMENT.get().map_or(LevelFilter::Off, |(s, _)| s.most());
        let listening = LISTENING.read().unwrap_or_else(|e| e.into_inner());
        let listener = listening.as_ref().map_or(LevelFilter::Off, |listening| listening.level);
        log::set_max_level(environment.max(listener));
    }
}

/// "storage.pool" of "virsparse_core::storage::pool", "block.qcow2" of "virsparse_block::qcow2", and
/// "capi.call" of "virsparse::call", the C boundary.
fn source(target: &str) -> String {
    let (layer, path) = target.split_once("::").unwrap_or(("", target));
    let path = path.replace("::", ".");
    match layer {
        "virsparse" => format!("capi.{path}"),
        "virsparse_block" => format!("block.{path}"),
        _ => path,
    }
}

impl Log for Logger {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        // What a log function causes is not told to it, or it would never end.
        if IN_LISTENER.get() {
            return;
        }
        let source = source(record.target());
        if let Some((settings, outputs)) = ENVIRONMENT.get()
            && record.level() <= settings.level_for(&source)
        {
            let line = line(record, &source);
            for output in outputs {
                output.write(record.level(), &line);
            }
        }
        // Not waited for: only a change holds it for writing, and a child of fork may have been
        // made in the midst of one.
        let listener = match LISTENING.try_read() {
            Ok(listening) => listening
                .as_ref()
                .filter(|listening| record.level() <= listening.level)
                .map(|listening| listening.listener.clone()),
            Err(_) => None,
        };
        if let Some(listener) = listener {
            IN_LISTENER.set(true);
            listener.hear(record.level(), &source, &record.args().to_string());
            IN_LISTENER.set(false);
        }
    }

    fn flush(&self) {}
}

/// One line, as libvirt's logs have them: time, thread, level, source, text. Line ends inside the text
/// would let a stranger's names look like lines of ours.
fn line(record: &Record, source: &str) -> String {
    let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let time = time.trim_end_matches('Z').replace('T', " ");
    let thread = nix::unistd::gettid();
    let level = settings::name(record.level());
    let number = record.line().unwrap_or(0);
    let text = record.args().to_string().replace(['\n', '\r'], " ");
    format!("{time}+0000: {thread}: {level} : {source}:{number} : {text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_the_module_without_the_crate() {
        assert_eq!(source("virsparse_core::storage::pool"), "storage.pool");
        assert_eq!(source("virsparse_block::qcow2"), "block.qcow2");
        assert_eq!(source("virsparse::call"), "capi.call");
        assert_eq!(source("virsparse"), "virsparse");
    }

    #[test]
    fn a_line_has_time_thread_level_source_and_one_line_of_text() {
        let record = Record::builder()
            .level(log::Level::Warn)
            .line(Some(7))
            .args(format_args!("a\nb"))
            .build();
        let line = line(&record, "storage.pool");
        let (time, rest) = line.split_once("+0000: ").unwrap();
        assert_eq!(time.len(), "2026-01-02 03:04:05.678".len());
        let (thread, rest) = rest.split_once(": ").unwrap();
        assert_eq!(thread, nix::unistd::gettid().to_string());
        assert_eq!(rest, "warning : storage.pool:7 : a b\n");
    }
}
