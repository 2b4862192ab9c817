//! The caller's side of the helpers that run a transfer over callbacks.

use super::*;

/// A caller's side of a helper.
pub struct Script {
    pub sections: Vec<(bool, i64)>,
    pub data: Vec<u8>,
    pub given: usize,
    pub section: usize,
    pub pieces: Vec<usize>,
    pub fails: Failure,
    pub calls: usize,
    pub failed: bool,
    pub skipped: Vec<i64>,
    pub received: Vec<u8>,
    pub holes: u64,
}

impl Script {
    pub fn new(pieces: &[usize], fails: Failure) -> Script {
        Script {
            sections: Vec::new(),
            data: Vec::new(),
            given: 0,
            section: 0,
            pieces: pieces.to_vec(),
            fails,
            calls: 0,
            failed: false,
            skipped: Vec::new(),
            received: Vec::new(),
            holes: 0,
        }
    }

    /// The next piece's size, or the failure whose time has come.
    pub fn next(&mut self) -> Option<usize> {
        let call = self.calls;
        self.calls += 1;
        match self.fails {
            Some((at, errno)) if at == call => {
                self.failed = true;
                if errno != 0 {
                    nix::errno::Errno::set_raw(errno);
                }
                None
            }
            _ => Some(self.pieces[call % self.pieces.len()]),
        }
    }

    pub fn error(&self) -> (virErrorNumber, i32) {
        let errno = self.fails.map_or(0, |(_, errno)| errno);
        (VIR_ERR_SYSTEM_ERROR, if errno == 0 { libc::EIO } else { errno })
    }
}

pub fn script<'a>(opaque: *mut c_void) -> &'a mut Script {
    // SAFETY: every helper is called with a script that outlives it.
    unsafe { &mut *opaque.cast::<Script>() }
}

pub unsafe extern "C" fn source(
    _stream: virStreamPtr,
    data: *mut c_char,
    nbytes: usize,
    opaque: *mut c_void,
) -> c_int {
    let script = script(opaque);
    let Some(piece) = script.next() else { return -1 };
    let count = piece.min(nbytes).min(script.data.len() - script.given);
    // SAFETY: the buffer has nbytes bytes.
    unsafe {
        std::ptr::copy_nonoverlapping(script.data[script.given..].as_ptr(), data.cast(), count);
    }
    script.given += count;
    count as c_int
}

pub unsafe extern "C" fn where_is(
    _stream: virStreamPtr,
    in_data: *mut c_int,
    length: *mut c_longlong,
    opaque: *mut c_void,
) -> c_int {
    let script = script(opaque);
    if script.next().is_none() {
        return -1;
    }
    let (data, bytes) = script.sections.get(script.section).copied().unwrap_or((false, 0));
    script.section += 1;
    // SAFETY: both are the helper's.
    unsafe {
        in_data.write(c_int::from(data));
        length.write(bytes);
    }
    0
}

pub unsafe extern "C" fn skip(
    _stream: virStreamPtr,
    length: c_longlong,
    opaque: *mut c_void,
) -> c_int {
    let script = script(opaque);
    if script.next().is_none() {
        return -1;
    }
    script.skipped.push(length);
    0
}

pub unsafe extern "C" fn sink(
    _stream: virStreamPtr,
    data: *const c_char,
    nbytes: usize,
    opaque: *mut c_void,
) -> c_int {
    let script = script(opaque);
    let Some(piece) = script.next() else { return -1 };
    let count = piece.min(nbytes);
    // SAFETY: the data has nbytes bytes.
    script.received.extend_from_slice(unsafe { std::slice::from_raw_parts(data.cast(), count) });
    count as c_int
}

pub unsafe extern "C" fn sink_hole(
    _stream: virStreamPtr,
    length: c_longlong,
    opaque: *mut c_void,
) -> c_int {
    let script = script(opaque);
    if script.next().is_none() {
        return -1;
    }
    assert!(length > 0);
    script.holes += length as u64;
    script.received.resize(script.received.len() + length as usize, 0);
    0
}
