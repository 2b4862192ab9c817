//! A volume's definition, read from the XML of virStorageVolCreateXML with libvirt's messages.
//! What needs a look at the disk or at the pool is the caller's to check.

use super::encryption::Encryption;
use super::names::check_name;
use super::own_elements::compression;
use super::permissions::Permissions;
use super::volume_format::VolumeFormat;
use crate::block::{Compression, ImageFeatures};
use crate::error::*;
use crate::units::{scaled, size, whole_number};
use crate::xml::{self, Element, excerpt};

/// The image below a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackingStore {
    /// As written: it may be relative to the volume.
    pub path: String,
    /// None: not said.
    pub format: Option<VolumeFormat>,
}

/// A volume as its creator described it. What is None is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeDefinition {
    /// Without slashes and control characters, at most 255 bytes; it can be `.` or `..`, which
    /// always exist already.
    pub name: String,
    /// Bytes that the guest sees.
    pub capacity: Option<u64>,
    /// Bytes to be taken from the file system at once.
    pub allocation: Option<u64>,
    /// What the file is to be.
    pub format: Option<VolumeFormat>,
    /// The version of qcow2, as two numbers with a dot: `1.1` when features or zstd are asked for and
    /// no version. Not every pair of numbers is a version.
    pub compat: Option<String>,
    /// Bytes of a cluster, not checked; never 0.
    pub cluster_size: Option<u64>,
    /// Present also when it asks for none.
    pub features: Option<ImageFeatures>,
    /// Whether the file is to be written in place on a copy-on-write file system.
    pub nocow: bool,
    /// What the file is to be made with.
    pub permissions: Permissions,
    /// The image below.
    pub backing_store: Option<BackingStore>,
    /// A well-formed request for encryption.
    pub encryption: Option<Encryption>,
    /// How what is copied into it is to be compressed: our own addition.
    pub compression: Option<Compression>,
}

impl VolumeDefinition {
    /// Reads the definition of a new volume. Without a backing store it must state a capacity.
    ///
    /// Errors: VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED (types, formats,
    /// features), VIR_ERR_INVALID_ARG (units), VIR_ERR_OVERFLOW, VIR_ERR_OPERATION_INVALID (a
    /// slash in the name).
    pub fn parse(text: &str) -> Result<VolumeDefinition> {
        VolumeDefinition::from_xml(text, true)
    }

    /// Reads the definition of a copy, which can take its capacity from the original.
    pub fn parse_copy(text: &str) -> Result<VolumeDefinition> {
        VolumeDefinition::from_xml(text, false)
    }

    fn from_xml(text: &str, needs_capacity: bool) -> Result<VolumeDefinition> {
        let root = xml::parse(text, "storage_volume_definition", VIR_FROM_STORAGE)?;
        root.expect_name("volume")?;
        let name = root.text_of("name").ok_or_else(|| xml_error("missing volume name element"))?;
        check_type(&root)?;
        let backing_store = backing_store(&root)?;
        let capacity = root.child("capacity").filter(has_text).map(size).transpose()?;
        if capacity.is_none() && needs_capacity && backing_store.is_none() {
            return Err(xml_error("missing capacity element"));
        }
        let allocation = root.child("allocation").filter(has_text).map(size).transpose()?;
        let no_target = Element::new("target");
        let target = root.child("target").unwrap_or(&no_target);
        let format = format(target)?;
        let permissions = Permissions::parse(target)?;
        let encryption = target.child("encryption").map(Encryption::parse).transpose()?;
        let compat = compat(target)?;
        let cluster_size = cluster_size(target)?;
        let features = target.child("features").map(features).transpose()?;
        let compression = compression(target, &root)?;
        check_volume_name(&name)?;
        let needs_1_1 = features.is_some() || compression == Some(Compression::Zstd);
        Ok(VolumeDefinition {
            name,
            capacity,
            allocation,
            format,
            compat: compat.or_else(|| needs_1_1.then(|| "1.1".to_string())),
            cluster_size,
            features,
            nocow: target.child("nocow").is_some(),
            permissions,
            backing_store,
            encryption,
            compression,
        })
    }
}

/// The name is looked at last: in libvirt it is the pool's driver that refuses it.
fn check_volume_name(name: &str) -> Result<()> {
    check_name("volume", name)?;
    if name.contains('/') {
        let problem = format!("volume name '{name}' cannot contain '/'");
        return Err(Error::invalid_operation(VIR_FROM_STORAGE, problem));
    }
    Ok(())
}

