//! What is known of the descriptions of domains and snapshots, for the VALIDATE flags: all of what is used
//! here, and the names of everything else that libvirt's domains have. No schema that happens to be
//! installed is asked.

use super::definition::NAMESPACE;
use crate::error::*;
use crate::xml::schema::{
    ANY, ElementSchema, NO_ATTRIBUTES, TEXT, check, check_attributes, unexpected,
};
use crate::xml::{self, Element};

/// An element of a text alone.
const fn text(name: &'static str) -> ElementSchema {
    ElementSchema(name, NO_ATTRIBUTES, TEXT)
}

/// An element that nobody here looks into.
const fn other(name: &'static str) -> ElementSchema {
    ElementSchema(name, ANY, None)
}

/// An amount of memory.
const fn amount(name: &'static str) -> ElementSchema {
    ElementSchema(name, &["unit"], TEXT)
}

/// What is in a domain beside its devices.
const DOMAIN: &[ElementSchema] = &[
    text("name"),
    text("uuid"),
    text("hwuuid"),
    text("genid"),
    text("title"),
    text("description"),
    ElementSchema("metadata", NO_ATTRIBUTES, None),
    ElementSchema("memory", &["unit", "dumpCore"], TEXT),
    amount("currentMemory"),
    ElementSchema("maxMemory", &["unit", "slots"], TEXT),
    ElementSchema("vcpu", &["placement", "cpuset", "current"], TEXT),
    ElementSchema(
        "memtune",
        NO_ATTRIBUTES,
        Some(&[
            amount("hard_limit"),
            amount("soft_limit"),
            amount("swap_hard_limit"),
            amount("min_guarantee"),
        ]),
    ),
    ElementSchema(
        "numatune",
        NO_ATTRIBUTES,
        Some(&[
            ElementSchema("memory", &["mode", "nodeset", "placement"], TEXT),
            ElementSchema("memnode", &["cellid", "mode", "nodeset"], TEXT),
        ]),
    ),
    ElementSchema(
        "os",
        &["firmware"],
        Some(&[
            ElementSchema("type", &["arch", "machine"], TEXT),
            other("acpi"),
            other("bios"),
            other("boot"),
            other("bootmenu"),
            text("cmdline"),
            text("dtb"),
            other("firmware"),
            text("init"),
            text("initarg"),
            text("initdir"),
            other("initenv"),
            text("initgroup"),
            text("initrd"),
            text("inituser"),
            text("kernel"),
            other("loader"),
            other("nvram"),
            text("root"),
            text("shim"),
            other("smbios"),
            other("varstore"),
        ]),
    ),
    ElementSchema(
        "cpu",
        &["check", "deprecated_features", "match", "migratable", "mode"],
        Some(&[
            other("cache"),
            other("feature"),
            other("maxphysaddr"),
            other("model"),
            ElementSchema(
                "numa",
                NO_ATTRIBUTES,
                Some(&[
                    ElementSchema(
                        "cell",
                        &["cpus", "discard", "id", "memAccess", "memory", "unit"],
                        Some(&[other("cache"), other("distances")]),
                    ),
                    other("interconnects"),
                ]),
            ),
            other("topology"),
            text("vendor"),
        ]),
    ),
    ElementSchema(
        "cputune",
        NO_ATTRIBUTES,
        Some(&[
            ElementSchema("vcpupin", &["cpuset", "vcpu"], TEXT),
            ElementSchema("emulatorpin", &["cpuset"], TEXT),
            other("cachetune"),
            text("emulator_period"),
            text("emulator_quota"),
            other("emulatorsched"),
            other("energytune"),
            text("global_period"),
            text("global_quota"),
            text("iothread_period"),
            text("iothread_quota"),
            other("iothreadpin"),
            other("iothreadsched"),
            other("memorytune"),
            text("period"),
            text("quota"),
            text("shares"),
            other("vcpusched"),
        ]),
    ),
    text("on_poweroff"),
    text("on_reboot"),
    text("on_crash"),
    text("on_lockfailure"),
    text("bootloader"),
    text("bootloader_args"),
    other("blkiotune"),
    other("clock"),
    other("defaultiothread"),
    other("features"),
    other("idmap"),
    other("iommufd"),
    other("iothreadids"),
    other("iothreads"),
    other("keywrap"),
    other("launchSecurity"),
    other("memoryBacking"),
    other("perf"),
    other("pm"),
    other("resource"),
    other("seclabel"),
    other("sysinfo"),
    other("throttlegroups"),
    other("vcpus"),
];

