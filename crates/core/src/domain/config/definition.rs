//! A domain's definition: the XML as it came, and what is read from it. The tree is what is kept
//! and shown, so that what is not used here survives.

use uuid::Uuid;

use super::disk::DiskDefinition;
use super::find_device;
use super::layout;
use super::nodeset::NodeSet;
use crate::error::*;
use crate::host::DOMAIN_TYPES;
use crate::units::{scaled, whole_number};
use crate::xml::{self, Element, Node, excerpt};

/// The namespace of what is added to the XML of running domains.
pub const NAMESPACE: &str = "urn:virsparse:domain:1";

/// The longest name: it is a part of file names.
const NAME_MAX: usize = 240;

/// What messages call the document.
const WHAT: &str = "domain_definition";

/// A domain as its owner described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    root: Element,
    pub name: String,
    pub uuid: Uuid,
    pub disks: Vec<DiskDefinition>,
    pub os_type: String,
    /// In KiB.
    pub max_memory: u64,
    pub memory: u64,
    pub max_vcpus: u16,
    pub vcpus: u16,
}

impl Definition {
    /// Reads a caller's definition. Without a UUID it gets one.
    ///
    /// Errors: VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_NO_NAME, VIR_ERR_NO_TARGET,
    /// VIR_ERR_NO_SOURCE, VIR_ERR_CONFIG_UNSUPPORTED, VIR_ERR_INTERNAL_ERROR (type, UUID),
    /// VIR_ERR_INVALID_ARG (sets of CPUs).
    pub fn parse(text: &str) -> Result<Definition> {
        let root = xml::parse(text, WHAT, VIR_FROM_DOMAIN)?;
        // What is kept was accepted once, and is read as it is.
        root.expect_name("domain")?;
        if root.attr("type").is_none_or(str::is_empty) {
            return Err(Error::internal(VIR_FROM_DOMAIN, "missing domain type attribute"));
        }
        check_cpu_sets(&root)?;
        memory_of_cells(&root)?;
        let definition = Definition::from_xml(root)?;
        if definition.max_memory == 0 {
            return Err(no_memory());
        }
        Ok(definition)
    }

    /// Reads a definition that [`Definition::to_xml`] has written.
    pub fn parse_stored(text: &str) -> Result<Definition> {
        Definition::from_xml(xml::parse_stored(text, WHAT, VIR_FROM_DOMAIN)?)
    }

