//! A snapshot as XML describes it: `<domainsnapshot>`.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::block::Format;
use crate::domain::config::disk::{ImageDefinition, is_format};
use crate::domain::config::source::Source;
use crate::error::*;
use crate::xml::{self, Element, excerpt};

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN_SNAPSHOT;

/// What messages call the document.
const WHAT: &str = "domain_snapshot";

/// The longest name: it is the name of a file.
const NAME_MAX: usize = 240;

/// libvirt's words for what a domain was doing.
const STATES: [&str; 9] = [
    "nostate",
    "running",
    "blocked",
    "paused",
    "shutdown",
    "shutoff",
    "crashed",
    "pmsuspended",
    DISK_SNAPSHOT,
];

/// The state of a snapshot of the disks of a running domain.
pub const DISK_SNAPSHOT: &str = "disk-snapshot";

/// The state of a snapshot of a domain that was off.
pub const SHUTOFF: &str = "shutoff";

/// What becomes of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    No,
    /// A snapshot within the image.
    Internal,
    /// What is written from then on goes to a new image on top.
    External,
    /// The caller sees to it.
    Manual,
}

impl Mode {
    pub fn from_word(word: &str) -> Option<Mode> {
        [Mode::No, Mode::Internal, Mode::External, Mode::Manual]
            .into_iter()
            .find(|mode| mode.word() == word)
    }

    pub fn word(self) -> &'static str {
        match self {
            Mode::No => "no",
            Mode::Internal => "internal",
            Mode::External => "external",
            Mode::Manual => "manual",
        }
    }
}

/// A disk of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotDisk {
    /// Its target; in a caller's document also the path of its image.
    pub name: String,
    /// `None`: as the domain's definition wants it.
    pub mode: Option<Mode>,
    /// Of the new image.
    pub format: Option<String>,
    /// Where the new image is.
    pub source: Option<Source>,
    /// The type of its source.
    pub kind: String,
}

impl SnapshotDisk {
    /// One of which only the name and the mode are known.
    pub fn new(name: &str, mode: Option<Mode>) -> SnapshotDisk {
        let (name, kind) = (name.to_string(), "file".to_string());
        SnapshotDisk { name, mode, format: None, source: None, kind }
    }

    fn parse(element: &Element) -> Result<SnapshotDisk> {
        let name = element.attr("name").filter(|name| !name.is_empty());
        let name =
            name.ok_or_else(|| Error::internal(DOMAIN, "missing name from disk snapshot element"))?;
        let mode = match element.attr("snapshot") {
            Some(word) => Some(Mode::from_word(word).ok_or_else(|| bad_mode(element, word))?),
            None => None,
        };
        let format = element.child("driver").and_then(|driver| driver.attr("type"));
        if let Some(word) = format.filter(|word| !is_format(word)) {
            let text = format!("unknown disk snapshot driver '{}'", excerpt(word));
            return Err(unsupported(text));
        }
        let image = ImageDefinition::parse(element, format.unwrap_or(Format::OVERLAY.name()))?;
        let source = image.map(|image| image.source);
        if let Some(Source::File(path) | Source::Block(path)) = &source
            && !path.is_absolute()
        {
            let path = excerpt(&path.to_string_lossy()).to_string();
            let text = format!("disk snapshot image path '{path}' must be absolute");
            return Err(Error::new(VIR_ERR_XML_ERROR, DOMAIN, text));
        }
        let said = source.is_some() || format.is_some();
        Ok(SnapshotDisk {
            name: name.to_string(),
            mode: mode.or_else(|| said.then_some(Mode::External)),
            format: format.map(str::to_string),
            source,
            kind: element.attr("type").unwrap_or("file").to_string(),
        })
    }

    fn element(&self) -> Element {
        let mode = self.mode.unwrap_or(Mode::No);
        let mut disk = Element::new("disk").with_attr("name", &self.name);
        disk.set_attr("snapshot", mode.word());
        if mode != Mode::External {
            return disk;
        }
        disk.set_attr("type", &self.kind);
        if let Some(format) = &self.format {
            disk.push(Element::new("driver").with_attr("type", format));
        }
        match &self.source {
            Some(Source::File(path)) => disk.push(source("file", path)),
            Some(Source::Block(path)) => disk.push(source("dev", path)),
            _ => {}
        }
        disk
    }

