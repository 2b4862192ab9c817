//! `test:///path/to/file.xml`: what a connection in memory begins with, in the format of libvirt's test
//! driver. The file is the caller's. What it describes and is not known here is logged and left out;
//! what is wrong in it is refused.

use std::fs::OpenOptions;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use virsparse_base::errno::Errno;
use virsparse_base::memory::fallible;

use super::{Connect, Credentials, Wanted};
use crate::domain::{DefineFlags, Domain, SnapshotCreateFlags, StartFlags, State};
use crate::error::*;
use crate::host::{NodeInfo, TestHost};
use crate::storage::{CreateFlags, CreateVolumeFlags};
use crate::sys;
use crate::xml::{self, Element, MAX_TEXT, Node, excerpt};

/// The namespace of what libvirt's test driver adds to a `<domain>`.
const NAMESPACE: &str = "http://libvirt.org/schemas/domain/test/1.0";

/// The elements of that namespace.
const ADDED: [&str; 4] = ["runstate", "transient", "hasmanagedsave", "domainsnapshot"];

/// Bytes of all files that belong to one connection, at most.
const MOST_TEXT: usize = 4 * MAX_TEXT;

/// The longest name of a model, without a NUL.
const MODEL_MAX: usize = 31;

/// The contents of a connection.
pub struct TestFile {
    path: PathBuf,
    root: Element,
    /// Bytes that the other files of the connection may still have.
    left: usize,
}

/// What a file says of a domain beside its definition.
struct Run {
    state: State,
    transient: bool,
    saved: bool,
    snapshots: Vec<Element>,
}

fn xml_error(problem: impl Into<String>) -> Error {
    Error::new(VIR_ERR_XML_ERROR, VIR_FROM_TEST, problem)
}

/// Whether an error says that a thing is not known here, and not that it is wrong.
fn is_unknown(error: &Error) -> bool {
    matches!(
        error.code,
        VIR_ERR_CONFIG_UNSUPPORTED
            | VIR_ERR_OPERATION_UNSUPPORTED
            | VIR_ERR_ARGUMENT_UNSUPPORTED
            | VIR_ERR_NO_SUPPORT
    )
}

/// Logs what is not known here: the rest of the file counts all the same.
fn known<T>(what: &str, made: Result<T>) -> Result<Option<T>> {
    match made {
        Err(error) if is_unknown(&error) => {
            log::warn!("{what} of test:/// is left out: {error}");
            Ok(None)
        }
        made => made.map(Some),
    }
}

/// What the log calls an element.
fn shown(element: &Element) -> String {
    let name = element.text_of("name").unwrap_or_default();
    format!("{} '{}'", element.name, excerpt(&name))
}

/// Reads a file of at most `most` bytes, with its length.
fn read(path: &Path, root: &str, most: usize) -> Result<(Element, usize)> {
    let shown = path.display().to_string();
    let failed = |errno: Errno| {
        let cause = errno_text(errno.raw());
        xml_error(format!("failed to parse xml document '{}': {cause}", excerpt(&shown)))
    };
    // A FIFO would wait for its other end; a device may have no end.
    let file = sys::open_promptly(path, OpenOptions::new().read(true), 0);
    let file = file.map_err(|e| failed(errno_of(&e)))?;
    let metadata = file.metadata().map_err(|e| failed(errno_of(&e)))?;
    if !metadata.is_file() {
        return Err(failed(if metadata.is_dir() { Errno::EISDIR } else { Errno::EINVAL }));
    }
    let mut bytes = Vec::new();
    fallible(|| file.take(most as u64 + 1).read_to_end(&mut bytes))
        .map_err(|e| failed(errno_of(&e)))?;
    if bytes.len() > most {
        return Err(failed(Errno::EFBIG));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed(Errno::EILSEQ))?;
    let element = xml::parse_file(&text, &shown, VIR_FROM_TEST)?;
    element.expect_name(root)?;
    Ok((element, text.len()))
}

/// A number of a `<node>`, if it is said.
fn number(root: &Element, path: &[&str]) -> Result<Option<u64>> {
    let Some((name, above)) = path.split_last() else { return Ok(None) };
    let parent = above.iter().try_fold(root, |element, name| element.child(name));
    let Some(text) = parent.and_then(|parent| parent.text_of(name)) else { return Ok(None) };
    text.trim()
        .parse()
        .map(Some)
        .map_err(|_| xml_error(format!("invalid node {} value", path.join(" "))))
}

