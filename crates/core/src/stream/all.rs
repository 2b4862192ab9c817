//! The loops that move a whole stream through a caller's callbacks.
//!
//! No lock is held while a callback runs: it may call into the library, even for the same stream.
//! After a failure the stream is closed, and the first error is the one that is reported.

use virsparse_base::errno::Errno;

use super::download::{Download, Received};
use super::pipe::{CHUNK, Contents, Piece, chunk_buffer};
use super::upload::Upload;
use super::{Stream, Transfer};
use crate::error::*;

/// A caller's supply of data. A callback's failure is the errno that it left.
pub trait DataSource {
    /// Puts bytes into the buffer; 0 at the end.
    fn data(&mut self, buffer: &mut [u8]) -> Result<usize, Errno>;
    /// Whether the source is at data, and how far that (or the hole) goes. At the end: not at
    /// data, 0.
    fn section(&mut self) -> Result<(bool, i64), Errno>;
    /// Moves the source over a hole that has been sent.
    fn skip(&mut self, length: i64) -> Result<(), Errno>;
}

/// A caller's taker of data.
pub trait DataSink {
    /// Takes some of the data; how much.
    fn data(&mut self, data: &[u8]) -> Result<usize, Errno>;
    /// Takes a hole.
    fn hole(&mut self, length: i64) -> Result<(), Errno>;
}

impl Stream {
    /// Sends all that `source` has, as data.
    pub fn send_all(&self, source: &mut dyn DataSource) -> Result<()> {
        self.whole("sources", |transfer| {
            let upload = transfer.upload()?;
            while let 1.. = send_piece(upload, source, CHUNK)? {}
            Ok(())
        })
    }

    /// Sends all that `source` has, holes as holes.
    pub fn sparse_send_all(&self, source: &mut dyn DataSource) -> Result<()> {
        self.whole("sources", |transfer| {
            let upload = transfer.upload()?;
            loop {
                let (in_data, length) =
                    source.section().map_err(|e| callback_error(e, "send holeHandler"))?;
                let length = u64::try_from(length).map_err(|_| {
                    let text = format!("section of negative length in {FUNCTION}");
                    Error::argument(VIR_FROM_STREAMS, "holeHandler", text)
                })?;
                if !in_data && length > 0 {
                    upload.send_hole(length)?;
                    source
                        .skip(length as i64)
                        .map_err(|e| callback_error(e, "send skipHandler"))?;
                    continue;
                }
                let mut rest = length;
                upload.expect(length);
                loop {
                    let wanted = rest.min(CHUNK as u64) as usize;
                    let sent = send_piece(upload, source, wanted)?;
                    if sent == 0 {
                        return Ok(());
                    }
                    rest -= sent as u64;
                    if rest == 0 {
                        break;
                    }
                }
            }
        })
    }

    /// The same for a source that tells of its holes only where they begin: it is asked before each
    /// piece, and has moved over the hole that it tells of.
    pub fn send_all_asking(&self, source: &mut dyn DataSource) -> Result<()> {
        self.whole("sources", |transfer| {
            let upload = transfer.upload()?;
            loop {
                let section =
                    source.section().map_err(|e| callback_error(e, "send holeHandler"))?;
                match section {
                    (false, hole) if hole > 0 => upload.send_hole(hole as u64)?,
                    _ => {
                        if send_piece(upload, source, CHUNK)? == 0 {
                            return Ok(());
                        }
                    }
                }
            }
        })
    }

    /// Gives all that the stream has to `sink`, as data.
    pub fn receive_all(&self, sink: &mut dyn DataSink) -> Result<()> {
        self.whole("sinks", |transfer| receive(transfer.download()?, sink, false))
    }

    /// Gives all that the stream has to `sink`, holes as holes if the stream tells them.
    pub fn sparse_receive_all(&self, sink: &mut dyn DataSink) -> Result<()> {
        self.whole("sinks", |transfer| {
            let download = transfer.download()?;
            receive(download, sink, download.is_sparse())
        })
    }