/// Devices other than disks.
const DEVICES: &[&str] = &[
    "audio",
    "channel",
    "console",
    "controller",
    "crypto",
    "emulator",
    "filesystem",
    "graphics",
    "hostdev",
    "hub",
    "input",
    "interface",
    "iommu",
    "lease",
    "memballoon",
    "memory",
    "nvram",
    "panic",
    "parallel",
    "pstore",
    "redirdev",
    "redirfilter",
    "rng",
    "serial",
    "shmem",
    "smartcard",
    "sound",
    "tpm",
    "video",
    "vsock",
    "watchdog",
];

/// What libvirt has beside its own elements, for one hypervisor each.
const EXTENSIONS: &[(&str, &[&str])] = &[
    (NAMESPACE, &["holder"]),
    (
        "http://libvirt.org/schemas/domain/qemu/1.0",
        &["capabilities", "commandline", "deprecation", "override"],
    ),
    ("http://libvirt.org/schemas/domain/xen/1.0", &["commandline"]),
    ("http://libvirt.org/schemas/domain/bhyve/1.0", &["commandline"]),
    ("http://libvirt.org/schemas/domain/lxc/1.0", &["namespace"]),
    ("http://libvirt.org/schemas/domain/vmware/1.0", &["datacenterpath"]),
];

const FORMAT: ElementSchema = ElementSchema("format", &["type"], None);

/// What is in a disk beside its images.
const DISK: &[ElementSchema] = &[
    ElementSchema(
        "driver",
        &[
            "ats",
            "cache",
            "copy_on_read",
            "detect_zeroes",
            "discard",
            "discard_no_unref",
            "error_policy",
            "event_idx",
            "io",
            "ioeventfd",
            "iommu",
            "iothread",
            "name",
            "packed",
            "page_per_vq",
            "queue_size",
            "queues",
            "rerror_policy",
            "type",
        ],
        Some(&[other("iothreads"), other("metadata_cache"), other("statistics")]),
    ),
    ElementSchema("target", &["bus", "dev", "dpofua", "removable", "rotation_rate", "tray"], TEXT),
    ElementSchema(
        "iotune",
        NO_ATTRIBUTES,
        Some(&[
            text("group_name"),
            text("size_iops_sec"),
            text("total_bytes_sec"),
            text("total_bytes_sec_max"),
            text("total_bytes_sec_max_length"),
            text("total_iops_sec"),
            text("total_iops_sec_max"),
            text("total_iops_sec_max_length"),
            text("read_bytes_sec"),
            text("read_bytes_sec_max"),
            text("read_bytes_sec_max_length"),
            text("read_iops_sec"),
            text("read_iops_sec_max"),
            text("read_iops_sec_max_length"),
            text("write_bytes_sec"),
            text("write_bytes_sec_max"),
            text("write_bytes_sec_max_length"),
            text("write_iops_sec"),
            text("write_iops_sec_max"),
            text("write_iops_sec_max_length"),
        ]),
    ),
    ElementSchema("readonly", NO_ATTRIBUTES, TEXT),
    ElementSchema("shareable", NO_ATTRIBUTES, TEXT),
    ElementSchema("transient", &["shareBacking"], TEXT),
    ElementSchema("alias", &["name"], TEXT),
    ElementSchema("boot", &["loadparm", "order"], TEXT),
    text("product"),
    text("serial"),
    text("vendor"),
    text("wwn"),
    other("acpi"),
    other("address"),
    other("auth"),
    other("backenddomain"),
    other("blockio"),
    other("encryption"),
    other("geometry"),
    other("mirror"),
    other("privateData"),
    other("throttlefilters"),
];

/// What is served of a disk, in a namespace of ours.
const OWN: &[ElementSchema] = &[
    ElementSchema("export", &["tcp", "uri"], TEXT),
    ElementSchema("listen", &["address", "port"], TEXT),
];

/// What is in a source of any type.
const SOURCE: &[ElementSchema] = &[
    ElementSchema("host", &["name", "port", "socket", "transport"], TEXT),
    ElementSchema("timeout", &["seconds"], TEXT),
    ElementSchema("reconnect", &["delay", "enabled", "timeout"], TEXT),
    other("address"),
    other("auth"),
    other("config"),
    other("cookies"),
    other("dataStore"),
    other("encryption"),
    other("identity"),
    other("initiator"),
    other("knownHosts"),
    other("privateData"),
    other("readahead"),
    other("reservations"),
    other("seclabel"),
    other("slices"),
    other("snapshot"),
    other("ssl"),
];

/// Refuses a domain's description with anything unknown.
pub fn check_domain(text: &str) -> Result<()> {
    let root = xml::parse(text, "domain_definition", VIR_FROM_DOMAIN)?;
    root.expect_name("domain")?;
    domain(&root)
}

