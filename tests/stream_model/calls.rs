//! Makes the calls of a case, and compares them with the model.

use std::sync::OnceLock;

use super::*;

pub struct Run {
    pub disk: Disk,
    pub stream: virStreamPtr,
    pub model: Model,
}

/// Whether the filesystem of the volumes takes files of any length, as tmpfs does.
fn takes_any_length() -> bool {
    static TAKES: OnceLock<bool> = OnceLock::new();
    *TAKES.get_or_init(|| tempfile::tempfile().expect("a file").set_len(i64::MAX as u64).is_ok())
}

/// Repeats a call that would have to wait.
pub fn patiently(mut call: impl FnMut() -> c_int) -> c_int {
    let start = Instant::now();
    loop {
        let result = call();
        if result != -2 {
            return result;
        }
        assert!(virGetLastError().is_null(), "-2 with an error");
        assert!(start.elapsed() < Duration::from_secs(30), "it never becomes ready");
        std::thread::sleep(Duration::from_micros(50));
    }
}

impl Run {
    /// Compares the result of a call with the expected one.
    pub fn check(&self, what: &str, result: c_int, expected: Expected<c_int>) {
        match expected {
            Ok(value) => {
                self.succeeded(what, result);
                assert_eq!(result, value, "{what}");
            }
            Err(error) => self.failed(what, result, error),
        }
    }

    pub fn succeeded(&self, what: &str, result: c_int) {
        let error = virGetLastError();
        if !error.is_null() {
            // SAFETY: the thread's record.
            let text = unsafe { CStr::from_ptr(virGetLastErrorMessage()) };
            panic!("{what} returned {result} with an error: {}", text.to_string_lossy());
        }
    }

    pub fn failed(&self, what: &str, result: c_int, (code, errno): (virErrorNumber, i32)) {
        assert_eq!(result, -1, "{what} should fail with {code:?}");
        assert_eq!(virGetLastErrorCode(), code as c_int, "{what}");
        if code == VIR_ERR_SYSTEM_ERROR {
            // SAFETY: the thread's record.
            assert_eq!(unsafe { (*virGetLastError()).int1 }, errno, "{what}");
        }
    }

    pub fn step(&mut self, step: &Step) {
        match step {
            Step::Attach { upload, offset, length, flags } => {
                self.attach(*upload, *offset, *length, *flags);
            }
            Step::Send(data) => self.send(&data.make()),
            Step::SendHole { length, flags } => self.send_hole(*length, *flags),
            Step::Recv(length) => self.receive(*length, None),
            Step::RecvFlags { length, flags } => self.receive(*length, Some(*flags)),
            Step::RecvHole { flags } => self.receive_hole(*flags),
            Step::SendAll { data, pieces, fails } => self.send_all(data, pieces, *fails),
            Step::SparseSendAll { sections, pieces, fails } => {
                self.sparse_send_all(sections, pieces, *fails);
            }
            Step::RecvAll { sparse, pieces, fails } => self.receive_all(*sparse, pieces, *fails),
            Step::Finish => self.finish(),
            Step::Abort => self.abort(),
            Step::Free { flags } => self.free(*flags),
        }
        self.check_stats();
    }

