//! A pool's definition: read from the XML of virStoragePoolDefineXML and written for
//! virStoragePoolGetXMLDesc, in libvirt's order and with its messages.

use uuid::Uuid;

use super::names::{check_name, normalise_path};
use super::permissions::Permissions;
use super::pool_type::PoolType;
use crate::error::*;
use crate::xml::{self, Element, excerpt};

/// Bytes of a running pool; all zero for one that is not running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolSizes {
    /// Of the file system.
    pub capacity: u64,
    /// Of that, in use.
    pub allocation: u64,
    /// Of that, free.
    pub available: u64,
}

/// A pool as its owner described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolDefinition {
    /// What the pool is made of.
    pub pool_type: &'static PoolType,
    /// Without slashes and control characters, at most 255 bytes.
    pub name: String,
    /// None: one is to be made.
    pub uuid: Option<Uuid>,
    /// Where the volumes are, normalised; empty for a type that is not supported and says none.
    pub target_path: String,
    /// What the directory is to be made with.
    pub permissions: Permissions,
    /// The `<source>` as it was written, for the types that have one.
    pub source: Option<Element>,
}

impl PoolDefinition {
    /// Reads a caller's definition.
    ///
    /// Errors: VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED (format of the
    /// source).
    pub fn parse(text: &str) -> Result<PoolDefinition> {
        PoolDefinition::from_xml(&xml::parse(text, WHAT, VIR_FROM_STORAGE)?)
    }

    /// Reads a definition that [`PoolDefinition::format`] has written.
    pub fn parse_stored(text: &str) -> Result<PoolDefinition> {
        PoolDefinition::from_xml(&xml::parse_stored(text, WHAT, VIR_FROM_STORAGE)?)
    }

    fn from_xml(root: &Element) -> Result<PoolDefinition> {
        root.expect_name("pool")?;
        let pool_type = pool_type(root)?;
        let no_source = Element::new("source");
        let source = root.child("source").unwrap_or(&no_source);
        check_source(pool_type, source)?;
        let name = name(root)?;
        let uuid = root.text_of("uuid").map(|text| uuid(&text)).transpose()?;
        require_source(pool_type, source)?;
        let no_target = Element::new("target");
        let target = root.child("target").unwrap_or(&no_target);
        let target_path = target.text_of("path").unwrap_or_default();
        if target_path.is_empty() && pool_type.needs_target() {
            return Err(xml_error("missing storage pool target path"));
        }
        Ok(PoolDefinition {
            pool_type,
            name,
            uuid,
            target_path: normalise_path(&target_path),
            permissions: Permissions::parse(target)?,
            source: (pool_type != PoolType::dir()).then(|| source.clone()),
        })
    }

    /// Whether it is of the same place as another definition, so that both cannot be pools.
    pub fn has_place_of(&self, other: &PoolDefinition) -> bool {
        match (&self.pool_type.driver, &other.pool_type.driver) {
            (Some(driver), Some(others)) => (driver.place)(self) == (others.place)(other),
            _ => false,
        }
    }

    /// The pool's description. The permissions are those of the directory while the pool runs,
    /// otherwise those of the definition.
    pub fn format(&self, uuid: &Uuid, sizes: PoolSizes, permissions: &Permissions) -> String {
        let bytes = |name, bytes| Element::new(name).with_attr("unit", "bytes").with_text(bytes);
        let path = Element::new("path").with_text(&self.target_path);
        let mut target = Element::new("target").with_child(path);
        target.nodes.extend(permissions.to_element().map(xml::Node::Element));
        Element::new("pool")
            .with_attr("type", self.pool_type.word)
            .with_child(Element::new("name").with_text(&self.name))
            .with_child(Element::new("uuid").with_text(uuid))
            .with_child(bytes("capacity", sizes.capacity))
            .with_child(bytes("allocation", sizes.allocation))
            .with_child(bytes("available", sizes.available))
            .with_child(self.source.clone().unwrap_or_else(empty_source))
            .with_child(target)
            .to_xml()
    }
}

/// What messages call the document.
const WHAT: &str = "storage_pool_definition";

