//! What is done for a call.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::convert;
use super::message::{Call, Reply};
use super::methods::*;
use super::wire;
use crate::domain::images::extents::ExtentsRequest;
use crate::domain::machine::Machine;
use crate::domain::machine::block_job::{
    AbortFlags, BlockJobRequest, BlockWork, CommitFlags, PullBase, RangeRequest,
};
use crate::domain::machine::change::StopRequest;
use crate::domain::machine::disk::ResizeRequest;
use crate::error::{self, Error, Result};

/// How many extents are told in one message.
const EXTENTS: usize = 16 << 10;

/// The largest part of a disk that is read for a call.
const PEEK_MAX: u64 = 16 << 20;

/// One who calls.
pub struct Caller<'a> {
    pub right: Right,
    /// Where replies go. False: he takes no more.
    pub reply: &'a mut dyn FnMut(Reply) -> bool,
}

/// A reply that something is wrong with the call itself.
fn refused(error: &str, parameters: Value) -> Reply {
    let error = Some(format!("org.varlink.service.{error}"));
    Reply { parameters, error, ..Reply::default() }
}

/// A reply that what was asked for has failed.
pub fn failed(error: Error) -> Reply {
    let parameters = serde_json::to_value(wire::Error::from(error)).unwrap_or_default();
    Reply { parameters, error: Some(FAILED.to_string()), ..Reply::default() }
}

/// The parameters of a call; the reply says what is wrong with them.
fn parameters<T: for<'a> Deserialize<'a>>(call: &Call) -> Result<T, Reply> {
    let given = if call.parameters.is_null() { json!({}) } else { call.parameters.clone() };
    serde_json::from_value(given).map_err(|e| {
        let text = e.to_string();
        // serde names it between accents.
        let name = text.split('`').nth(1).unwrap_or("parameters").to_string();
        log::info!("a call of {} is refused: {text}", call.method);
        refused("InvalidParameter", json!({ "parameter": name }))
    })
}

/// Does a call, and replies.
pub fn answer(machine: &Arc<dyn Machine>, call: &Call, caller: &mut Caller<'_>) {
    let Some((interface, method)) = call.method.rsplit_once('.') else {
        let name = json!({ "interface": call.method });
        (caller.reply)(refused("InterfaceNotFound", name));
        return;
    };
    match interface {
        INTERFACE if call.upgrade => {
            (caller.reply)(refused("InvalidParameter", json!({ "parameter": "upgrade" })));
        }
        INTERFACE => of_domain(machine, method, call, caller),
        "org.varlink.service" => {
            (caller.reply)(of_service(method, call));
        }
        _ => {
            (caller.reply)(refused("InterfaceNotFound", json!({ "interface": interface })));
        }
    }
}

/// The methods that every varlink service has.
fn of_service(method: &str, call: &Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Which {
        interface: String,
    }
    match method {
        "GetInfo" => Reply {
            parameters: json!({
                "vendor": "libvirsparse",
                "product": "libvirsparse",
                "version": env!("CARGO_PKG_VERSION"),
                "url": "",
                "interfaces": ["org.varlink.service", INTERFACE],
            }),
            ..Reply::default()
        },
        "GetInterfaceDescription" => match parameters::<Which>(call) {
            Ok(Which { interface }) if interface == INTERFACE => {
                Reply { parameters: json!({ "description": DESCRIPTION }), ..Reply::default() }
            }
            Ok(Which { interface }) => {
                refused("InterfaceNotFound", json!({ "interface": interface }))
            }
            Err(reply) => reply,
        },
        _ => refused("MethodNotFound", json!({ "method": call.method })),
    }
}

/// One call of a domain's method.
struct Task<'a, 'b> {
    call: &'a Call,
    caller: &'a mut Caller<'b>,
}

impl Task<'_, '_> {
    /// Does it, and replies with the result.
    fn by<M: Method>(self, work: impl FnOnce(M) -> Result<M::Reply>) {
        if M::RIGHT == Right::Write && self.caller.right == Right::Read {
            let text = format!("{} on a read-only connection", M::NAME);
            let error = Error::new(error::VIR_ERR_OPERATION_DENIED, error::VIR_FROM_DOMAIN, text);
            (self.caller.reply)(failed(error));
            return;
        }
        let reply = match parameters::<M>(self.call) {
            Ok(parameters) => match work(parameters).map(serde_json::to_value) {
                Ok(Ok(parameters)) => Reply { parameters, ..Reply::default() },
                Ok(Err(e)) => failed(wire::invalid(&e.to_string())),
                Err(error) => failed(error),
            },
            Err(reply) => reply,
        };
        (self.caller.reply)(reply);
    }