    pub fn attach(&mut self, upload: bool, offset: usize, length: Length, flags: c_uint) {
        let size = self.model.bytes.len();
        let is_image = self.disk.is_image();
        // Of an image, what lies behind it may be meant as well.
        let offset = if is_image { size + 5000 } else { size } * offset / 256;
        let rest = size.saturating_sub(offset);
        let length = match length {
            Length::ToTheEnd => 0,
            Length::Part(part) => ((rest + if is_image { 10_000 } else { 0 }) * part / 256) as u64,
            Length::Exactly => rest as u64,
            Length::Beyond(more) => (rest as u64).saturating_add(more),
        };
        let attach = if upload { virStorageVolUpload } else { virStorageVolDownload };
        let result = attach(self.disk.vol, self.stream, offset as c_ulonglong, length, flags);
        let most = if is_image { i64::MAX as u64 } else { size as u64 };
        let refusal = match &self.model.state {
            State::Active(_) => Some((VIR_ERR_OPERATION_INVALID, -1)),
            State::Failed(error) => Some(*error),
            _ if flags & !SPARSE != 0 => Some((VIR_ERR_INVALID_ARG, -1)),
            _ if (offset as u64).checked_add(length).is_none_or(|end| end > most) => {
                Some((VIR_ERR_INVALID_ARG, -1))
            }
            _ => None,
        };
        let expected = refusal.map_or(Ok(0), Err);
        self.check("attach", result, expected);
        if expected.is_err() {
            return;
        }
        let end = match (length, is_image) {
            (0, true) => None,
            (0, false) => Some(size),
            (length, _) => Some(offset + length as usize),
        };
        let start = if upload { offset } else { offset.min(size) };
        let end =
            if upload { end } else { Some(end.unwrap_or(size).clamp(start, size.max(start))) };
        let allocated = self.disk.allocation();
        self.model.state = State::Active(Box::new(Transfer {
            upload,
            sparse: flags & SPARSE != 0,
            start,
            position: start,
            end,
            clamps: length > 0,
            keeps_space: allocated.is_none_or(|bytes| bytes >= size),
            data: 0,
            holes: 0,
            total: end.map_or(0, |end| (end - start) as u64),
            new: self.model.bytes.clone(),
            doomed: false,
        }));
    }

    pub fn send(&mut self, data: &[u8]) {
        let refusal = self.model.refusal(true);
        let mut rest = data;
        loop {
            // SAFETY: the data is as long as it says.
            let call = || unsafe { virStreamSend(self.stream, rest.as_ptr().cast(), rest.len()) };
            let result = if self.model.waits { call() } else { patiently(call) };
            if let Some(error) = refusal {
                return self.check("Send", result, Err(error));
            }
            if self.may_be_doomed(result) {
                return;
            }
            let room = self.model.room().unwrap_or(usize::MAX);
            if result == -1 {
                // Only what fits may be taken before more is refused, and all of it has been.
                assert!(rest.len() > room, "a Send within the range failed");
                self.failed("Send", result, FULL);
                self.model.take_data(&rest[..room]);
                return self.model.end(&self.disk, State::Failed(FULL), true);
            }
            self.succeeded("Send", result);
            let taken = result as usize;
            assert!(taken <= rest.len().min(room));
            assert!(taken == rest.len() || taken > 0 && !self.model.waits);
            self.model.take_data(&rest[..taken]);
            rest = &rest[taken..];
            if rest.is_empty() {
                return;
            }
        }
    }

    /// After a hole that cannot be, any call may tell of it.
    pub fn may_be_doomed(&mut self, result: c_int) -> bool {
        if result != -1 || !self.model.transfer().doomed {
            return false;
        }
        let error = (VIR_ERR_SYSTEM_ERROR, libc::EFBIG);
        self.failed("a call after an impossible hole", result, error);
        self.model.end(&self.disk, State::Failed(error), false);
        true
    }

    pub fn send_hole(&mut self, length: i64, flags: c_uint) {
        let length = self.possible(length);
        let result = virStreamSendHole(self.stream, length, flags);
        if flags != 0 {
            return self.check("SendHole", result, Err((VIR_ERR_INVALID_ARG, -1)));
        }
        if let Some(error) = self.model.refusal(true) {
            return self.check("SendHole", result, Err(error));
        }
        if length <= 0 {
            return self.check("SendHole", result, Err((VIR_ERR_INVALID_ARG, -1)));
        }
        if !self.model.transfer().sparse {
            return self.check("SendHole", result, Err((VIR_ERR_OPERATION_INVALID, -1)));
        }
        if self.may_be_doomed(result) {
            return;
        }
        let expected = self.model_hole(length);
        self.check("SendHole", result, expected.map(|()| 0));
        if let Err(error) = expected {
            self.model.end(&self.disk, State::Failed(error), true);
        }
    }