/// libvirt writes a source with nothing in it on two lines.
fn empty_source() -> Element {
    Element::new("source").with_text("\n  ")
}

fn pool_type(root: &Element) -> Result<&'static PoolType> {
    let Some(word) = root.attr("type") else {
        let problem = "Missing required attribute 'type' in element 'pool'";
        return Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, problem));
    };
    PoolType::from_word(word).ok_or_else(|| {
        let word = excerpt(word);
        let problem = format!("Invalid value for attribute 'type' in element 'pool': '{word}'.");
        Error::new(VIR_ERR_XML_ERROR, VIR_FROM_XML, problem)
    })
}

fn name(root: &Element) -> Result<String> {
    let Some(name) = root.text_of("name") else {
        return Err(xml_error("missing pool source name element"));
    };
    check_name("pool", &name)?;
    if name.contains('/') {
        return Err(xml_error(format!("name {name} cannot contain '/'")));
    }
    Ok(name)
}

fn uuid(text: &str) -> Result<Uuid> {
    xml::parse_uuid(text).ok_or_else(|| xml_error("malformed uuid element"))
}

/// What is wrong with a source whatever pool it is for, and its format.
fn check_source(pool_type: &PoolType, source: &Element) -> Result<()> {
    if source.children("host").any(|host| host.attr("name").is_none()) {
        return Err(xml_error("missing storage pool host name"));
    }
    if source.children("device").any(|device| device.attr("path").is_none()) {
        return Err(xml_error("missing storage pool source device path"));
    }
    let formats = pool_type.source_formats;
    match source.child("format").and_then(|format| format.attr("type")) {
        Some(word) if !word.is_empty() && !formats.is_empty() && !formats.contains(&word) => {
            let problem = format!("unknown pool format type {}", excerpt(word));
            Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, problem))
        }
        _ => Ok(()),
    }
}

/// What a pool of that type cannot do without.
fn require_source(pool_type: &PoolType, source: &Element) -> Result<()> {
    match (pool_type.missing_in_source)(source) {
        Some(missing) => Err(xml_error(format!("missing storage pool source {missing}"))),
        None => Ok(()),
    }
}