/// The type must be a known word, and then means nothing: the format and the pool decide.
fn check_type(root: &Element) -> Result<()> {
    match root.attr("type").unwrap_or_default() {
        "" | "file" | "block" | "dir" | "network" | "netdir" | "ploop" => Ok(()),
        word => Err(unsupported(format!("unknown volume type '{}'", excerpt(word)))),
    }
}

fn backing_store(root: &Element) -> Result<Option<BackingStore>> {
    let Some(element) = root.child("backingStore") else { return Ok(None) };
    let Some(path) = element.text_of("path") else { return Ok(None) };
    let format = format(element)?;
    // Those of an existing file are what they are, but they must make sense.
    Permissions::parse(element)?;
    Ok(Some(BackingStore { path, format }))
}

fn has_text(element: &&Element) -> bool {
    !element.text().is_empty()
}

fn format(parent: &Element) -> Result<Option<VolumeFormat>> {
    let word = parent.child("format").and_then(|format| format.attr("type"));
    word.filter(|word| !word.is_empty()).map(VolumeFormat::from_word).transpose()
}

fn compat(target: &Element) -> Result<Option<String>> {
    let Some(text) = target.text_of("compat") else { return Ok(None) };
    let is_number =
        |part: &str| part.bytes().all(|b| b.is_ascii_digit()) && part.parse::<u32>().is_ok();
    match text.split_once('.') {
        Some((major, minor)) if is_number(major) && is_number(minor) => Ok(Some(text)),
        _ => Err(xml_error("forbidden characters in 'compat' attribute")),
    }
}

/// 0 asks for nothing.
fn cluster_size(target: &Element) -> Result<Option<u64>> {
    let Some(element) = target.child("clusterSize").filter(has_text) else { return Ok(None) };
    let text = element.text();
    let Some(number) = whole_number(&text, 10) else {
        let text = excerpt(&text);
        let problem =
            format!("Invalid value '{text}' for element or attribute './target/clusterSize'");
        return Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, problem));
    };
    let bytes = scaled(number, element.attr("unit").unwrap_or_default())?;
    Ok((bytes != 0).then_some(bytes))
}

fn features(element: &Element) -> Result<ImageFeatures> {
    let mut features = ImageFeatures::default();
    for feature in element.elements() {
        match feature.name.as_str() {
            "lazy_refcounts" => features.lazy_refcounts = true,
            "extended_l2" => features.extended_l2 = true,
            name => return Err(unsupported(format!("unsupported feature {}", excerpt(name)))),
        }
    }
    Ok(features)
}

fn xml_error(problem: &str) -> Error {
    Error::new(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, problem)
}

