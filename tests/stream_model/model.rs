//! The model: the data of a volume, and the state of its stream.

use super::*;

/// What a call must return: the error's code, and errno for a system error.
pub type Expected<T> = Result<T, (virErrorNumber, i32)>;

pub const CLOSED: (virErrorNumber, i32) = (VIR_ERR_OPERATION_FAILED, -1);
pub const FULL: (virErrorNumber, i32) = (VIR_ERR_SYSTEM_ERROR, libc::ENOSPC);

#[derive(Clone, Debug)]
pub struct Transfer {
    pub upload: bool,
    pub sparse: bool,
    pub start: usize,
    pub position: usize,
    /// `None`: an upload that may go on for ever.
    pub end: Option<usize>,
    pub clamps: bool,
    /// Zeros in data keep their space.
    pub keeps_space: bool,
    pub data: u64,
    pub holes: u64,
    pub total: u64,
    /// What becomes of the volume when all is written; where what is written is certain.
    pub new: Vec<u8>,
    /// A hole was sent that the disk must refuse: any call may say so.
    pub doomed: bool,
}

#[derive(Clone, Debug)]
pub enum State {
    Unattached,
    Active(Box<Transfer>),
    Failed((virErrorNumber, i32)),
    /// It has failed, and was finished or aborted since: the stream can be used again.
    GivenUp((virErrorNumber, i32)),
    Closed,
}

pub struct Model {
    pub state: State,
    pub waits: bool,
    pub bytes: Vec<u8>,
    /// Which blocks may take space.
    pub blocks: Vec<bool>,
    /// Of the last transfer: bytes of data, of holes, and what it covered at most.
    pub stats: (u64, u64, u64),
    /// Whether it was all written.
    pub stats_are_certain: bool,
}

pub fn block_range(range: &Range<usize>) -> Range<usize> {
    range.start / BLOCK..range.end.div_ceil(BLOCK)
}

impl Model {
    pub fn new(case: &Case) -> Model {
        let mut model = Model {
            state: State::Unattached,
            waits: case.flags & NONBLOCK == 0,
            bytes: old_bytes(case),
            blocks: vec![false; case.size.div_ceil(BLOCK)],
            stats: (0, 0, 0),
            stats_are_certain: true,
        };
        for range in old_ranges(case) {
            model.blocks[block_range(&range)].fill(true);
        }
        model
    }

    /// Why a call that needs a transfer in that direction fails.
    pub fn refusal(&self, upload: bool) -> Option<(virErrorNumber, i32)> {
        match &self.state {
            State::Unattached => Some((VIR_ERR_NO_SUPPORT, -1)),
            State::Closed => Some(CLOSED),
            State::Failed(error) | State::GivenUp(error) => Some(*error),
            State::Active(transfer) if transfer.upload != upload => {
                Some((VIR_ERR_OPERATION_INVALID, -1))
            }
            State::Active(_) => None,
        }
    }

    pub fn transfer(&mut self) -> &mut Transfer {
        match &mut self.state {
            State::Active(transfer) => transfer,
            other => panic!("no transfer in {other:?}"),
        }
    }

    /// Data that the transfer has taken: what of it is within the range.
    pub fn take_data(&mut self, data: &[u8]) {
        let State::Active(transfer) = &mut self.state else { panic!("not active") };
        let at = transfer.position;
        let end = at + data.len();
        if transfer.new.len() < end {
            transfer.new.resize(end, 0);
        }
        transfer.new[at..end].copy_from_slice(data);
        transfer.position = end;
        transfer.data += data.len() as u64;
        if self.blocks.len() < end.div_ceil(BLOCK) {
            self.blocks.resize(end.div_ceil(BLOCK), false);
        }
        for block in block_range(&(at..end)) {
            let part = (block * BLOCK).max(at)..((block + 1) * BLOCK).min(end);
            let whole = part.len() == BLOCK;
            let zero = data[part.start - at..part.end - at].iter().all(|byte| *byte == 0);
            if transfer.keeps_space || !(whole && zero) {
                self.blocks[block] = true;
            }
        }
    }

    pub fn take_hole(&mut self, length: usize) {
        let State::Active(transfer) = &mut self.state else { panic!("not active") };
        let at = transfer.position;
        let end = at + length;
        if transfer.end.is_none() {
            // The file ends behind it.
            transfer.new.truncate(at.max(transfer.start));
            transfer.new.resize(end, 0);
        } else if transfer.new.len() < end {
            transfer.new.resize(end, 0);
        }
        transfer.new[at..end].fill(0);
        transfer.position = end;
        transfer.holes += length as u64;
        if transfer.end.is_none() || self.blocks.len() < end.div_ceil(BLOCK) {
            self.blocks.resize(end.div_ceil(BLOCK), false);
        }
        let whole = at.div_ceil(BLOCK)..end / BLOCK;
        if whole.start < whole.end {
            self.blocks[whole].fill(false);
        }
    }

    pub fn room(&self) -> Option<usize> {
        match &self.state {
            State::Active(transfer) => {
                transfer.end.map(|end| end.saturating_sub(transfer.position))
            }
            _ => None,
        }
    }

    /// The transfer is over: `certain` says that all it took is in the volume.
    pub fn end(&mut self, disk: &Disk, state: State, certain: bool) {
        let before = std::mem::replace(&mut self.state, state);
        let State::Active(transfer) = before else { return };
        self.stats = (transfer.data, transfer.holes, transfer.total);
        let now = disk.read();
        self.stats_are_certain = certain && !transfer.doomed && transfer.upload;
        if !transfer.upload || certain && !transfer.doomed {
            let expected = if transfer.upload { &transfer.new } else { &self.bytes };
            same(&now, expected);
            self.check_allocation(disk);
        } else {
            // Each byte is the old one, the sent one, or a zero on the way from one to the other.
            let grown = transfer.end.is_none();
            assert!(grown || now.len() == self.bytes.len(), "an upload changed the size");
            for (at, byte) in now.iter().enumerate() {
                let old = self.bytes.get(at).copied().unwrap_or(0);
                let new = transfer.new.get(at).copied().unwrap_or(0);
                let sent = (transfer.start..transfer.position).contains(&at);
                assert!(
                    *byte == old || sent && *byte == new || grown && *byte == 0,
                    "byte {at} of an upload that failed is {byte}, was {old}, sent {new}"
                );
            }
            // How far it came is not known, so that it cannot be known what space it took.
            self.blocks = vec![true; now.len().div_ceil(BLOCK)];
        }
        self.bytes = now;
    }

    pub fn check_allocation(&self, disk: &Disk) {
        let Some(allocation) = disk.allocation() else { return };
        let blocks = self.blocks.iter().filter(|block| **block).count();
        // The map of a file with many extents takes blocks, too.
        let most = blocks * BLOCK + 8 * BLOCK;
        assert!(allocation <= most, "{allocation} bytes are allocated, {most} at most could be");
    }
}

pub fn same(now: &[u8], expected: &[u8]) {
    assert_eq!(now.len(), expected.len(), "the volume's size");
    if let Some(at) = (0..now.len()).find(|at| now[*at] != expected[*at]) {
        panic!("byte {at} is {} and should be {}", now[at], expected[at]);
    }
}
