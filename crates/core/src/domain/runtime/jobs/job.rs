//! The job on a disk of a running domain: starting it, asking about it, ending it, and what of it
//! shows in definitions and events.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::block::{Extent, Files};
use crate::copy::data_in;
use crate::domain::config::definition::Definition;
use crate::domain::config::lookup::disk_range;
use crate::domain::events;
use crate::domain::machine::block_job::{
    AbortFlags, BlockJobInfo, BlockJobReport, BlockJobRequest, BlockWork, Kind, Outcome,
    RangeRequest,
};
use crate::domain::registry::domains::Domains;
use crate::domain::runtime::disk::Disk;
use crate::domain::runtime::running::{Changing, Running};
use crate::domain::runtime::{ABORT_TIMEOUT, POLL_INTERVAL};
use crate::enums::domain_event::virConnectDomainEventBlockJobStatus;
use crate::error::*;
use crate::event::broker::Payload;
use crate::job::{self, Command, Control, End, Job, LiveChain, Mirror, Progress};
use crate::sys;
use crate::xml::Element;

/// What an event says has become of a job: a virConnectDomainEventBlockJobStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Completed = virConnectDomainEventBlockJobStatus::VIR_DOMAIN_BLOCK_JOB_COMPLETED as isize,
    Failed = virConnectDomainEventBlockJobStatus::VIR_DOMAIN_BLOCK_JOB_FAILED as isize,
    Cancelled = virConnectDomainEventBlockJobStatus::VIR_DOMAIN_BLOCK_JOB_CANCELED as isize,
    Ready = virConnectDomainEventBlockJobStatus::VIR_DOMAIN_BLOCK_JOB_READY as isize,
}

/// What makes the target of a copy the disk, in the definitions as well.
pub type PivotStep = job::PivotStep<Error>;

/// A job on a disk.
pub struct DiskJob {
    pub kind: Kind,
    pub job: Job<Error>,
    /// The `<mirror>` that the description of the domain shows.
    pub mirror: Option<Element>,
    /// Cuts off a target that does not answer.
    pub give_up: Option<Box<dyn Fn() + Send + Sync>>,
    /// Where the part of the disk begins that it is about.
    pub from: u64,
    started: Instant,
    moves: Option<Moves>,
    /// How much data was to be moved when somebody asked for the first time, and how much had been moved
    /// by then.
    seen: Mutex<Option<(u64, u64)>>,
}

/// Whether a job moves the data of an extent of its disk.
pub type Moves = Box<dyn Fn(&Extent) -> bool + Send + Sync>;

/// A job that is to be started on a disk.
pub struct NewJob {
    pub kind: Kind,
    pub control: Arc<Control>,
    pub mirror: Option<Arc<Mirror>>,
    pub description: Option<Element>,
    pub give_up: Option<Box<dyn Fn() + Send + Sync>>,
    pub from: u64,
    /// `None` if that is not known before.
    pub moves: Option<Moves>,
}

impl NewJob {
    /// A job that works on the chain alone.
    pub fn new(kind: Kind, control: Arc<Control>) -> NewJob {
        NewJob {
            kind,
            control,
            mirror: None,
            description: None,
            give_up: None,
            from: 0,
            moves: None,
        }
    }
}

/// The domain and the disk that a block job works on.
#[derive(Clone)]
pub struct JobContext {
    pub domains: Arc<Domains>,
    pub running: Arc<Running>,
    pub disk: Arc<Disk>,
}

impl Disk {
    fn job_slot(&self) -> MutexGuard<'_, Option<Arc<DiskJob>>> {
        self.job.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The job that works on it.
    pub fn current_job(&self) -> Option<Arc<DiskJob>> {
        self.job_slot().clone()
    }

    /// Fails if a block job runs on the disk.
    pub fn check_no_job(&self) -> Result<()> {
        let Some(job) = self.current_job() else { return Ok(()) };
        let text = format!("disk '{}' already in active block job", self.target);
        let code = match job.kind {
            Kind::Copy | Kind::ActiveCommit => VIR_ERR_BLOCK_COPY_ACTIVE,
            Kind::Pull | Kind::Commit => VIR_ERR_OPERATION_UNSUPPORTED,
        };
        Err(Error::new(code, VIR_FROM_DOMAIN, text))
    }