    /// A volume in memory, or on tmpfs, may be as long as one likes, which the model may not.
    pub fn possible(&self, length: i64) -> i64 {
        let State::Active(transfer) = &self.model.state else { return length };
        let endless = transfer.end.is_none() && transfer.upload;
        let unlikely = self.disk.path.is_none() || transfer.position > 0 || takes_any_length();
        if endless && length > 1 << 40 && unlikely { 12_345 } else { length }
    }

    pub fn model_hole(&mut self, length: i64) -> Expected<()> {
        let Some(room) = self.model.room() else {
            if length > 1 << 40 {
                self.model.transfer().doomed = true;
            } else {
                self.model.take_hole(length as usize);
            }
            return Ok(());
        };
        self.model.take_hole(room.min(length as usize));
        if length as usize > room && !self.model.transfer().clamps { Err(FULL) } else { Ok(()) }
    }

    pub fn receive(&mut self, length: usize, flags: Option<c_uint>) {
        let mut buffer = vec![0xa5u8; length + 8];
        let stream = self.stream;
        let mut call = || {
            let data = buffer.as_mut_ptr().cast();
            // SAFETY: the buffer is longer than that.
            unsafe {
                match flags {
                    None => virStreamRecv(stream, data, length),
                    Some(flags) => virStreamRecvFlags(stream, data, length, flags),
                }
            }
        };
        let result = if self.model.waits { call() } else { patiently(&mut call) };
        if flags.is_some_and(|flags| flags & !STOP_AT_HOLE != 0) {
            return self.check("RecvFlags", result, Err((VIR_ERR_INVALID_ARG, -1)));
        }
        if let Some(error) = self.model.refusal(false) {
            return self.check("Recv", result, Err(error));
        }
        self.succeeded("Recv", result);
        let stops = flags == Some(STOP_AT_HOLE);
        let transfer = self.model.transfer();
        let end = transfer.end.unwrap_or(0);
        if result == -3 {
            assert!(stops && transfer.sparse && length > 0 && transfer.position < end);
            return;
        }
        let taken = usize::try_from(result).unwrap();
        assert!(taken <= length && taken <= end - transfer.position);
        assert_eq!(taken == 0, length == 0 || transfer.position == end, "the end");
        assert!(buffer[taken..].iter().all(|byte| *byte == 0xa5), "more was written than received");
        let position = transfer.position;
        transfer.position += taken;
        same(&buffer[..taken], &self.model.bytes[position..position + taken]);
    }

    pub fn receive_hole(&mut self, flags: c_uint) {
        let mut length = -7;
        // SAFETY: the length is ours.
        let result = unsafe { virStreamRecvHole(self.stream, &mut length, flags) };
        let expected = match self.model.refusal(false) {
            _ if flags != 0 => Err((VIR_ERR_INVALID_ARG, -1)),
            Some(error) => Err(error),
            None if !self.model.transfer().sparse => Err((VIR_ERR_OPERATION_INVALID, -1)),
            None => Ok(0),
        };
        self.check("RecvHole", result, expected);
        if expected.is_err() {
            return assert_eq!(length, -7, "the length was touched");
        }
        let transfer = self.model.transfer();
        let position = transfer.position;
        let length = usize::try_from(length).unwrap();
        assert!(length <= transfer.end.unwrap_or(0) - position);
        transfer.position += length;
        let hole = &self.model.bytes[position..position + length];
        assert!(hole.iter().all(|byte| *byte == 0), "a hole over data");
    }

    /// Why a helper is refused before any callback is called.
    pub fn helper_refusal(&self, upload: bool) -> Option<(virErrorNumber, i32)> {
        if self.model.waits {
            self.model.refusal(upload)
        } else {
            Some((VIR_ERR_OPERATION_INVALID, -1))
        }
    }

    /// A helper has been refused, or has failed: its transfer is over.
    pub fn helper_failed(&mut self, certain: bool) {
        match self.model.state {
            State::Unattached => {}
            State::Active(_) => self.model.end(&self.disk, State::Closed, certain),
            _ => self.model.state = State::Closed,
        }
    }

