//! What a request asks for, and whether it may: the checks that come before any work.

use virsparse_base::errno::Errno;

use crate::nbd::protocol::{CommandFlags, PAYLOAD_MAX, Request, command};

/// What server and client have agreed upon.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The export's length as the client knows it.
    pub length: u64,
    pub read_only: bool,
    /// Replies that carry data are structured.
    pub structured: bool,
    /// The client may ask for the state of ranges.
    pub base_allocation: bool,
}

/// An acceptable request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `whole`: in one piece, holes included.
    Read {
        whole: bool,
    },
    Write {
        fua: bool,
    },
    Flush,
    Trim {
        fua: bool,
    },
    Cache,
    /// `fast`: only if that takes less time than writing.
    Zero {
        may_unmap: bool,
        fast: bool,
        fua: bool,
    },
    /// `one`: only the first extent.
    Status {
        one: bool,
    },
}

impl Operation {
    /// Whether it waits for stable storage, which takes longer than anything else.
    pub fn is_durable(self) -> bool {
        match self {
            Operation::Flush => true,
            Operation::Write { fua } | Operation::Trim { fua } => fua,
            Operation::Zero { fua, .. } => fua,
            Operation::Read { .. } | Operation::Cache | Operation::Status { .. } => false,
        }
    }
}

/// Checks a request other than a disconnection.
pub fn check(request: &Request, terms: &Terms) -> Result<Operation, Errno> {
    let flags = request.flags;
    // FUA is valid for every command, by the specification's word.
    let (allowed, beyond_end) = match request.command {
        command::READ if terms.structured => (CommandFlags::DF, Errno::EINVAL),
        command::READ | command::TRIM | command::CACHE => (CommandFlags::empty(), Errno::EINVAL),
        command::WRITE => (CommandFlags::empty(), Errno::ENOSPC),
        command::FLUSH => (CommandFlags::empty(), Errno::EINVAL),
        command::WRITE_ZEROES => (CommandFlags::NO_HOLE | CommandFlags::FAST_ZERO, Errno::ENOSPC),
        command::BLOCK_STATUS if terms.base_allocation => (CommandFlags::REQ_ONE, Errno::EINVAL),
        _ => return Err(Errno::EINVAL),
    };
    if !(allowed | CommandFlags::FUA).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let writes = matches!(request.command, command::WRITE | command::TRIM | command::WRITE_ZEROES);
    if writes && terms.read_only {
        return Err(Errno::EPERM);
    }
    let end = request.offset.checked_add(request.length.into());
    if end.is_none_or(|end| end > terms.length) {
        return Err(beyond_end);
    }
    let fua = flags.contains(CommandFlags::FUA);
    Ok(match request.command {
        command::READ if request.length > PAYLOAD_MAX => {
            // The specification lets only structured replies say what is wrong.
            return Err(if terms.structured { Errno::EOVERFLOW } else { Errno::EINVAL });
        }
        command::READ => {
            Operation::Read { whole: !terms.structured || flags.contains(CommandFlags::DF) }
        }
        command::WRITE => Operation::Write { fua },
        command::FLUSH if request.offset != 0 || request.length != 0 => {
            return Err(Errno::EINVAL);
        }
        command::FLUSH => Operation::Flush,
        command::TRIM => Operation::Trim { fua },
        command::CACHE => Operation::Cache,
        command::WRITE_ZEROES => Operation::Zero {
            may_unmap: !flags.contains(CommandFlags::NO_HOLE),
            fast: flags.contains(CommandFlags::FAST_ZERO),
            fua,
        },
        // A status of nothing would have no extent, and each reply must have one.
        _ if request.length == 0 => return Err(Errno::EINVAL),
        _ => Operation::Status { one: flags.contains(CommandFlags::REQ_ONE) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms =
        Terms { length: 1 << 30, read_only: false, structured: true, base_allocation: true };

    fn request(command: u16, flags: u16, offset: u64, length: u32) -> Request {
        Request { flags: CommandFlags::from_bits_retain(flags), command, cookie: 1, offset, length }
    }

    #[test]
    fn what_is_beyond_the_end_is_refused_as_the_command_wants_it() {
        let end = TERMS.length;
        for (command, errno) in [(0, Errno::EINVAL), (1, Errno::ENOSPC), (4, Errno::EINVAL)]
            .into_iter()
            .chain([(5, Errno::EINVAL), (6, Errno::ENOSPC), (7, Errno::EINVAL)])
        {
            assert_eq!(check(&request(command, 0, end - 511, 512), &TERMS), Err(errno));
            assert_eq!(check(&request(command, 0, u64::MAX, 512), &TERMS), Err(errno));
            assert!(check(&request(command, 0, end - 512, 512), &TERMS).is_ok());
        }
    }

    #[test]
    fn flags_are_refused_where_they_mean_nothing() {
        for command in [0, 1, 3, 4, 5, 6, 7] {
            for bit in 0..16 {
                let known = bit == 0 || matches!((command, bit), (6, 1 | 4) | (0, 2) | (7, 3));
                let length = if command == 3 { 0 } else { 512 };
                let checked = check(&request(command, 1 << bit, 0, length), &TERMS);
                assert_eq!(checked.is_ok(), known, "{command} {bit}");
            }
        }
        let simple = Terms { structured: false, base_allocation: false, ..TERMS };
        assert_eq!(check(&request(0, 4, 0, 512), &simple), Err(Errno::EINVAL));
        assert_eq!(check(&request(7, 0, 0, 512), &simple), Err(Errno::EINVAL));
    }

    #[test]
    fn nothing_writes_to_a_read_only_export() {
        let terms = Terms { read_only: true, ..TERMS };
        for command in [1, 4, 6] {
            assert_eq!(check(&request(command, 0, 0, 512), &terms), Err(Errno::EPERM));
        }
        for command in [0, 5, 7] {
            assert!(check(&request(command, 0, 0, 512), &terms).is_ok());
        }
    }

    #[test]
    fn unknown_commands_and_strange_lengths_are_refused() {
        assert_eq!(check(&request(8, 0, 0, 0), &TERMS), Err(Errno::EINVAL));
        assert_eq!(check(&request(0xffff, 0, 0, 0), &TERMS), Err(Errno::EINVAL));
        assert_eq!(check(&request(3, 0, 0, 512), &TERMS), Err(Errno::EINVAL));
        assert_eq!(check(&request(7, 0, 0, 0), &TERMS), Err(Errno::EINVAL));
        assert_eq!(check(&request(0, 0, 0, PAYLOAD_MAX + 1), &TERMS), Err(Errno::EOVERFLOW));
        assert!(check(&request(0, 0, 0, PAYLOAD_MAX), &TERMS).is_ok());
        assert!(check(&request(6, 0, 0, 1 << 30), &TERMS).is_ok());
    }
}