fn small(root: &Element, name: &str) -> Result<Option<u32>> {
    let invalid = || xml_error(format!("invalid node cpu {name} value"));
    let number = number(root, &["cpu", name])?;
    number.map(|number| u32::try_from(number).map_err(|_| invalid())).transpose()
}

impl TestFile {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<TestFile> {
        let (root, length) = read(path, "node", MAX_TEXT)?;
        Ok(TestFile { path: path.to_path_buf(), root, left: MOST_TEXT - length })
    }

    /// The machine.
    pub fn host(&self) -> Result<TestHost> {
        let plain = TestHost::without_cells().info;
        let part = |name, plain| small(&self.root, name).map(|said| said.unwrap_or(plain));
        let (nodes, sockets) = (part("nodes", plain.nodes)?, part("sockets", plain.sockets)?);
        let (cores, threads) = (part("cores", plain.cores)?, part("threads", plain.threads)?);
        let all = [nodes, sockets, cores, threads].into_iter().try_fold(1u32, u32::checked_mul);
        let all = all.ok_or_else(|| xml_error("invalid node cpu threads value"))?;
        let cpus = part("active", all)?.min(all);
        let mhz = part("mhz", plain.mhz)?;
        let model = self.root.child("cpu").and_then(|cpu| cpu.text_of("model"));
        let model = model.unwrap_or(plain.model);
        if model.len() > MODEL_MAX {
            let text = format!("Model {} too big for destination", excerpt(&model));
            return Err(Error::internal(VIR_FROM_TEST, text));
        }
        let memory = number(&self.root, &["memory"])?.unwrap_or(plain.memory);
        let info = NodeInfo { model, memory, cpus, mhz, nodes, sockets, cores, threads };
        Ok(TestHost { info, ..TestHost::without_cells() })
    }

    /// Lets only those in whom the file names, if it names any: a user without a password may have any.
    pub fn authenticate(&self, credentials: Option<&dyn Credentials>) -> Result<()> {
        let users: Vec<&Element> = match self.root.child("auth") {
            Some(auth) => auth.children("user").collect(),
            None => return Ok(()),
        };
        if users.is_empty() {
            return Ok(());
        }
        let credentials = credentials.ok_or_else(|| {
            Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_AUTH, "Missing authentication credentials")
        })?;
        let place = "localhost";
        let name = credentials.ask(Wanted::Name, &format!("Enter username for {place}"), place)?;
        let user = users.iter().find(|user| user.text() == name);
        if user.is_some_and(|user| user.attr("password").is_none()) {
            return Ok(());
        }
        // Who is not known is asked for a password all the same.
        let prompt = format!("Enter {name}'s password for {place}");
        let password = credentials.ask(Wanted::Password, &prompt, place)?;
        if user.and_then(|user| user.attr("password")) == Some(&password) {
            return Ok(());
        }
        let text = "authentication failed, see test XML for the correct username/password";
        Err(Error::new(VIR_ERR_AUTH_FAILED, VIR_FROM_TEST, text))
    }

    /// Makes what the file describes. What there is no kind of object for here is left out: networks,
    /// interfaces, devices.
    pub fn fill(mut self, connect: &Connect) -> Result<()> {
        // First, because domains have volumes as disks.
        for pool in self.all("pool")? {
            self.make_pool(connect, pool)?;
        }
        for domain in self.all("domain")? {
            self.make_domain(connect, domain)?;
        }
        Ok(())
    }

    /// The elements of a name, also those that are in files of their own.
    fn all(&mut self, name: &str) -> Result<Vec<Element>> {
        let here: Vec<Element> = self.root.children(name).cloned().collect();
        here.into_iter().map(|element| self.resolve(element)).collect()
    }

    /// What is in the file that an element names, or the element. The names in that file are not
    /// followed again.
    fn resolve(&mut self, element: Element) -> Result<Element> {
        let Some(name) = element.attr("file") else { return Ok(element) };
        let path = self.path.parent().unwrap_or(Path::new("/")).join(name);
        let root = element.name.rsplit(':').next().unwrap_or_default();
        let (found, length) = read(&path, root, self.left.min(MAX_TEXT))?;
        self.left -= length;
        Ok(found)
    }

    fn make_pool(&mut self, connect: &Connect, mut element: Element) -> Result<()> {
        let volumes: Vec<Element> = element.children("volume").cloned().collect();
        element.remove_children("volume");
        let what = shown(&element);
        let Some(pool) = known(&what, connect.storage().define_pool(&element.to_xml(), false))?
        else {
            return Ok(());
        };
        pool.create(CreateFlags::empty())?;
        for volume in volumes {
            let volume = self.resolve(volume)?;
            let what = format!("{} in {what}", shown(&volume));
            known(&what, pool.create_volume(&volume.to_xml(), CreateVolumeFlags::empty()))?;
        }
        Ok(())
    }

    fn make_domain(&mut self, connect: &Connect, mut element: Element) -> Result<()> {
        let what = shown(&element);
        let run = run(&element, &self.root)?;
        forget(&mut element, &self.root);
        let text = element.to_xml();
        let made = match run.transient {
            true => connect.domains().create_domain(&text, StartFlags::empty()),
            false => connect.domains().define_domain(&text, DefineFlags::empty()),
        };
        let Some(domain) = known(&what, made)? else { return Ok(()) };
        if run.saved {
            log::warn!(
                "{what} of test:/// has no saved state here: there is no memory to be saved"
            );
        }
        let snapshots: Result<Vec<Element>> =
            run.snapshots.into_iter().map(|snapshot| self.resolve(snapshot)).collect();
        for snapshot in snapshots? {
            let what = format!("{} of {what}", shown(&snapshot));
            // It may lack what is needed to know it, which is no reason to refuse its domain.
            match add_snapshot(&domain, snapshot) {
                Err(error)
                    if matches!(error.code, VIR_ERR_INVALID_ARG | VIR_ERR_INTERNAL_ERROR) =>
                {
                    log::warn!("{what} of test:/// is left out: {error}");
                }
                added => known(&what, added).map(drop)?,
            }
        }
        if run.state == State::Shutoff {
            return Ok(());
        }
        if !run.transient && known(&what, domain.create(StartFlags::empty()))?.is_none() {
            return Ok(());
        }
        domain.set_state(run.state)
    }
}