    /// Reads a tree, in which what only describes a running domain is removed.
    pub fn from_xml(mut root: Element) -> Result<Definition> {
        root.expect_name("domain")?;
        if let Some(word) = root.attr("type").filter(|word| !DOMAIN_TYPES.contains(word)) {
            let text = format!("invalid domain type {}", excerpt(word));
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let name = name(&root)?;
        let uuid = match root.text_of("uuid") {
            Some(text) => xml::parse_uuid(&text)
                .ok_or_else(|| Error::internal(VIR_FROM_DOMAIN, "malformed uuid element"))?,
            None => Uuid::new_v4(),
        };
        if root.text_of("title").is_some_and(|title| title.contains('\n')) {
            return Err(xml_error("Domain title can't contain newlines"));
        }
        let os_type = root.child("os").and_then(|os| os.text_of("type"));
        // What loads a guest from outside runs one of Xen's.
        let os_type = os_type.or_else(|| root.text_of("bootloader").map(|_| "xen".to_string()));
        let os_type = os_type.ok_or_else(|| xml_error("an os <type> must be specified"))?;
        let max_memory = match memory(&root, "memory")?.filter(|size| *size > 0) {
            Some(size) => size,
            None => {
                let of_cells = memory_of_cells(&root)?;
                if of_cells.is_some() {
                    layout::change(&mut root, "memory", |_| ());
                }
                let said = root.child("memory").map(|_| 0);
                of_cells.or(said).ok_or_else(no_memory)?
            }
        };
        let memory = memory(&root, "currentMemory")?.unwrap_or(max_memory).min(max_memory);
        let (max_vcpus, vcpus) = vcpus(&root)?;
        root.remove_attr("id");
        root.nodes.retain(|node| match node {
            Node::Element(element) => !element.is_in(NAMESPACE, "holder", &[]),
            _ => true,
        });
        set_uuid(&mut root, uuid);
        for (name, size) in [("memory", max_memory), ("currentMemory", memory)] {
            if let Some(element) = root.child_mut(name) {
                element.set_attr("unit", "KiB");
                element.nodes = vec![Node::Text(size.to_string())];
            }
        }
        if let Some(devices) = root.child_mut("devices") {
            for disk in children_mut(devices, "disk") {
                forget_running(disk);
                // Readers of descriptions expect them, and libvirt always writes them.
                set_missing(disk, "type", "file");
                set_missing(disk, "device", "disk");
            }
        }
        let disks = disks(&root)?;
        Ok(Definition { root, name, uuid, disks, os_type, max_memory, memory, max_vcpus, vcpus })
    }

    /// The tree.
    pub fn root(&self) -> &Element {
        &self.root
    }

    /// The document.
    pub fn to_xml(&self) -> String {
        self.root.to_xml()
    }

    /// Whether both are the same document, also if one has been read from what was written of the other.
    pub fn says_the_same_as(&self, other: &Definition) -> bool {
        self == other || self.to_xml() == other.to_xml()
    }

    /// The document of a running domain. `describe` adds to a disk, by its target, what is known of
    /// it while it runs; `holder` is what says of the domain which process runs it.
    pub fn live_xml(
        &self,
        id: i32,
        holder: Option<Element>,
        describe: impl Fn(&str, &mut Element),
    ) -> String {
        let mut root = self.root.clone();
        root.set_attr("id", id);
        if let Some(holder) = holder {
            root.push(holder);
        }
        if let Some(devices) = root.child_mut("devices") {
            for disk in children_mut(devices, "disk") {
                if let Some(target) = target_of(disk).map(str::to_string) {
                    describe(&target, disk);
                }
            }
        }
        root.to_xml()
    }

    /// The disk that callers call `name`: its target, or the path of its image.
    pub fn disk(&self, name: &str) -> Option<&DiskDefinition> {
        let named = self.disks.iter().find(|disk| disk.target == name);
        named.or_else(|| {
            let is_path = |disk: &&DiskDefinition| disk.path() == Some(name);
            self.disks.iter().filter(|_| !name.is_empty()).find(is_path)
        })
    }

    /// The `<disk>` of a target.
    pub fn disk_element(&self, target: &str) -> Option<&Element> {
        let devices = self.root.child("devices")?;
        devices.children("disk").find(|disk| target_of(disk) == Some(target))
    }

    /// The definition after a change to its tree, which is checked as a new one is.
    pub fn changed(&self, change: impl FnOnce(&mut Element)) -> Result<Definition> {
        let mut root = self.root.clone();
        change(&mut root);
        Definition::from_xml(root)
    }

    /// The definition under another name.
    pub fn renamed(&self, name: &str) -> Result<Definition> {
        self.changed(|root| root.set_child(Element::new("name").with_text(name)))
    }

    /// The definition with another `<disk>` in the place of that target's.
    pub fn with_disk(&self, target: &str, disk: Element) -> Result<Definition> {
        self.changed(|root| {
            let devices = root.child_mut("devices");
            let mut disks = devices.into_iter().flat_map(|devices| children_mut(devices, "disk"));
            if let Some(place) = disks.find(|disk| target_of(disk) == Some(target)) {
                *place = disk;
            }
        })
    }

    /// The definition with that target's `<disk>` changed.
    pub fn with_changed_disk(
        &self,
        target: &str,
        change: impl FnOnce(&mut Element),
    ) -> Result<Definition> {
        self.changed(|root| {
            let devices = root.child_mut("devices");
            let mut disks = devices.into_iter().flat_map(|devices| children_mut(devices, "disk"));
            if let Some(disk) = disks.find(|disk| target_of(disk) == Some(target)) {
                change(disk);
            }
        })
    }

    /// The definition with one more device.
    pub fn with_device(&self, device: Element) -> Result<Definition> {
        self.changed(|root| match root.child_mut("devices") {
            Some(devices) => devices.push(device),
            None => root.push(Element::new("devices").with_child(device)),
        })
    }

    /// The definition without the device that is described.
    pub fn without_device(&self, given: &Element) -> Result<Definition> {
        let none = Element::new("devices");
        let devices = self.root.child("devices");
        let position = find_device::position(devices.unwrap_or(&none), given)?;
        self.without_node(position)
    }

    /// The definition without the device that has an `<alias>` of that name.
    pub fn without_alias(&self, alias: &str) -> Result<Definition> {
        let none = Element::new("devices");
        let devices = self.root.child("devices");
        let position = find_device::position_of_alias(devices.unwrap_or(&none), alias)?;
        self.without_node(position)
    }

    fn without_node(&self, position: usize) -> Result<Definition> {
        self.changed(|root| {
            if let Some(devices) = root.child_mut("devices") {
                devices.nodes.remove(position);
            }
        })
    }

    /// The definition without the disk of that target.
    pub fn without_disk(&self, target: &str) -> Result<Definition> {
        self.changed(|root| {
            if let Some(devices) = root.child_mut("devices") {
                devices.nodes.retain(|node| match node {
                    Node::Element(e) => e.name != "disk" || target_of(e) != Some(target),
                    _ => true,
                });
            }
        })
    }
}

fn xml_error(problem: impl Into<String>) -> Error {
    Error::new(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, problem)
}

fn children_mut<'a>(
    parent: &'a mut Element,
    name: &'a str,
) -> impl Iterator<Item = &'a mut Element> {
    parent.nodes.iter_mut().filter_map(move |node| match node {
        Node::Element(element) if element.name == name => Some(element),
        _ => None,
    })
}

