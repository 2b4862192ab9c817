//! The formats that a volume can be said to have.

use crate::block::Format;
use crate::error::*;
use crate::xml::excerpt;

/// libvirt's words for the formats of volumes and backing stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VolumeFormat {
    /// The file's bytes are the guest's.
    #[default]
    Raw,
    /// A directory.
    Dir,
    Bochs,
    Cloop,
    Dmg,
    Iso,
    Vpc,
    Vdi,
    Fat,
    Vhd,
    Ploop,
    Cow,
    Qcow,
    Qcow2,
    Qed,
    Vmdk,
    /// It is not known. No caller can ask for that.
    Unknown,
}

impl VolumeFormat {
    const WORDS: [(VolumeFormat, &str); 16] = [
        (VolumeFormat::Raw, "raw"),
        (VolumeFormat::Dir, "dir"),
        (VolumeFormat::Bochs, "bochs"),
        (VolumeFormat::Cloop, "cloop"),
        (VolumeFormat::Dmg, "dmg"),
        (VolumeFormat::Iso, "iso"),
        (VolumeFormat::Vpc, "vpc"),
        (VolumeFormat::Vdi, "vdi"),
        (VolumeFormat::Fat, "fat"),
        (VolumeFormat::Vhd, "vhd"),
        (VolumeFormat::Ploop, "ploop"),
        (VolumeFormat::Cow, "cow"),
        (VolumeFormat::Qcow, "qcow"),
        (VolumeFormat::Qcow2, "qcow2"),
        (VolumeFormat::Qed, "qed"),
        (VolumeFormat::Vmdk, "vmdk"),
    ];

    /// The format of a volume whose image is of the format of that name. What libvirt has no word for, it
    /// lists as raw.
    pub fn of_image(name: &str) -> VolumeFormat {
        let found = VolumeFormat::WORDS.iter().find(|(_, word)| *word == name);
        found.map_or(VolumeFormat::Raw, |(format, _)| *format)
    }

    /// How an image of this format is opened, if it can be.
    pub fn image(self) -> Option<Format> {
        match self {
            // The bytes of the disk.
            VolumeFormat::Iso => Some(Format::Raw),
            other => Format::from_name(other.word()),
        }
    }

    /// The formats that a volume in a folder can be made with, in the order in which they are listed.
    pub fn creatable() -> Vec<VolumeFormat> {
        let images = Format::ALL.into_iter().filter(|format| format.has_header());
        let images = images.map(|format| VolumeFormat::of_image(format.name()));
        [VolumeFormat::Raw, VolumeFormat::Dir].into_iter().chain(images).collect()
    }

    /// The format that a word in XML stands for.
    ///
    /// Errors: VIR_ERR_CONFIG_UNSUPPORTED.
    pub fn from_word(word: &str) -> Result<VolumeFormat> {
        let found = VolumeFormat::WORDS.iter().find(|(_, w)| *w == word);
        found.map(|(format, _)| *format).ok_or_else(|| {
            let problem = format!("unknown volume format type {}", excerpt(word));
            Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, problem)
        })
    }

    /// Its word in XML.
    pub fn word(self) -> &'static str {
        VolumeFormat::WORDS.iter().find(|(f, _)| *f == self).map_or("unknown", |(_, word)| word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_formats() {
        for (format, word) in VolumeFormat::WORDS {
            assert_eq!(VolumeFormat::from_word(word), Ok(format));
            assert_eq!(format.word(), word);
        }
    }

    #[test]
    fn words_of_other_things_are_refused() {
        for word in
            ["none", "auto", "luks", "extended", "parallels", "vhdx", "QCOW2", "unknown", ""]
        {
            let error = VolumeFormat::from_word(word).unwrap_err();
            assert_eq!((error.code, error.domain), (VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE));
            let message = format!("unsupported configuration: unknown volume format type {word}");
            assert_eq!(error.message, message);
        }
    }
}
