//! Pull, rebase and commit as callers ask for them.

use super::bandwidth;
use crate::block::Format;
use crate::domain::machine::block_job::{
    BlockWork, CommitFlags, CopyDestination, CopyFlags, CopyParameters, PullBase,
};
use crate::domain::object::Domain;
use crate::enums::domain::virDomainBlockRebaseFlags;
use crate::enums::flags;
use crate::error::*;

flags! {
    /// How a disk is put onto another image.
    #[derive(Clone, Copy)]
    pub struct RebaseFlags: u32 = virDomainBlockRebaseFlags {
        const SHALLOW = VIR_DOMAIN_BLOCK_REBASE_SHALLOW;
        const REUSE_EXT = VIR_DOMAIN_BLOCK_REBASE_REUSE_EXT;
        const COPY_RAW = VIR_DOMAIN_BLOCK_REBASE_COPY_RAW;
        const COPY = VIR_DOMAIN_BLOCK_REBASE_COPY;
        const RELATIVE = VIR_DOMAIN_BLOCK_REBASE_RELATIVE;
        const COPY_DEV = VIR_DOMAIN_BLOCK_REBASE_COPY_DEV;
        const BANDWIDTH_BYTES = VIR_DOMAIN_BLOCK_REBASE_BANDWIDTH_BYTES;
    }
}

fn refused(text: &str) -> Error {
    Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text)
}

impl Domain {
    /// Brings everything below the active layer into it, or what is above `base`.
    pub fn block_pull(
        &self,
        name: &str,
        base: Option<&str>,
        speed: u64,
        flags: RebaseFlags,
    ) -> Result<()> {
        let speed = bandwidth(speed, flags.contains(RebaseFlags::BANDWIDTH_BYTES))?;
        let relative = flags.contains(RebaseFlags::RELATIVE);
        if relative && base.is_none() {
            let text = "flag VIR_DOMAIN_BLOCK_REBASE_RELATIVE is valid only with non-null base";
            return Err(refused(text));
        }
        let base = base.map(|name| PullBase { name: name.to_string(), relative });
        self.job_disk(name)?.start(BlockWork::Pull { base, speed })
    }

    /// The older way to pull and to copy.
    pub fn block_rebase(
        &self,
        name: &str,
        base: Option<&str>,
        speed: u64,
        flags: RebaseFlags,
    ) -> Result<()> {
        if !flags.contains(RebaseFlags::COPY) {
            let copies = RebaseFlags::SHALLOW
                | RebaseFlags::REUSE_EXT
                | RebaseFlags::COPY_RAW
                | RebaseFlags::COPY_DEV;
            if flags.intersects(copies) {
                return Err(refused("use of flags requires a copy job"));
            }
            return self.block_pull(name, base, speed, flags);
        }
        if flags.contains(RebaseFlags::RELATIVE) {
            let text = "Relative backing during copy not supported yet";
            return Err(Error::new(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let bandwidth = bandwidth(speed, flags.contains(RebaseFlags::BANDWIDTH_BYTES))?;
        let device = flags.contains(RebaseFlags::COPY_DEV);
        let format = flags.contains(RebaseFlags::COPY_RAW).then_some(Format::Raw);
        let same = RebaseFlags::SHALLOW.bits() | RebaseFlags::REUSE_EXT.bits();
        let flags = CopyFlags::from_bits_truncate(flags.bits() & same);
        let parameters = CopyParameters { bandwidth, ..Default::default() };
        let path = base.unwrap_or_default();
        let destination = || CopyDestination::at_path(path, device, format);
        self.copy_to(name, parameters, flags, destination)
    }

    /// Brings what `top` and the images between have into `base`.
    pub fn block_commit(
        &self,
        name: &str,
        base: Option<&str>,
        top: Option<&str>,
        speed: u64,
        flags: CommitFlags,
    ) -> Result<()> {
        let speed = bandwidth(speed, flags.contains(CommitFlags::BANDWIDTH_BYTES))?;
        let (base, top) = (base.map(str::to_string), top.map(str::to_string));
        self.job_disk(name)?.start(BlockWork::Commit { base, top, speed, flags })
    }
}