    /// Tells extents, in parts.
    fn by_extents(self, machine: &Arc<dyn Machine>) {
        let parts = |extents: Vec<crate::block::Extent>| -> Vec<Reply> {
            let told = |part: &[crate::block::Extent]| {
                let extents = part.iter().map(|extent| wire::Extent::from(*extent)).collect();
                serde_json::to_value(GotExtents { extents }).unwrap_or_default()
            };
            let mut parts: Vec<Reply> = extents
                .chunks(EXTENTS)
                .map(|part| Reply { parameters: told(part), continues: true, error: None })
                .collect();
            match parts.last_mut() {
                Some(last) => last.continues = false,
                None => parts.push(Reply { parameters: told(&[]), ..Reply::default() }),
            }
            parts
        };
        let replies = match parameters::<GetExtents>(self.call) {
            Ok(_) if !self.call.more => {
                vec![refused("ExpectedMore", json!({}))]
            }
            Ok(GetExtents { target, offset, length }) => {
                let request = ExtentsRequest { target, offset, length };
                machine.extents(&request).map_or_else(|error| vec![failed(error)], parts)
            }
            Err(reply) => vec![reply],
        };
        for reply in replies {
            if !(self.caller.reply)(reply) {
                return;
            }
        }
    }
}

fn of_domain(machine: &Arc<dyn Machine>, method: &str, call: &Call, caller: &mut Caller<'_>) {
    let task = Task { call, caller };
    match method {
        GetExtents::NAME => task.by_extents(machine),
        GetBlockJob::NAME
        | GetBlockJobEnd::NAME
        | SetBlockJobSpeed::NAME
        | AbortBlockJob::NAME
        | StartPull::NAME
        | StartCommit::NAME
        | StartCopy::NAME
        | StartStream::NAME
        | StartAllocate::NAME => of_jobs(&**machine, method, task),
        StreamIncrement::NAME
        | GetStreamPosition::NAME
        | GetStreamEnd::NAME
        | AbortStream::NAME => of_streams(&**machine, method, task),
        Stop::NAME | Suspend::NAME | Resume::NAME | Redefine::NAME | TakeSnapshot::NAME => {
            of_changes(&**machine, method, task);
        }
        _ => of_disks(&**machine, method, task),
    }
}

fn of_disks(machine: &dyn Machine, method: &str, task: Task<'_, '_>) {
    match method {
        GetCondition::NAME => {
            task.by(|GetCondition {}| Ok(GotCondition { condition: machine.condition()?.into() }))
        }
        GetDefinition::NAME => {
            task.by(|GetDefinition {}| Ok(GotDefinition { xml: machine.definition()?.to_xml() }))
        }
        GetLiveXML::NAME => task.by(|GetLiveXML {}| Ok(GotLiveXml { xml: machine.live_xml()? })),
        GetDisks::NAME => task.by(|GetDisks {}| {
            Ok(GotDisks { disks: machine.disks()?.into_iter().map(wire::Disk::from).collect() })
        }),
        GetDisk::NAME => {
            task.by(|GetDisk { target }| Ok(GotDisk { disk: machine.disk(&target)?.into() }))
        }
        GetImages::NAME => task.by(|GetImages { target }| {
            let images = machine.images(&target)?.into_iter().map(wire::Image::from);
            Ok(GotImages { images: images.collect() })
        }),
        GetSizes::NAME => task.by(|GetSizes { target }| {
            Ok(GotSizes { sizes: machine.disk_sizes(&target)?.map(wire::Sizes::from) })
        }),
        UsesImage::NAME => task.by(|UsesImage { device, inode, besides }| {
            Ok(ImageUsed { uses: machine.uses_image((device, inode), besides.as_deref())? })
        }),
        Peek::NAME => task.by(|Peek { target, offset, size }| {
            let size = usize::try_from(size).ok().filter(|size| *size as u64 <= PEEK_MAX);
            let size = size.ok_or_else(|| wire::invalid("more is to be read than can be told"))?;
            Ok(Peeked { base64: BASE64.encode(machine.peek(&target, offset, size)?) })
        }),
        Resize::NAME => task.by(|Resize { target, bytes, to_capacity, only_extend }| {
            machine.resize(&ResizeRequest { target, bytes, to_capacity, only_extend })?;
            Ok(Resized {})
        }),
        SetThreshold::NAME => task.by(|SetThreshold { name, threshold }| {
            machine.set_threshold(&name, threshold)?;
            Ok(ThresholdSet {})
        }),
        _ => {
            let name = json!({ "method": task.call.method });
            (task.caller.reply)(refused("MethodNotFound", name));
        }
    }
}

