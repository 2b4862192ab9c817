use super::*;

const LEAST: &str = "<name>n</name><memory>9</memory><os><type>hvm</type></os>";

fn domain(inside: &str) -> Result<Definition> {
    Definition::parse(&format!("<domain type='kvm'>{inside}</domain>"))
}

#[track_caller]
fn fails(text: &str, code: virErrorNumber, domain: virErrorDomain, message: &str) {
    let error = Definition::parse(text).unwrap_err();
    assert_eq!((error.code, error.domain, error.message.as_str()), (code, domain, message));
}

#[test]
fn what_is_not_used_survives_and_a_uuid_is_made() {
    let text =
        format!("{LEAST}<q:x xmlns:q='u' a='1'>t<!-- c --></q:x><features><acpi/></features>");
    let first = domain(&text).unwrap();
    let xml = first.to_xml();
    assert!(xml.contains("<q:x xmlns:q='u' a='1'>t<!-- c --></q:x>"), "{xml}");
    assert!(xml.contains(&format!("<uuid>{}</uuid>", first.uuid)), "{xml}");
    assert_eq!(Definition::parse(&xml), Ok(first));
}

#[test]
fn numbers_are_read() {
    let definition = domain(
        "<name>n</name><memory unit='GiB'>2</memory><currentMemory>1024</currentMemory>
         <vcpu current='2'>4</vcpu><os><type arch='x86_64'>hvm</type></os>",
    )
    .unwrap();
    assert_eq!((definition.max_memory, definition.memory), (2 << 20, 1024));
    assert!(definition.to_xml().contains("<memory unit='KiB'>2097152</memory>"));
    assert_eq!((definition.vcpus, definition.os_type.as_str()), (2, "hvm"));
}

#[test]
fn memory_may_be_that_of_the_cells() {
    let cells = "<cell cpus='0' memory='40000'/><cell cpus='1' memory='20' unit='MiB'/>";
    let numa = format!(
        "<name>n</name><vcpu>2</vcpu><os><type>hvm</type></os><cpu><numa>{cells}</numa></cpu>"
    );
    for (more, all, now) in [
        ("", 60480, 60480),
        ("<currentMemory>100</currentMemory>", 60480, 100),
        ("<memory>0</memory>", 60480, 60480),
        ("<memory>99</memory>", 99, 99),
    ] {
        let definition = domain(&format!("{numa}{more}")).unwrap();
        assert_eq!((definition.max_memory, definition.memory), (all, now), "{more}");
        let xml = definition.to_xml();
        assert!(xml.contains(&format!("<memory unit='KiB'>{all}</memory>")), "{xml}");
        assert_eq!(Definition::parse_stored(&xml), Ok(definition));
    }
}

#[test]
fn what_loads_a_guest_says_what_it_is() {
    let text = "<name>n</name><memory>9</memory><bootloader>/usr/bin/pygrub</bootloader>";
    assert_eq!(domain(text).unwrap().os_type, "xen");
    assert!(domain("<name>n</name><memory>9</memory><bootloader/>").is_err());
}

/// Earlier releases of this library accepted them.
#[test]
fn what_is_kept_is_read_without_the_checks_of_new_documents() {
    let kept = "<domain><name>n</name><memory>0</memory><vcpu cpuset='aaa'>1</vcpu>\
                <os><type>hvm</type></os></domain>";
    assert!(Definition::parse(kept).is_err());
    let definition = Definition::parse_stored(kept).unwrap();
    assert!(definition.changed(|root| root.set_attr("a", 1)).is_ok());
}

#[test]
fn live_descriptions_come_back_as_definitions() {
    let disk = "<devices><disk><source file='/a'/><target dev='vda'/></disk></devices>";
    let definition = domain(&format!("{LEAST}{disk}")).unwrap();
    let holder = Element::new("virsparse:holder").with_attr("xmlns:virsparse", NAMESPACE);
    let live = definition.live_xml(7, Some(holder), |target, disk| {
        let element = Element::new("virsparse:export").with_attr("xmlns:virsparse", NAMESPACE);
        disk.push(element.with_attr("uri", target));
        disk.push(Element::new("mirror"));
        disk.push(Element::new("backingStore"));
        if let Some(source) = disk.child_mut("source") {
            source.set_attr("index", 1);
        }
    });
    assert!(live.contains("<domain type='kvm' id='7'>"), "{live}");
    assert!(live.contains("uri='vda'"), "{live}");
    assert!(live.contains("<virsparse:holder "), "{live}");
    crate::domain::config::schema::check_domain(&live).unwrap();
    assert_eq!(Definition::parse(&live), Ok(definition));
}