fn target_of(disk: &Element) -> Option<&str> {
    disk.child("target")?.attr("dev")
}

fn set_missing(element: &mut Element, name: &str, value: &str) {
    if element.attr(name).is_none() {
        element.set_attr(name, value);
    }
}

/// Removes what [`Definition::live_xml`] adds, for a document that a caller gives back.
fn forget_running(disk: &mut Element) {
    disk.nodes.retain(|node| match node {
        Node::Element(e) => e.name != "mirror" && !e.is_in(NAMESPACE, "export", &[]),
        _ => true,
    });
    // Where a source has an index, the images below were found, not asked for.
    if let Some(source) = disk.child_mut("source")
        && source.attr("index").is_some()
    {
        source.remove_attr("index");
        disk.remove_children("backingStore");
    }
}

fn name(root: &Element) -> Result<String> {
    let Some(name) = root.text_of("name") else {
        return Err(Error {
            message: "missing name information".to_string(),
            str1: Some("missing name information".to_string()),
            str2: None,
            ..Error::new(VIR_ERR_NO_NAME, VIR_FROM_DOMAIN, "")
        });
    };
    if let Some(c) = name.chars().find(|c| c.is_control()) {
        let text = format!("invalid char in name: 0x{:02x}", u32::from(c));
        return Err(Error::new(VIR_ERR_XML_DETAIL, VIR_FROM_XML, text));
    }
    if name.contains('/') {
        return Err(xml_error(format!("name {} cannot contain '/'", excerpt(&name))));
    }
    if name.len() > NAME_MAX {
        return Err(xml_error(format!("domain name is longer than {NAME_MAX} bytes")));
    }
    // They are folders already.
    if matches!(name.as_str(), "." | "..") {
        return Err(xml_error(format!("name {name} is not allowed")));
    }
    Ok(name)
}

/// Puts a UUID into a tree.
fn set_uuid(root: &mut Element, uuid: Uuid) {
    layout::change(root, "uuid", |element| layout::set_text(element, uuid));
}

fn no_memory() -> Error {
    xml_error("Memory size must be specified via <memory> or in the <numa> configuration")
}

