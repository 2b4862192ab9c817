//! Finding zeros in data.

/// Zeros are looked for in blocks of this size, at offsets that are multiples of it: the block
/// size of common filesystems, below which a hole gives no space back.
pub const GRAIN: usize = 4096;

/// Whether all bytes are zero.
pub fn is_zero(data: &[u8]) -> bool {
    // Data is rarely zero, and mostly shows it at once.
    let (head, rest) = data.split_at(data.len().min(16));
    if head.iter().any(|byte| *byte != 0) {
        return false;
    }
    // A fixed-size fold without branches compiles to vector instructions.
    let mut chunks = rest.chunks_exact(256);
    chunks.by_ref().all(|chunk| chunk.iter().fold(0, |all, byte| all | byte) == 0)
        && chunks.remainder().iter().all(|byte| *byte == 0)
}

/// A stretch of data that is all zero, or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where it begins in the data, in bytes.
    pub start: usize,
    /// Bytes; at least one.
    pub length: usize,
    /// All its bytes are zero. Otherwise it counts as data.
    pub zero: bool,
}

/// Splits data that belongs at `offset` into runs. Only whole grains are called zero; what lies
/// before the first and after the last whole grain counts as data.
pub fn runs(data: &[u8], offset: u64) -> impl Iterator<Item = Run> {
    let head = (offset.next_multiple_of(GRAIN as u64) - offset).min(data.len() as u64) as usize;
    let mut start = 0;
    let block_end = move |at: usize| if at < head { head } else { at + GRAIN };
    let classify = move |at: usize| {
        let end = block_end(at);
        if at < head || end > data.len() {
            return (end.min(data.len()), false);
        }
        (end, is_zero(&data[at..end]))
    };
    std::iter::from_fn(move || {
        if start == data.len() {
            return None;
        }
        let (mut end, zero) = classify(start);
        while end < data.len() {
            let (next, next_zero) = classify(end);
            if next_zero != zero {
                break;
            }
            end = next;
        }
        let run = Run { start, length: end - start, zero };
        start = end;
        Some(run)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_set_bit_anywhere_is_seen() {
        for length in [0, 1, 15, 16, 17, 255, 256, 257, 4096] {
            let mut data = vec![0; length];
            assert!(is_zero(&data));
            for at in 0..length {
                data[at] = 0x80;
                assert!(!is_zero(&data), "{at} of {length}");
                data[at] = 0;
            }
        }
    }

    proptest! {
        #[test]
        fn runs_cover_the_data_and_tell_the_truth(
            blocks in proptest::collection::vec(any::<bool>(), 0..12),
            offset in 0u64..10_000,
            tail in 0usize..5000,
        ) {
            let mut data: Vec<u8> =
                blocks.iter().flat_map(|set| vec![u8::from(*set); GRAIN]).collect();
            data.resize(data.len() + tail, 0);
            let mut at = 0;
            let mut last = None;
            for run in runs(&data, offset) {
                prop_assert_eq!(run.start, at);
                prop_assert!(run.length > 0);
                prop_assert_ne!(last, Some(run.zero));
                last = Some(run.zero);
                at += run.length;
                if run.zero {
                    prop_assert!(is_zero(&data[run.start..at]));
                    prop_assert_eq!((offset + run.start as u64) % GRAIN as u64, 0);
                    prop_assert_eq!(run.length % GRAIN, 0);
                }
            }
            prop_assert_eq!(at, data.len());
        }
    }
}
