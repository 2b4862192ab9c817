//! The `<iotune>` of a disk: how fast guests may use it, as a definition has it and as typed parameters.

use std::ffi::CString;

use crate::block::filter::throttle::{Limit, Limits};
use crate::error::*;
use crate::typed_params::{Parameters, Type, Value};
use crate::xml::{Element, excerpt};

/// Of each kind of number there are six: of bytes and of requests, for all, reads and writes.
const RATES: [&str; 6] = [
    "total_bytes_sec",
    "read_bytes_sec",
    "write_bytes_sec",
    "total_iops_sec",
    "read_iops_sec",
    "write_iops_sec",
];
const MOSTS: [&str; 6] = [
    "total_bytes_sec_max",
    "read_bytes_sec_max",
    "write_bytes_sec_max",
    "total_iops_sec_max",
    "read_iops_sec_max",
    "write_iops_sec_max",
];
const LENGTHS: [&str; 6] = [
    "total_bytes_sec_max_length",
    "read_bytes_sec_max_length",
    "write_bytes_sec_max_length",
    "total_iops_sec_max_length",
    "read_iops_sec_max_length",
    "write_iops_sec_max_length",
];
const SIZE: &str = "size_iops_sec";
const GROUP: &str = "group_name";

/// The largest number: QEMU's.
const LARGEST: u64 = 1_000_000_000_000_000;

/// What virDomainSetBlockIoTune takes: all but the last are numbers.
pub const IO_TUNE_PARAMETERS: [(&str, Type); 20] = {
    let mut all = [(GROUP, Type::String); 20];
    let mut at = 0;
    while at < 6 {
        all[at] = (RATES[at], Type::ULLong);
        all[6 + at] = (MOSTS[at], Type::ULLong);
        all[12 + at] = (LENGTHS[at], Type::ULLong);
        at += 1;
    }
    all[18] = (SIZE, Type::ULLong);
    all
};

/// The limits of a disk; 0 where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IoTune {
    rates: [u64; 6],
    mosts: [u64; 6],
    lengths: [u64; 6],
    size: u64,
    /// Disks of a domain with one name here share one set of limits.
    pub group: Option<String>,
}

fn invalid(text: String) -> Error {
    Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text)
}

fn unsupported(text: String) -> Error {
    Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text)
}

/// The word for the total among three numbers, if that and another of them are set.
fn conflict<'a>(numbers: &[u64; 6], names: &[&'a str; 6]) -> Option<&'a str> {
    [0, 3].into_iter().find_map(|at| {
        let conflicts = numbers[at] > 0 && (numbers[at + 1] > 0 || numbers[at + 2] > 0);
        conflicts.then(|| names[at].trim_start_matches("total_"))
    })
}

impl IoTune {
    /// Reads the `<iotune>` of a `<disk>`.
    pub fn parse(disk: &Element) -> Result<IoTune> {
        let mut tune = IoTune::default();
        let Some(element) = disk.child("iotune") else { return Ok(tune) };
        let wrong = |text: String| Error::new(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, text);
        for (name, kind) in IO_TUNE_PARAMETERS {
            let Some(text) = element.text_of(name) else { continue };
            let text = text.trim();
            if kind == Type::String {
                tune.group = Some(text.to_string()).filter(|group| !group.is_empty());
                continue;
            }
            let number = text.parse().map_err(|_| {
                wrong(format!(
                    "disk iotune field '{name}' must be an integer, not '{}'",
                    excerpt(text)
                ))
            })?;
            if let Some(place) = tune.number(name) {
                *place = number;
            }
        }
        if let Some(what) = tune.conflict() {
            return Err(wrong(format!(
                "total and read/write {what} cannot be set at the same time"
            )));
        }
        Ok(tune)
    }

    /// The place of a number.
    fn number(&mut self, name: &str) -> Option<&mut u64> {
        let IoTune { rates, mosts, lengths, size, .. } = self;
        for (names, numbers) in [(RATES, rates), (MOSTS, mosts), (LENGTHS, lengths)] {
            if let Some(at) = names.iter().position(|other| *other == name) {
                return Some(&mut numbers[at]);
            }
        }
        (name == SIZE).then_some(size)
    }

