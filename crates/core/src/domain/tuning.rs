//! How a domain is to be run: limits of its memory, NUMA nodes, its weight, and what is to follow
//! when it ends. Nothing is executed, so that this is kept for whoever asks for it.

use std::ffi::CString;

use super::config::definition::{self, Definition};
use super::config::layout;
use super::config::nodeset::NodeSet;
use super::impact::Impact;
use super::object::Domain;
use crate::error::*;
use crate::typed_params::{Parameters, Type, Value};
use crate::xml::{Element, excerpt};

/// The memory that a domain may have if nothing is said of it, in KiB.
const UNLIMITED: u64 = (i64::MAX >> 10) as u64;

const HARD_LIMIT: &str = "hard_limit";
const SOFT_LIMIT: &str = "soft_limit";
const SWAP_HARD_LIMIT: &str = "swap_hard_limit";

/// Elements of `<memtune>`, and parameters of these names.
const MEMORY_LIMITS: [&str; 3] = [HARD_LIMIT, SOFT_LIMIT, SWAP_HARD_LIMIT];

const NUMA_MODE: &str = "numa_mode";
const NUMA_NODESET: &str = "numa_nodeset";

/// virDomainNumatuneMemMode.
const NUMA_MODES: [&str; 4] = ["strict", "preferred", "interleave", "restrictive"];

const WEIGHT: &str = "weight";

/// The weight that libvirt's test driver tells.
const DEFAULT_WEIGHT: u32 = 50;

/// virDomainLifecycle.
const ENDINGS: [&str; 3] = ["poweroff", "reboot", "crash"];

/// virDomainLifecycleAction.
const ACTIONS: [&str; 7] = [
    "destroy",
    "restart",
    "rename-restart",
    "preserve",
    "coredump-destroy",
    "coredump-restart",
    "preserve-running",
];

/// Those that are for crashes.
const AT_CRASH: &[&str] = &["coredump-destroy", "coredump-restart", "preserve-running"];

/// What virDomainSetMemoryParameters takes.
pub const MEMORY_PARAMETERS: [(&str, Type); 3] =
    [(HARD_LIMIT, Type::ULLong), (SOFT_LIMIT, Type::ULLong), (SWAP_HARD_LIMIT, Type::ULLong)];

/// What virDomainSetNumaParameters takes.
pub const NUMA_PARAMETERS: [(&str, Type); 2] =
    [(NUMA_MODE, Type::Int), (NUMA_NODESET, Type::String)];

/// What virDomainSetSchedulerParameters takes.
pub const SCHEDULER_PARAMETERS: [(&str, Type); 1] = [(WEIGHT, Type::UInt)];

/// What is to follow an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndAction {
    ending: &'static str,
    action: &'static str,
}

impl EndAction {
    /// By libvirt's numbers.
    pub fn new(ending: u32, action: u32) -> Result<EndAction> {
        let find = |words: &[&'static str], number: u32, what: &str| {
            usize::try_from(number)
                .ok()
                .and_then(|index| words.get(index).copied())
                .ok_or_else(|| argument(format!("invalid lifecycle {what} '{number}'")))
        };
        let ending = find(&ENDINGS, ending, "type")?;
        Ok(EndAction { ending, action: find(&ACTIONS, action, "action")? })
    }

    fn check(self) -> Result<()> {
        let EndAction { ending, action } = self;
        if ending != "crash" && AT_CRASH.contains(&action) {
            let text = format!("Lifecycle event '{ending}' doesn't support '{action}' action");
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        Ok(())
    }
}

fn argument(text: String) -> Error {
    Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text)
}

impl Domain {
    /// Changes what runs, what is kept, or both.
    fn tune(
        &self,
        flags: u32,
        change: impl Fn(&Definition) -> Result<Definition>,
        live: impl Fn(&Definition) -> Result<()>,
    ) -> Result<()> {
        self.change_definition(flags, &change, |definition| {
            live(definition)?;
            change(definition)
        })?;
        Ok(())
    }

    /// The limits of its memory, in KiB.
    pub fn memory_parameters(&self, flags: u32) -> Result<Parameters> {
        let limits = memory_limits(&*Impact::one(flags, &self.entry()?)?)?;
        let limits = MEMORY_LIMITS.into_iter().zip(limits);
        Ok(limits.map(|(name, limit)| (name, Value::ULLong(limit))).collect())
    }

    /// Changes limits of its memory.
    pub fn set_memory_parameters(&self, given: &Parameters, flags: u32) -> Result<()> {
        self.tune(flags, |definition| with_memory_limits(definition, given), |_| Ok(()))
    }

