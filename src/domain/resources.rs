//! Memory and CPUs: numbers of the definition. Nothing is executed, so of a running domain, too, they are
//! no more than that.

use super::definition::Definition;
use super::impact::Impact;
use super::object::Domain;
use crate::driver::Node;
use crate::error::*;

bitflags::bitflags! {
    /// Which memory virDomainSetMemoryFlags sets, and of what.
    pub struct MemoryFlags: u32 {
        const LIVE = 1;
        const CONFIG = 2;
        const MAXIMUM = 4;
    }

    /// Which CPUs are asked for or set, and of what.
    pub struct VcpuFlags: u32 {
        const LIVE = 1;
        const CONFIG = 2;
        const MAXIMUM = 4;
    }

    /// Of what the share of the CPUs is asked for or set.
    pub struct ScheduleFlags: u32 {
        const LIVE = 1;
        const CONFIG = 2;
        const TYPED_STRINGS = 4;
    }
}

/// The share of the CPUs of a domain whose definition says none, in libvirt's test driver.
const WEIGHT: u32 = 50;

fn refused(text: impl Into<String>) -> Error {
    Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text)
}

/// A definition with so many KiB of memory.
fn with_memory(definition: &Definition, kib: u64, maximum: bool) -> Result<Definition> {
    if !maximum && kib > definition.max_memory {
        return Err(refused("cannot set memory higher than max memory"));
    }
    match maximum {
        true => definition.with_memory(kib, definition.memory.min(kib)),
        false => definition.with_memory(definition.max_memory, kib),
    }
}

/// A definition with so many CPUs.
fn with_vcpus(definition: &Definition, count: u16, maximum: bool) -> Result<Definition> {
    let most = definition.max_vcpus;
    if !maximum && count > most {
        let text = format!("requested cpu amount exceeds maximum ({count} > {most})");
        return Err(refused(text));
    }
    match maximum {
        true => definition.with_vcpus(count, definition.vcpus.min(count)),
        false => definition.with_vcpus(most, count),
    }
}

impl Domain {
    /// Sets its memory, in KiB, or how much it can have.
    pub fn set_memory(&self, kib: u64, flags: MemoryFlags) -> Result<()> {
        let maximum = flags.contains(MemoryFlags::MAXIMUM);
        // More would not be a number of bytes any more.
        if kib.checked_mul(1024).is_none() {
            let text = format!("value too large: {kib}KiB");
            return Err(Error::new(VIR_ERR_OVERFLOW, VIR_FROM_DOMAIN, text));
        }
        if Impact::on(flags.bits(), &self.entry()?)?.live && maximum {
            let text = "cannot resize the maximum memory on an active domain";
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        }
        let config = |definition: &Definition| with_memory(definition, kib, maximum);
        self.change_definition(flags.bits(), config, |live| config(&live.definition)).map(drop)
    }

    /// Whether something is said to share the CPUs among domains.
    pub fn is_scheduled(&self) -> bool {
        matches!(self.connect().driver().node(), Node::Test(_))
    }

    /// Its share of the CPUs.
    pub fn weight(&self, flags: ScheduleFlags) -> Result<u32> {
        let definition = Impact::one(flags.bits(), &self.entry()?)?;
        Ok(definition.shares().unwrap_or(WEIGHT))
    }

    /// Sets its share of the CPUs.
    pub fn set_weight(&self, weight: u32, flags: ScheduleFlags) -> Result<()> {
        let config = |definition: &Definition| definition.with_shares(weight);
        self.change_definition(flags.bits(), config, |live| config(&live.definition)).map(drop)
    }

    /// How many CPUs it has, or can have.
    pub fn vcpus(&self, flags: VcpuFlags) -> Result<u16> {
        let definition = Impact::one(flags.bits(), &self.entry()?)?;
        Ok(match flags.contains(VcpuFlags::MAXIMUM) {
            true => definition.max_vcpus,
            false => definition.vcpus,
        })
    }

    /// Sets how many CPUs it has, or can have.
    pub fn set_vcpus(&self, count: u32, flags: VcpuFlags) -> Result<()> {
        let maximum = flags.contains(VcpuFlags::MAXIMUM);
        let most = self.connect().driver().node().max_vcpus();
        let count = u16::try_from(count).ok().filter(|count| *count <= most).ok_or_else(|| {
            let text = "requested cpu amount exceeds maximum supported amount";
            refused(format!("{text} ({count} > {most})"))
        })?;
        if Impact::on(flags.bits(), &self.entry()?)?.live && maximum {
            return Err(refused("maximum vcpu count of a live domain can't be modified"));
        }
        let config = |definition: &Definition| with_vcpus(definition, count, maximum);
        self.change_definition(flags.bits(), config, |live| config(&live.definition)).map(drop)
    }
}