    /// Ends the job, if there is one, and does not wait for a target that does not answer.
    pub fn abandon_job(&self) {
        if let Some(job) = self.current_job() {
            job.cancel();
            job.give_up();
        }
    }

    /// Ends the job, if there is one, before its disk is closed.
    pub fn end_job(&self) {
        if let Some(job) = self.current_job() {
            job.cancel();
            job.wait_cancelled();
        }
    }

    fn last_job(&self) -> MutexGuard<'_, Option<BlockJobReport>> {
        self.last_job.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What whoever waits for the end of a job is told.
    fn judge(&self, outcome: Outcome) -> Result<()> {
        match outcome {
            Outcome::Completed => Ok(()),
            Outcome::Failed(error) => Err(error),
            Outcome::Cancelled => {
                let text = format!("the block job on disk '{}' was cancelled", self.target);
                Err(Error::new(VIR_ERR_OPERATION_ABORTED, VIR_FROM_DOMAIN, text))
            }
        }
    }

    /// The error that it has no job, and why it has none any more.
    pub(in crate::domain) fn no_job(&self) -> Error {
        let mut text = format!("disk {} does not have an active block job", self.target);
        if let Some(Outcome::Failed(error)) =
            self.last_job().as_ref().and_then(|last| last.outcome.as_ref())
        {
            text = format!("{text}; the last one has failed: {}", error.message);
        }
        Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text)
    }
}

impl DiskJob {
    fn cancel(&self) {
        self.job.control().command(Command::Cancel);
        if !self.job.is_ready() {
            // Nobody needs what is still on its way to the target.
            self.give_up();
        }
    }

    fn give_up(&self) {
        if let Some(give_up) = &self.give_up {
            give_up();
        }
    }

    /// Waits for the end of a job that was cancelled, but not for a target that does not answer.
    fn wait_cancelled(&self) -> Outcome {
        self.job.wait_for(ABORT_TIMEOUT).unwrap_or_else(|| {
            self.give_up();
            self.job.wait()
        })
    }

    /// How long it will still take, if that can be estimated. Who asks for the first time looks through the
    /// extents that are left; after that, what has been moved is counted.
    fn remaining(&self, live: &LiveChain, progress: Progress) -> Option<Duration> {
        let control = self.job.control();
        if control.is_ready() {
            return Some(Duration::ZERO);
        }
        let mut seen = self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (left, moved) = match *seen {
            Some(seen) => seen,
            None => {
                let (moved, from) = (control.moved(), self.from + control.passed());
                let left = match &self.moves {
                    Some(moves) => {
                        let range = from..self.from + progress.end;
                        let counted = data_in(&*live.gate.node(), range, moves);
                        counted.inspect_err(|error| log::debug!("no estimate: {error:?}")).ok()?
                    }
                    None => progress.end - progress.done,
                };
                *seen.insert((left, moved))
            }
        };
        let left = left.saturating_sub(control.moved() - moved) + self.job.again();
        control.time_for(left, self.started.elapsed())
    }

    fn report(&self, live: &LiveChain) -> BlockJobReport {
        let progress = self.job.progress();
        let remaining = self.remaining(live, progress);
        BlockJobReport { remaining, ..self.status(progress) }
    }

    fn status(&self, progress: Progress) -> BlockJobReport {
        BlockJobReport {
            kind: self.kind,
            progress,
            elapsed: self.started.elapsed(),
            remaining: None,
            outcome: None,
        }
    }

    fn info(&self) -> BlockJobInfo {
        let progress = self.job.progress();
        BlockJobInfo {
            kind: self.kind,
            bandwidth: self.job.control().speed(),
            done: progress.done,
            end: progress.end,
        }
    }
}

impl BlockJobReport {
    fn ended(mut self, outcome: &Outcome) -> BlockJobReport {
        if *outcome == Outcome::Completed {
            self.progress.done = self.progress.end;
        }
        BlockJobReport { outcome: Some(outcome.clone()), ..self }
    }
}

impl JobContext {
    /// Where the names of images lead.
    pub fn files(&self) -> &Arc<dyn Files> {
        self.running.images.files()
    }

    /// Starts `work`. Whoever calls is changing the domain.
    pub fn start(
        &self,
        new: NewJob,
        work: impl FnOnce(&Control) -> Result<End> + Send + 'static,
    ) -> Result<()> {
        self.start_job(new, work).map(drop)
    }

