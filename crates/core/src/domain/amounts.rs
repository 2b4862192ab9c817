//! How much memory and how many CPUs a domain has. Nothing is executed, so that these are numbers
//! of its description only, also while it runs.

use super::config::definition::Definition;
use super::config::layout;
use super::impact::Impact;
use super::object::Domain;
use crate::enums::domain_stats::virDomainVcpuFlags;
use crate::enums::flags;
use crate::error::*;

flags! {
    /// Which of a domain's numbers is meant: virDomainModificationImpact, and whether it is how
    /// many there are at most.
    pub struct AmountFlags: u32 = virDomainVcpuFlags {
        const LIVE = VIR_DOMAIN_VCPU_LIVE;
        const CONFIG = VIR_DOMAIN_VCPU_CONFIG;
        const MAXIMUM = VIR_DOMAIN_VCPU_MAXIMUM;
    }
}

impl Domain {
    /// How many CPUs it has.
    pub fn vcpus(&self, flags: AmountFlags) -> Result<u16> {
        let definition = Impact::one(flags.bits(), &self.entry()?)?;
        let maximum = flags.contains(AmountFlags::MAXIMUM);
        Ok(if maximum { definition.max_vcpus } else { definition.vcpus })
    }

    /// Changes how many CPUs it has.
    pub fn set_vcpus(&self, number: u32, flags: AmountFlags) -> Result<()> {
        let most = self.connect().domains().host().max_vcpus();
        let fitting = u16::try_from(number).ok().filter(|number| *number <= most);
        let number = fitting.ok_or_else(|| {
            let what = "requested cpu amount exceeds maximum supported amount";
            argument(format!("{what} ({number} > {most})"))
        })?;
        let maximum = flags.contains(AmountFlags::MAXIMUM);
        self.change_definition(
            flags.bits(),
            |kept| with_vcpus(kept, number, maximum),
            |live| with_vcpus(live, number, false),
        )?;
        Ok(())
    }

    /// Changes how much memory it has, in KiB.
    pub fn set_memory(&self, size: u64, flags: AmountFlags) -> Result<()> {
        if size > i64::MAX as u64 / 1024 {
            let text = format!("input too large: {size}");
            return Err(Error::new(VIR_ERR_OVERFLOW, VIR_FROM_DOMAIN, text));
        }
        let maximum = flags.contains(AmountFlags::MAXIMUM);
        self.change_definition(
            flags.bits(),
            |kept| with_memory(kept, size, maximum),
            |live| {
                if maximum {
                    let text = "cannot resize the maximum memory on an active domain";
                    return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
                }
                with_memory(live, size, false)
            },
        )?;
        Ok(())
    }
}

fn argument(text: String) -> Error {
    Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text)
}

/// The definition with another number of CPUs, at the moment or at most.
fn with_vcpus(definition: &Definition, number: u16, maximum: bool) -> Result<Definition> {
    let most = if maximum { number } else { definition.max_vcpus };
    let current = if maximum { definition.vcpus.min(most) } else { number };
    if current > most {
        let text = format!("requested cpu amount exceeds maximum ({current} > {most})");
        return Err(argument(text));
    }
    definition.changed(|root| {
        layout::change(root, "vcpu", |vcpu| {
            layout::set_text(vcpu, most);
            match current < most {
                true => vcpu.set_attr("current", current),
                false => vcpu.remove_attr("current"),
            }
        });
        // It tells of each single one whether it is there.
        root.remove_children("vcpus");
    })
}

/// The definition with another size of memory, at the moment or at most.
fn with_memory(definition: &Definition, size: u64, maximum: bool) -> Result<Definition> {
    let most = if maximum { size } else { definition.max_memory };
    let current = if maximum { definition.memory.min(most) } else { size };
    if current > most {
        return Err(argument("cannot set memory higher than max memory".to_string()));
    }
    definition.changed(|root| {
        for (name, size) in [("memory", most), ("currentMemory", current)] {
            layout::change(root, name, |memory| {
                memory.set_attr("unit", "KiB");
                layout::set_text(memory, size);
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(inside: &str) -> Definition {
        let text = format!(
            "<domain type='test'><name>a</name><memory>100</memory>{inside}<os><type>hvm</type></os></domain>"
        );
        Definition::parse(&text).unwrap()
    }

    #[test]
    fn a_maximum_takes_the_current_number_along_only_when_it_must() {
        let four = with_vcpus(&defined("<vcpu placement='auto'>2</vcpu>"), 4, true).unwrap();
        assert_eq!((four.max_vcpus, four.vcpus), (4, 2));
        assert_eq!(four.root().child("vcpu").unwrap().attr("placement"), Some("auto"));
        let one = with_vcpus(&four, 1, true).unwrap();
        assert_eq!((one.max_vcpus, one.vcpus), (1, 1));
        let refused = with_vcpus(&one, 2, false).unwrap_err();
        assert_eq!(refused.code, VIR_ERR_INVALID_ARG);

        let more = with_memory(&defined(""), 200, true).unwrap();
        assert_eq!((more.max_memory, more.memory), (200, 100));
        let less = with_memory(&more, 50, true).unwrap();
        assert_eq!((less.max_memory, less.memory), (50, 50));
        assert_eq!(with_memory(&less, 51, false).unwrap_err().code, VIR_ERR_INVALID_ARG);
    }

    #[test]
    fn what_is_said_of_single_cpus_goes() {
        let before = defined("<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='yes'/></vcpus>");
        let after = with_vcpus(&before, 1, false).unwrap();
        assert_eq!((after.max_vcpus, after.vcpus), (2, 1));
        assert!(after.root().child("vcpus").is_none());
    }
}