/// Refuses a snapshot's description with anything unknown.
pub fn check_snapshot(text: &str) -> Result<()> {
    let root = xml::parse(text, "domain_snapshot", VIR_FROM_DOMAIN_SNAPSHOT)?;
    check_attributes(&root, NO_ATTRIBUTES)?;
    for element in root.elements() {
        match element.name.as_str() {
            "name" | "description" | "state" | "creationTime" | "active" => {
                check(element, &ElementSchema("", NO_ATTRIBUTES, TEXT))?;
            }
            "memory" => check(element, &ElementSchema("", &["file", "snapshot"], TEXT))?,
            "disks" | "revertDisks" => snapshot_disks(element)?,
            "parent" => check(
                element,
                &ElementSchema("", NO_ATTRIBUTES, Some(&[ElementSchema("name", &[], TEXT)])),
            )?,
            "domain" | "inactiveDomain" => domain(element)?,
            "cookie" => {}
            _ => return Err(unexpected(element)),
        }
    }
    Ok(())
}

fn domain(root: &Element) -> Result<()> {
    check_attributes(root, &["id", "type"])?;
    for element in root.elements() {
        let is_extension = |(namespace, names): &(&str, &[&str])| {
            names.iter().any(|name| element.is_in(namespace, name, &[root]))
        };
        if element.name == "devices" {
            devices(element, root)?;
        } else if let Some(known) = DOMAIN.iter().find(|known| known.0 == element.name) {
            check(element, known)?;
        } else if !EXTENSIONS.iter().any(is_extension) {
            return Err(unexpected(element));
        }
    }
    Ok(())
}

fn devices(devices: &Element, root: &Element) -> Result<()> {
    check_attributes(devices, NO_ATTRIBUTES)?;
    for device in devices.elements() {
        match device.name.as_str() {
            "disk" => disk(device, &[devices, root])?,
            name if DEVICES.contains(&name) => {}
            _ => return Err(unexpected(device)),
        }
    }
    Ok(())
}

fn disk(disk: &Element, around: &[&Element]) -> Result<()> {
    check_attributes(disk, &["device", "model", "rawio", "sgio", "snapshot", "type"])?;
    for element in disk.elements() {
        let is_own = |known: &&ElementSchema| {
            let around: Vec<&Element> = [disk].iter().chain(around).copied().collect();
            element.is_in(NAMESPACE, known.0, &around)
        };
        match element.name.as_str() {
            "source" => source(element, disk.attr("type"))?,
            "backingStore" => backing(element)?,
            name => match DISK.iter().find(|known| known.0 == name).or(OWN.iter().find(is_own)) {
                Some(known) => check(element, known)?,
                None => return Err(unexpected(element)),
            },
        }
    }
    Ok(())
}

/// A `<source>`, of which the type decides about the attributes.
fn source(source: &Element, kind: Option<&str>) -> Result<()> {
    let attributes: &[&str] = match kind.unwrap_or("file") {
        "file" => &["fdgroup", "file", "index", "startupPolicy"],
        "block" => &["dev", "index", "startupPolicy"],
        "network" => &["index", "name", "protocol", "query", "tls", "tlsHostname"],
        "volume" => &["index", "mode", "pool", "startupPolicy", "volume"],
        _ => return Ok(()),
    };
    check_attributes(source, attributes)?;
    check(source, &ElementSchema("source", ANY, Some(SOURCE)))
}

/// A `<backingStore>`, with those that are in it.
fn backing(outermost: &Element) -> Result<()> {
    let mut next = Some(outermost);
    while let Some(backing) = next {
        check_attributes(backing, &["index", "type"])?;
        for element in backing.elements() {
            match element.name.as_str() {
                "format" => check(element, &FORMAT)?,
                "source" => source(element, backing.attr("type"))?,
                "backingStore" => {}
                _ => return Err(unexpected(element)),
            }
        }
        next = backing.child("backingStore");
    }
    Ok(())
}