    /// Which NUMA nodes its memory is to be of, and how strictly.
    pub fn numa_parameters(&self, flags: u32) -> Result<Parameters> {
        let definition = Impact::one(flags, &self.entry()?)?;
        let memory = numa_memory(&definition);
        let mode = memory.and_then(numa_mode).unwrap_or(0);
        let nodes = memory.and_then(|memory| memory.attr("nodeset")).unwrap_or_default();
        // A definition is kept as it came, so that it may be no set.
        let nodes = NodeSet::parse(nodes).map_or(nodes.to_string(), |set| set.to_string());
        let nodes = CString::new(nodes).unwrap_or_default();
        Ok(vec![(NUMA_MODE, Value::Int(mode)), (NUMA_NODESET, Value::String(nodes))])
    }

    /// Changes these.
    pub fn set_numa_parameters(&self, given: &Parameters, flags: u32) -> Result<()> {
        let wanted = NumaChange::new(given)?;
        self.tune(
            flags,
            |definition| wanted.apply(definition),
            |running| {
                let mode = numa_memory(running).map(|memory| numa_mode(memory).unwrap_or(0));
                if mode.is_some() && wanted.mode.is_some() && mode != wanted.mode {
                    let text = "can't change numatune mode for running domain";
                    return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
                }
                Ok(())
            },
        )
    }

    /// Refuses what is about a scheduler for want of one. libvirt's test driver says that it has
    /// one.
    fn check_scheduler(&self) -> Result<()> {
        self.expect_test()
    }

    /// The name of the scheduler, and how many parameters it has.
    pub fn scheduler_type(&self) -> Result<(&'static str, usize)> {
        self.check_scheduler()?;
        self.entry()?;
        Ok(("fair", SCHEDULER_PARAMETERS.len()))
    }

    /// The parameters of the scheduler.
    pub fn scheduler_parameters(&self, flags: u32) -> Result<Parameters> {
        self.check_scheduler()?;
        let definition = Impact::one(flags, &self.entry()?)?;
        let shares = definition.root().child("cputune").and_then(|tune| tune.text_of("shares"));
        let weight = shares.and_then(|text| text.trim().parse().ok()).unwrap_or(DEFAULT_WEIGHT);
        Ok(vec![(WEIGHT, Value::UInt(weight))])
    }

    /// Changes these.
    pub fn set_scheduler_parameters(&self, given: &Parameters, flags: u32) -> Result<()> {
        self.check_scheduler()?;
        let change = |definition: &Definition| match given.first() {
            Some((_, Value::UInt(weight))) => definition.changed(|root| {
                layout::change(root, "cputune", |tune| {
                    tune.set_child(Element::new("shares").with_text(weight));
                });
            }),
            _ => Ok(definition.clone()),
        };
        self.change_definition(flags, change, change)?;
        Ok(())
    }

    /// Changes what is to follow one of its ends.
    pub fn set_end_action(&self, wanted: EndAction, flags: u32) -> Result<()> {
        wanted.check()?;
        let change = |definition: &Definition| {
            definition.changed(|root| {
                let name = format!("on_{}", wanted.ending);
                layout::change(root, &name, |element| layout::set_text(element, wanted.action));
            })
        };
        self.change_definition(flags, change, change)?;
        Ok(())
    }
}

/// In the order of their names.
fn memory_limits(definition: &Definition) -> Result<[u64; 3]> {
    let mut limits = [UNLIMITED; 3];
    if let Some(tune) = definition.root().child("memtune") {
        for (name, limit) in MEMORY_LIMITS.iter().zip(&mut limits) {
            *limit = definition::memory(tune, name)?.unwrap_or(UNLIMITED).min(UNLIMITED);
        }
    }
    Ok(limits)
}

fn with_memory_limits(definition: &Definition, given: &Parameters) -> Result<Definition> {
    let mut limits = memory_limits(definition)?;
    for (name, limit) in MEMORY_LIMITS.iter().zip(&mut limits) {
        if let Some((_, Value::ULLong(wanted))) = given.iter().find(|(given, _)| given == name) {
            *limit = UNLIMITED.min(*wanted);
        }
    }
    let [hard, _, swap] = limits;
    if hard > swap {
        let text = format!(
            "memory {HARD_LIMIT} tunable value must be lower than or equal to {SWAP_HARD_LIMIT}"
        );
        return Err(argument(text));
    }
    definition.changed(|root| {
        layout::change(root, "memtune", |tune| {
            for (name, limit) in MEMORY_LIMITS.iter().zip(limits) {
                match limit < UNLIMITED {
                    true => {
                        let element = Element::new(*name).with_attr("unit", "KiB");
                        tune.set_child(element.with_text(limit));
                    }
                    false => tune.remove_children(name),
                }
            }
        });
        if root.child("memtune").is_some_and(|tune| tune.elements().next().is_none()) {
            root.remove_children("memtune");
        }
    })
}

/// What a definition says of NUMA nodes.
fn numa_memory(definition: &Definition) -> Option<&Element> {
    definition.root().child("numatune")?.child("memory")
}

fn numa_mode(memory: &Element) -> Option<i32> {
    let word = memory.attr("mode")?;
    NUMA_MODES.iter().position(|mode| *mode == word).map(|mode| mode as i32)
}

