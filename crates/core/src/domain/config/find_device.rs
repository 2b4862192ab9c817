//! Which device of a definition a caller means by a description of it: one of the same kind, known by what
//! libvirt knows its kind by, or else one of which everything is true that the description says.

use std::collections::{HashMap, VecDeque};

use crate::error::*;
use crate::xml::{Element, Node};

/// Where among the nodes of `<devices>` the device is that `given` describes.
pub fn position(devices: &Element, given: &Element) -> Result<usize> {
    let all: Vec<(usize, &Element)> = (devices.nodes.iter().enumerate())
        .filter_map(|(index, node)| match node {
            Node::Element(device) if device.name == given.name => Some((index, device)),
            _ => None,
        })
        .collect();
    let same_key = |wanted: &[(&str, &str)]| -> Vec<usize> {
        let is_it = |device: &Element| {
            wanted.iter().all(|(path, value)| {
                at(device, path).is_some_and(|own| own.eq_ignore_ascii_case(value))
            })
        };
        all.iter().filter(|(_, device)| is_it(device)).map(|(index, _)| *index).collect()
    };
    let found = match key(given) {
        Some(wanted) => same_key(&wanted),
        None => all.iter().filter(|(_, d)| is_true_of(given, d)).map(|(index, _)| *index).collect(),
    };
    match (found.as_slice(), at(given, "mac/address")) {
        ([], _) => {
            let text = "device not present in domain configuration";
            Err(Error::new(VIR_ERR_DEVICE_MISSING, VIR_FROM_DOMAIN, text))
        }
        ([_, _, ..], Some(address)) if given.name == "interface" => {
            let text = format!("multiple devices matching MAC address {address} found");
            Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text))
        }
        ([first, ..], _) => Ok(*first),
    }
}

/// Where among the nodes of `<devices>` the device is that has an `<alias>` of that name.
pub fn position_of_alias(devices: &Element, alias: &str) -> Result<usize> {
    let has_it = |node: &Node| match node {
        Node::Element(device) => at(device, "alias/name") == Some(alias),
        _ => false,
    };
    devices.nodes.iter().position(has_it).ok_or_else(|| no_device_of_alias(alias))
}

/// The error that a domain has no device of that alias.
pub fn no_device_of_alias(alias: &str) -> Error {
    let text = format!("no device found with alias {alias}");
    Error::new(VIR_ERR_DEVICE_MISSING, VIR_FROM_DOMAIN, text)
}

/// What a kind of device is known by, whatever else is said of it: attributes, and their values.
fn key(given: &Element) -> Option<Vec<(&'static str, &str)>> {
    let paths: &[&'static str] = match given.name.as_str() {
        "interface" => &["mac/address"],
        "controller" => &["type", "index"],
        "filesystem" => &["target/dir"],
        _ => return None,
    };
    paths.iter().map(|path| Some((*path, at(given, path)?))).collect()
}

/// An attribute of an element, or of a child of it: `mac/address`.
fn at<'a>(element: &'a Element, path: &'a str) -> Option<&'a str> {
    match path.split_once('/') {
        Some((child, name)) => element.child(child)?.attr(name),
        None => element.attr(path),
    }
}

