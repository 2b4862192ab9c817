//! A disk as the XML describes it: `<disk>` in a domain. What is not used here stays in the tree
//! that it was read from.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::definition::NAMESPACE;
use super::network;
use super::source::Source;
use crate::block::Cache;
use crate::block::filter::meter::{Rules, Zeros};
use crate::domain::config::io_tune::IoTune;
use crate::error::*;
use crate::xml::{Element, excerpt};

/// What a disk is to its guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    Disk,
    Cdrom,
    Floppy,
    Lun,
}

/// Whether libvirt has a word for a format.
pub fn is_format(word: &str) -> bool {
    FORMATS.contains(&word)
}

/// An image: where it is, and its format by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageDefinition {
    pub source: Source,
    pub format: String,
}

/// What the XML says of what is below an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backing {
    /// Nothing: what the image records counts.
    Unsaid,
    /// There is nothing below: `<backingStore/>`.
    End,
    Image(Box<(ImageDefinition, Backing)>),
}

/// A disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskDefinition {
    /// What the guest calls it, which is unique in a domain: `vda`.
    pub target: String,
    pub device: Device,
    /// The top image. `None`: an empty drive.
    pub image: Option<ImageDefinition>,
    pub backing: Backing,
    pub read_only: bool,
    /// Others may use it at the same time.
    pub shareable: bool,
    /// What is written is forgotten when the domain stops.
    pub transient: bool,
    /// How its images are cached.
    pub cache: Cache,
    /// What is done with guests' requests beyond what they ask for.
    pub rules: Rules,
    /// Where it is served beside its socket.
    pub listen: Option<SocketAddr>,
    /// How fast guests may use it.
    pub io_tune: IoTune,
    /// How long the server of its image may say nothing while it owes an answer; `None`: for ever.
    pub timeout: Option<Duration>,
}

/// How long that is where nothing is said. A disk may be slow: to flush one takes minutes at times.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// The formats that libvirt has words for.
const FORMATS: [&str; 20] = [
    "none", "raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop",
    "cow", "qcow", "qcow2", "qed", "vmdk", "luks", "vhdx", "auto",
];

/// The types of source that libvirt has words for.
const TYPES: [&str; 8] =
    ["file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa"];

impl ImageDefinition {
    /// What callers may call it, and events do: the path of a local image. An image behind a
    /// network has none.
    pub fn path(&self) -> Option<&str> {
        match &self.source {
            Source::File(path) | Source::Block(path) => path.to_str(),
            Source::Remote(_) | Source::Volume(..) | Source::Other(_) => None,
        }
    }

    /// Reads a type attribute, a `<source>` and a format; `None` if nothing is in the drive.
    ///
    /// Errors: VIR_ERR_XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED.
    pub fn parse(element: &Element, format: &str) -> Result<Option<ImageDefinition>> {
        let kind = element.attr("type").unwrap_or("file");
        if !TYPES.contains(&kind) {
            let kind = excerpt(kind);
            let text = format!(
                "Invalid value for attribute 'type' in element '{}': '{kind}'.",
                element.name
            );
            return Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, text));
        }
        if !is_format(format) {
            let text = format!("unknown driver format value '{}'", excerpt(format));
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let Some(source) = element.child("source") else { return Ok(None) };
        let path = |attr| source.attr(attr).filter(|path| !path.is_empty()).map(PathBuf::from);
        let source = match kind {
            "file" => path("file").map(Source::File),
            "block" => path("dev").map(Source::Block),
            "network" => Some(network::parse(source)?),
            "volume" => volume(source)?,
            other => Some(Source::Other(other.to_string())),
        };
        Ok(source.map(|source| ImageDefinition { source, format: format.to_string() }))
    }
}

/// A `<source>` of type volume; `None` if it names none.
fn volume(source: &Element) -> Result<Option<Source>> {
    match (source.attr("pool"), source.attr("volume")) {
        (Some(pool), Some(volume)) => {
            Ok(Some(Source::Volume(pool.to_string(), volume.to_string())))
        }
        (None, None) => Ok(None),
        _ => {
            let text = "'pool' and 'volume' must be specified together for 'pool' type source";
            Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, text))
        }
    }
}