    /// The same for a sink that looks at a hole itself, and says how much of it it has moved over: where
    /// it is nothing, it gets zeros.
    pub fn receive_all_asking(
        &self,
        sink: &mut dyn DataSink,
        at_hole: &mut dyn FnMut() -> Result<u64, Errno>,
    ) -> Result<()> {
        self.whole("sinks", |transfer| {
            let download = transfer.download()?;
            let mut buffer = chunk_buffer()?;
            loop {
                match download.receive(&mut buffer, true)? {
                    Received::Bytes(0) => return Ok(()),
                    Received::Bytes(length) => give(sink, &buffer[..length])?,
                    Received::WouldBlock => {}
                    Received::Hole => {
                        let taken = at_hole().map_err(|e| callback_error(e, "recv holeHandler"))?;
                        if taken > 0 {
                            download.skip(taken)?;
                        } else {
                            let part = download.hole()?.min(CHUNK as u64) as usize;
                            download.receive(&mut buffer[..part], false)?;
                            give(sink, &buffer[..part])?;
                        }
                    }
                }
                // A callback that has ended the transfer gets no more of it.
                download.check_going()?;
            }
        })
    }

    /// Closes the stream because a helper was called wrongly, as released libvirt does.
    pub fn refuse(&self, error: Error) -> Error {
        self.close();
        error
    }

    /// Runs a loop over the whole stream; ends the transfer if it fails.
    fn whole(&self, kind: &str, body: impl FnOnce(&Transfer) -> Result<()>) -> Result<()> {
        if !self.waits {
            let text = format!("data {kind} cannot be used for non-blocking streams");
            return Err(self.refuse(Error::invalid_operation(VIR_FROM_STREAMS, text)));
        }
        let transfer = self.transfer().map_err(|error| self.refuse(error))?;
        let result = body(&transfer);
        if result.is_err() {
            self.close_if(|state| state.is_of(&transfer));
        }
        self.wakeup.notify();
        result
    }
}

fn callback_error(errno: Errno, handler: &str) -> Error {
    Error::system(VIR_FROM_STREAMS, errno, format!("{handler} failed"))
}

/// Moves one callback's worth of data; how much, 0 at the end of the source.
fn send_piece(upload: &Upload, source: &mut dyn DataSource, wanted: usize) -> Result<usize> {
    let mut chunk = upload.lend(wanted)?;
    let room = chunk.room();
    let room_len = room.len().min(wanted);
    let got = source.data(&mut room[..room_len]);
    let taken = match got {
        Ok(got) if got <= room_len => Ok(got),
        // It says that it has written past the buffer.
        Ok(_) => Err(Errno::EOVERFLOW),
        Err(errno) => Err(errno),
    };
    upload.give_back(chunk, *taken.as_ref().unwrap_or(&0))?;
    taken.map_err(|errno| callback_error(errno, "send handler"))
}

/// Gives the sink all of `data`.
fn give(sink: &mut dyn DataSink, data: &[u8]) -> Result<()> {
    let mut done = 0;
    while done < data.len() {
        match sink.data(&data[done..]) {
            Ok(taken) if taken <= data.len() - done => done += taken,
            Ok(_) => return Err(callback_error(Errno::EOVERFLOW, "recv handler")),
            Err(errno) => return Err(callback_error(errno, "recv handler")),
        }
    }
    Ok(())
}

/// Gives the sink the whole stream, with holes as holes or as zeros.
fn receive(download: &Download, sink: &mut dyn DataSink, holes: bool) -> Result<()> {
    let mut zeros = Vec::new();
    while let Some(mut chunk) = download.lend()? {
        while let Some(Piece { length, contents, .. }) = chunk.first() {
            let part = match contents {
                Contents::Data(at) => {
                    give(sink, chunk.data(at, length))?;
                    length
                }
                _ if holes => {
                    sink.hole(length as i64).map_err(|e| callback_error(e, "recv holeHandler"))?;
                    length
                }
                _ => {
                    zeros.resize(CHUNK, 0);
                    let part = length.min(CHUNK as u64);
                    give(sink, &zeros[..part as usize])?;
                    part
                }
            };
            chunk.advance(part);
            download.count(contents, part);
            // A callback that has ended the transfer gets no more of it.
            download.check_going()?;
        }
        download.give_back(chunk);
    }
    Ok(())
}
