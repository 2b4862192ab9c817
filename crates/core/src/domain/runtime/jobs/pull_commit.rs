//! Jobs that make a disk's chain shorter: pull, rebase and commit.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::job::{JobContext, Moves, NewJob, PivotStep};
use crate::block::{Chain, Files, Format, Image, Overlay, SECTOR, has_protocol};
use crate::copy::DirtyUnits;
use crate::domain::config::lookup::indexed;
use crate::domain::failed;
use crate::domain::images::create::absolute;
use crate::domain::images::describe::{backing_store, set_image, source, source_type};
use crate::domain::machine::block_job::{CommitFlags, Kind, PullBase};
use crate::error::*;
use crate::job::{self, Control, Copy, End, LiveChain, Mirror, MirrorGuard, relative_name};
use crate::storage::{ImageUsers, overlays_of};
use crate::xml::{Element, excerpt};

/// The unit in which an active commit notes what guests change.
const GRANULARITY: u64 = 64 * 1024;

fn not_found(text: String) -> Error {
    Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text)
}

fn refused(text: impl Into<String>) -> Error {
    Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text)
}

/// The image that callers call `name`, below the one at `above` if one is given: by its place in the
/// chain, by what the image above calls it, or by any path of its file. A relative path begins in the
/// folder of the image above.
fn find(
    files: &dyn Files,
    chain: &Chain,
    target: &str,
    name: &str,
    above: Option<usize>,
) -> Result<usize> {
    let shown = excerpt(name);
    let first = above.map_or(0, |above| above + 1);
    let images = chain.images.iter().enumerate().skip(first);
    if let Some((of, index)) = indexed(name) {
        if of != target {
            let of = excerpt(of);
            return Err(not_found(format!(
                "requested target '{of}' does not match target '{target}'"
            )));
        }
        return images
            .map(|(at, image)| (at, image.index))
            .find(|found| found.1 == index)
            .map_or_else(
                || {
                    let text = format!(
                        "could not find backing store index '{index}' in chain for '{target}'"
                    );
                    Err(not_found(text))
                },
                |found| Ok(found.0),
            );
    }
    let is_called = |image: &Image| {
        image.location.name().as_deref() == Some(name) || image.recorded.as_deref() == Some(name)
    };
    let leads_to = |at: usize, image: &Image| {
        let folder = match at.checked_sub(1).map(|above| chain.images[above].location.path()) {
            Some(above) => above.and_then(Path::parent).unwrap_or(Path::new("")),
            None if Path::new(name).is_absolute() => Path::new(""),
            None => return false,
        };
        let path = image.location.path().filter(|_| !has_protocol(name));
        path.is_some_and(|path| files.is_same(&folder.join(name), path))
    };
    let mut images = images.filter(|(at, image)| is_called(image) || leads_to(*at, image));
    images.next().map(|(at, _)| at).ok_or_else(|| {
        not_found(match above.and_then(|above| chain.images.get(above)) {
            Some(above) => format!(
                "could not find image '{shown}' beneath '{}' in chain for '{target}'",
                above.location
            ),
            None => format!("could not find image '{shown}' in chain for '{target}'"),
        })
    })
}

/// What the image at `index` will call the one at `base`.
fn recorded(chain: &Chain, index: usize, base: usize, relative: bool) -> Result<String> {
    if !relative {
        return absolute(&chain.images[base].location);
    }
    relative_name(chain, index, base).ok_or_else(|| {
        let text = "can't keep relative backing relationship";
        Error::invalid_operation(VIR_FROM_DOMAIN, text)
    })
}

/// Removes the files of images that nothing refers to any more, and that a caller wants gone.
fn delete(files: &dyn Files, images: &[Image]) {
    for image in images {
        if image.has_other_users().unwrap_or(true) {
            log::warn!("'{}' is not deleted after its commit: it is in use", image.location);
            continue;
        }
        if let Some(path) = image.location.path()
            && source_type(files, &image.location) == "file"
        {
            // The disk does not need it: whether it could be removed changes nothing for that.
            if let Err(errno) = files.remove(path) {
                log::warn!("image '{}' stays: {errno}", path.display());
            }
        }
    }
}

