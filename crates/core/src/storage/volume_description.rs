//! A volume's description, written for virStorageVolGetXMLDesc in libvirt's order and style.

use std::fmt;

use super::permissions::Permissions;
use super::volume_format::VolumeFormat;
use crate::block::ImageFeatures;
use crate::enums::storage_vol::virStorageVolType;
use crate::xml::Element;

/// What a volume is on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeKind {
    File = virStorageVolType::VIR_STORAGE_VOL_FILE as isize,
    Block = virStorageVolType::VIR_STORAGE_VOL_BLOCK as isize,
    Dir = virStorageVolType::VIR_STORAGE_VOL_DIR as isize,
}

impl VolumeKind {
    fn word(self) -> &'static str {
        match self {
            VolumeKind::File => "file",
            VolumeKind::Block => "block",
            VolumeKind::Dir => "dir",
        }
    }
}

/// Seconds and nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamp {
    pub seconds: i64,
    pub nanoseconds: u32,
}

/// A whole second is written without a fraction.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        match self.nanoseconds {
            0 => Ok(()),
            nanoseconds => write!(f, ".{nanoseconds:09}"),
        }
    }
}

/// When a file was read, written, changed and made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamps {
    pub atime: Timestamp,
    pub mtime: Timestamp,
    pub ctime: Timestamp,
    /// Zero when the file system doesn't know.
    pub btime: Timestamp,
}

impl Timestamps {
    fn to_element(self) -> Element {
        Element::new("timestamps")
            .with_child(Element::new("atime").with_text(self.atime))
            .with_child(Element::new("mtime").with_text(self.mtime))
            .with_child(Element::new("ctime").with_text(self.ctime))
            .with_child(Element::new("btime").with_text(self.btime))
    }
}

/// The image below a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackingDescription {
    /// Absolute where it could be resolved, else as the volume has it.
    pub path: String,
    pub format: VolumeFormat,
    /// Those of the file; nothing when there is none.
    pub permissions: Permissions,
    /// Those of the file; None when there is none.
    pub timestamps: Option<Timestamps>,
}

/// A volume as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeDescription {
    pub kind: VolumeKind,
    pub name: String,
    pub key: String,
    pub path: String,
    /// Bytes that the guest sees.
    pub capacity: u64,
    /// Bytes that the file system has given.
    pub allocation: u64,
    /// The length of the file in bytes; 0 is not written.
    pub physical: u64,
    pub format: VolumeFormat,
    pub permissions: Permissions,
    pub timestamps: Option<Timestamps>,
    /// The version of qcow2, when it is to be shown.
    pub compat: Option<String>,
    /// Bytes of a cluster, when they are to be shown.
    pub cluster_size: Option<u64>,
    /// Written also when there are none.
    pub features: Option<ImageFeatures>,
    pub backing_store: Option<BackingDescription>,
}

impl VolumeDescription {
    /// The document.
    pub fn format(&self) -> String {
        let bytes = |name, bytes| Element::new(name).with_attr("unit", "bytes").with_text(bytes);
        let mut volume = Element::new("volume")
            .with_attr("type", self.kind.word())
            .with_child(Element::new("name").with_text(&self.name))
            .with_child(Element::new("key").with_text(&self.key))
            .with_child(bytes("capacity", self.capacity))
            .with_child(bytes("allocation", self.allocation));
        if self.physical != 0 {
            volume.push(bytes("physical", self.physical));
        }
        volume.push(self.target());
        if let Some(backing) = &self.backing_store {
            let (permissions, timestamps) = (&backing.permissions, backing.timestamps);
            volume.push(file(
                "backingStore",
                &backing.path,
                backing.format,
                permissions,
                timestamps,
            ));
        }
        volume.to_xml()
    }

    fn target(&self) -> Element {
        let mut target =
            file("target", &self.path, self.format, &self.permissions, self.timestamps);
        if let Some(compat) = &self.compat {
            target.push(Element::new("compat").with_text(compat));
        }
        if let Some(size) = self.cluster_size {
            target.push(Element::new("clusterSize").with_attr("unit", "B").with_text(size));
        }
        if let Some(features) = self.features {
            let mut element = Element::new("features");
            if features.lazy_refcounts {
                element.push(Element::new("lazy_refcounts"));
            }
            if features.extended_l2 {
                element.push(Element::new("extended_l2"));
            }
            target.push(element);
        }
        target
    }
}