    /// The local file or device of the new image.
    pub fn path(&self) -> Option<&Path> {
        match &self.source {
            Some(Source::File(path) | Source::Block(path)) => Some(path),
            _ => None,
        }
    }

    /// Gives the new image the default name: that of the image below, with the snapshot's as its
    /// extension.
    pub fn name_after(&mut self, below: &Path, snapshot: &str) {
        // Not an extension as Rust has it: ".a" is one as well.
        let path = below.to_string_lossy();
        let base = path.rsplit_once('/').map_or(0, |(folder, _)| folder.len() + 1);
        let stem = path[base..].rfind('.').map_or(&*path, |dot| &path[..base + dot]);
        self.source = Some(Source::File(PathBuf::from(format!("{stem}.{snapshot}"))));
    }
}

fn source(attr: &str, path: &Path) -> Element {
    Element::new("source").with_attr(attr, path.display())
}

fn bad_mode(element: &Element, word: &str) -> Error {
    let text = format!(
        "Invalid value for attribute 'snapshot' in element '{}': '{}'.",
        element.name,
        excerpt(word)
    );
    Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, text)
}

pub fn unsupported(text: impl Into<String>) -> Error {
    Error::new(VIR_ERR_CONFIG_UNSUPPORTED, DOMAIN, text)
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub name: String,
    pub description: Option<String>,
    /// What the domain was doing.
    pub state: String,
    /// The snapshot that was the current one.
    pub parent: Option<String>,
    /// In seconds since 1970.
    pub created: i64,
    pub memory: Element,
    pub disks: Vec<SnapshotDisk>,
    /// The domain as it was, as `<domain>` and `<inactiveDomain>`.
    pub domain: Option<Element>,
    pub inactive: Option<Element>,
}

fn xml_error(text: &str) -> Error {
    Error::new(VIR_ERR_XML_ERROR, DOMAIN, text)
}

impl Description {
    /// Reads a caller's description of a new snapshot: of everything (`whole`), or of disks. Without a name
    /// it is called by the time.
    ///
    /// Errors: VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
    /// VIR_ERR_INTERNAL_ERROR.
    pub fn parse(text: &str, whole: bool) -> Result<Description> {
        let root = xml::parse(text, WHAT, DOMAIN)?;
        root.expect_name("domainsnapshot")?;
        let created = now();
        let name = root.text_of("name").unwrap_or_else(|| created.to_string());
        check_name(&name)?;
        let memory = memory(&root)?;
        let mode = memory.attr("snapshot");
        if whole && mode == Some("external") {
            return Err(unsupported("memory is not saved to files"));
        }
        if !whole && mode != Some("no") {
            return Err(xml_error(
                "memory state cannot be saved with offline or disk-only snapshot",
            ));
        }
        Ok(Description {
            name,
            description: root.text_of("description"),
            state: SHUTOFF.to_string(),
            parent: None,
            created,
            memory,
            disks: disks(&root)?,
            domain: None,
            inactive: None,
        })
    }

    /// Reads a caller's description of a snapshot that has been taken, of the domain of that UUID.
    ///
    /// Errors: those of [`Description::parse`], VIR_ERR_INVALID_ARG.
    pub fn parse_taken(text: &str, uuid: Uuid) -> Result<Description> {
        let taken = Description::of_taken(xml::parse(text, WHAT, DOMAIN)?)?;
        let said = taken.domain.as_ref().and_then(|domain| domain.text_of("uuid"));
        if said.as_deref().and_then(xml::parse_uuid) != Some(uuid) {
            let text = format!("definition for snapshot {} must use uuid {uuid}", taken.name);
            return Err(Error::new(VIR_ERR_INVALID_ARG, DOMAIN, text));
        }
        Ok(taken)
    }

    /// Reads a description that [`Description::to_xml`] has written.
    pub fn parse_stored(text: &str) -> Result<Description> {
        Description::of_taken(xml::parse_stored(text, WHAT, DOMAIN)?)
    }