/// Adds a snapshot that the file says to have been taken. The one that is `<active>` is the current.
fn add_snapshot(domain: &Arc<Domain>, mut snapshot: Element) -> Result<()> {
    let current = snapshot.text_of("active").is_some_and(|text| text.trim() == "1");
    snapshot.name = "domainsnapshot".to_string();
    let flags = match current {
        true => SnapshotCreateFlags::REDEFINE | SnapshotCreateFlags::CURRENT,
        false => SnapshotCreateFlags::REDEFINE,
    };
    domain.create_snapshot(&snapshot.to_xml(), flags).map(drop)
}

/// Removes what libvirt's test driver has added: it is no part of the definition.
fn forget(domain: &mut Element, root: &Element) {
    let declared = Element {
        name: domain.name.clone(),
        attributes: domain.attributes.clone(),
        nodes: Vec::new(),
    };
    let around = [&declared, root];
    domain.nodes.retain(|node| match node {
        Node::Element(element) => !ADDED.iter().any(|name| element.is_in(NAMESPACE, name, &around)),
        _ => true,
    });
    domain.attributes.retain(|attribute| {
        !(attribute.name.starts_with("xmlns:") && attribute.value == NAMESPACE)
    });
}

/// What the elements of libvirt's test driver say of a domain.
fn run(domain: &Element, root: &Element) -> Result<Run> {
    let around = [domain, root];
    let find = |name| domain.elements().find(|element| element.is_in(NAMESPACE, name, &around));
    let state = match find("runstate").map(Element::text).filter(|text| !text.is_empty()) {
        None => State::Running,
        Some(text) => {
            let number: u32 = text.trim().parse().map_err(|_| xml_error("invalid runstate"))?;
            State::from_number(number)
                .ok_or_else(|| xml_error(format!("runstate '{number}' out of range'")))?
        }
    };
    let transient = find("transient").is_some();
    let saved = find("hasmanagedsave").is_some();
    if transient && state == State::Shutoff {
        return Err(xml_error("transient domain cannot have runstate 'shutoff'"));
    }
    let snapshots = domain.elements();
    let snapshots =
        snapshots.filter(|element| element.is_in(NAMESPACE, "domainsnapshot", &around)).cloned();
    Ok(Run { state, transient, saved, snapshots: snapshots.collect() })
}