/// Whether a device has all attributes, elements and texts of a description. Of several elements of one
/// name in one place, the first is held against the first, and so on. An address or an alias of the
/// description counts only where the device has one: definitions here get none by themselves.
fn is_true_of(given: &Element, device: &Element) -> bool {
    let mut pending = vec![(given, device)];
    let whole = device;
    let is_given_later = |name: &str, device: &Element| {
        std::ptr::eq(device, whole) && matches!(name, "address" | "alias")
    };
    while let Some((given, device)) = pending.pop() {
        let own: HashMap<&str, &str> =
            device.attributes.iter().map(|a| (a.name.as_str(), a.value.as_str())).collect();
        if !given.attributes.iter().all(|a| own.get(a.name.as_str()) == Some(&a.value.as_str())) {
            return false;
        }
        let own_text = |element: &Element| -> String {
            let texts = element.nodes.iter().filter_map(|node| match node {
                Node::Text(text) | Node::CData(text) => Some(text.as_str()),
                _ => None,
            });
            texts.collect::<String>().trim().to_string()
        };
        let text = own_text(given);
        if !text.is_empty() && text != own_text(device) {
            return false;
        }
        let mut left: HashMap<&str, VecDeque<&Element>> = HashMap::new();
        for child in device.elements() {
            left.entry(&child.name).or_default().push_back(child);
        }
        for child in given.elements() {
            match left.get_mut(child.name.as_str()).and_then(VecDeque::pop_front) {
                Some(of_device) => pending.push((child, of_device)),
                None if is_given_later(&child.name, device) => {}
                None => return false,
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;

    fn element(text: &str) -> Element {
        xml::parse(text, "device", VIR_FROM_DOMAIN).unwrap()
    }

    #[track_caller]
    fn finds(devices: &str, given: &str, expected: Result<usize, virErrorNumber>) {
        let devices = element(&format!("<devices>{devices}</devices>"));
        assert_eq!(position(&devices, &element(given)).map_err(|e| e.code), expected);
    }

    #[test]
    fn a_device_is_known_by_what_is_said_of_it() {
        let devices = "<channel type='unix'><target type='virtio' name='a'/></channel>\
                       <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>\
                       <channel type='unix'><target type='virtio' name='b'/></channel>";
        finds(devices, "<channel type='unix'><target name='b'/></channel>", Ok(2));
        finds(devices, "<channel/>", Ok(0));
        finds(devices, "<channel type='pty'/>", Err(VIR_ERR_DEVICE_MISSING));
        finds(devices, "<rng><backend> /dev/urandom </backend></rng>", Ok(1));
        finds(devices, "<rng><backend>/dev/random</backend></rng>", Err(VIR_ERR_DEVICE_MISSING));
        finds(devices, "<rng><rate/></rng>", Err(VIR_ERR_DEVICE_MISSING));
        finds(devices, "<sound/>", Err(VIR_ERR_DEVICE_MISSING));
        let shown = "<channel type='unix'><target name='b'/><alias name='channel1'/>\
                     <address type='virtio-serial' port='2'/></channel>";
        finds(devices, shown, Ok(2));
        let with_address = "<rng model='virtio'><address type='pci' slot='0x01'/></rng>\
                            <rng model='virtio'><address type='pci' slot='0x02'/></rng>";
        finds(with_address, "<rng><address type='pci' slot='0x02'/></rng>", Ok(1));
        finds(with_address, "<rng><address slot='0x03'/></rng>", Err(VIR_ERR_DEVICE_MISSING));
    }

    #[test]
    fn an_alias_names_a_device_of_any_kind() {
        let devices = "<sound model='ich6'/>\
                       <rng model='virtio'><alias name='ua-a'/></rng>\
                       <disk><target dev='vda'/><alias name='ua-b'/></disk>";
        let devices = element(&format!("<devices>{devices}</devices>"));
        let position = |alias| position_of_alias(&devices, alias).map_err(|e| e.message);
        assert_eq!(position("ua-a"), Ok(1));
        assert_eq!(position("ua-b"), Ok(2));
        let missing = "device not found: no device found with alias ua-c";
        assert_eq!(position("ua-c"), Err(missing.to_string()));
    }

    #[test]
    fn some_kinds_are_known_by_a_key() {
        let devices = "<interface type='user'><mac address='52:54:00:00:00:0a'/></interface>\
                       <interface type='user'><mac address='52:54:00:00:00:02'/></interface>\
                       <interface type='user'><mac address='52:54:00:00:00:02'/></interface>\
                       <controller type='scsi' index='0' model='virtio-scsi'/>\
                       <filesystem><source dir='/a'/><target dir='t'/></filesystem>";
        let by = |mac: &str| format!("<interface type='x'><mac address='{mac}'/></interface>");
        finds(devices, &by("52:54:00:00:00:0A"), Ok(0));
        finds(devices, &by("52:54:00:00:00:02"), Err(VIR_ERR_OPERATION_FAILED));
        finds(devices, &by("52:54:00:00:00:03"), Err(VIR_ERR_DEVICE_MISSING));
        finds(devices, "<interface type='user'/>", Ok(0));
        finds(devices, "<controller type='scsi' index='0' model='lsilogic'/>", Ok(3));
        finds(devices, "<controller type='scsi' index='1'/>", Err(VIR_ERR_DEVICE_MISSING));
        finds(devices, "<filesystem><target dir='t'/></filesystem>", Ok(4));
    }
}