    fn of_taken(root: Element) -> Result<Description> {
        root.expect_name("domainsnapshot")?;
        let name = root.text_of("name");
        let name = name.ok_or_else(|| xml_error("a redefined snapshot must have a name"))?;
        check_name(&name)?;
        let created = root.text_of("creationTime").and_then(|text| text.trim().parse().ok());
        let created = created.ok_or_else(|| {
            Error::internal(DOMAIN, "missing creationTime from existing snapshot")
        })?;
        let state = root.text_of("state");
        let state = state.ok_or_else(|| xml_error("missing state from existing snapshot"))?;
        if !STATES.contains(&state.as_str()) {
            let text = format!("Invalid state '{}' in domain snapshot XML", excerpt(&state));
            return Err(unsupported(text));
        }
        let memory = memory(&root)?;
        let disks = disks(&root)?;
        let domain = root.child("domain").cloned();
        if domain.is_none() {
            return Err(Error::internal(DOMAIN, "missing domain in snapshot"));
        }
        Ok(Description {
            name,
            description: root.text_of("description"),
            state,
            parent: root.child("parent").and_then(|parent| parent.text_of("name")),
            created,
            memory,
            disks,
            domain,
            inactive: root.child("inactiveDomain").cloned(),
        })
    }

    /// The document.
    pub fn to_xml(&self) -> String {
        let text = |name: &str, text: &str| Element::new(name).with_text(text);
        let mut root = Element::new("domainsnapshot").with_child(text("name", &self.name));
        if let Some(description) = &self.description {
            root.push(text("description", description));
        }
        root.push(text("state", &self.state));
        if let Some(parent) = &self.parent {
            root.push(Element::new("parent").with_child(text("name", parent)));
        }
        root.push(text("creationTime", &self.created.to_string()));
        root.push(self.memory.clone());
        if !self.disks.is_empty() {
            let mut disks = Element::new("disks");
            self.disks.iter().for_each(|disk| disks.push(disk.element()));
            root.push(disks);
        }
        [&self.domain, &self.inactive].into_iter().flatten().for_each(|e| root.push(e.clone()));
        root.to_xml()
    }

    /// Whether some of it is in files of its own.
    pub fn is_external(&self) -> bool {
        self.memory.attr("snapshot") == Some("external") || self.external_disks() > 0
    }

    /// How many of its disks have got a new image.
    pub fn external_disks(&self) -> usize {
        self.disks.iter().filter(|disk| disk.mode == Some(Mode::External)).count()
    }

    /// Whether something of it is in an image or a file.
    pub fn has_data(&self) -> bool {
        let in_image =
            |disk: &SnapshotDisk| matches!(disk.mode, Some(Mode::External | Mode::Internal));
        self.memory.attr("snapshot") != Some("no") || self.disks.iter().any(in_image)
    }

    /// Whether the domain was running, in memory as well.
    pub fn is_online(&self) -> bool {
        matches!(self.state.as_str(), "running" | "paused")
    }
}

fn memory(root: &Element) -> Result<Element> {
    let Some(element) = root.child("memory") else {
        return Ok(Element::new("memory").with_attr("snapshot", "no"));
    };
    let mut memory = element.clone();
    match memory.attr("snapshot") {
        Some("no" | "internal" | "external") => {}
        Some(word) => return Err(bad_mode(&memory, word)),
        None if memory.attr("file").is_some() => memory.set_attr("snapshot", "external"),
        None => memory.set_attr("snapshot", "no"),
    }
    Ok(memory)
}

fn disks(root: &Element) -> Result<Vec<SnapshotDisk>> {
    let disks = root.child("disks").into_iter().flat_map(|disks| disks.children("disk"));
    disks.map(SnapshotDisk::parse).collect()
}