#[test]
fn disks_are_found_by_target_and_by_path_and_can_be_changed() {
    let disk = "<devices><disk><source file='/a'/><target dev='vda'/></disk></devices>";
    let definition = domain(&format!("{LEAST}{disk}")).unwrap();
    assert_eq!(definition.disk("vda"), definition.disk("/a"));
    assert!(definition.disk("vda").is_some());
    assert_eq!((definition.disk(""), definition.disk("/b")), (None, None));
    let other =
        xml::parse("<disk><source file='/b'/><target dev='vda'/></disk>", "disk", VIR_FROM_DOMAIN);
    let changed = definition.with_disk("vda", other.unwrap()).unwrap();
    assert!(changed.disk("/b").is_some());
    assert_eq!(changed.without_disk("vda").unwrap().disks, []);
}

/// Codes, domains and texts are those of libvirt 9.0.
#[test]
fn refusals_are_worded_as_libvirt_words_them() {
    let of = |inside: &str| format!("<domain type='test'>{inside}</domain>");
    for (text, code, domain, message) in [
        (
            "<x/>".to_string(),
            VIR_ERR_XML_ERROR,
            VIR_FROM_XML,
            "XML error: expecting root element of 'domain', not 'x'",
        ),
        (
            "<domain type='zzz'/>".to_string(),
            VIR_ERR_CONFIG_UNSUPPORTED,
            VIR_FROM_DOMAIN,
            "unsupported configuration: invalid domain type zzz",
        ),
        (
            "<domain/>".to_string(),
            VIR_ERR_INTERNAL_ERROR,
            VIR_FROM_DOMAIN,
            "internal error: missing domain type attribute",
        ),
        (
            of(&format!("{LEAST}<vcpu cpuset='aaa'>1</vcpu>")),
            VIR_ERR_INVALID_ARG,
            VIR_FROM_NONE,
            "invalid argument: Failed to parse bitmap 'aaa'",
        ),
        (
            of(&format!("{LEAST}<vcpu cpuset='^0'>1</vcpu>")),
            VIR_ERR_CONFIG_UNSUPPORTED,
            VIR_FROM_DOMAIN,
            "unsupported configuration: Invalid value of 'cpuset': ^0",
        ),
        (
            of(&format!("{LEAST}<cpu><numa><cell cpus='0'/></numa></cpu>")),
            VIR_ERR_XML_ERROR,
            VIR_FROM_XML,
            "XML error: missing element or attribute './@memory'",
        ),
        (
            of("<name>a</name><memory>0</memory><os><type>hvm</type></os>"),
            VIR_ERR_XML_ERROR,
            VIR_FROM_DOMAIN,
            "XML error: Memory size must be specified via <memory> or in the <numa> configuration",
        ),
    ] {
        fails(&text, code, domain, message);
    }
}

#[test]
fn missing_elements_are_told_as_libvirt_tells_them() {
    let of = |inside: &str| format!("<domain type='test'>{inside}</domain>");
    for (text, code, domain, message) in [
        (of(""), VIR_ERR_NO_NAME, VIR_FROM_DOMAIN, "missing name information"),
        (
            of("<name>a/b</name>"),
            VIR_ERR_XML_ERROR,
            VIR_FROM_DOMAIN,
            "XML error: name a/b cannot contain '/'",
        ),
        (
            of("<name>a</name><memory>1</memory>"),
            VIR_ERR_XML_ERROR,
            VIR_FROM_DOMAIN,
            "XML error: an os <type> must be specified",
        ),
        (
            of("<name>a</name><os><type>hvm</type></os>"),
            VIR_ERR_XML_ERROR,
            VIR_FROM_DOMAIN,
            "XML error: Memory size must be specified via <memory> or in the <numa> configuration",
        ),
        (
            of("<name>a</name><memory>x</memory><os><type>hvm</type></os>"),
            VIR_ERR_XML_ERROR,
            VIR_FROM_XML,
            "XML error: Invalid value 'x' for element or attribute './memory[1]'",
        ),
        (
            of(&format!(
                "{LEAST}<devices><disk><source file='/a'/><target dev='vda'/></disk>\
                 <disk><source file='/b'/><target dev='vda'/></disk></devices>"
            )),
            VIR_ERR_XML_ERROR,
            VIR_FROM_DOMAIN,
            "XML error: target 'vda' duplicated for disk sources '/a' and '/b'",
        ),
    ] {
        fails(&text, code, domain, message);
    }
}
