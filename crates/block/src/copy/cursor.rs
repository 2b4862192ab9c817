//! Walking over the extents of a node.

use std::ops::Range;

use crate::{Extent, ExtentKind, Node, Result};

/// Walks a range of a node from its start, extent by extent, in pieces as large as wanted.
pub struct ExtentCursor {
    position: u64,
    end: u64,
    /// What is known of the node at `position`.
    current: Option<Extent>,
}

impl ExtentCursor {
    /// A cursor over `[offset, end)`, which must lie inside the node.
    pub fn new(offset: u64, end: u64) -> ExtentCursor {
        ExtentCursor { position: offset, end, current: None }
    }

    /// Where the next piece begins.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next piece, with at most `most` bytes if it is data; holes come whole. `None` at the
    /// end.
    pub fn next(&mut self, node: &dyn Node, most: u64) -> Result<Option<Extent>> {
        self.next_units(node, most, 1)
    }

    /// The same in whole units, of which only the last may be cut off by the end: a unit that is a
    /// hole only in part is data. One of which a part may be in another image is said to be in the node
    /// itself, so that nobody leaves it out. `most` is a multiple of `unit`, and so is where the walk begins.
    pub fn next_units(&mut self, node: &dyn Node, most: u64, unit: u64) -> Result<Option<Extent>> {
        self.next_limited(node, |_| most, unit)
    }

    /// The same, where the most data that comes at once may depend on the extent that it is in.
    pub fn next_limited(
        &mut self,
        node: &dyn Node,
        most: impl Fn(&Extent) -> u64,
        unit: u64,
    ) -> Result<Option<Extent>> {
        let Some(extent) = self.peek(node)? else { return Ok(None) };
        let mixed =
            Extent { kind: ExtentKind::Data, depth: 0, present: true, host: None, ..extent };
        let (piece, to) = if extent.kind.is_zero() {
            match extent.end() {
                end if end == self.end => (extent, end),
                end if end / unit * unit > self.position => (extent, end / unit * unit),
                _ => (mixed, self.position + unit),
            }
        } else {
            match extent.end().min(self.position.saturating_add(most(&extent))) {
                end if end == self.end || end.is_multiple_of(unit) => (extent, end),
                end if extent.depth == 0 => (extent, end.next_multiple_of(unit)),
                end if end / unit * unit > self.position => (extent, end / unit * unit),
                _ => (mixed, self.position + unit),
            }
        };
        let to = to.min(self.end);
        let length = to - self.position;
        self.position = to;
        self.current = (to < extent.end()).then(|| extent.part(length, extent.end() - to));
        Ok(Some(Extent { length, ..piece }))
    }

    /// The extent that begins at the position.
    fn peek(&mut self, node: &dyn Node) -> Result<Option<Extent>> {
        if self.position >= self.end {
            return Ok(None);
        }
        if self.current.is_none() {
            let extent = node.extent_at(self.position, self.end)?;
            // An empty extent would make this walk endless.
            debug_assert!(extent.length > 0);
            let length = extent.length.clamp(1, self.end - self.position);
            self.current = Some(extent.part(0, length));
        }
        Ok(self.current)
    }
}

/// How many bytes of data there are in a range of a node, as far as the range lies in the node, and the
/// data is of extents that count.
pub fn data_in(
    node: &dyn Node,
    range: Range<u64>,
    counts: impl Fn(&Extent) -> bool,
) -> Result<u64> {
    let mut cursor = ExtentCursor::new(range.start, range.end.min(node.length()?));
    let mut data = 0;
    while let Some(extent) = cursor.next(node, u64::MAX)? {
        if !extent.kind.is_zero() && counts(&extent) {
            data += extent.length;
        }
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryNode;

    #[test]
    fn pieces_cover_the_range_in_order() {
        const P: u64 = 64 * 1024;
        let node = MemoryNode::new("m", 10 * P);
        node.write_at(&[1; 2 * P as usize], 2 * P).unwrap();
        let mut cursor = ExtentCursor::new(P / 2, 9 * P);
        let mut pieces = Vec::new();
        while let Some(piece) = cursor.next(&node, P).unwrap() {
            pieces.push((piece.kind, piece.offset, piece.length));
        }
        use crate::ExtentKind::*;
        let whole =
            [(Hole, P / 2, P + P / 2), (Data, 2 * P, P), (Data, 3 * P, P), (Hole, 4 * P, 5 * P)];
        assert_eq!(pieces, whole);
    }
}