fn snapshot_disks(disks: &Element) -> Result<()> {
    check_attributes(disks, NO_ATTRIBUTES)?;
    for disk in disks.elements() {
        if disk.name != "disk" {
            return Err(unexpected(disk));
        }
        check_attributes(disk, &["name", "snapshot", "type"])?;
        for element in disk.elements() {
            match element.name.as_str() {
                "driver" => check(element, &ElementSchema("", &["type"], None))?,
                "source" => source(element, disk.attr("type"))?,
                "snapshotDeleteInProgress" => {}
                _ => return Err(unexpected(element)),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements and attributes of a document that has everything that is used here.
    const ALL: &str = "<domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'
        xmlns:v='urn:virsparse:domain:1'><name>n</name><uuid>u</uuid><title>t</title>
        <description>d</description><metadata><a:b xmlns:a='u' c='d'/></metadata>
        <memory unit='KiB' dumpCore='on'>1</memory><currentMemory unit='KiB'>1</currentMemory>
        <vcpu placement='static' cpuset='1' current='1'>2</vcpu>
        <memtune><hard_limit unit='KiB'>1</hard_limit></memtune>
        <numatune><memory mode='strict' nodeset='0'/></numatune>
        <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
        <features><acpi/></features><cpu mode='host-model'><numa><cell id='0' cpus='0'
        memory='1' unit='KiB'/></numa></cpu><cputune><vcpupin vcpu='0' cpuset='1'/></cputune><on_crash>destroy</on_crash>
        <devices><emulator>/x</emulator><interface type='user'><odd/></interface>
        <disk type='file' device='disk' snapshot='no'><driver name='qemu' type='qcow2' cache='none'/>
        <source file='/a' index='1'/><target dev='vda' bus='virtio'/><iotune><group_name>g</group_name>
        </iotune><backingStore type='file' index='2'><format type='raw'/><source file='/b'/>
        <backingStore/></backingStore><readonly/><serial>s</serial><v:listen port='1'/>
        <v:export uri='u' tcp='t'/></disk>
        <disk type='network'><source protocol='nbd' name='x' tls='no'><host name='h' port='1'/>
        <timeout seconds='1'/></source><target dev='vdb'/></disk>
        <disk type='nvme'><source what='ever'><ever/></source><target dev='vdc'/></disk></devices>
        <qemu:commandline><qemu:arg value='a'/></qemu:commandline></domain>";

    fn refused(text: &str, what: &str) {
        let error = check_domain(text).unwrap_err();
        assert_eq!((error.code, error.domain), (VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML));
        assert!(error.message.contains(what), "{}", error.message);
    }

    #[test]
    fn what_is_used_is_known() {
        check_domain(ALL).unwrap();
    }

    #[test]
    fn the_unknown_is_refused_wherever_it_is_looked() {
        for (good, bad, what) in [
            ("id='3'", "di='3'", "Invalid attribute di for element domain"),
            ("<cpu mode='host-model'>", "<cpu modes='host-model'>", "modes for element cpu"),
            ("<cell id", "<cells id", "Did not expect element cells"),
            ("<vcpupin vcpu", "<vcpupin cpu", "Invalid attribute cpu for element vcpupin"),
            ("dumpCore", "dumpcore", "dumpcore for element memory"),
            ("cpuset", "cpuSet", "cpuSet for element vcpu"),
            ("arch='x86_64'", "arhc='x86_64'", "arhc for element type"),
            ("<boot ", "<bot ", "Did not expect element bot"),
            ("<emulator>/x</emulator>", "<emulater/>", "Did not expect element emulater"),
            ("snapshot='no'", "snapshots='no'", "snapshots for element disk"),
            ("cache='none'", "cash='none'", "cash for element driver"),
            ("<source file='/a'", "<source dev='/a'", "dev for element source"),
            ("<source file='/b'/>", "<source fiel='/b'/>", "fiel for element source"),
            ("<format ", "<fromat ", "Did not expect element fromat"),
            ("<host ", "<hosts ", "Did not expect element hosts"),
            ("<group_name>g</group_name>", "<group>g</group>", "Did not expect element group"),
            ("urn:virsparse:domain:1", "urn:other", "Did not expect element v:listen"),
            ("domain/qemu/1.0", "domain/qemu/2.0", "Did not expect element qemu:commandline"),
            ("<hard_limit unit='KiB'>1</hard_limit>", "<hard/>", "Did not expect element hard"),
        ] {
            assert!(ALL.contains(good), "{good}");
            refused(&ALL.replace(good, bad), what);
        }
    }

    #[test]
    fn snapshots_are_looked_at_with_the_domain_in_them() {
        let snapshot =
            |inside: &str| check_snapshot(&format!("<domainsnapshot>{inside}</domainsnapshot>"));
        snapshot(&format!(
            "<name>s</name><description>d</description><state>running</state><memory snapshot='no'/>
             <creationTime>1</creationTime><parent><name>p</name></parent><disks><disk name='vda'
             snapshot='external' type='file'><driver type='qcow2'/><source file='/a'/></disk></disks>
             <cookie><any/></cookie>{ALL}"
        ))
        .unwrap();
        for bad in [
            "<nmae>s</nmae>",
            "<name lang='en'>s</name>",
            "<memory snapshots='no'/>",
            "<disks><dsik/></disks>",
            "<disks><disk nmae='vda'/></disks>",
            "<disks><disk name='vda'><drvier/></disk></disks>",
            "<disks><disk name='vda'><source fiel='/a'/></disk></disks>",
            "<parent><nmae/></parent>",
            "<domain><nmae/></domain>",
        ] {
            assert_eq!(snapshot(bad).unwrap_err().code, VIR_ERR_XML_INVALID_SCHEMA, "{bad}");
        }
        assert!(check_snapshot("<domainsnapshot a='b'/>").is_err());
    }
}