    /// The same, for who wants to wait for its end.
    pub fn start_job(
        &self,
        new: NewJob,
        work: impl FnOnce(&Control) -> Result<End> + Send + 'static,
    ) -> Result<Arc<DiskJob>> {
        // Held until the job is in its place: it may end before this does.
        let mut slot = self.disk.job_slot();
        let (kind, place) = (new.kind, self.clone());
        let concluded = move |outcome: &Outcome| place.conclude(kind, outcome);
        let (domain, target) = (&self.running.identity.name, &self.disk.target);
        log::info!("domain '{domain}', disk {target}: block job {kind:?} starts at {}", new.from);
        let job = Job::start(new.control, new.mirror.as_ref(), work, concluded)
            .map_err(|error| error.report(VIR_FROM_DOMAIN))?;
        let job = Arc::new(DiskJob {
            kind,
            job,
            mirror: new.description,
            give_up: new.give_up,
            from: new.from,
            started: Instant::now(),
            moves: new.moves,
            seen: Mutex::default(),
        });
        *slot = Some(job.clone());
        drop(slot);
        self.disk.forget_increments();
        self.note();
        Ok(job)
    }

    /// Starts a job of the kind of a pull on a range of a disk of `size` bytes.
    pub fn start_on_range(
        &self,
        request: &RangeRequest,
        size: u64,
        moves: Option<Moves>,
        work: impl FnOnce(Range<u64>, &Control) -> Result<End> + Send + 'static,
    ) -> Result<Arc<DiskJob>> {
        let RangeRequest { offset, length, .. } = *request;
        let range = disk_range(&self.disk.target, offset, length, size)?;
        let control = Arc::new(Control::new(range.end - range.start, 0, 0));
        let new = NewJob { from: range.start, moves, ..NewJob::new(Kind::Pull, control) };
        self.start_job(new, move |control| work(range, control))
    }

    /// Waits for the end of a job. Whoever calls must not be changing the domain: the job may want to.
    pub fn wait(&self, job: &DiskJob) -> Result<()> {
        self.disk.judge(job.job.wait())
    }

    /// Refuses a job on a disk whose top image has no name.
    pub fn check_kept(&self) -> Result<()> {
        if self.disk.definition.transient {
            let target = &self.disk.target;
            let text = format!("block jobs are not supported on transient disk '{target}'");
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        Ok(())
    }

    fn conclude(&self, kind: Kind, outcome: &Outcome) {
        let (domain, target) = (&self.running.identity.name, &self.disk.target);
        log::info!("domain '{domain}', disk {target}: block job {kind:?} ends: {outcome:?}");
        let status = match outcome {
            Outcome::Completed => Status::Completed,
            Outcome::Cancelled => Status::Cancelled,
            Outcome::Failed(_) => Status::Failed,
        };
        {
            let mut slot = self.disk.job_slot();
            *self.disk.last_job() =
                slot.take().map(|job| job.status(job.job.progress()).ended(outcome));
            // Whoever sees that the job is gone can rely on the event, whatever becomes of the domain.
            self.queue(kind, status);
        }
        self.note();
        self.domains.events().deliver();
    }

    /// Says that the target of a copy is equal to the disk.
    pub fn tell_ready(&self, kind: Kind) {
        self.note();
        self.queue(kind, Status::Ready);
        self.domains.events().deliver();
    }

    /// Queues an event for those who listen; there is none of a domain that has been stopped.
    fn queue(&self, kind: Kind, status: Status) {
        if self.running.is_stopped() {
            return;
        }
        let (job, status) = (kind as i32, status as i32);
        let target = self.disk.target.clone();
        if let Some(disk) = self.running.path_of(&target) {
            self.running.queue(events::BLOCK_JOB, Payload::BlockJob { disk, job, status });
        }
        self.running.queue(events::BLOCK_JOB_2, Payload::BlockJob { disk: target, job, status });
    }

    /// Writes down, for other processes, how the domain runs now. They may know less of a job.
    fn note(&self) {
        self.running.note();
    }

    /// Waits until nobody else changes the domain; `None` if the job is to end instead.
    pub fn changing(&self, control: &Control) -> Option<Changing<'_>> {
        let _waiter = self.running.register_waiter();
        while control.commanded() != Command::Cancel {
            if let Some(changing) = self.running.try_changing() {
                return changing.ok();
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        None
    }

    /// Has the domain alone; fails if the disk is not its own any more.
    pub fn changing_disk(&self) -> Result<Changing<'_>> {
        let changing = self.running.changing()?;
        let target = &self.disk.target;
        match self.running.disk(target) {
            Some(disk) if Arc::ptr_eq(&disk, &self.disk) => Ok(changing),
            _ => {
                let text = format!("disk '{target}' has been exchanged meanwhile");
                Err(Error::invalid_operation(VIR_FROM_DOMAIN, text))
            }
        }
    }

    /// Changes what the definitions say of the disk: of the domain as it runs, and of the one that is
    /// kept, if that has the same image.
    pub fn redefine(&self, change: impl Fn(&mut Element)) -> Result<()> {
        let target = &self.disk.target;
        let live = self.running.definition();
        let image = live.disk(target).and_then(|disk| disk.image.clone());
        let changed = |definition: &Definition| definition.with_changed_disk(target, &change);
        let new = changed(&live)?;
        let mut domains = self.domains.change()?;
        let entry = domains.by_uuid(self.running.identity.uuid, &self.running.identity.name)?;
        if let Some(kept) = entry.config()?
            && kept.disk(target).is_some_and(|disk| disk.target == *target && disk.image == image)
        {
            let kept_new = changed(kept)?;
            if kept_new != **kept {
                domains.set_config(&entry, Arc::new(kept_new))?;
            }
        }
        self.running.set_definition(Arc::new(new));
        Ok(())
    }
}

impl Running {
    /// An open disk, for a job.
    pub fn job_context(&self, target: &str) -> Result<JobContext> {
        let disk = self.open_target(target)?;
        let (domains, running) = (self.domains()?, self.this()?);
        Ok(JobContext { domains, running, disk })
    }

