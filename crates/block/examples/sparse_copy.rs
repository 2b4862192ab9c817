//! Lists the extents of a qcow2 image with its backing chain, and copies what a guest sees of it into a
//! raw file that is as sparse.
//!
//!     sparse_copy IMAGE TARGET

use std::error::Error;
use std::fs::File;

use virsparse_block::copy::{CopyOptions, copy};
use virsparse_block::{Chain, FileNode, Format, Node, OpenOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [image, target] = arguments.as_slice() else {
        return Err("usage: sparse_copy IMAGE TARGET".into());
    };
    let chain = Chain::open(image, OpenOptions::new(Format::Qcow2))?;
    for image in &chain.images {
        println!("{} of format {}", image.location, image.format.name());
    }
    let source = chain.top();
    let length = source.length()?;
    let mut at = 0;
    while at < length {
        let extent = source.extent_at(at, length)?;
        println!("{at} + {}: {:?}, in image {}", extent.length, extent.kind, extent.depth);
        at = extent.end();
    }
    let file = File::options().read(true).write(true).create_new(true).open(target)?;
    let target = FileNode::new(file, target.as_str())?;
    target.resize(length)?;
    copy(&*source, &target, CopyOptions::new(length))?;
    target.flush()?;
    Ok(())
}