    pub fn send_all(&mut self, data: &Bytes, pieces: &[usize], fails: Failure) {
        let mut script = Script { data: data.make(), ..Script::new(pieces, fails) };
        let refusal = self.helper_refusal(true);
        let opaque = (&raw mut script).cast();
        // SAFETY: the function fits the script.
        let result = unsafe { virStreamSendAll(self.stream, Some(source), opaque) };
        if let Some(error) = refusal {
            self.check("SendAll", result, Err(error));
            assert_eq!(script.calls, 0, "a refused helper called back");
            return self.helper_failed(false);
        }
        if self.may_be_doomed(result) {
            self.model.state = State::Closed;
            return;
        }
        let room = self.model.room().unwrap_or(usize::MAX);
        let within = script.given.min(room);
        self.model.take_data(&script.data[..within]);
        if script.given > room {
            self.check("SendAll", result, Err(FULL));
            return self.helper_failed(true);
        }
        if script.failed {
            self.check("SendAll", result, Err(script.error()));
            return self.helper_failed(false);
        }
        assert_eq!(script.given, script.data.len());
        self.check("SendAll", result, Ok(0));
    }

    pub fn sparse_send_all(&mut self, sections: &[Section], pieces: &[usize], fails: Failure) {
        let mut script = Script::new(pieces, fails);
        for section in sections {
            match section {
                Section::Data(bytes) => {
                    script.data.extend(bytes.make());
                    script.sections.push((true, bytes.length as i64));
                }
                Section::Hole(length) => script.sections.push((false, self.possible(*length))),
            }
        }
        let refusal = self.helper_refusal(true);
        let opaque = (&raw mut script).cast();
        // SAFETY: the functions fit the script.
        let result = unsafe {
            virStreamSparseSendAll(self.stream, Some(source), Some(where_is), Some(skip), opaque)
        };
        if let Some(error) = refusal {
            self.check("SparseSendAll", result, Err(error));
            assert_eq!(script.calls, 0, "a refused helper called back");
            return self.helper_failed(false);
        }
        if self.may_be_doomed(result) {
            self.model.state = State::Closed;
            return;
        }
        // As far as the callbacks were asked, section by section.
        let mut given = 0;
        let mut skipped = script.skipped.iter();
        for (data, length) in &script.sections[..script.section.min(script.sections.len())] {
            let error = if *data {
                let part = (*length as usize).min(script.given - given);
                let room = self.model.room().unwrap_or(usize::MAX);
                self.model.take_data(&script.data[given..given + part.min(room)]);
                given += part;
                (part > room).then_some(FULL)
            } else if *length < 0 {
                Some((VIR_ERR_INVALID_ARG, -1))
            } else if !self.model.transfer().sparse {
                Some((VIR_ERR_OPERATION_INVALID, -1))
            } else {
                let sent = self.model_hole(*length);
                if sent.is_ok() && !script.failed {
                    assert_eq!(skipped.next(), Some(length), "skipped");
                }
                sent.err()
            };
            if let Some(error) = error {
                self.check("SparseSendAll", result, Err(error));
                return self.helper_failed(error == FULL);
            }
        }
        if script.failed {
            self.check("SparseSendAll", result, Err(script.error()));
            return self.helper_failed(false);
        }
        assert_eq!(script.given, script.data.len());
        self.check("SparseSendAll", result, Ok(0));
    }

    pub fn receive_all(&mut self, sparse: bool, pieces: &[usize], fails: Failure) {
        let mut script = Script::new(pieces, fails);
        let refusal = self.helper_refusal(false);
        let opaque = (&raw mut script).cast();
        // SAFETY: the functions fit the script.
        let result = unsafe {
            if sparse {
                virStreamSparseRecvAll(self.stream, Some(sink), Some(sink_hole), opaque)
            } else {
                virStreamRecvAll(self.stream, Some(sink), opaque)
            }
        };
        if let Some(error) = refusal {
            self.check("RecvAll", result, Err(error));
            assert_eq!(script.calls, 0, "a refused helper called back");
            return self.helper_failed(false);
        }
        let transfer = self.model.transfer();
        let position = transfer.position;
        assert!(script.holes == 0 || sparse && transfer.sparse, "a hole out of place");
        transfer.position += script.received.len();
        let end = transfer.end.unwrap_or(0);
        assert!(transfer.position <= end);
        if !script.failed {
            assert_eq!(transfer.position, end, "it ended too early");
        }
        same(&script.received, &self.model.bytes[position..position + script.received.len()]);
        if script.failed {
            self.check("RecvAll", result, Err(script.error()));
            return self.helper_failed(true);
        }
        self.check("RecvAll", result, Ok(0));
    }