impl Backing {
    /// Reads the `<backingStore>` of a disk or of another one. The tree is as deep as the XML may
    /// be, which is not deep.
    fn parse(element: &Element) -> Result<Backing> {
        let mut images = Vec::new();
        let mut at = element.child("backingStore");
        let mut last = Backing::Unsaid;
        while let Some(backing) = at {
            let format = backing.child("format").and_then(|format| format.attr("type"));
            let Some(image) = ImageDefinition::parse(backing, format.unwrap_or("raw"))? else {
                last = Backing::End;
                break;
            };
            images.push(image);
            at = backing.child("backingStore");
        }
        let chain = images.into_iter().rev();
        Ok(chain.fold(last, |below, image| Backing::Image(Box::new((image, below)))))
    }
}

impl DiskDefinition {
    /// The path of its image, if that is local.
    pub fn path(&self) -> Option<&str> {
        self.image.as_ref().and_then(ImageDefinition::path)
    }

    /// Reads a `<disk>`.
    ///
    /// Errors: VIR_ERR_XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED, VIR_ERR_NO_TARGET.
    pub fn parse(element: &Element) -> Result<DiskDefinition> {
        DiskDefinition::parse_in(element, &[])
    }

    /// The same for one that is inside of others, which may declare namespaces.
    pub fn parse_in(element: &Element, around: &[&Element]) -> Result<DiskDefinition> {
        element.expect_name("disk")?;
        let device = match element.attr("device").unwrap_or("disk") {
            "disk" => Device::Disk,
            "cdrom" => Device::Cdrom,
            "floppy" => Device::Floppy,
            "lun" => Device::Lun,
            other => {
                let other = excerpt(other);
                let text =
                    format!("Invalid value for attribute 'device' in element 'disk': '{other}'.");
                return Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, text));
            }
        };
        let format = element.child("driver").and_then(|driver| driver.attr("type"));
        let image = ImageDefinition::parse(element, format.unwrap_or("raw"))?;
        let target = element.child("target").and_then(|target| target.attr("dev"));
        let Some(target) = target.filter(|target| !target.is_empty()) else {
            let path = image.as_ref().and_then(ImageDefinition::path).unwrap_or_default();
            return Err(Error::new(VIR_ERR_NO_TARGET, VIR_FROM_DOMAIN, excerpt(path)));
        };
        check_target(target)?;
        if image.is_none() && !matches!(device, Device::Cdrom | Device::Floppy) {
            return Err(Error::new(VIR_ERR_NO_SOURCE, VIR_FROM_DOMAIN, target));
        }
        Ok(DiskDefinition {
            target: target.to_string(),
            device,
            image,
            backing: Backing::parse(element)?,
            read_only: device == Device::Cdrom || element.child("readonly").is_some(),
            shareable: element.child("shareable").is_some(),
            transient: element.child("transient").is_some(),
            cache: cache(element)?,
            rules: rules(element)?,
            listen: listen(element, around)?,
            io_tune: IoTune::parse(element)?,
            timeout: timeout(element, TIMEOUT)?,
        })
    }
}

/// The `discard` and `detect_zeroes` of a `<driver>`.
fn rules(disk: &Element) -> Result<Rules> {
    let word = |name: &str, words: &[&str]| {
        let word = disk.child("driver").and_then(|driver| driver.attr(name));
        match word {
            Some(other) if !words.contains(&other) => {
                let other = excerpt(other);
                let text =
                    format!("Invalid value for attribute '{name}' in element 'driver': '{other}'.");
                Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, text))
            }
            word => Ok(word),
        }
    };
    let discard = word("discard", &["default", "unmap", "ignore"])?;
    let zeros = match word("detect_zeroes", &["default", "off", "on", "unmap"])? {
        // libvirt has zeros keep their space where nobody says that guests may give it back.
        Some("unmap") if discard == Some("unmap") => Zeros::Unmap,
        Some("on" | "unmap") => Zeros::Keep,
        _ => Zeros::Ignore,
    };
    Ok(Rules { ignores_discards: discard == Some("ignore"), zeros })
}

