//! The volume under test, checked without the functions under test.

use super::*;

/// A pool on disk and one in memory, for all cases.
pub struct Place {
    pub dir: tempfile::TempDir,
    pub disk: (virConnectPtr, virStoragePoolPtr),
    pub memory: (virConnectPtr, virStoragePoolPtr),
}

pub unsafe extern "C" fn no_error(_data: *mut c_void, _error: virErrorPtr) {}

impl Place {
    pub fn new() -> Place {
        virSetErrorFunc(std::ptr::null_mut(), Some(no_error));
        let dir = tempfile::tempdir().unwrap();
        let pool = dir.path().join("pool");
        std::fs::create_dir(&pool).unwrap();
        std::fs::write(pool.join("v"), b"").unwrap();
        let uri = format!("sparse:///embed?root={}/root", dir.path().display());
        let xml = format!(
            "<pool type='dir'><name>p</name><target><path>{}</path></target></pool>",
            pool.display()
        );
        let (uri, xml) = (CString::new(uri).unwrap(), CString::new(xml).unwrap());
        // SAFETY: NUL-terminated strings.
        unsafe {
            let conn = virConnectOpen(uri.as_ptr());
            let pool = virStoragePoolCreateXML(conn, xml.as_ptr(), 0);
            let test = virConnectOpen(c"test:///default".as_ptr());
            let memory = virStoragePoolLookupByName(test, c"default-pool".as_ptr());
            assert!(!pool.is_null() && !memory.is_null());
            Place { dir, disk: (conn, pool), memory: (test, memory) }
        }
    }
}

/// One volume, looked at without the functions under test.
pub struct Disk {
    pub conn: virConnectPtr,
    pub vol: virStorageVolPtr,
    pub path: Option<PathBuf>,
}

impl Disk {
    pub fn new(place: &Place, case: &Case) -> Disk {
        let old = old_bytes(case);
        let disk = if case.in_memory {
            let (conn, pool) = place.memory;
            let xml = format!("<volume><name>v</name><capacity>{}</capacity></volume>", case.size);
            let xml = CString::new(xml).unwrap();
            // SAFETY: a NUL-terminated string.
            let vol = unsafe { virStorageVolCreateXML(pool, xml.as_ptr(), 0) };
            Disk { conn, vol, path: None }
        } else {
            let (conn, pool) = place.disk;
            let path = place.dir.path().join("pool/v");
            File::create(&path).unwrap().set_len(case.size as u64).unwrap();
            // SAFETY: a NUL-terminated string.
            let vol = unsafe { virStorageVolLookupByName(pool, c"v".as_ptr()) };
            Disk { conn, vol, path: Some(path) }
        };
        assert!(!disk.vol.is_null());
        for range in old_ranges(case) {
            disk.write(&old[range.clone()], range.start);
        }
        disk
    }

    pub fn node(&self) -> std::sync::Arc<dyn virsparse_block::Node> {
        handle::resolve::<Volume>(self.vol).unwrap().open(true).unwrap()
    }

    pub fn write(&self, data: &[u8], offset: usize) {
        match &self.path {
            Some(path) => {
                let file = OpenOptions::new().write(true).open(path).unwrap();
                file.write_all_at(data, offset as u64).unwrap();
            }
            None => self.node().write_at(data, offset as u64).unwrap(),
        }
    }

    pub fn read(&self) -> Vec<u8> {
        match &self.path {
            Some(path) => std::fs::read(path).unwrap(),
            None => {
                let node = self.node();
                let mut bytes = vec![0; node.length().unwrap() as usize];
                assert_eq!(node.read_at(&mut bytes, 0).unwrap(), bytes.len());
                bytes
            }
        }
    }

    /// Bytes that it takes on disk, if it is there, and if that has blocks of the usual size.
    pub fn allocation(&self) -> Option<usize> {
        let metadata = std::fs::metadata(self.path.as_ref()?).unwrap();
        (metadata.blksize() == BLOCK as u64).then_some(metadata.blocks() as usize * 512)
    }

    pub fn is_image(&self) -> bool {
        // SAFETY: the result is a string that is ours.
        unsafe {
            let xml = virStorageVolGetXMLDesc(self.vol, 0);
            assert!(!xml.is_null());
            let raw = CStr::from_ptr(xml).to_str().unwrap().contains("<format type='raw'/>");
            libc::free(xml.cast());
            !raw
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.path.is_none() {
            virStorageVolDelete(self.vol, 0);
        }
        virStorageVolFree(self.vol);
    }
}

/// Where a case's volume has data at first.
pub fn old_ranges(case: &Case) -> Vec<Range<usize>> {
    let blocks = |extents: &[(usize, usize)]| {
        let range = |(first, count): &(usize, usize)| {
            (first * BLOCK).min(case.size)..((first + count) * BLOCK).min(case.size)
        };
        extents.iter().map(range).collect::<Vec<_>>()
    };
    match &case.old {
        Old::Fresh => Vec::new(),
        Old::Sparse(extents) => blocks(extents),
        Old::Full => std::iter::once(0..case.size).collect(),
        Old::Image(extents) => {
            let mut ranges = blocks(extents);
            ranges.push(0..case.size.min(BLOCK));
            ranges
        }
    }
}

pub fn old_bytes(case: &Case) -> Vec<u8> {
    let mut bytes = vec![0; case.size];
    let dense = Bytes { length: case.size, kind: Kind::Dense, seed: 255 }.make();
    for range in old_ranges(case) {
        bytes[range.clone()].copy_from_slice(&dense[range]);
    }
    if matches!(case.old, Old::Image(_)) {
        let mut header = vec![0; 1024];
        header[..8].copy_from_slice(b"QFI\xfb\0\0\0\x02");
        header[23] = 16;
        header[29] = 16;
        let length = header.len().min(case.size);
        bytes[..length].copy_from_slice(&header[..length]);
    }
    bytes
}