/// Refuses sets of CPUs that are none, or that must not be empty and are.
fn check_cpu_sets(root: &Element) -> Result<()> {
    let vcpu = root.child("vcpu").and_then(|vcpu| vcpu.attr("cpuset"));
    let pins = root.child("cputune").into_iter().flat_map(Element::elements);
    let pins = pins.filter(|e| matches!(&*e.name, "vcpupin" | "emulatorpin" | "iothreadpin"));
    for set in vcpu.into_iter().chain(pins.filter_map(|pin| pin.attr("cpuset"))) {
        if NodeSet::parse(set)?.is_empty() {
            let text = format!("Invalid value of 'cpuset': {}", excerpt(set));
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
    }
    cells(root)
        .filter_map(|cell| cell.attr("cpus"))
        .try_for_each(|set| NodeSet::parse(set).map(drop))
}

/// The NUMA cells of the guest.
fn cells(root: &Element) -> impl Iterator<Item = &Element> {
    let numa = root.child("cpu").and_then(|cpu| cpu.child("numa"));
    numa.into_iter().flat_map(|numa| numa.children("cell"))
}

/// The memory of all NUMA cells in KiB, if there are any.
fn memory_of_cells(root: &Element) -> Result<Option<u64>> {
    let mut sum = None;
    for cell in cells(root) {
        let of_xml = |text: String| Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, text);
        let text = cell
            .attr("memory")
            .ok_or_else(|| of_xml("missing element or attribute './@memory'".to_string()))?;
        let number = whole_number(text.trim(), 10).ok_or_else(|| {
            let text = excerpt(text);
            of_xml(format!("Invalid value '{text}' for element or attribute './@memory'"))
        })?;
        let size = scaled(number, cell.attr("unit").unwrap_or("KiB"))?.div_ceil(1024);
        sum = Some(sum.unwrap_or(0_u64).checked_add(size).ok_or_else(|| {
            Error::new(VIR_ERR_OVERFLOW, VIR_FROM_DOMAIN, "the memory of all NUMA cells")
        })?);
    }
    Ok(sum.filter(|sum| *sum > 0))
}

/// An amount of memory in KiB.
pub fn memory(root: &Element, name: &str) -> Result<Option<u64>> {
    let Some(element) = root.child(name) else { return Ok(None) };
    let text = element.text();
    let number = whole_number(text.trim(), 10).ok_or_else(|| {
        let text = excerpt(&text);
        let text = format!("Invalid value '{text}' for element or attribute './{name}[1]'");
        Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, text)
    })?;
    let bytes = scaled(number, element.attr("unit").unwrap_or("KiB"))?;
    Ok(Some(bytes.div_ceil(1024)))
}

/// The CPUs that the domain has at most, and at the moment.
fn vcpus(root: &Element) -> Result<(u16, u16)> {
    let Some(element) = root.child("vcpu") else { return Ok((1, 1)) };
    let number = |text: &str| text.trim().parse::<u16>().ok().filter(|number| *number > 0);
    let most = number(&element.text())
        .ok_or_else(|| xml_error("maximum vcpus count must be an integer"))?;
    let current = match element.attr("current") {
        Some(text) => number(text)
            .filter(|current| *current <= most)
            .ok_or_else(|| xml_error("current vcpus count must be an integer"))?,
        None => most,
    };
    Ok((most, current))
}

fn disks(root: &Element) -> Result<Vec<DiskDefinition>> {
    let mut disks: Vec<DiskDefinition> = Vec::new();
    let all = root.child("devices").into_iter().flat_map(|devices| devices.children("disk"));
    for element in all {
        let disk = DiskDefinition::parse_in(element, &[root])?;
        if let Some(other) = disks.iter().find(|other| other.target == disk.target) {
            let path = |disk: &DiskDefinition| excerpt(disk.path().unwrap_or_default()).to_string();
            let text = format!(
                "target '{}' duplicated for disk sources '{}' and '{}'",
                disk.target,
                path(other),
                path(&disk)
            );
            return Err(xml_error(text));
        }
        disks.push(disk);
    }
    Ok(disks)
}

#[cfg(test)]
mod tests;