impl JobContext {
    /// Refuses a job where the chain cannot be changed.
    pub(in crate::domain) fn check_chain(&self) -> Result<()> {
        self.disk.check_no_job()?;
        self.check_kept()?;
        if self.disk.definition.read_only {
            let text = format!("disk '{}' is read-only", self.disk.target);
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        }
        Ok(())
    }

    /// The same for one that may leave the images below the top out, which internal snapshots of that
    /// go on to read.
    pub(in crate::domain) fn check_pull(&self) -> Result<()> {
        self.check_chain()?;
        let chain = self.disk.live.images();
        let Some(top) = chain.images.first() else { return Ok(()) };
        let needs_them = |overlay: &Arc<dyn Overlay>| {
            let info = overlay.info();
            info.snapshots > 0 && info.backing_file.is_some()
        };
        if top.overlay().is_some_and(needs_them) {
            let (target, path) = (&self.disk.target, &top.location);
            let text =
                format!("disk '{target}': internal snapshots in '{path}' need the images below it");
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        Ok(())
    }

    /// Refuses a commit after which internal snapshots of the image above would show what the base has
    /// behind the end of the committed image.
    fn check_hidden(&self, over: &Image, hidden: &Range<u64>) -> Result<()> {
        let snapshots = over.overlay().map_or(0, |image| image.info().snapshots);
        if hidden.is_empty() || snapshots == 0 {
            return Ok(());
        }
        let (target, path) = (&self.disk.target, &over.location);
        let text = format!(
            "disk '{target}': internal snapshots in '{path}' need the end of the image below it, and \
             the base is longer"
        );
        Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text))
    }

    /// Refuses a commit that would change or delete an image that somebody else uses, and tells the log
    /// of images at rest whose contents change with it.
    fn check_others(&self, top: usize, base: usize, flags: CommitFlags) -> Result<()> {
        let (live, uuid) = (&self.disk.live, self.running.identity.uuid);
        let deleted = if flags.contains(CommitFlags::DELETE) { top..base } else { base..base };
        // The one above the top gets another name for what is below it.
        let renamed = top.checked_sub(1).filter(|above| *above > 0);
        for index in deleted.chain(renamed).chain([base]) {
            let (location, locked) = {
                let chain = live.images();
                let image = &chain.images[index];
                (image.location.clone(), image.has_other_users().map_err(failed)?)
            };
            // Where a filesystem has no locks, domains still know what they use.
            let identity = location.path().and_then(|path| self.files().identity(path).ok());
            let user = identity.and_then(|identity| {
                self.domains.user_of(identity, Some((uuid, &self.disk.target)))
            });
            let by = match user {
                Some(domain) => format!("domain '{domain}'"),
                None if locked => "another program".to_string(),
                None => continue,
            };
            let text = format!("'{location}' is in use by {by}");
            return Err(Error::new(VIR_ERR_RESOURCE_BUSY, VIR_FROM_DOMAIN, text));
        }
        self.warn_of_overlays(base);
        Ok(())
    }

    /// Tells the log which volumes that are none of this disk's images lie over one of them.
    fn warn_of_overlays(&self, index: usize) {
        if !log::log_enabled!(log::Level::Warn) {
            return;
        }
        let chain = self.disk.live.images();
        let Some(path) = chain.images[index].location.path() else { return };
        let files = &**self.files();
        let is_own = |other: &String| {
            let identity = files.identity(Path::new(other));
            identity.is_ok_and(|id| chain.images.iter().any(|image| image.is_in(files, id)))
        };
        match overlays_of(self.domains.storage(), path) {
            Ok(mut overlays) => {
                overlays.retain(|other| !is_own(other));
                if !overlays.is_empty() {
                    let (path, over) = (path.display(), overlays.join(", "));
                    log::warn!("'{path}' is committed into, over which lie: {over}");
                }
            }
            Err(e) => {
                log::debug!("what lies over '{}' is not known: {}", path.display(), e.message);
            }
        }
    }

    /// Makes the definitions leave the chain to what the images record.
    pub(in crate::domain) fn forget_chain(&self) -> Result<()> {
        self.redefine(|disk| disk.remove_children("backingStore"))
    }
}

