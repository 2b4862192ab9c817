//! Which CPUs of the machine a domain's own may run on, as its definition says, and how much they have
//! run: nothing is executed, so that this is nothing.

use std::collections::BTreeMap;

use super::config::definition::Definition;
use super::config::nodeset::NodeSet;
use super::impact::Impact;
use super::object::Domain;
use crate::error::*;
use crate::host::Host;
use crate::xml::Element;

/// CPUs of the machine, by their numbers; those behind its end are not in it.
pub type CpuSet = Vec<bool>;

/// How many numbers there are of all CPUs together, and of each one.
pub const CPU_TOTALS: [&str; 3] = ["cpu_time", "user_time", "system_time"];
pub const CPU_NUMBERS: [&str; 2] = ["cpu_time", "vcpu_time"];

impl Domain {
    /// Tells which CPUs of the machine each of its own may run on, for at most `most` of them: how many
    /// those were.
    pub fn vcpu_placements(
        &self,
        flags: u32,
        most: usize,
        mut tell: impl FnMut(usize, &CpuSet),
    ) -> Result<usize> {
        let definition = Impact::one(flags, &self.entry()?)?;
        let placement = Placement::of(&definition, self.all_cpus()?);
        let number = usize::from(definition.max_vcpus).min(most);
        (0..number).for_each(|vcpu| placement.with(vcpu, |allowed| tell(vcpu, allowed)));
        Ok(number)
    }

    /// Which CPUs of the machine what is beside its own may run on.
    pub fn emulator_placement(&self, flags: u32) -> Result<CpuSet> {
        let definition = Impact::one(flags, &self.entry()?)?;
        let pin = tune(&definition).and_then(|tune| tune.child("emulatorpin"));
        let said = pin.and_then(set_of).or_else(|| of_all(&definition));
        said.map_or_else(|| self.all_cpus(), Ok)
    }

    /// The same for a domain that runs, and with the CPU of the machine that each one runs on, where
    /// that is known.
    pub fn running_vcpus(
        &self,
        most: usize,
        mut tell: impl FnMut(usize, &CpuSet, Option<usize>),
    ) -> Result<usize> {
        let entry = self.entry()?;
        if !entry.is_active() {
            let text = "cannot list vcpus for an inactive domain";
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        }
        let definition = entry.definition()?;
        let placement = Placement::of(&definition, self.all_cpus()?);
        let number = usize::from(definition.vcpus).min(most);
        // libvirt's test driver says that they run on the last one.
        let is_told = matches!(self.connect().domains().host(), Host::Test(_));
        for vcpu in 0..number {
            placement.with(vcpu, |allowed| {
                let last = allowed.iter().rposition(|allowed| *allowed);
                tell(vcpu, allowed, last.filter(|_| is_told));
            });
        }
        Ok(number)
    }

    /// How many CPUs of the machine it can have used, for which it must run.
    pub fn counted_cpus(&self) -> Result<usize> {
        self.active()?;
        let node = self.connect().domains().host();
        Ok(match node {
            // So does libvirt's test driver.
            Host::Test(_) => node.info()?.cores as usize,
            Host::Real => node.cpus()?.len(),
        })
    }

    fn all_cpus(&self) -> Result<CpuSet> {
        let node = self.connect().domains().host();
        let number = match node {
            Host::Test(_) => {
                let info = node.info()?;
                let parts = [info.nodes, info.sockets, info.cores, info.threads];
                parts.into_iter().map(|part| part as usize).product()
            }
            Host::Real => node.cpus()?.len(),
        };
        Ok(vec![true; number])
    }
}

fn tune(definition: &Definition) -> Option<&Element> {
    definition.root().child("cputune")
}

/// The set of an element; what is none has been kept as it came, and says nothing.
fn set_of(element: &Element) -> Option<CpuSet> {
    let set = NodeSet::parse(element.attr("cpuset")?).ok()?;
    (!set.is_empty()).then(|| set.into_flags())
}

/// What is said of all CPUs of a domain.
fn of_all(definition: &Definition) -> Option<CpuSet> {
    set_of(definition.root().child("vcpu")?)
}

/// Where the CPUs of a definition may run.
struct Placement<'a> {
    /// Elements of `<cputune>` by the numbers of the CPUs that they are about.
    pins: BTreeMap<usize, &'a Element>,
    others: CpuSet,
}

impl<'a> Placement<'a> {
    fn of(definition: &'a Definition, all: CpuSet) -> Placement<'a> {
        let pins = tune(definition).into_iter().flat_map(|tune| tune.children("vcpupin"));
        let number = |pin: &Element| pin.attr("vcpu")?.trim().parse().ok();
        let pins = pins.filter_map(|pin| Some((number(pin)?, pin))).collect();
        Placement { pins, others: of_all(definition).unwrap_or(all) }
    }

    fn with(&self, vcpu: usize, tell: impl FnOnce(&CpuSet)) {
        match self.pins.get(&vcpu).and_then(|pin| set_of(pin)) {
            Some(said) => tell(&said),
            None => tell(&self.others),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(definition: &Definition, vcpu: usize) -> String {
        let mut said = String::new();
        Placement::of(definition, vec![true; 4]).with(vcpu, |allowed| {
            said = allowed.iter().map(|bit| if *bit { '1' } else { '0' }).collect();
        });
        said
    }

    #[test]
    fn a_pin_counts_before_what_is_said_of_all() {
        let text = "<domain type='test'><name>a</name><memory>1</memory><vcpu cpuset='1-3,^2'>2</vcpu>\
            <cputune><vcpupin vcpu='1' cpuset='5'/></cputune><os><type>hvm</type></os></domain>";
        let definition = Definition::parse(text).unwrap();
        assert_eq!((set(&definition, 0), set(&definition, 1)), ("0101".into(), "000001".into()));
        let plain = Definition::parse(&text.replace(" cpuset='1-3,^2'", "")).unwrap();
        assert_eq!((set(&plain, 0), set(&plain, 1)), ("1111".into(), "000001".into()));
    }
}
