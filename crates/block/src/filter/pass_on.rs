//! Macros with which a filter says what it does not deal with itself.

/// Implements operations of [`Filter`](crate::filter::Filter) by passing them on unchanged.
#[macro_export]
macro_rules! pass_on {
    ($($operation:ident),+ $(,)?) => { $($crate::pass_on!(@ $operation);)+ };
    (@ name) => {
        fn name<'a>(&'a self, below: &'a dyn $crate::Node) -> &'a str {
            below.name()
        }
    };
    (@ length) => {
        fn length(&self, below: &dyn $crate::Node) -> $crate::Result<u64> {
            below.length()
        }
    };
    (@ read_at) => {
        fn read_at(
            &self,
            below: &dyn $crate::Node,
            buffer: &mut [u8],
            offset: u64,
        ) -> $crate::Result<usize> {
            below.read_at(buffer, offset)
        }
    };
    (@ write_at) => {
        fn write_at(
            &self,
            below: &dyn $crate::Node,
            data: &[u8],
            offset: u64,
        ) -> $crate::Result<()> {
            below.write_at(data, offset)
        }
    };
    (@ read_vectored_at) => {
        fn read_vectored_at(
            &self,
            below: &dyn $crate::Node,
            buffers: &mut [std::io::IoSliceMut<'_>],
            offset: u64,
        ) -> $crate::Result<usize> {
            below.read_vectored_at(buffers, offset)
        }
    };
    (@ write_vectored_at) => {
        fn write_vectored_at(
            &self,
            below: &dyn $crate::Node,
            data: &[std::io::IoSlice<'_>],
            offset: u64,
        ) -> $crate::Result<()> {
            below.write_vectored_at(data, offset)
        }
    };
    (@ compression_unit) => {
        fn compression_unit(&self, below: &dyn $crate::Node) -> Option<u64> {
            below.compression_unit()
        }
    };
    (@ write_compressed) => {
        fn write_compressed(
            &self,
            below: &dyn $crate::Node,
            data: &[u8],
            offset: u64,
        ) -> $crate::Result<()> {
            below.write_compressed(data, offset)
        }
    };
    (@ write_zeroes) => {
        fn write_zeroes(
            &self,
            below: &dyn $crate::Node,
            offset: u64,
            length: u64,
            may_unmap: bool,
        ) -> $crate::Result<()> {
            below.write_zeroes(offset, length, may_unmap)
        }
    };
    (@ write_zeroes_fast) => {
        fn write_zeroes_fast(
            &self,
            below: &dyn $crate::Node,
            offset: u64,
            length: u64,
            may_unmap: bool,
        ) -> $crate::Result<bool> {
            below.write_zeroes_fast(offset, length, may_unmap)
        }
    };
    (@ discard) => {
        fn discard(
            &self,
            below: &dyn $crate::Node,
            offset: u64,
            length: u64,
        ) -> $crate::Result<()> {
            below.discard(offset, length)
        }
    };
    (@ extent_at) => {
        fn extent_at(
            &self,
            below: &dyn $crate::Node,
            offset: u64,
            limit: u64,
        ) -> $crate::Result<$crate::Extent> {
            below.extent_at(offset, limit)
        }
    };
    (@ space_at) => {
        fn space_at(
            &self,
            below: &dyn $crate::Node,
            offset: u64,
            limit: u64,
        ) -> $crate::Result<$crate::Extent> {
            below.space_at(offset, limit)
        }
    };
    (@ space) => {
        fn space(&self, below: &dyn $crate::Node) -> $crate::Result<$crate::Space> {
            below.space()
        }
    };
    (@ profile) => {
        fn profile(&self, below: &dyn $crate::Node) -> $crate::Profile {
            below.profile()
        }
    };
    (@ knows_holes) => {
        fn knows_holes(&self, below: &dyn $crate::Node) -> bool {
            below.knows_holes()
        }
    };
    (@ allocate) => {
        fn allocate(
            &self,
            below: &dyn $crate::Node,
            offset: u64,
            length: u64,
        ) -> $crate::Result<()> {
            below.allocate(offset, length)
        }
    };
    (@ file) => {
        fn file<'a>(&'a self, below: &'a dyn $crate::Node) -> Option<&'a std::fs::File> {
            below.file()
        }
    };
    (@ resize) => {
        fn resize(&self, below: &dyn $crate::Node, length: u64) -> $crate::Result<()> {
            below.resize(length)
        }
    };
    (@ flush) => {
        fn flush(&self, below: &dyn $crate::Node) -> $crate::Result<()> {
            below.flush()
        }
    };
    (@ write_behind) => {
        fn write_behind(&self, below: &dyn $crate::Node) {
            below.write_behind();
        }
    };
    (@ settle) => {
        fn settle(&self, below: &dyn $crate::Node) -> $crate::Result<()> {
            below.settle()
        }
    };
}

/// Implements operations of [`Filter`](crate::filter::Filter) that would get past the filter: it is as if
/// the node below could not do them. Compressed writes and several buffers at once become plain reads and
/// writes, which the filter sees.
#[macro_export]
macro_rules! hide {
    ($($operation:ident),+ $(,)?) => { $($crate::hide!(@ $operation);)+ };
    (@ read_vectored_at) => {
        fn read_vectored_at(
            &self,
            below: &dyn $crate::Node,
            buffers: &mut [std::io::IoSliceMut<'_>],
            offset: u64,
        ) -> $crate::Result<usize> {
            $crate::read_by_pieces(buffers, offset, |buffer, at| self.read_at(below, buffer, at))
        }
    };
    (@ write_vectored_at) => {
        fn write_vectored_at(
            &self,
            below: &dyn $crate::Node,
            data: &[std::io::IoSlice<'_>],
            offset: u64,
        ) -> $crate::Result<()> {
            $crate::write_by_pieces(data, offset, |data, at| self.write_at(below, data, at))
        }
    };
    (@ compression_unit) => {
        fn compression_unit(&self, _: &dyn $crate::Node) -> Option<u64> {
            None
        }
    };
    (@ write_compressed) => {
        fn write_compressed(
            &self,
            below: &dyn $crate::Node,
            data: &[u8],
            offset: u64,
        ) -> $crate::Result<()> {
            self.write_at(below, data, offset)
        }
    };
    (@ write_zeroes_fast) => {
        fn write_zeroes_fast(
            &self,
            _: &dyn $crate::Node,
            _: u64,
            _: u64,
            _: bool,
        ) -> $crate::Result<bool> {
            Ok(false)
        }
    };
    (@ file) => {
        fn file<'a>(&'a self, _: &'a dyn $crate::Node) -> Option<&'a std::fs::File> {
            None
        }
    };
}