/// What is said of the volume's own file and of the one below it alike.
fn file(
    name: &str,
    path: &str,
    format: VolumeFormat,
    permissions: &Permissions,
    timestamps: Option<Timestamps>,
) -> Element {
    let mut element = Element::new(name)
        .with_child(Element::new("path").with_text(path))
        .with_child(Element::new("format").with_attr("type", format.word()));
    if let Some(permissions) = permissions.to_element() {
        element.push(permissions);
    }
    if let Some(timestamps) = timestamps {
        element.push(timestamps.to_element());
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions() -> Permissions {
        Permissions { mode: Some(0o600), owner: Some(64055), group: Some(107), label: None }
    }

    fn at(seconds: i64, nanoseconds: u32) -> Timestamp {
        Timestamp { seconds, nanoseconds }
    }

    fn raw() -> VolumeDescription {
        VolumeDescription {
            kind: VolumeKind::File,
            name: "a.raw".to_string(),
            key: "/p/a.raw".to_string(),
            path: "/p/a.raw".to_string(),
            capacity: 67108864,
            allocation: 67108864,
            physical: 67108864,
            format: VolumeFormat::Raw,
            permissions: permissions(),
            timestamps: Some(Timestamps {
                atime: at(1795154799, 79139241),
                mtime: at(5, 0),
                ctime: at(1795154799, 7),
                btime: at(0, 0),
            }),
            compat: None,
            cluster_size: None,
            features: None,
            backing_store: None,
        }
    }

    /// The expected texts are what libvirt 9.0 prints for volumes like these.
    #[test]
    fn a_raw_file_is_described_byte_for_byte_as_libvirt_does() {
        assert_eq!(
            raw().format(),
            "\
<volume type='file'>
  <name>a.raw</name>
  <key>/p/a.raw</key>
  <capacity unit='bytes'>67108864</capacity>
  <allocation unit='bytes'>67108864</allocation>
  <physical unit='bytes'>67108864</physical>
  <target>
    <path>/p/a.raw</path>
    <format type='raw'/>
    <permissions>
      <mode>0600</mode>
      <owner>64055</owner>
      <group>107</group>
    </permissions>
    <timestamps>
      <atime>1795154799.079139241</atime>
      <mtime>5</mtime>
      <ctime>1795154799.000000007</ctime>
      <btime>0</btime>
    </timestamps>
  </target>
</volume>
"
        );
    }

    #[test]
    fn a_qcow2_image_with_a_backing_file_is_described_as_libvirt_does() {
        let description = VolumeDescription {
            name: "we'ird&<>\"é".to_string(),
            allocation: 397312,
            physical: 393224,
            format: VolumeFormat::Qcow2,
            timestamps: None,
            compat: Some("1.1".to_string()),
            cluster_size: Some(131072),
            features: Some(ImageFeatures { lazy_refcounts: true, extended_l2: true }),
            backing_store: Some(BackingDescription {
                path: "/p/b.raw".to_string(),
                format: VolumeFormat::Raw,
                permissions: permissions(),
                timestamps: Some(Timestamps::default()),
            }),
            ..raw()
        };
        assert_eq!(
            description.format(),
            "\
<volume type='file'>
  <name>we&apos;ird&amp;&lt;&gt;&quot;é</name>
  <key>/p/a.raw</key>
  <capacity unit='bytes'>67108864</capacity>
  <allocation unit='bytes'>397312</allocation>
  <physical unit='bytes'>393224</physical>
  <target>
    <path>/p/a.raw</path>
    <format type='qcow2'/>
    <permissions>
      <mode>0600</mode>
      <owner>64055</owner>
      <group>107</group>
    </permissions>
    <compat>1.1</compat>
    <clusterSize unit='B'>131072</clusterSize>
    <features>
      <lazy_refcounts/>
      <extended_l2/>
    </features>
  </target>
  <backingStore>
    <path>/p/b.raw</path>
    <format type='raw'/>
    <permissions>
      <mode>0600</mode>
      <owner>64055</owner>
      <group>107</group>
    </permissions>
    <timestamps>
      <atime>0</atime>
      <mtime>0</mtime>
      <ctime>0</ctime>
      <btime>0</btime>
    </timestamps>
  </backingStore>
</volume>
"
        );
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        let description = VolumeDescription {
            kind: VolumeKind::Dir,
            capacity: 0,
            allocation: 0,
            physical: 0,
            format: VolumeFormat::Dir,
            permissions: Permissions::default(),
            timestamps: None,
            features: Some(ImageFeatures::default()),
            backing_store: Some(BackingDescription {
                path: "gone".to_string(),
                format: VolumeFormat::Qcow2,
                permissions: Permissions::default(),
                timestamps: None,
            }),
            ..raw()
        };
        assert_eq!(
            description.format(),
            "\
<volume type='dir'>
  <name>a.raw</name>
  <key>/p/a.raw</key>
  <capacity unit='bytes'>0</capacity>
  <allocation unit='bytes'>0</allocation>
  <target>
    <path>/p/a.raw</path>
    <format type='dir'/>
    <features/>
  </target>
  <backingStore>
    <path>gone</path>
    <format type='qcow2'/>
  </backingStore>
</volume>
"
        );
    }
}