    pub fn finish(&mut self) {
        let result = virStreamFinish(self.stream);
        let expected = match &self.model.state {
            State::Unattached => Err((VIR_ERR_NO_SUPPORT, -1)),
            State::Closed => Err(CLOSED),
            State::Failed(error) | State::GivenUp(error) => Err(*error),
            State::Active(transfer) if transfer.doomed => Err((VIR_ERR_SYSTEM_ERROR, libc::EFBIG)),
            State::Active(_) => Ok(0),
        };
        self.check("Finish", result, expected);
        if let State::Active(_) = self.model.state {
            let state = expected.map_or_else(State::GivenUp, |_| State::Closed);
            self.model.end(&self.disk, state, true);
        }
        self.give_up();
    }

    pub fn abort(&mut self) {
        let result = virStreamAbort(self.stream);
        let expected = match &self.model.state {
            State::Unattached | State::Active(_) => Ok(0),
            State::Closed => Err(CLOSED),
            State::Failed(error) | State::GivenUp(error) => Err(*error),
        };
        self.check("Abort", result, expected);
        if let State::Active(_) = self.model.state {
            self.model.end(&self.disk, State::Closed, false);
        }
        self.give_up();
    }

    /// What has failed has been finished or aborted.
    fn give_up(&mut self) {
        if let State::Failed(error) = self.model.state {
            self.model.state = State::GivenUp(error);
        }
    }

    pub fn free(&mut self, flags: c_uint) {
        self.check("Free", virStreamFree(self.stream), Ok(0));
        self.model.end(&self.disk, State::Unattached, false);
        self.model.state = State::Unattached;
        self.stream = virStreamNew(self.disk.conn, flags);
        self.model.waits = flags & NONBLOCK == 0;
        self.model.stats = (0, 0, 0);
    }

    pub fn check_stats(&mut self) {
        let mut stats = virSparseStreamStats {
            dataBytes: 0,
            holeBytes: 0,
            totalBytes: 0,
            dataTotalBytes: 0,
            unknownBytes: 0,
            reserved: [0; 3],
        };
        // SAFETY: the record is ours.
        assert_eq!(unsafe { virSparseStreamGetStats(self.stream, &mut stats) }, 0);
        let moved = stats.dataBytes + stats.holeBytes;
        if stats.dataTotalBytes != u64::MAX {
            let known = stats.dataTotalBytes - stats.unknownBytes;
            assert!(known >= stats.dataBytes, "{known} bytes of data, {} moved", stats.dataBytes);
        }
        match &self.model.state {
            State::Active(transfer) => {
                assert_eq!(stats.totalBytes, transfer.total);
                let taken = (transfer.position - transfer.start) as u64;
                assert!(transfer.total == 0 || stats.dataTotalBytes <= transfer.total);
                if transfer.upload {
                    assert!(stats.dataBytes <= transfer.data && stats.holeBytes <= transfer.holes);
                } else {
                    assert_eq!(moved, taken, "bytes received");
                }
            }
            State::Unattached => assert_eq!(moved, 0),
            State::Closed | State::Failed(_) | State::GivenUp(_) => {
                if let State::Closed = self.model.state {
                    assert_eq!((stats.dataTotalBytes, stats.unknownBytes), (stats.dataBytes, 0));
                }
                let (data, holes, total) = self.model.stats;
                assert_eq!(stats.totalBytes, total);
                if self.model.stats_are_certain {
                    assert_eq!((stats.dataBytes, stats.holeBytes), (data, holes));
                } else if data + holes > 0 {
                    // Of a failed or aborted upload, less may have been written.
                    assert!(stats.dataBytes <= data && stats.holeBytes <= holes);
                }
            }
        }
    }
}