/// The `<timeout seconds='N'/>` of a `<source>`, of which 0 is none; `default` where it does not say.
pub fn timeout(disk: &Element, default: Duration) -> Result<Option<Duration>> {
    let element = disk.child("source").and_then(|source| source.child("timeout"));
    let Some(word) = element.and_then(|timeout| timeout.attr("seconds")) else {
        return Ok(Some(default));
    };
    let seconds: u32 = word.parse().map_err(|_| {
        let word = excerpt(word);
        let text = format!("Invalid value for attribute 'seconds' in element 'timeout': '{word}'.");
        Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, text)
    })?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds.into())))
}

/// The `cache` of a `<driver>`.
fn cache(disk: &Element) -> Result<Cache> {
    let Some(word) = disk.child("driver").and_then(|driver| driver.attr("cache")) else {
        return Ok(Cache::default());
    };
    Cache::from_name(word).ok_or_else(|| {
        let word = excerpt(word);
        let text = format!("Invalid value for attribute 'cache' in element 'driver': '{word}'.");
        Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, text)
    })
}

/// Our own element for who wants a disk to be served over TCP as well: an address, and a port that
/// the system chooses if it is not said.
fn listen(disk: &Element, around: &[&Element]) -> Result<Option<SocketAddr>> {
    let around: Vec<&Element> = std::iter::once(disk).chain(around.iter().copied()).collect();
    let Some(element) = disk.elements().find(|e| e.is_in(NAMESPACE, "listen", &around)) else {
        return Ok(None);
    };
    let refused = |name: &str, value: &str| {
        let value = excerpt(value);
        let text = format!("Invalid value for attribute '{name}' in element 'listen': '{value}'.");
        Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, text)
    };
    let address = element.attr("address").unwrap_or("127.0.0.1");
    let ip: IpAddr = address.parse().map_err(|_| refused("address", address))?;
    let port = element.attr("port").unwrap_or("0");
    let port: u16 = port.parse().map_err(|_| refused("port", port))?;
    Ok(Some(SocketAddr::new(ip, port)))
}