/// Another mode, other nodes, or both.
struct NumaChange {
    mode: Option<i32>,
    nodes: Option<String>,
}

impl NumaChange {
    fn new(given: &Parameters) -> Result<NumaChange> {
        let mut change = NumaChange { mode: None, nodes: None };
        for (_, value) in given {
            match value {
                Value::Int(mode) => {
                    if usize::try_from(*mode).map_or(true, |mode| mode >= NUMA_MODES.len()) {
                        return Err(argument(format!("unsupported numatune mode: '{mode}'")));
                    }
                    change.mode = Some(*mode);
                }
                Value::String(text) => {
                    let text = text.to_string_lossy();
                    let nodes = NodeSet::parse(&text)?;
                    if nodes.is_empty() {
                        let text = format!("Invalid nodeset of 'numatune': {}", excerpt(&text));
                        return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
                    }
                    change.nodes = Some(nodes.to_string());
                }
                _ => {}
            }
        }
        Ok(change)
    }

    fn apply(&self, definition: &Definition) -> Result<Definition> {
        let before = numa_memory(definition);
        let is_auto = |element: Option<&Element>| {
            element.and_then(|element| element.attr("placement")) == Some("auto")
        };
        let auto = is_auto(before) || before.is_none() && is_auto(definition.root().child("vcpu"));
        let known = before.is_some_and(|memory| memory.attr("nodeset").is_some());
        if self.nodes.is_none() && !known && !auto {
            let text = "nodeset for NUMA memory tuning must be set if 'placement' is 'static'";
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let mode = self.mode.or_else(|| before.and_then(numa_mode)).unwrap_or(0);
        let mode = usize::try_from(mode).ok().and_then(|mode| NUMA_MODES.get(mode));
        definition.changed(|root| {
            layout::change(root, "numatune", |tune| {
                let mut memory = tune.child("memory").cloned();
                let memory = memory.get_or_insert_with(|| Element::new("memory"));
                memory.set_attr("mode", mode.unwrap_or(&NUMA_MODES[0]));
                match &self.nodes {
                    Some(nodes) => {
                        memory.remove_attr("placement");
                        memory.set_attr("nodeset", nodes);
                    }
                    None if auto => memory.set_attr("placement", "auto"),
                    None => {}
                }
                tune.set_child(memory.clone());
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(inside: &str) -> Definition {
        let text = format!(
            "<domain type='test'><name>a</name><memory>1</memory>{inside}<os><type>hvm</type></os></domain>"
        );
        Definition::parse(&text).unwrap()
    }

    fn limit(name: &'static str, limit: u64) -> Parameters {
        vec![(name, Value::ULLong(limit))]
    }

    #[test]
    fn what_is_not_limited_is_not_written() {
        let free = defined("");
        let soft = with_memory_limits(&free, &limit(SOFT_LIMIT, 7)).unwrap();
        assert_eq!(memory_limits(&soft), Ok([UNLIMITED, 7, UNLIMITED]));
        assert_eq!(with_memory_limits(&soft, &limit(SOFT_LIMIT, u64::MAX)), Ok(free));
        let kept = defined("<memtune><min_guarantee>3</min_guarantee></memtune>");
        let hard = with_memory_limits(&kept, &limit(HARD_LIMIT, 7)).unwrap();
        assert_eq!(with_memory_limits(&hard, &limit(HARD_LIMIT, UNLIMITED)), Ok(kept));
    }

    #[test]
    fn limits_are_read_in_their_units() {
        let definition = defined("<memtune><hard_limit unit='MiB'>2</hard_limit></memtune>");
        assert_eq!(memory_limits(&definition), Ok([2048, UNLIMITED, UNLIMITED]));
        let wrong = defined("<memtune><hard_limit>x</hard_limit></memtune>");
        assert_eq!(memory_limits(&wrong).unwrap_err().code, VIR_ERR_XML_ERROR);
    }

    #[test]
    fn an_automatic_placement_ends_with_a_set_of_nodes() {
        let auto = defined("<vcpu placement='auto'>1</vcpu>");
        let mode = NumaChange { mode: Some(2), nodes: None }.apply(&auto).unwrap();
        let memory = numa_memory(&mode).unwrap();
        assert_eq!((numa_mode(memory), memory.attr("placement")), (Some(2), Some("auto")));
        let nodes = NumaChange { mode: None, nodes: Some("3".to_string()) }.apply(&mode).unwrap();
        let memory = numa_memory(&nodes).unwrap();
        assert_eq!((numa_mode(memory), memory.attr("placement")), (Some(2), None));
        assert_eq!(memory.attr("nodeset"), Some("3"));
        let without = NumaChange { mode: Some(1), nodes: None };
        assert_eq!(without.apply(&defined("")).unwrap_err().code, VIR_ERR_CONFIG_UNSUPPORTED);
    }
}
