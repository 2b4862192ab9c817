//! The network interfaces of a domain's definition: there is nothing behind them, so that nothing has
//! passed them and nobody knows their addresses.

use super::config::definition::Definition;
use super::impact::Impact;
use super::object::Domain;
use crate::enums::domain_stats::virDomainInterfaceAddressesSource;
use crate::error::*;
use crate::typed_params::Parameters;
use crate::typed_params::Value;
use crate::xml::{Element, excerpt};

/// Limits of an interface, each by the way, the attribute and the parameter.
const LIMITS: [(&str, &str, &str); 7] = [
    ("inbound", "average", "inbound.average"),
    ("inbound", "peak", "inbound.peak"),
    ("inbound", "burst", "inbound.burst"),
    ("inbound", "floor", "inbound.floor"),
    ("outbound", "average", "outbound.average"),
    ("outbound", "peak", "outbound.peak"),
    ("outbound", "burst", "outbound.burst"),
];

/// Where the addresses of interfaces are looked for.
const ADDRESS_SOURCES: u32 =
    virDomainInterfaceAddressesSource::VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP as u32 + 1;

/// An interface of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What it is called on the machine, else its hardware address.
    pub name: String,
    pub hardware: Option<String>,
}

impl Interface {
    fn of(element: &Element) -> Interface {
        let hardware = hardware(element).map(str::to_string);
        let name = target(element).map(str::to_string).or_else(|| hardware.clone());
        Interface { name: name.unwrap_or_default(), hardware }
    }
}

fn elements(definition: &Definition) -> impl Iterator<Item = &Element> {
    definition.root().child("devices").into_iter().flat_map(|devices| devices.children("interface"))
}

fn target(interface: &Element) -> Option<&str> {
    interface.child("target")?.attr("dev").filter(|name| !name.is_empty())
}

fn hardware(interface: &Element) -> Option<&str> {
    interface.child("mac")?.attr("address")
}

/// The bytes of a hardware address.
fn octets(text: &str) -> Option<Vec<u8>> {
    let digits = |part: &str| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let octet = |part: &str| digits(part).then(|| u8::from_str_radix(part, 16).ok()).flatten();
    let octets: Option<Vec<u8>> = text.split(':').map(octet).collect();
    octets.filter(|octets| octets.len() == 6)
}

/// The interface that callers call `name`: what it is called on the machine, or its hardware address.
fn find<'a>(definition: &'a Definition, name: &str) -> Result<&'a Element> {
    let sought = octets(name);
    let mut all = elements(definition);
    let found = match sought {
        Some(octets_sought) => all.find(|interface| {
            hardware(interface).and_then(octets).is_some_and(|found| found == octets_sought)
        }),
        None => all.find(|interface| target(interface) == Some(name)),
    };
    found.ok_or_else(|| {
        let text = format!("'{}' is not a known interface", excerpt(name));
        Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text)
    })
}

/// The interfaces of a definition.
pub fn interfaces(definition: &Definition) -> Vec<Interface> {
    elements(definition).map(Interface::of).collect()
}

impl Domain {
    /// Makes sure that it runs and has an interface of that name, which nothing has passed.
    pub fn expect_interface(&self, name: &str) -> Result<()> {
        find(&*self.active()?.definition()?, name).map(drop)
    }

    /// Its interfaces, whose addresses `source` would tell: nobody knows any.
    pub fn interfaces(&self, source: u32) -> Result<Vec<Interface>> {
        if source >= ADDRESS_SOURCES {
            let text = format!("Unknown IP address data source {source}");
            return Err(Error::new(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        Ok(interfaces(&*self.active()?.definition()?))
    }

    /// How much an interface may carry, as it is defined: 0 for no limit.
    pub fn interface_parameters(&self, name: &str, flags: u32) -> Result<Parameters> {
        let definition = Impact::one(flags, &self.entry()?)?;
        let bandwidth = find(&definition, name)?.child("bandwidth");
        let limit = |way, attribute| {
            let text = bandwidth?.child(way)?.attr(attribute)?;
            text.trim().parse::<u32>().ok()
        };
        let limits = LIMITS.into_iter();
        Ok(limits
            .map(|(way, attribute, name)| (name, Value::UInt(limit(way, attribute).unwrap_or(0))))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_addresses_are_told_from_names() {
        assert_eq!(octets("aa:BB:c:0d:00:1"), Some(vec![0xaa, 0xbb, 0xc, 0xd, 0, 1]));
        for text in
            ["", "tap7", "aa:bb:cc:dd:ee", "aa:bb:cc:dd:ee:fff", "aa:bb:cc:dd:ee:+1", "::::: "]
        {
            assert_eq!(octets(text), None, "{text}");
        }
    }

    #[test]
    fn an_interface_without_a_name_is_called_by_its_hardware_address() {
        let definition = Definition::parse(
            "<domain type='test'><name>a</name><memory>1</memory><os><type>hvm</type></os><devices>\
             <interface type='user'><mac address='52:54:00:11:22:33'/></interface>\
             <interface type='user'><target dev='t'/></interface></devices></domain>",
        )
        .unwrap();
        let names: Vec<String> =
            interfaces(&definition).into_iter().map(|interface| interface.name).collect();
        assert_eq!(names, ["52:54:00:11:22:33", "t"]);
        assert!(find(&definition, "52:54:0:11:22:33").is_ok());
        assert!(find(&definition, "t").is_ok());
        assert_eq!(find(&definition, "").unwrap_err().code, VIR_ERR_INVALID_ARG);
    }
}