    /// Starts a job.
    pub fn start_job(&self, request: &BlockJobRequest) -> Result<()> {
        let context = self.job_context(&request.target)?;
        match &request.work {
            BlockWork::Pull { base, speed } => context.pull(base.as_ref(), *speed),
            BlockWork::Commit { base, top, speed, flags } => {
                context.commit(base.as_deref(), top.as_deref(), *speed, *flags)
            }
            BlockWork::Copy(copy) => context.copy(copy),
            BlockWork::Stream(range) => context.stream(range),
            BlockWork::Allocate(range) => context.allocate(range),
        }
    }
}

impl Disk {
    /// How far the job is.
    pub fn job_info(&self) -> Option<BlockJobInfo> {
        self.current_job().map(|job| job.info())
    }

    /// How the job stands, or how the last one has ended.
    pub fn job_report(&self) -> Option<BlockJobReport> {
        let now = self.current_job().map(|job| job.report(&self.live));
        now.or_else(|| self.last_job().clone())
    }

    /// Limits the speed of the job, in bytes a second.
    pub fn set_job_speed(&self, speed: u64) -> Result<()> {
        self.current_job().ok_or_else(|| self.no_job())?.job.control().set_speed(speed);
        Ok(())
    }

    /// Ends the job, or makes its target the disk.
    pub fn abort_job(&self, flags: AbortFlags) -> Result<()> {
        let job = self.current_job().ok_or_else(|| self.no_job())?;
        if !flags.contains(AbortFlags::PIVOT) {
            job.cancel();
            return if flags.contains(AbortFlags::ASYNC) {
                let job = job.clone();
                // Without a thread it may take longer.
                sys::spawn("virsparse-abort", move || drop(job.wait_cancelled()));
                Ok(())
            } else {
                match (job.kind, job.wait_cancelled()) {
                    // Somebody else's pivot was first: it came too late.
                    (Kind::Copy | Kind::ActiveCommit, Outcome::Completed) => Err(self.no_job()),
                    _ => Ok(()),
                }
            };
        }
        let mirrors = matches!(job.kind, Kind::Copy | Kind::ActiveCommit);
        if !mirrors || !job.job.is_ready() {
            let text = format!("block job on disk '{}' not ready for pivot yet", self.target);
            return Err(Error::new(VIR_ERR_BLOCK_COPY_ACTIVE, VIR_FROM_DOMAIN, text));
        }
        job.job.control().command(Command::Pivot);
        if flags.contains(AbortFlags::ASYNC) {
            return Ok(());
        }
        self.judge(job.job.wait())
    }
}