fn xml_error(problem: impl Into<String>) -> Error {
    Error::new(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UUID: &str = "7f307396-f344-4837-9dc5-110ce400d1b9";

    fn pool(pool_type: &str, inside: &str) -> Result<PoolDefinition> {
        PoolDefinition::parse(&format!("<pool type='{pool_type}'>{inside}</pool>"))
    }

    #[track_caller]
    fn fails(text: &str, code: virErrorNumber, domain: virErrorDomain, message: &str) {
        let error = PoolDefinition::parse(text).unwrap_err();
        assert_eq!((error.code, error.domain, error.message.as_str()), (code, domain, message));
    }

    const MINIMUM: &str = "<name>N</name><target><path>/P</path></target>";

    #[test]
    fn the_least_definition_is_enough() {
        let definition = pool("dir", MINIMUM).unwrap();
        assert_eq!(definition.pool_type, PoolType::dir());
        assert_eq!(definition.name, "N");
        assert_eq!(definition.uuid, None);
        assert_eq!(definition.target_path, "/P");
        assert_eq!(definition.permissions, Permissions::default());
        assert_eq!(definition.source, None);
    }

    #[test]
    fn unknown_elements_and_sizes_are_ignored() {
        let text =
            format!("<capacity>x</capacity><b:ogus/>{MINIMUM}<source><name>q</name></source>");
        assert_eq!(pool("dir", &text), pool("dir", MINIMUM));
    }

    /// The expected text is what libvirt 9.0 prints for this definition, before and after start.
    #[test]
    fn descriptions_are_byte_for_byte_those_of_libvirt() {
        let text = format!(
            "<name>p1</name><uuid>{UUID}</uuid><target><path>/tmp//p1/x/</path>\
             <permissions><mode>0711</mode></permissions></target>"
        );
        let definition = pool("dir", &text).unwrap();
        let uuid = definition.uuid.unwrap();
        let inactive = definition.format(&uuid, PoolSizes::default(), &definition.permissions);
        assert_eq!(
            inactive,
            "\
<pool type='dir'>
  <name>p1</name>
  <uuid>7f307396-f344-4837-9dc5-110ce400d1b9</uuid>
  <capacity unit='bytes'>0</capacity>
  <allocation unit='bytes'>0</allocation>
  <available unit='bytes'>0</available>
  <source>
  </source>
  <target>
    <path>/tmp/p1/x</path>
    <permissions>
      <mode>0711</mode>
    </permissions>
  </target>
</pool>
"
        );
        assert_eq!(PoolDefinition::parse_stored(&inactive).as_ref(), Ok(&definition));
        let sizes =
            PoolSizes { capacity: 270553174016, allocation: 12679282688, available: 257873891328 };
        let permissions =
            Permissions { mode: Some(0o711), owner: Some(64055), group: Some(107), label: None };
        let active = definition.format(&uuid, sizes, &permissions);
        assert_eq!(
            active,
            "\
<pool type='dir'>
  <name>p1</name>
  <uuid>7f307396-f344-4837-9dc5-110ce400d1b9</uuid>
  <capacity unit='bytes'>270553174016</capacity>
  <allocation unit='bytes'>12679282688</allocation>
  <available unit='bytes'>257873891328</available>
  <source>
  </source>
  <target>
    <path>/tmp/p1/x</path>
    <permissions>
      <mode>0711</mode>
      <owner>64055</owner>
      <group>107</group>
    </permissions>
  </target>
</pool>
"
        );
    }

    #[test]
    fn the_source_of_a_mounted_pool_comes_back_as_it_was() {
        let source = "<source><host name='h' port='1'/><dir path='/e'/><x:more xmlns:x='u'/>\
                      <format type='nfs'/></source>";
        let definition = pool("netfs", &format!("{MINIMUM}{source}")).unwrap();
        let uuid = Uuid::nil();
        let text = definition.format(&uuid, PoolSizes::default(), &definition.permissions);
        let expected = "\
  <source>
    <host name='h' port='1'/>
    <dir path='/e'/>
    <x:more xmlns:x='u'/>
    <format type='nfs'/>
  </source>
";
        assert!(text.contains(expected), "{text}");
        let again = PoolDefinition::parse_stored(&text).unwrap();
        assert_eq!(again, PoolDefinition { uuid: Some(uuid), ..definition });
    }

    #[test]
    fn malformed_definitions_are_refused_as_libvirt_refuses_them() {
        let target = "<target><path>/P</path></target>";
        for (text, domain, problem) in [
            ("<foo/>", VIR_FROM_XML, "expecting root element of 'pool', not 'foo'"),
            ("<pool/>", VIR_FROM_XML, "Missing required attribute 'type' in element 'pool'"),
            (
                "<pool type='zzz'/>",
                VIR_FROM_XML,
                "Invalid value for attribute 'type' in element 'pool': 'zzz'.",
            ),
            (
                "<pool type=''/>",
                VIR_FROM_XML,
                "Invalid value for attribute 'type' in element 'pool': ''.",
            ),
            ("<pool type='dir'/>", VIR_FROM_STORAGE, "missing pool source name element"),
            (
                &format!("<pool type='dir'><name/><uuid>x</uuid>{target}</pool>"),
                VIR_FROM_STORAGE,
                "missing pool source name element",
            ),
            (
                &format!("<pool type='dir'><name>a/b</name><uuid>x</uuid>{target}</pool>"),
                VIR_FROM_STORAGE,
                "name a/b cannot contain '/'",
            ),
            (
                "<pool type='dir'><name>a</name><uuid>x</uuid></pool>",
                VIR_FROM_STORAGE,
                "malformed uuid element",
            ),
            (
                "<pool type='dir'><name>a</name></pool>",
                VIR_FROM_STORAGE,
                "missing storage pool target path",
            ),
            (
                "<pool type='dir'><name>a</name><target><path/></target></pool>",
                VIR_FROM_STORAGE,
                "missing storage pool target path",
            ),
            (
                "<pool type='dir'><name>a</name><target><path>/P</path><permissions>\
                 <mode>9</mode></permissions></target></pool>",
                VIR_FROM_STORAGE,
                "malformed octal mode",
            ),
            (
                &format!("<pool type='dir'><name>a\nb</name>{target}</pool>"),
                VIR_FROM_STORAGE,
                "pool name contains the control character 0x0a",
            ),
            (
                &format!("<pool type='dir'><name>{}</name>{target}</pool>", "a/".repeat(2048)),
                VIR_FROM_STORAGE,
                "pool name is longer than 255 bytes",
            ),
        ] {
            fails(text, VIR_ERR_XML_ERROR, domain, &format!("XML error: {problem}"));
        }
        fails(
            "<pool",
            VIR_ERR_XML_DETAIL,
            VIR_FROM_STORAGE,
            "(storage_pool_definition):1: Couldn't find end of Start Tag pool line 1\n\
             <pool\n-----^",
        );
    }

    #[test]
    fn malformed_sources_are_refused_as_libvirt_refuses_them() {
        for (text, domain, problem) in [
            (
                "<pool type='fs'><name>a</name><uuid>x</uuid></pool>",
                VIR_FROM_STORAGE,
                "malformed uuid element",
            ),
            (
                "<pool type='fs'><name>a</name></pool>",
                VIR_FROM_STORAGE,
                "missing storage pool source device name",
            ),
            (
                "<pool type='fs'><source><device/></source></pool>",
                VIR_FROM_STORAGE,
                "missing storage pool source device path",
            ),
            (
                "<pool type='netfs'><name>a</name><source><dir path='/x'/></source></pool>",
                VIR_FROM_STORAGE,
                "missing storage pool source host name",
            ),
            (
                "<pool type='netfs'><name>a</name><source><host/></source></pool>",
                VIR_FROM_STORAGE,
                "missing storage pool host name",
            ),
            (
                "<pool type='netfs'><name>a</name><source><host name='h'/></source></pool>",
                VIR_FROM_STORAGE,
                "missing storage pool source path",
            ),
        ] {
            fails(text, VIR_ERR_XML_ERROR, domain, &format!("XML error: {problem}"));
        }
        fails(
            "<pool type='fs'><source><format type='btrfs'/></source></pool>",
            VIR_ERR_CONFIG_UNSUPPORTED,
            VIR_FROM_STORAGE,
            "unsupported configuration: unknown pool format type btrfs",
        );
    }

    #[test]
    fn types_without_a_driver_are_known_by_name() {
        let definition = pool("rbd", "<name>a</name><source><name>x</name></source>").unwrap();
        assert_eq!(definition.pool_type.word, "rbd");
        let error = definition.pool_type.expect_driver().err().unwrap();
        assert_eq!(error.code, VIR_ERR_CONFIG_UNSUPPORTED);
        for pool_type in PoolType::all() {
            assert_eq!(PoolType::from_word(pool_type.word), Some(pool_type));
        }
    }

    proptest! {
        #[test]
        fn definitions_survive_being_stored(
            name in "[^/\u{0}-\u{1f}\u{7f}-\u{9f}\u{fffe}\u{ffff}]{1,40}",
            path in "(/[^/\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}]{1,8}){1,4}",
            uuid in any::<u128>(),
            mode in prop::option::of(0u32..=0o777),
            owner in prop::option::of(0..u32::MAX),
        ) {
            let uuid = Uuid::from_u128(uuid);
            let definition = PoolDefinition {
                pool_type: PoolType::dir(),
                name,
                uuid: Some(uuid),
                target_path: path,
                permissions: Permissions { mode, owner, ..Permissions::default() },
                source: None,
            };
            let text = definition.format(&uuid, PoolSizes::default(), &definition.permissions);
            prop_assert_eq!(PoolDefinition::parse_stored(&text), Ok(definition));
        }

        #[test]
        fn no_text_panics(text in "(<|>|/|'|=| |pool|type|dir|name|target|path|a){0,30}") {
            let _ = PoolDefinition::parse(&text);
        }
    }
}
