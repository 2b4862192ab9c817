//! What callers ask of a copy of a disk, as a request.

use std::time::Duration;

use crate::block::Format;
use crate::domain::config::disk::{ImageDefinition, timeout};
use crate::domain::config::source::Source;
use crate::domain::machine::block_job::{
    BlockWork, CopyDestination, CopyFlags, CopyParameters, CopyRequest,
};
use crate::domain::object::Domain;
use crate::error::*;
use crate::xml::{self, Element};

/// A server that says nothing for so long while it owes an answer is lost, unless the XML says another
/// time.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

impl CopyParameters {
    fn check(&self) -> Result<()> {
        let refused = |text: &str| Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text));
        let most = i64::MAX as u64;
        if self.bandwidth > most {
            let mib = most >> 20;
            return refused(&format!("bandwidth must be less than '{most}' bytes/s ({mib} MiB/s)"));
        }
        if self.granularity != 0 && !self.granularity.is_power_of_two() {
            return refused("granularity must be power of 2");
        }
        if self.granularity != 0 && !(512..=64 << 20).contains(&self.granularity) {
            return refused("granularity must be between 512 bytes and 64 MiB");
        }
        if self.buffer_size > most {
            return refused(&format!("buf-size must be less than '{most}' bytes"));
        }
        Ok(())
    }
}

impl CopyDestination {
    /// Reads a caller's `<disk>`.
    fn parse(text: &str) -> Result<CopyDestination> {
        let element = xml::parse(text, "disk_definition", VIR_FROM_DOMAIN)?;
        element.expect_name("disk")?;
        let format = element.child("driver").and_then(|driver| driver.attr("type"));
        let Some(image) = ImageDefinition::parse(&element, format.unwrap_or("raw"))? else {
            let what = "missing source information for device ";
            return Err(Error {
                message: what.to_string(),
                ..Error::new(VIR_ERR_NO_SOURCE, VIR_FROM_DOMAIN, "")
            });
        };
        let known = |format: &str| {
            Format::from_name(format).ok_or_else(|| {
                let text = format!("copies of format '{format}' are not made");
                Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text)
            })
        };
        CopyDestination {
            kind: element.attr("type").unwrap_or("file").to_string(),
            source: image.source,
            format: format.map(known).transpose()?,
            assumed: format.is_none(),
            timeout: timeout(&element, REPLY_TIMEOUT)?,
            element: element.child("source").cloned().unwrap_or(Element::new("source")),
        }
        .checked()
    }

    /// A file, or a device.
    pub fn at_path(path: &str, device: bool, format: Option<Format>) -> Result<CopyDestination> {
        let (kind, attr) = if device { ("block", "dev") } else { ("file", "file") };
        let source = if device { Source::Block(path.into()) } else { Source::File(path.into()) };
        let element = Element::new("source").with_attr(attr, path);
        let (kind, timeout) = (kind.to_string(), Some(REPLY_TIMEOUT));
        CopyDestination { kind, element, source, format, assumed: true, timeout }.checked()
    }

    fn checked(self) -> Result<CopyDestination> {
        match &self.source {
            Source::File(path) | Source::Block(path) if !path.is_absolute() => {
                let text = "absolute path must be used as block copy target";
                Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text))
            }
            _ => Ok(self),
        }
    }
}

impl Domain {
    /// Copies a disk to what `xml` describes, and keeps the copy equal until told what to do with it.
    pub fn block_copy(
        &self,
        name: &str,
        xml: &str,
        parameters: CopyParameters,
        flags: CopyFlags,
    ) -> Result<()> {
        self.copy_to(name, parameters, flags, || CopyDestination::parse(xml))
    }

    /// Copies a disk to a destination.
    pub(super) fn copy_to(
        &self,
        name: &str,
        parameters: CopyParameters,
        flags: CopyFlags,
        destination: impl FnOnce() -> Result<CopyDestination>,
    ) -> Result<()> {
        parameters.check()?;
        let disk = self.job_disk(name)?;
        disk.start(BlockWork::Copy(CopyRequest { destination: destination()?, parameters, flags }))
    }
}
