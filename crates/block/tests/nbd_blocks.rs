//! NBD servers that take only whole blocks of some size.

mod nbd;

use virsparse_block::nbd::NbdNode;
use virsparse_block::{Errno, Node};

use nbd::*;

fn nbdkit(place: &Place, arguments: &[&str]) -> Foreign {
    let socket = place.text("s");
    Foreign::start(&[&["nbdkit", "-f", "-U", &socket], arguments].concat(), &place.path("s"))
}

fn qemu_nbd(place: &Place, arguments: &[&str]) -> Foreign {
    let socket = place.text("s");
    let fixed = ["qemu-nbd", "-t", "-e", "16", "-x", "disk", "-k", &socket];
    Foreign::start(&[&fixed[..], arguments].concat(), &place.path("s"))
}

/// nbdkit refuses what is not whole blocks with EINVAL.
fn whole_blocks_only(place: &Place, block: u64, size: &str) -> Foreign {
    let minimum = format!("blocksize-minimum={block}");
    let preferred = format!("blocksize-preferred={block}");
    let policy = ["blocksize-error-policy=error", &minimum, &preferred];
    let fixed = ["--filter=blocksize-policy", "memory", size];
    nbdkit(place, &[&fixed[..], &policy, &["blocksize-maximum=2M"]].concat())
}

#[test]
fn requests_of_any_shape_reach_a_server_that_takes_only_whole_blocks() {
    const SIZE: u64 = 8 * MIB;
    for block in [512, 4096, 65536] {
        let place = Place::new();
        let _server = whole_blocks_only(&place, block, "8M");
        let node = NbdNode::connect(&place.uri()).unwrap();
        assert_eq!(node.profile().alignment, block);
        let mut expected = vec![0; SIZE as usize];
        for (offset, length) in [
            (0, SIZE),
            (MIB, MIB),
            (1, 1),
            (511, 2),
            (65535, 2),
            (65536 + 100, 65536),
            (3 * MIB - 5, 3 * MIB + 10),
            (SIZE - 1, 1),
        ] {
            let data = noise(length as usize, offset + block);
            node.write_at(&data, offset).unwrap();
            expected[offset as usize..][..data.len()].copy_from_slice(&data);
        }
        node.write_zeroes(4 * MIB + 1, 2 * MIB, true).unwrap();
        expected[4 * MIB as usize + 1..][..2 * MIB as usize].fill(0);
        node.discard(7 * MIB + 1, 100).unwrap();
        let mut all = vec![0; SIZE as usize];
        assert_eq!(node.read_at(&mut all, 0), Ok(SIZE as usize));
        assert!(all == expected, "blocks of {block}");
        for (offset, length) in [(7, 100), (65530, 20), (MIB + 1, 3 * MIB), (SIZE - 5, 100)] {
            let there = length.min(SIZE - offset) as usize;
            let mut part = vec![0; length as usize];
            assert_eq!(node.read_at(&mut part, offset), Ok(there));
            assert!(part[..there] == expected[offset as usize..][..there]);
        }
        assert_eq!(node.write_at(&[1; 2], SIZE - 1).unwrap_err().errno, Errno::ENOSPC);
        node.flush().unwrap();
        // Another program sees the same.
        let copy = place.text("copy");
        let uri = place.uri();
        run(&["nbdcopy", &uri, &copy]);
        assert!(std::fs::read(&copy).unwrap() == expected);
    }
}

/// The last block may be cut off. nbdkit refuses requests for it, and says why; a server that takes them gets
/// them as they are.
#[test]
fn an_export_that_ends_within_a_block_is_used_as_far_as_the_server_lets() {
    let size = MIB + 1000;
    for (policy, there) in [("error", false), ("allow", true)] {
        let place = Place::new();
        let policy = format!("blocksize-error-policy={policy}");
        let length = size.to_string();
        let _server = nbdkit(
            &place,
            &["--filter=blocksize-policy", "memory", &length, "blocksize-minimum=4096", &policy],
        );
        let node = NbdNode::connect(&place.uri()).unwrap();
        node.write_at(&[7; 5000], 100).unwrap();
        let written = node.write_at(&[7; 10], size - 10);
        match there {
            true => written.unwrap(),
            false => assert_eq!(written.unwrap_err().errno, Errno::EINVAL),
        }
    }
}

/// qemu-nbd pads requests itself where it is not asked for block sizes, and no other client's change is lost.
#[test]
fn a_server_that_pads_requests_itself_gets_them_as_they_are() {
    let place = Place::new();
    let image = place.image("image", 4 * MIB);
    let options = format!(
        "driver=blkdebug,align=4096,image.driver=file,\
         image.filename={}",
        image.display()
    );
    let _server = qemu_nbd(&place, &["--image-opts", &options]);
    let told = run(&["nbdinfo", &place.uri()]);
    assert!(told.contains("block_size_minimum: 4096"), "{told}");
    let node = NbdNode::connect(&place.uri()).unwrap();
    assert_eq!(node.profile().alignment, 1);
    node.write_at(&[7; 3], 1001).unwrap();
    let mut back = [0; 3];
    node.read_at(&mut back, 1001).unwrap();
    assert_eq!(back, [7; 3]);
}