impl JobContext {
    fn commit_below(
        &self,
        top: usize,
        base: usize,
        name: String,
        speed: u64,
        flags: CommitFlags,
    ) -> Result<()> {
        let live = self.disk.live.clone();
        let length = {
            let chain = live.images();
            let hidden = chain.hidden_by_end(top, base).map_err(failed)?;
            self.check_hidden(&chain.images[top - 1], &hidden)?;
            hidden.end
        };
        let control = Arc::new(Control::new(length, speed, 0));
        let place = self.clone();
        self.start(NewJob::new(Kind::Commit, control), move |control| {
            let mut base = base;
            let mut done = job::commit(&live, top, base, control).map_err(failed);
            if let Ok(End::Completed) = done {
                done = match place.changing(control) {
                    Some(_changing) => {
                        let linked =
                            live.relink(top - 1, Some(base), Some(&name), || place.forget_chain());
                        linked.map(|removed| {
                            base = top;
                            if flags.contains(CommitFlags::DELETE) {
                                delete(&**place.files(), &removed);
                            }
                            End::Completed
                        })
                    }
                    None => Ok(End::Cancelled),
                };
            }
            live.give_up_writing(base);
            done
        })
    }

    fn commit_active(&self, base: usize, speed: u64, flags: CommitFlags) -> Result<()> {
        let live = self.disk.live.clone();
        let (target, above, description, new_source, format) = {
            let files = &**self.files();
            let chain = live.images();
            let image = &chain.images[base];
            let description = Element::new("mirror")
                .with_attr("type", source_type(files, &image.location))
                .with_attr("job", "active-commit")
                .with_child(Element::new("format").with_attr("type", image.format.name()))
                .with_child({
                    let mut source = source(files, &image.location);
                    source.set_attr("index", image.index);
                    source
                })
                .with_child(backing_store(files, &chain.images[base + 1..]));
            let above = chain.above(0, base).map_err(failed)?;
            (image.node.clone(), above, description, source(files, &image.location), image.format)
        };
        let top = live.gate.base();
        let length = top.length().map_err(failed)?;
        if target.length().map_err(failed)? < length {
            target.resize(length).map_err(failed)?;
        }
        let control = Arc::new(Control::new(length, speed, 0));
        let dirty = DirtyUnits::new(length, GRANULARITY);
        let mirror = Arc::new(Mirror::new(top, target, dirty, false, control.waker()));
        let ready = self.clone();
        let copy = Copy {
            guard: MirrorGuard::new(&live.gate, mirror.clone()),
            above: Some(above),
            zeroed: false,
            ready: Box::new(move || ready.tell_ready(Kind::ActiveCommit)),
            pivot: Some(self.commit_pivot(base, control.clone(), flags, new_source, format)),
        };
        let new = NewJob {
            mirror: Some(mirror),
            description: Some(description),
            moves: Some(Box::new(move |extent| above.affect(extent))),
            ..NewJob::new(Kind::ActiveCommit, control)
        };
        let at_work: Arc<LiveChain> = live.clone();
        self.start(new, move |control| {
            let done = copy.run(control);
            if !matches!(done, Ok(End::Completed)) {
                at_work.give_up_writing(base);
            }
            done
        })
    }

    fn commit_pivot(
        &self,
        base: usize,
        control: Arc<Control>,
        flags: CommitFlags,
        source: Element,
        format: Format,
    ) -> PivotStep {
        let place = self.clone();
        Box::new(move |finish| {
            let Some(_changing) = place.changing(&control) else { return Ok(false) };
            let live = &place.disk.live;
            let closed = live.gate.closed();
            finish()?;
            // A base that is longer than the disk was keeps its length, which is now the disk's.
            let length = live.images().images[base].node.length().map_err(failed)?;
            place.redefine(|disk| {
                let kinds = [("dev", "block"), ("protocol", "network")];
                let kind = kinds.into_iter().find(|(attr, _)| source.attr(attr).is_some());
                disk.set_attr("type", kind.map_or("file", |(_, kind)| kind));
                set_image(disk, source.clone(), format);
            })?;
            let (node, removed) = live.cut(base);
            closed.set_end(length.next_multiple_of(SECTOR));
            closed.swap(node);
            if flags.contains(CommitFlags::DELETE) {
                delete(&**place.files(), &removed);
            }
            Ok(true)
        })
    }
}