fn of_jobs(machine: &dyn Machine, method: &str, task: Task<'_, '_>) {
    let start = |target: String, work: BlockWork| {
        machine.start_block_job(&BlockJobRequest { target, work })
    };
    match method {
        GetBlockJob::NAME => task.by(|GetBlockJob { target }| {
            Ok(GotBlockJob { job: machine.block_job(&target)?.map(wire::BlockJob::from) })
        }),
        GetBlockJobEnd::NAME => task.by(|GetBlockJobEnd { target }| {
            let report = machine.block_job_report(&target)?;
            Ok(GotBlockJobEnd { job: report.map(wire::BlockJobEnd::from) })
        }),
        SetBlockJobSpeed::NAME => task.by(|SetBlockJobSpeed { target, speed }| {
            machine.set_block_job_speed(&target, speed)?;
            Ok(BlockJobSpeedSet {})
        }),
        AbortBlockJob::NAME => task.by(|AbortBlockJob { target, flags }| {
            machine.abort_block_job(&target, convert::flags(AbortFlags::from_bits(flags))?)?;
            Ok(BlockJobAborted {})
        }),
        StartPull::NAME => task.by(|StartPull { target, base, relative, speed }| {
            let base = base.map(|name| PullBase { name, relative });
            start(target, BlockWork::Pull { base, speed })?;
            Ok(PullStarted {})
        }),
        StartCommit::NAME => task.by(|StartCommit { target, base, top, speed, flags }| {
            let flags = convert::flags(CommitFlags::from_bits(flags))?;
            start(target, BlockWork::Commit { base, top, speed, flags })?;
            Ok(CommitStarted {})
        }),
        StartCopy::NAME => task.by(|copy: StartCopy| {
            let target = copy.target.clone();
            start(target, BlockWork::Copy(convert::copy_request(copy)?))?;
            Ok(CopyStarted {})
        }),
        StartStream::NAME => task.by(|StartStream { target, offset, length, wait }| {
            start(target, BlockWork::Stream(RangeRequest { offset, length, wait }))?;
            Ok(StreamStarted {})
        }),
        _ => task.by(|StartAllocate { target, offset, length, wait }| {
            start(target, BlockWork::Allocate(RangeRequest { offset, length, wait }))?;
            Ok(AllocateStarted {})
        }),
    }
}

fn of_streams(machine: &dyn Machine, method: &str, task: Task<'_, '_>) {
    match method {
        StreamIncrement::NAME => task.by(|StreamIncrement { target, offset }| {
            Ok(IncrementStreamed { next: machine.stream_increment(&target, offset)? })
        }),
        GetStreamPosition::NAME => task.by(|GetStreamPosition { target }| {
            Ok(GotStreamPosition { offset: machine.stream_position(&target)? })
        }),
        GetStreamEnd::NAME => task.by(|GetStreamEnd { target }| {
            Ok(GotStreamEnd { job: machine.stream_report(&target)?.into() })
        }),
        _ => task.by(|AbortStream { target }| {
            machine.abort_stream(&target)?;
            Ok(StreamAborted {})
        }),
    }
}

fn of_changes(machine: &dyn Machine, method: &str, task: Task<'_, '_>) {
    match method {
        Stop::NAME => task.by(|Stop { drain, forced, off, events }| {
            let (drain, off) = (Duration::from_nanos(drain), off.try_into()?);
            let events = events.into_iter().map(Into::into).collect();
            machine.stop(&StopRequest { drain, forced, off, events })?;
            Ok(Stopped {})
        }),
        Suspend::NAME => task.by(|Suspend {}| {
            machine.suspend()?;
            Ok(Suspended {})
        }),
        Resume::NAME => task.by(|Resume {}| {
            machine.resume()?;
            Ok(Resumed {})
        }),
        Redefine::NAME => task.by(|request: Redefine| {
            let done = machine.redefine(&convert::redefinition(request, machine)?)?;
            Ok(convert::redefined(done))
        }),
        _ => task.by(|request: TakeSnapshot| {
            machine.take_snapshot(&convert::snapshot_request(request)?)?;
            Ok(SnapshotTaken {})
        }),
    }
}