    fn conflict(&self) -> Option<&'static str> {
        conflict(&self.rates, &RATES).or_else(|| conflict(&self.mosts, &MOSTS))
    }

    /// Refuses what means nothing.
    pub fn check(&self) -> Result<()> {
        let needs = |what: &str, other: &str| {
            Err(unsupported(format!("value '{what}' cannot be set if '{other}' is not set")))
        };
        let numbers = self.rates.iter().chain(&self.mosts).chain(&self.lengths);
        if numbers.chain([&self.size]).any(|number| *number > LARGEST) {
            let text = format!("block I/O throttle limit must be no more than {LARGEST}");
            return Err(unsupported(text));
        }
        for at in 0..6 {
            let (rate, most, length) = (self.rates[at], self.mosts[at], self.lengths[at]);
            if most > 0 && rate == 0 {
                return needs(MOSTS[at], RATES[at]);
            }
            if most > 0 && most < rate {
                let (most, rate) = (MOSTS[at], RATES[at]);
                return Err(unsupported(format!("value '{most}' cannot be smaller than '{rate}'")));
            }
            if length > 0 && most == 0 {
                return needs(LENGTHS[at], MOSTS[at]);
            }
        }
        if self.size > 0 && self.rates[3..].iter().all(|rate| *rate == 0) {
            return needs(SIZE, "iops_sec");
        }
        Ok(())
    }

    /// The limits as they are kept.
    pub fn limits(&self) -> Limits {
        let limit = |at: usize| Limit {
            average: self.rates[at],
            most: self.mosts[at],
            burst_seconds: self.lengths[at],
        };
        Limits {
            bytes: [limit(0), limit(1), limit(2)],
            requests: [limit(3), limit(4), limit(5)],
            request_size: self.size,
        }
    }

    /// With what a caller gives. Of rates, and of those in bursts, the three of one kind belong together:
    /// who gives one takes the other two back.
    pub fn with(&self, given: &Parameters) -> Result<IoTune> {
        let mut new = self.clone();
        let mut told = IoTune::default();
        for (name, value) in given {
            match value {
                Value::ULLong(number) if *number > LARGEST => {
                    let text =
                        format!("block I/O throttle limit value must be no more than {LARGEST}");
                    return Err(Error::new(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_DOMAIN, text));
                }
                Value::ULLong(number) => {
                    if let Some(place) = told.number(name) {
                        *place = *number;
                    }
                }
                Value::String(group) => {
                    let group = group.to_str().map_err(|_| {
                        invalid("the name of a throttle group must be UTF-8".to_string())
                    })?;
                    new.group = Some(group.to_string()).filter(|group| !group.is_empty());
                }
                _ => {}
            }
        }
        if let Some(what) = told.conflict() {
            let text = format!("total and read/write of {what} cannot be set at the same time");
            return Err(invalid(text));
        }
        let is_given = |name: &&str| given.iter().any(|(other, _)| other == name);
        for kind in [0..3, 3..6] {
            if RATES[kind.clone()].iter().any(is_given) {
                new.rates[kind.clone()].copy_from_slice(&told.rates[kind.clone()]);
            }
            if MOSTS[kind.clone()].iter().any(is_given) {
                new.mosts[kind.clone()].copy_from_slice(&told.mosts[kind.clone()]);
            }
        }
        for (at, name) in LENGTHS.iter().enumerate() {
            if is_given(name) {
                new.lengths[at] = told.lengths[at];
            } else if new.mosts[at] == 0 {
                new.lengths[at] = 0;
            }
        }
        if is_given(&SIZE) {
            new.size = told.size;
        }
        new.check()?;
        Ok(new)
    }

    /// As typed parameters: all of them, whatever is set.
    pub fn parameters(mut self) -> Parameters {
        let group = CString::new(self.group.take().unwrap_or_default()).unwrap_or_default();
        let mut value = |name: &str| match self.number(name) {
            Some(number) => Value::ULLong(*number),
            None => Value::String(group.clone()),
        };
        // In the order in which libvirt tells them.
        let names = RATES.into_iter().chain(MOSTS).chain([SIZE, GROUP]).chain(LENGTHS);
        names.map(|name| (name, value(name))).collect()
    }

    /// Puts it into a `<disk>`; without any limit there is no element.
    pub fn describe(&self, disk: &mut Element) {
        let (mut tune, mut numbers) = (Element::new("iotune"), self.clone());
        for (name, _) in IO_TUNE_PARAMETERS {
            if let Some(number) = numbers.number(name).filter(|number| **number > 0) {
                tune.push(Element::new(name).with_text(number));
            }
        }
        if tune.elements().next().is_some()
            && let Some(group) = &self.group
        {
            tune.push(Element::new(GROUP).with_text(group));
        }
        let is_empty = tune.elements().next().is_none();
        match is_empty {
            true => disk.remove_children("iotune"),
            false => disk.set_child(tune),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;

    fn parsed(inside: &str) -> Result<IoTune> {
        let text = format!("<disk><iotune>{inside}</iotune></disk>");
        IoTune::parse(&xml::parse(&text, "disk_definition", VIR_FROM_DOMAIN).unwrap())
    }

    fn given(parameters: &[(&'static str, u64)]) -> Parameters {
        parameters.iter().map(|(name, number)| (*name, Value::ULLong(*number))).collect()
    }

    #[test]
    fn what_is_described_is_read_again() {
        let tune = IoTune::default().with(&given(&[
            ("read_bytes_sec", 10),
            ("read_bytes_sec_max", 20),
            ("read_bytes_sec_max_length", 3),
            ("total_iops_sec", 5),
            ("size_iops_sec", 4096),
        ]));
        let mut tune = tune.unwrap();
        tune.group = Some("a".to_string());
        let mut disk = Element::new("disk");
        tune.describe(&mut disk);
        assert_eq!(IoTune::parse(&disk), Ok(tune.clone()));
        let limits = tune.limits();
        assert_eq!(limits.bytes[1], Limit { average: 10, most: 20, burst_seconds: 3 });
        assert_eq!((limits.requests[0].average, limits.request_size), (5, 4096));
        let none = tune.with(&given(&[("read_bytes_sec", 0), ("read_bytes_sec_max", 0)])).unwrap();
        let none = none.with(&given(&[("size_iops_sec", 0), ("read_iops_sec", 0)])).unwrap();
        none.describe(&mut disk);
        assert!(disk.child("iotune").is_none());
    }

    #[test]
    fn a_rate_takes_the_others_of_its_kind_back() {
        let total = IoTune::default().with(&given(&[("total_bytes_sec", 10)])).unwrap();
        let read = total.with(&given(&[("read_bytes_sec", 7), ("read_iops_sec", 9)])).unwrap();
        assert_eq!(read.rates, [0, 7, 0, 0, 9, 0]);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let error =
            parsed("<total_bytes_sec>1</total_bytes_sec><read_bytes_sec>1</read_bytes_sec>");
        assert_eq!(error.unwrap_err().code, VIR_ERR_XML_ERROR);
        assert_eq!(parsed("<read_iops_sec>x</read_iops_sec>").unwrap_err().code, VIR_ERR_XML_ERROR);
        let wrong = [
            (vec![("total_iops_sec", 1), ("write_iops_sec", 1)], VIR_ERR_INVALID_ARG),
            (vec![("total_iops_sec_max", 1)], VIR_ERR_CONFIG_UNSUPPORTED),
            (vec![("total_iops_sec", 2), ("total_iops_sec_max", 1)], VIR_ERR_CONFIG_UNSUPPORTED),
            (
                vec![("total_iops_sec", 2), ("total_iops_sec_max_length", 1)],
                VIR_ERR_CONFIG_UNSUPPORTED,
            ),
            (vec![("size_iops_sec", 1)], VIR_ERR_CONFIG_UNSUPPORTED),
            (vec![("total_iops_sec", LARGEST + 1)], VIR_ERR_ARGUMENT_UNSUPPORTED),
        ];
        for (parameters, code) in wrong {
            let error = IoTune::default().with(&given(&parameters)).unwrap_err();
            assert_eq!(error.code, code, "{parameters:?}");
        }
    }
}