fn unsupported(problem: String) -> Error {
    Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZED: &str = "<name>v</name><capacity>1048576</capacity>";

    fn volume(inside: &str) -> Result<VolumeDefinition> {
        VolumeDefinition::parse(&format!("<volume>{inside}</volume>"))
    }

    fn with_target(target: &str) -> Result<VolumeDefinition> {
        volume(&format!("{SIZED}<target>{target}</target>"))
    }

    #[track_caller]
    fn fails<T: std::fmt::Debug>(
        result: Result<T>,
        code: virErrorNumber,
        domain: virErrorDomain,
        message: &str,
    ) {
        let error = result.unwrap_err();
        assert_eq!((error.code, error.domain, error.message.as_str()), (code, domain, message));
    }

    #[test]
    fn what_is_not_said_stays_open() {
        let definition = volume(SIZED).unwrap();
        assert_eq!(
            definition,
            VolumeDefinition {
                name: "v".to_string(),
                capacity: Some(1 << 20),
                allocation: None,
                format: None,
                compat: None,
                cluster_size: None,
                features: None,
                nocow: false,
                permissions: Permissions::default(),
                backing_store: None,
                encryption: None,
                compression: None,
            }
        );
        let empty = "<allocation/><key>k</key><bogus/><backingStore><path/></backingStore>\
                     <target><path>/x</path><format/><compat/><clusterSize/></target>";
        assert_eq!(volume(&format!("{SIZED}{empty}")), Ok(definition.clone()));
        assert_eq!(with_target("<format type=''/><clusterSize>0</clusterSize>"), Ok(definition));
    }

    #[test]
    fn everything_that_is_said_is_read() {
        let definition = VolumeDefinition::parse(
            "<volume type='block'>
               <name>a b</name>
               <capacity unit='MiB'>64</capacity>
               <allocation unit='KB'>7</allocation>
               <target>
                 <format type='qcow2'/>
                 <permissions><mode>0640</mode></permissions>
                 <encryption format='luks'/>
                 <compat>0.10</compat>
                 <clusterSize unit='KiB'>128</clusterSize>
                 <nocow/>
                 <features><extended_l2/><lazy_refcounts/><lazy_refcounts/></features>
               </target>
               <backingStore><path>b//c</path><format type='vmdk'/></backingStore>
             </volume>",
        )
        .unwrap();
        assert_eq!(definition.name, "a b");
        assert_eq!((definition.capacity, definition.allocation), (Some(64 << 20), Some(7000)));
        assert_eq!(definition.format, Some(VolumeFormat::Qcow2));
        assert_eq!(definition.permissions.mode, Some(0o640));
        assert!(definition.encryption.is_some() && definition.nocow);
        assert_eq!(definition.compat.as_deref(), Some("0.10"));
        assert_eq!(definition.cluster_size, Some(128 << 10));
        assert_eq!(
            definition.features,
            Some(ImageFeatures { lazy_refcounts: true, extended_l2: true })
        );
        let backing = BackingStore { path: "b//c".to_string(), format: Some(VolumeFormat::Vmdk) };
        assert_eq!(definition.backing_store, Some(backing));
    }

    #[test]
    fn features_imply_the_version_that_has_them() {
        let definition = with_target("<features/>").unwrap();
        assert_eq!(definition.compat.as_deref(), Some("1.1"));
        assert_eq!(definition.features, Some(ImageFeatures::default()));
    }

    #[test]
    fn the_capacity_can_come_from_an_image() {
        let text = "<volume><name>v</name></volume>";
        assert_eq!(VolumeDefinition::parse_copy(text).unwrap().capacity, None);
        let backed = "<name>v</name><capacity/><backingStore><path>/b</path></backingStore>";
        assert_eq!(volume(backed).unwrap().capacity, None);
        let message = "XML error: missing capacity element";
        for inside in ["", "<capacity/>", "<backingStore/>", "<backingStore><path/></backingStore>"]
        {
            let inside = format!("<name>v</name>{inside}");
            fails(volume(&inside), VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, message);
        }
    }

    #[test]
    fn malformed_definitions_are_refused_as_libvirt_refuses_them() {
        let backed = |inside: &str| {
            volume(&format!("{SIZED}<backingStore><path>/b</path>{inside}</backingStore>"))
        };
        for (result, problem) in [
            (volume(""), "missing volume name element"),
            (volume("<name/>"), "missing volume name element"),
            (volume("<name>v</name><capacity> </capacity>"), "malformed capacity element"),
            (volume("<name>v</name><capacity>5 </capacity>"), "malformed capacity element"),
            (volume(&format!("{SIZED}<allocation>x</allocation>")), "malformed capacity element"),
            (with_target("<permissions><mode>9</mode></permissions>"), "malformed octal mode"),
            (
                with_target("<permissions><owner>abc</owner></permissions>"),
                "malformed owner element",
            ),
            (backed("<permissions><mode>9</mode></permissions>"), "malformed octal mode"),
            (with_target("<encryption/>"), "unknown volume encryption format"),
            (with_target("<compat>x</compat>"), "forbidden characters in 'compat' attribute"),
            (with_target("<compat>1</compat>"), "forbidden characters in 'compat' attribute"),
            (with_target("<compat>1.</compat>"), "forbidden characters in 'compat' attribute"),
            (with_target("<compat>1.1.1</compat>"), "forbidden characters in 'compat' attribute"),
            (with_target("<compat>1.+1</compat>"), "forbidden characters in 'compat' attribute"),
            (
                with_target("<compat>1.99999999999</compat>"),
                "forbidden characters in 'compat' attribute",
            ),
        ] {
            fails(result, VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, &format!("XML error: {problem}"));
        }
        for (result, problem) in [
            (
                VolumeDefinition::parse("<volume type='zzz'><name>v</name></volume>"),
                "unknown volume type 'zzz'",
            ),
            (with_target("<format type='zzz'/>"), "unknown volume format type zzz"),
            (backed("<format type='auto'/>"), "unknown volume format type auto"),
            (with_target("<features><bogus/></features>"), "unsupported feature bogus"),
        ] {
            let message = format!("unsupported configuration: {problem}");
            fails(result, VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, &message);
        }
        fails(
            VolumeDefinition::parse("<vol/>"),
            VIR_ERR_XML_ERROR,
            VIR_FROM_XML,
            "XML error: expecting root element of 'volume', not 'vol'",
        );
        fails(
            VolumeDefinition::parse("<volume>"),
            VIR_ERR_XML_DETAIL,
            VIR_FROM_STORAGE,
            "(storage_volume_definition):1: Premature end of data in tag volume line 1\n\
             <volume>\n--------^",
        );
        fails(
            with_target("<clusterSize>x</clusterSize>"),
            VIR_ERR_XML_ERROR,
            VIR_FROM_XML,
            "XML error: Invalid value 'x' for element or attribute './target/clusterSize'",
        );
        fails(
            volume("<name>v</name><capacity unit='xx'>1</capacity>"),
            VIR_ERR_INVALID_ARG,
            VIR_FROM_NONE,
            "invalid argument: unknown suffix 'xx'",
        );
        fails(
            volume("<name>v</name><capacity unit='E'>99</capacity>"),
            VIR_ERR_OVERFLOW,
            VIR_FROM_NONE,
            "numerical overflow: value too large: 99E",
        );
    }

    #[test]
    fn names_that_no_file_can_have_are_refused() {
        let named = |name: &str| volume(&format!("<name>{name}</name><capacity>1</capacity>"));
        fails(
            named("a/9"),
            VIR_ERR_OPERATION_INVALID,
            VIR_FROM_STORAGE,
            "Requested operation is not valid: volume name 'a/9' cannot contain '/'",
        );
        for (name, problem) in [
            ("a\nb", "contains the control character 0x0a"),
            ("&#13;", "contains the control character 0x0d"),
            ("&#127;", "contains the control character 0x7f"),
            (&"/".repeat(4096), "is longer than 255 bytes"),
        ] {
            let message = format!("XML error: volume name {problem}");
            fails(named(name), VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, &message);
        }
        assert!(named("a\0").unwrap_err().message.contains("Char 0x0 out of allowed range"));
        for name in [".", "..", ".hidden", " ", "a&amp;&apos;"] {
            assert!(named(name).is_ok(), "{name:?}");
        }
    }

    /// Which of two faults is reported: libvirt's order.
    #[test]
    fn faults_are_found_in_libvirts_order() {
        let message = |text: &str| VolumeDefinition::parse(text).unwrap_err().str2.unwrap();
        for (text, first) in [
            ("<volume type='z'/>", "missing volume name element"),
            ("<volume type='z'><name>v</name></volume>", "unknown volume type 'z'"),
            (
                "<volume><name>v</name><capacity>x</capacity><backingStore><path>/b</path>\
                 <format type='y'/></backingStore></volume>",
                "unknown volume format type y",
            ),
            (
                "<volume><name>v</name><target><format type='y'/></target></volume>",
                "missing capacity element",
            ),
            (
                "<volume><name>a/b</name><capacity>1</capacity><target><format type='y'/>\
                 <permissions><mode>9</mode></permissions></target></volume>",
                "unknown volume format type y",
            ),
            (
                "<volume><name>a/b</name><capacity>1</capacity><target><encryption/><compat>x\
                 </compat><permissions><mode>9</mode></permissions></target></volume>",
                "malformed octal mode",
            ),
            (
                "<volume><name>a/b</name><capacity>1</capacity><target><compat>x</compat>\
                 <encryption/></target></volume>",
                "unknown volume encryption format",
            ),
            (
                "<volume><name>a/b</name><capacity>1</capacity><target><clusterSize>x\
                 </clusterSize><compat>x</compat></target></volume>",
                "forbidden characters in 'compat' attribute",
            ),
            (
                "<volume><name>a/b</name><capacity>1</capacity><target><features><z/></features>\
                 <clusterSize>x</clusterSize></target></volume>",
                "Invalid value 'x' for element or attribute './target/clusterSize'",
            ),
        ] {
            assert_eq!(message(text), first, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(parts in prop::collection::vec(prop_oneof![
            Just("<volume>"), Just("</volume>"), Just("<name>"), Just("</name>"), Just("v"),
            Just("<capacity unit='K'>"), Just("</capacity>"), Just("1"), Just("<target>"),
            Just("</target>"), Just("<features>"), Just("</features>"), Just("<x/>"),
            Just("<clusterSize>"), Just("</clusterSize>"), Just("<compat>"), Just("</compat>"),
            Just("<backingStore>"), Just("</backingStore>"), Just("<path>"), Just("</path>"),
        ], 0..20)) {
            let _ = VolumeDefinition::parse(&parts.concat());
        }

        #[test]
        fn no_value_panics(name in any::<String>(), size in any::<String>(), word in any::<String>()) {
            let format = Element::new("format").with_attr("type", &word);
            let features = Element::new("features").with_child(Element::new("lazy_refcounts"));
            let target = Element::new("target")
                .with_child(format)
                .with_child(Element::new("compat").with_text(&word))
                .with_child(Element::new("clusterSize").with_text(&size))
                .with_child(features);
            let volume = Element::new("volume")
                .with_child(Element::new("name").with_text(name))
                .with_child(Element::new("capacity").with_attr("unit", word).with_text(size))
                .with_child(target);
            let _ = VolumeDefinition::parse(&volume.to_xml());
        }
    }
}