impl JobContext {
    /// Starts to bring everything below the active layer into it, or what is above a base.
    pub fn pull(&self, base: Option<&PullBase>, speed: u64) -> Result<()> {
        let _changing = self.changing_disk()?;
        self.check_pull()?;
        let live = self.disk.live.clone();
        let (top, above, base) = {
            let chain = live.images();
            let base = match base {
                Some(PullBase { name, relative }) => {
                    let base = find(&**self.files(), &chain, &self.disk.target, name, Some(0))?;
                    Some((base, recorded(&chain, 0, base, *relative)?))
                }
                None => None,
            };
            let index = base.as_ref().map_or(usize::MAX, |(index, _)| *index);
            (chain.images[0].overlay().cloned(), chain.above(0, index).map_err(failed)?, base)
        };
        let length = live.gate.node().length().map_err(failed)?;
        let control = Arc::new(Control::new(length, speed, 0));
        let moves: Moves = Box::new(move |extent| extent.depth > 0 && above.affect(extent));
        let new = NewJob { moves: Some(moves), ..NewJob::new(Kind::Pull, control) };
        let at_work = self.clone();
        self.start(new, move |control| {
            // A raw image has nothing below.
            let Some(top) = top else { return Ok(End::Completed) };
            if job::pull(&*top, 0..length, above, control)? == End::Cancelled {
                return Ok(End::Cancelled);
            }
            let Some(_changing) = at_work.changing(control) else { return Ok(End::Cancelled) };
            let (index, name) = match &base {
                Some((index, name)) => (Some(*index), Some(name.as_str())),
                None => (None, None),
            };
            live.relink(0, index, name, || at_work.forget_chain())?;
            Ok(End::Completed)
        })
    }

    /// Starts to bring what `top` and the images between have into `base`.
    pub fn commit(
        &self,
        base: Option<&str>,
        top: Option<&str>,
        speed: u64,
        flags: CommitFlags,
    ) -> Result<()> {
        let _changing = self.changing_disk()?;
        self.check_chain()?;
        let live = self.disk.live.clone();
        let active = flags.contains(CommitFlags::ACTIVE);
        let (top, base, name) = {
            let chain = live.images();
            let (target, files) = (&self.disk.target, &**self.files());
            let shown = |index: usize| &chain.images[index].location;
            let top = match top {
                Some(top) => find(files, &chain, target, top, None)?,
                None => 0,
            };
            let last = chain.images.len() - 1;
            if top == last && base.is_none() {
                let text = format!("could not find base image in chain for '{target}'");
                return Err(not_found(text));
            }
            if top == 0 && !active {
                let text = format!("commit of '{target}' active layer requires active flag");
                return Err(refused(text));
            }
            if top > 0 && active {
                let text = format!("active commit requested but '{}' is not active", shown(top));
                return Err(refused(text));
            }
            let base = match base {
                Some(base) => find(files, &chain, target, base, Some(top))?,
                None if flags.contains(CommitFlags::SHALLOW) => top + 1,
                None => last,
            };
            if flags.contains(CommitFlags::SHALLOW) && base != top + 1 {
                return Err(refused(format!(
                    "base '{}' is not immediately below '{}' in chain for '{}'",
                    shown(base),
                    shown(top),
                    shown(0)
                )));
            }
            let relative = flags.contains(CommitFlags::RELATIVE);
            let above = top.saturating_sub(1);
            (top, base, recorded(&chain, above, base, relative)?)
        };
        self.check_others(top, base, flags)?;
        // Written only while the job runs: others may read it again then.
        live.reopen(base, true)?;
        let started = match active {
            true => self.commit_active(base, speed, flags),
            false => self.commit_below(top, base, name, speed, flags),
        };
        if started.is_err() {
            live.give_up_writing(base);
        }
        started
    }
}
