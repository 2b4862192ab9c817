//! The system calls that no safe crate wraps the way we need them, and what is particular about
//! calling them from a library: no signal may reach the host because of us.
#![allow(unsafe_code)]

pub mod detached;
pub mod foreign;
pub mod fork;
pub mod other_process;
pub mod unix_socket;

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread::{self, JoinHandle, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::errno::{Errno, SysResult, errno_of};
use crate::memory::fallible;
use nix::fcntl::FallocateFlags;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use nix::unistd::Whence;

mod ioctls {
    nix::ioctl_read!(blkgetsize64, 0x12, 114, u64);
    nix::ioctl_read_bad!(blksszget, 0x1268, libc::c_int);
    nix::ioctl_write_int!(ficlone, 0x94, 9);
    nix::ioctl_write_ptr!(ficlonerange, 0x94, 13, libc::file_clone_range);
    // The size in the number is that of the header alone.
    nix::ioctl_readwrite!(fiemap, b'f', 11, super::FiemapHeader);
    // These two are said to take a long, and take an int.
    nix::ioctl_read_bad!(
        getflags,
        nix::request_code_read!('f', 1, size_of::<libc::c_long>()),
        libc::c_int
    );
    nix::ioctl_write_ptr_bad!(
        setflags,
        nix::request_code_write!('f', 2, size_of::<libc::c_long>()),
        libc::c_int
    );
}

/// The size of a block device in bytes.
pub fn block_device_size(device: &File) -> SysResult<u64> {
    let mut size = 0;
    // SAFETY: the kernel writes one u64.
    unsafe { ioctls::blkgetsize64(device.as_raw_fd(), &mut size) }?;
    Ok(size)
}

/// The smallest unit that a block device reads or writes, in bytes.
pub fn logical_block_size(device: &File) -> SysResult<u64> {
    let mut size: libc::c_int = 0;
    // SAFETY: the kernel writes one int.
    unsafe { ioctls::blksszget(device.as_raw_fd(), &mut size) }?;
    u64::try_from(size).map_err(|_| Errno::EIO)
}

/// What O_DIRECT wants memory, and offsets and lengths, to be multiples of, in a file or device; zeros
/// where the filesystem cannot do it. `None` if the kernel or the filesystem does not say.
pub fn direct_alignment(file: &File) -> SysResult<Option<(u64, u64)>> {
    let mut found = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the path is an empty string, and the kernel writes one statx.
    let result = unsafe {
        libc::statx(
            file.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            libc::STATX_DIOALIGN,
            found.as_mut_ptr(),
        )
    };
    match Errno::result(result) {
        Ok(_) => {}
        Err(Errno::ENOSYS) => return Ok(None),
        Err(errno) => return Err(errno),
    }
    // SAFETY: zeros are a statx, too.
    let found = unsafe { found.assume_init() };
    let known = found.stx_mask & libc::STATX_DIOALIGN != 0;
    Ok(known.then_some((found.stx_dio_mem_align.into(), found.stx_dio_offset_align.into())))
}

/// Makes `target` share all of `source`'s blocks (a reflink).
pub fn reflink(target: &File, source: &File) -> SysResult<()> {
    let source = source.as_raw_fd() as libc::c_ulong;
    // SAFETY: both descriptors are open; the kernel reads no memory of ours.
    unsafe { ioctls::ficlone(target.as_raw_fd(), source) }?;
    Ok(())
}

/// The same with a range of them, at one instant. It is whole blocks, or ends where both files end.
pub fn reflink_range(target: &File, source: &File, offset: u64, length: u64) -> SysResult<()> {
    let range = libc::file_clone_range {
        src_fd: source.as_raw_fd().into(),
        src_offset: offset,
        src_length: length,
        dest_offset: offset,
    };
    // SAFETY: both descriptors are open; the kernel reads one file_clone_range.
    unsafe { ioctls::ficlonerange(target.as_raw_fd(), &range) }?;
    Ok(())
}

/// linux/fs.h: written in place.
const FS_NOCOW_FL: libc::c_int = 0x0080_0000;

/// Has an empty file written in place where the filesystem copies on write. ENOSYS on one that has
/// no such switch.
pub fn set_nocow(file: &File) -> SysResult<()> {
    if nix::sys::statfs::fstatfs(file)?.filesystem_type() != nix::sys::statfs::BTRFS_SUPER_MAGIC {
        return Err(Errno::ENOSYS);
    }
    let mut flags: libc::c_int = 0;
    // SAFETY: the kernel writes one int.
    unsafe { ioctls::getflags(file.as_raw_fd(), &mut flags) }?;
    flags |= FS_NOCOW_FL;
    // SAFETY: the kernel reads one int.
    unsafe { ioctls::setflags(file.as_raw_fd(), &flags) }?;
    Ok(())
}

/// Where the next data at or after `offset` begins; `None` if there is none before the end.
pub fn seek_data(file: &File, offset: i64) -> SysResult<Option<u64>> {
    seek(file, offset, Whence::SeekData)
}

/// Where the next hole at or after `offset` begins: the end of the file counts as one. `None` if
/// `offset` is not before the end.
pub fn seek_hole(file: &File, offset: i64) -> SysResult<Option<u64>> {
    seek(file, offset, Whence::SeekHole)
}

/// linux/fiemap.h: what is asked, and how much the kernel has answered.
#[repr(C)]
#[derive(Default)]
pub struct FiemapHeader {
    start: u64,
    length: u64,
    flags: u32,
    mapped: u32,
    room: u32,
    reserved: u32,
}

/// linux/fiemap.h: a range of a file that has space.
#[repr(C)]
#[derive(Default)]
struct FiemapExtent {
    logical: u64,
    physical: u64,
    length: u64,
    reserved64: [u64; 2],
    flags: u32,
    reserved: [u32; 3],
}

/// A question with room for one extent.
#[repr(C)]
#[derive(Default)]
struct Fiemap {
    header: FiemapHeader,
    extent: FiemapExtent,
}

/// The first range at or after `offset` and before `end` that the filesystem has given space, whether or
/// not anything has been written there. `None` if there is none.
pub fn allocated_range(file: &File, offset: u64, end: u64) -> SysResult<Option<Range<u64>>> {
    let header =
        FiemapHeader { start: offset, length: end - offset, room: 1, ..Default::default() };
    let mut map = Fiemap { header, ..Default::default() };
    // SAFETY: the kernel writes the header, and extents behind it as far as `room` says: one.
    unsafe { ioctls::fiemap(file.as_raw_fd(), (&raw mut map).cast()) }?;
    let extent = map.extent;
    let last = extent.logical.saturating_add(extent.length).min(end);
    let first = extent.logical.max(offset);
    Ok((map.header.mapped > 0 && first < last).then_some(first..last))
}

fn seek(file: &File, offset: i64, whence: Whence) -> SysResult<Option<u64>> {
    match nix::unistd::lseek(file, offset, whence).map_err(Errno::from) {
        Ok(found) => Ok(Some(found as u64)),
        Err(Errno::ENXIO) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// fallocate(2), with SIGXFSZ kept from the host.
pub fn fallocate(file: &File, mode: FallocateFlags, offset: u64, length: u64) -> SysResult<()> {
    let (offset, length) = (to_off(offset)?, to_off(length)?);
    if !mode.contains(FallocateFlags::FALLOC_FL_KEEP_SIZE) {
        allow_file_size(offset.checked_add(length).ok_or(Errno::EFBIG)? as u64)?;
    }
    loop {
        match nix::fcntl::fallocate(file, mode, offset, length).map_err(Errno::from) {
            Err(Errno::EINTR) => continue,
            other => return other,
        }
    }
}

/// Has the kernel begin to write what has changed in a range of a file, without waiting for it. It is advice:
/// where that cannot be asked for, a later flush has more to do.
pub fn begin_write_back(file: &File, offset: u64, length: u64) -> SysResult<()> {
    sync_range(file, offset, length, libc::SYNC_FILE_RANGE_WRITE)
}

/// Waits until what [`begin_write_back`] has begun in a range is done. An error of writing that is
/// returned here is not told by a later fsync of the same open file.
pub fn await_write_back(file: &File, offset: u64, length: u64) -> SysResult<()> {
    sync_range(file, offset, length, libc::SYNC_FILE_RANGE_WAIT_BEFORE)
}

fn sync_range(file: &File, offset: u64, length: u64, flags: libc::c_uint) -> SysResult<()> {
    let (offset, length) = (to_off(offset)?, to_off(length)?);
    loop {
        // SAFETY: no memory is passed.
        let done = unsafe { libc::sync_file_range(file.as_raw_fd(), offset, length, flags) };
        match Errno::result(done) {
            Err(Errno::EINTR) => {}
            Err(Errno::ENOSYS | Errno::EINVAL | Errno::ESPIPE | Errno::EPERM) | Ok(_) => {
                return Ok(());
            }
            Err(errno) => return Err(errno),
        }
    }
}

/// Brings the names in a folder to stable storage. Some filesystems have no such operation for folders,
/// which is all that they can do then.
pub fn sync_folder(folder: &impl AsFd) -> SysResult<()> {
    loop {
        match nix::unistd::fsync(folder.as_fd()).map_err(Errno::from) {
            Err(Errno::EINTR) => {}
            Err(errno) if errno.is_unsupported() => return Ok(()),
            done => return done,
        }
    }
}

/// The same for a folder at a path. Whoever may create names in a folder need not be able to read it; the
/// system writes them later then.
pub fn sync_folder_at(path: &Path) -> SysResult<()> {
    match File::open(path) {
        Ok(folder) => sync_folder(&folder),
        Err(e) if e.kind() == ErrorKind::PermissionDenied => {
            log::warn!("'{}' cannot be synced: {e}", path.display());
            Ok(())
        }
        Err(e) => Err(errno_of(&e)),
    }
}

/// ftruncate(2), with SIGXFSZ kept from the host.
pub fn truncate(file: &File, length: u64) -> SysResult<()> {
    let length = to_off(length)?;
    allow_file_size(length as u64)?;
    loop {
        match nix::unistd::ftruncate(file, length).map_err(Errno::from) {
            Err(Errno::EINTR) => continue,
            other => return other,
        }
    }
}

fn to_off(value: u64) -> SysResult<i64> {
    i64::try_from(value).map_err(|_| Errno::EFBIG)
}

thread_local! {
    /// This thread is one of ours, and takes no signals.
    static OURS: Cell<bool> = const { Cell::new(false) };
}

/// EFBIG where the process's file size limit forbids a file of `length` bytes. Asking the kernel
/// to write there instead would send SIGXFSZ, which by default ends the process. Threads of ours
/// have it blocked, and get EFBIG from the kernel.
pub fn allow_file_size(length: u64) -> SysResult<()> {
    if OURS.get() {
        return Ok(());
    }
    let (limit, _) = getrlimit(Resource::RLIMIT_FSIZE)?;
    if length > limit { Err(Errno::EFBIG) } else { Ok(()) }
}

/// Reports what close(2) on `file` would report (write-back errors of network filesystems, quota)
/// without closing it: closing a duplicate flushes as closing the last one does.
pub fn close_errors(file: &File) -> SysResult<()> {
    let duplicate: OwnedFd = file.as_fd().try_clone_to_owned().map_err(|e| errno(&e))?;
    nix::unistd::close(duplicate).map_err(Errno::from)
}

/// Whether the program runs with rights that its user does not have (setuid).
pub fn is_secure() -> bool {
    // SAFETY: the kernel has passed it, or 0 is returned.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// The value of an environment variable, unless the program runs with rights that its user does not
/// have: the environment is that user's.
pub fn secure_env(name: &str) -> Option<OsString> {
    if is_secure() { None } else { std::env::var_os(name) }
}

/// Writes a line of the log, in one call. What cannot be written is lost: there is nobody to tell. The
/// signals of a closed pipe and of the file size limit are kept from the host.
pub fn write_line(fd: BorrowedFd, line: &[u8]) {
    if OURS.get() {
        let _ = nix::unistd::write(fd, line);
        return;
    }
    let signals: SigSet = [Signal::SIGPIPE, Signal::SIGXFSZ].into_iter().collect();
    let mut before = SigSet::empty();
    if pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&signals), Some(&mut before)).is_err() {
        return;
    }
    // One that waits already is not ours to take.
    let waiting = pending();
    let result = nix::unistd::write(fd, line).map_err(Errno::from);
    for (errno, signal) in [(Errno::EPIPE, Signal::SIGPIPE), (Errno::EFBIG, Signal::SIGXFSZ)] {
        if result == Err(errno) && !waiting.contains(signal) {
            take_pending(signal);
        }
    }
    // Restoring a mask that was valid a moment ago cannot fail.
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
}

/// The signals that wait for this thread to let them through.
fn pending() -> SigSet {
    let mut found = MaybeUninit::zeroed();
    // SAFETY: the kernel writes a signal set; one of zeros is a set as well.
    unsafe {
        libc::sigpending(found.as_mut_ptr());
        SigSet::from_sigset_t_unchecked(found.assume_init())
    }
}

/// Takes a signal that waits for this thread and is blocked.
fn take_pending(signal: Signal) {
    let signals: SigSet = [signal].into_iter().collect();
    let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a signal set and a time that live as long as the call.
    unsafe { libc::sigtimedwait(signals.as_ref(), std::ptr::null_mut(), &at_once) };
}

/// How long somebody who has a lease on a file may take to give it up.
const LEASE_PATIENCE: Duration = Duration::from_millis(200);

/// Opens a file without waiting for anybody: for the other end of a FIFO, or for the owner of a lease,
/// who may be any user and may keep it for 45 seconds. One that gives its lease up at once is waited
/// for; otherwise it is EAGAIN. `flags` are custom flags. A terminal does not become ours.
pub fn open_promptly(
    path: &Path,
    options: &mut fs::OpenOptions,
    flags: libc::c_int,
) -> std::io::Result<File> {
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | flags);
    let begin = Instant::now();
    loop {
        match options.open(path) {
            Err(e)
                if e.kind() == std::io::ErrorKind::WouldBlock
                    && begin.elapsed() < LEASE_PATIENCE =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

fn errno(error: &std::io::Error) -> Errno {
    crate::errno::errno_of(error)
}

/// Gives memory back to the system that the allocator keeps for later, where it is glibc's.
pub fn give_memory_back() {
    // SAFETY: a function of the allocator's, which may be called at any time.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// A number whose bytes may be any.
pub trait Number: private::Sealed {}
impl Number for u8 {}
impl Number for u32 {}

mod private {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u32 {}
}

/// A buffer of zeros, whose pages take memory when they are written. ENOMEM where there is none to be
/// had: everything large is allocated with this, because an ordinary allocation that fails ends the
/// process.
pub fn zeroed<T: Number>(length: usize) -> SysResult<Vec<T>> {
    let layout = std::alloc::Layout::array::<T>(length).map_err(|_| Errno::ENOMEM)?;
    if length == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the layout is not empty.
    let memory = fallible(|| unsafe { std::alloc::alloc_zeroed(layout) }).cast::<T>();
    if memory.is_null() {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: it is of the allocator that vectors use, has this layout, and zeros are numbers.
    Ok(unsafe { Vec::from_raw_parts(memory, length, length) })
}

/// Starts a thread of ours: named, and with every signal blocked, so that the host's handlers run on
/// the host's threads. Its stack is as large as usual, because functions of the host's event loop may
/// run on it. `None` if the system refuses another thread; the
/// caller then does the work itself.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    #[cfg(feature = "testing")]
    if testing::NO_THREADS.get() {
        return None;
    }
    signals_blocked(|| builder(name).spawn(|| as_our_thread(body)).ok())
}

/// The same for a thread that ends within `scope`.
pub fn spawn_scoped<'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    body: impl FnOnce() -> R + Send + 'scope,
) -> Option<ScopedJoinHandle<'scope, R>> {
    signals_blocked(|| builder(name).spawn_scoped(scope, || as_our_thread(body)).ok())
}

fn builder(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_string())
}

fn as_our_thread<R>(body: impl FnOnce() -> R) -> R {
    OURS.set(true);
    // Functions of the host's that run on it may end it, and nothing else.
    let _uncancelled = foreign::Uncancelled::new();
    body()
}

/// Runs `start` with all signals blocked, which a thread that it starts inherits.
fn signals_blocked<R>(start: impl FnOnce() -> Option<R>) -> Option<R> {
    let mut before = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut before)).ok()?;
    let started = start();
    // Restoring a mask that was valid a moment ago cannot fail.
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
    started
}

/// What tests of the layers above make the system do.
#[cfg(feature = "testing")]
pub mod testing {
    use std::cell::Cell;

    thread_local! {
        /// The system refuses to start threads for this one.
        pub static NO_THREADS: Cell<bool> = const { Cell::new(false) };
    }
}