/// Refuses a name that cannot be the name of a file.
pub fn check_name(name: &str) -> Result<()> {
    let refused = |rule: &str| {
        let text = format!("invalid snapshot name '{}': {rule}", excerpt(name));
        Err(Error::new(VIR_ERR_XML_DETAIL, VIR_FROM_DOMAIN, text))
    };
    if name.contains('/') {
        return refused("name can't contain '/'");
    }
    if name.starts_with('.') {
        return refused("name can't start with '.'");
    }
    if name.len() > NAME_MAX {
        return refused(&format!("name can't be longer than {NAME_MAX} bytes"));
    }
    Ok(())
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fails(text: &str, code: virErrorNumber, domain: virErrorDomain, message: &str) {
        let error = Description::parse(text, false).unwrap_err();
        assert_eq!((error.code, error.domain, error.message.as_str()), (code, domain, message));
    }

    fn disk(inside: &str) -> String {
        format!("<domainsnapshot><disks>{inside}</disks></domainsnapshot>")
    }

    /// Codes, domains and texts are those of libvirt 9.0.
    #[test]
    fn refusals_are_worded_as_libvirt_words_them() {
        const SNAPSHOT: virErrorDomain = VIR_FROM_DOMAIN_SNAPSHOT;
        for (text, code, domain, message) in [
            (
                "<x/>".to_string(),
                VIR_ERR_XML_ERROR,
                VIR_FROM_XML,
                "XML error: expecting root element of 'domainsnapshot', not 'x'",
            ),
            (
                "<domainsnapshot><memory snapshot='external' file='/x'/></domainsnapshot>".into(),
                VIR_ERR_XML_ERROR,
                SNAPSHOT,
                "XML error: memory state cannot be saved with offline or disk-only snapshot",
            ),
            (
                "<domainsnapshot><memory snapshot='bog'/></domainsnapshot>".into(),
                VIR_ERR_XML_ERROR,
                VIR_FROM_XML,
                "XML error: Invalid value for attribute 'snapshot' in element 'memory': 'bog'.",
            ),
            (
                disk("<disk/>"),
                VIR_ERR_INTERNAL_ERROR,
                SNAPSHOT,
                "internal error: missing name from disk snapshot element",
            ),
            (
                disk("<disk name='vda' snapshot='bogus'/>"),
                VIR_ERR_XML_ERROR,
                VIR_FROM_XML,
                "XML error: Invalid value for attribute 'snapshot' in element 'disk': 'bogus'.",
            ),
            (
                disk("<disk name='vda' type='bog'/>"),
                VIR_ERR_XML_ERROR,
                VIR_FROM_XML,
                "XML error: Invalid value for attribute 'type' in element 'disk': 'bog'.",
            ),
            (
                disk("<disk name='vda'><driver type='bog'/></disk>"),
                VIR_ERR_CONFIG_UNSUPPORTED,
                SNAPSHOT,
                "unsupported configuration: unknown disk snapshot driver 'bog'",
            ),
            (
                disk("<disk name='vda'><source file='rel'/></disk>"),
                VIR_ERR_XML_ERROR,
                SNAPSHOT,
                "XML error: disk snapshot image path 'rel' must be absolute",
            ),
        ] {
            fails(&text, code, domain, message);
        }
        for (name, rule) in [("a/b", "contain '/'"), (".a", "start with '.'")] {
            let text = format!("<domainsnapshot><name>{name}</name></domainsnapshot>");
            let error = Description::parse(&text, false).unwrap_err();
            assert_eq!(error.message, format!("invalid snapshot name '{name}': name can't {rule}"));
        }
    }

    #[test]
    fn default_names_have_the_snapshot_as_extension() {
        for (below, name) in [
            ("/a/b.qcow2", "/a/b.s"),
            ("/a.d/b", "/a.d/b.s"),
            ("/a/b.c.d", "/a/b.c.s"),
            ("/a/.b", "/a/.s"),
            ("b", "b.s"),
        ] {
            let mut disk = SnapshotDisk::new("vda", None);
            disk.name_after(Path::new(below), "s");
            assert_eq!(disk.path(), Some(Path::new(name)));
        }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let text = "<domainsnapshot><name>s</name><description>a&lt;b</description>\
            <disks><disk name='vda'/><disk name='vdb'><source file='/b'/></disk></disks>\
            </domainsnapshot>";
        let mut snapshot = Description::parse(text, false).unwrap();
        assert_eq!(snapshot.external_disks(), 1);
        snapshot.parent = Some("p".to_string());
        snapshot.disks[0].mode = Some(Mode::No);
        snapshot.domain = Some(Element::new("domain"));
        let again = Description::parse_stored(&snapshot.to_xml()).unwrap();
        assert_eq!(again, snapshot);
    }
}