/// A target is a part of the path of a socket, and the name of an export.
fn check_target(target: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if target.len() <= 64 && !target.starts_with('.') && target.chars().all(plain) {
        return Ok(());
    }
    let text = format!("Invalid harddisk device name: {}", excerpt(target));
    Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;

    fn disk(text: &str) -> Result<DiskDefinition> {
        DiskDefinition::parse(&xml::parse(text, "disk_definition", VIR_FROM_DOMAIN).unwrap())
    }

    fn file(path: &str, format: &str) -> ImageDefinition {
        ImageDefinition { source: Source::File(path.into()), format: format.to_string() }
    }

    #[test]
    fn a_missing_driver_means_raw_and_a_missing_type_means_file() {
        let disk = disk("<disk><source file='/a'/><target dev='vda'/></disk>").unwrap();
        assert_eq!(disk.image, Some(file("/a", "raw")));
        assert_eq!((disk.device, disk.backing), (Device::Disk, Backing::Unsaid));
        assert!(!disk.read_only && !disk.shareable && !disk.transient);
        assert_eq!(disk.cache, Cache::Writeback);
    }

    #[test]
    fn a_backing_chain_is_read_to_its_end() {
        let disk = disk(
            "<disk type='file'><driver type='qcow2'/><source file='/a'/><target dev='vda'/>
             <backingStore type='file'><format type='qcow2'/><source file='/b'/>
             <backingStore type='block'><source dev='/c'/><backingStore/></backingStore>
             </backingStore></disk>",
        )
        .unwrap();
        let c = ImageDefinition { source: Source::Block("/c".into()), format: "raw".to_string() };
        let below = Backing::Image(Box::new((c, Backing::End)));
        assert_eq!(disk.backing, Backing::Image(Box::new((file("/b", "qcow2"), below))));
    }

    #[test]
    fn nbd_sources_become_uris() {
        let uri = |inside: &str| {
            let source = format!("<source protocol='nbd' {inside}</source>");
            let disk =
                disk(&format!("<disk type='network'>{source}<target dev='vda'/></disk>")).unwrap();
            match disk.image.unwrap().source {
                Source::Remote(remote) => remote.uri(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(uri("name='a b'><host name='h'/>"), "nbd://h:10809/a%20b");
        assert_eq!(uri("><host name='::1' port='7'/>"), "nbd://[::1]:7/");
        assert_eq!(
            uri("name='x'><host transport='unix' socket='/a&amp;b'/>"),
            "nbd+unix:///x?socket=/a%26b"
        );
    }

    #[test]
    fn a_source_says_how_long_its_server_may_be_silent() {
        let timeout = |inside: &str| {
            let disk = disk(&format!(
                "<disk type='network'><source protocol='nbd'><host name='h'/>{inside}</source>\
                 <target dev='vda'/></disk>"
            ));
            disk.map(|disk| disk.timeout)
        };
        assert_eq!(timeout(""), Ok(Some(TIMEOUT)));
        assert_eq!(timeout("<timeout/>"), Ok(Some(TIMEOUT)));
        assert_eq!(timeout("<timeout seconds='7'/>"), Ok(Some(Duration::from_secs(7))));
        assert_eq!(timeout("<timeout seconds='0'/>"), Ok(None));
        for wrong in ["", "-1", "1s", "4294967296"] {
            let error = timeout(&format!("<timeout seconds='{wrong}'/>")).unwrap_err();
            assert_eq!(error.code, VIR_ERR_XML_ERROR, "{wrong}");
        }
    }

    #[test]
    fn targets_cannot_lead_out_of_a_folder() {
        for target in ["../a", "a/b", ".a", "a b", "ä", &"a".repeat(65)] {
            let text = format!("<disk><source file='/a'/><target dev='{target}'/></disk>");
            assert_eq!(disk(&text).unwrap_err().code, VIR_ERR_XML_ERROR, "{target}");
        }
    }

    #[test]
    fn a_disk_is_served_over_tcp_if_its_definition_says_so() {
        let with = |inside: &str| {
            let disk = disk(&format!(
                "<disk xmlns:v='{NAMESPACE}'><source file='/a'/><target dev='vda'/>{inside}</disk>"
            ));
            disk.map(|disk| disk.listen.map(|listen| listen.to_string()))
        };
        let at = |text: &str| Ok(Some(text.to_string()));
        assert_eq!(with(""), Ok(None));
        assert_eq!(with("<listen port='7'/><w:listen xmlns:w='u'/>"), Ok(None));
        assert_eq!(with("<v:listen/>"), at("127.0.0.1:0"));
        assert_eq!(with("<v:listen address='::1' port='10809'/>"), at("[::1]:10809"));
        for bad in ["address='host'", "port='65536'"] {
            let error = with(&format!("<v:listen {bad}/>")).unwrap_err();
            assert_eq!(error.code, VIR_ERR_XML_ERROR, "{bad}");
        }
    }

    #[test]
    fn rules_for_discards_and_zeros_are_read() {
        let with = |driver: &str| {
            let disk = disk(&format!(
                "<disk><driver {driver}/><source file='/a'/><target dev='vda'/></disk>"
            ));
            disk.map(|disk| (disk.rules.ignores_discards, disk.rules.zeros))
        };
        assert_eq!(with(""), Ok((false, Zeros::Ignore)));
        assert_eq!(with("discard='unmap' detect_zeroes='off'"), Ok((false, Zeros::Ignore)));
        assert_eq!(with("discard='ignore' detect_zeroes='unmap'"), Ok((true, Zeros::Keep)));
        assert_eq!(with("discard='unmap' detect_zeroes='unmap'"), Ok((false, Zeros::Unmap)));
        assert_eq!(with("detect_zeroes='on'"), Ok((false, Zeros::Keep)));
        for bad in ["discard='on'", "detect_zeroes=''"] {
            assert_eq!(with(bad).unwrap_err().code, VIR_ERR_XML_ERROR, "{bad}");
        }
    }

    #[test]
    fn only_drives_may_be_empty() {
        let error = disk("<disk><target dev='vda'/></disk>").unwrap_err();
        assert_eq!(error.code, VIR_ERR_NO_SOURCE);
        assert_eq!(error.message, "missing source information for device vda");
        let drive = disk("<disk device='cdrom'><target dev='hda'/></disk>").unwrap();
        assert_eq!((drive.image, drive.read_only), (None, true));
        let error = disk("<disk><source file='/p'/></disk>").unwrap_err();
        assert_eq!(error.message, "missing target information for device /p");
    }
}
