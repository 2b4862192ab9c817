//! Reads `LIBVIRT_VERSION`, the one place that says whose interface ours is: for the build script,
//! which tells the library, and for the generator of the headers. Makefile and tests read the file.

/// `12.9.0` as libvirt counts it: 12009000.
pub fn number(text: &str) -> u32 {
    let numbers: Vec<u32> = text.trim().split('.').filter_map(|part| part.parse().ok()).collect();
    let [major, minor, micro] = numbers[..] else {
        panic!("LIBVIRT_VERSION is MAJOR.MINOR.MICRO, not {text:?}");
    };
    assert!(minor < 1000 && micro < 1000, "LIBVIRT_VERSION has a part of more than three digits");
    major * 1_000_000 + minor * 1000 + micro
}
