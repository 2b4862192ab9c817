/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * vol-transfer: copies a file into a storage volume, or a storage volume into a file, and keeps
 * holes as holes. The whole job is two libvirt calls: attach a stream to the volume
 * (virStorageVolUpload or virStorageVolDownload), then let virStreamSparseSendAll or
 * virStreamSparseRecvAll run it with the callbacks below, which are the file's side.
 *
 * What fails leaves nothing behind that looks complete: a download is written to a temporary file
 * beside FILE, which takes FILE's place at the end and is removed on failure (Ctrl-C is one); a
 * volume that --create made is deleted again. A volume that existed before has no way back.
 */

#define _GNU_SOURCE /* SEEK_DATA, SEEK_HOLE */
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h> /* MIN, MAX */
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <virsparse/virsparse.h>

static const char usage[] =
    "Usage: vol-transfer [OPTION]... upload|download URI POOL VOLUME FILE\n"
    "Copies FILE into a storage volume, or a storage volume into FILE, holes as holes.\n"
    "\n"
    "  --create      upload: make VOLUME when it does not exist, as large as needed and empty\n"
    "  --offset=N    start N bytes into the volume\n"
    "  --length=N    copy at most N bytes (0: everything)\n"
    "  --no-sparse   copy holes as zeros\n"
    "  --quiet       no progress bar, no table\n"
    "  --help        print this text\n"
    "\n"
    "A hole in an upload cuts off what the volume held behind that hole.\n"
    "Exit status: 0 copied, 1 failed, 2 wrong usage.\n";

enum { STATUS_COPIED = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct options {
    bool upload, create, sparse, quiet;
    long long offset, length;
    const char *uri, *pool, *volume, *file;
};

/* One running transfer, as the stream callbacks see it too. */
struct transfer {
    const struct options *o;
    virStorageVolPtr volume;
    bool created;               /* the volume is new and goes again if the upload fails */
    int fd;
    char *part;                 /* download: the temporary file's name */
    off_t pos;                  /* the byte of the file to read or write next */
    off_t end;                  /* where the file ends; on download only the bar uses it */
    off_t data_start, data_end; /* upload: the data section of the file found last */
    long long data, holes;
    long long all_data;         /* how much data there is to move, as far as that is known */
    double started, next_draw;
    bool bar;
    bool reported;              /* a callback has printed why it failed */
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signum)
{
    (void)signum;
    interrupted = 1;
}

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- Errors: each is printed once, where it is found ---- */

/* By default every libvirt error is printed on the way up; we print the one that ends the job. */
static void ignore_error(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

__attribute__((format(printf, 1, 2)))
static bool fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("vol-transfer: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return false;
}

static bool fail_libvirt(void)
{
    return fail("%s", virGetLastErrorMessage());
}

static void clear_bar(const struct transfer *t)
{
    if (t->bar)
        fputs("\r\033[K", stderr);
}

/* Ends a callback. The message names the file, which libvirt's "send handler failed" cannot. */
static int fail_callback(struct transfer *t, const char *what)
{
    int error = interrupted ? EINTR : errno;
    clear_bar(t);
    fail("%s: %s: %s", t->o->file, what, strerror(error));
    t->reported = true;
    return -1;
}

/* ---- The progress bar ---- */

/* Holes take no time, so the bar shows the data: it stays at 0 during a hole of 100 GiB at the
 * start of a file. */
static void draw_bar(struct transfer *t, virStreamPtr stream)
{
    static const char full[] = "##############################";
    const int width = (int)sizeof(full) - 1;
    const double gib = 1024.0 * 1024 * 1024;
    double time = now(), elapsed = time - t->started;
    if (time < t->next_draw)
        return;
    t->next_draw = time + 0.1;

    virSparseStreamStats stats; /* a download: the library knows where the volume has data */
    if (!t->o->upload && virSparseStreamGetStats(stream, &stats) == 0)
        t->all_data = (long long)stats.dataTotalBytes;
    double done = (double)(t->o->sparse ? t->data : t->pos);
    double all = (double)(t->o->sparse ? t->all_data : t->end);
    double share = done < all ? done / all : 1;
    fprintf(stderr, "\r[%.*s%*s] %3d%%  %.2f of %.2f GiB",
            (int)(share * width), full, width - (int)(share * width), "", (int)(share * 100),
            done / gib, all / gib);
    if (share > 0 && elapsed > 0) { /* before the first byte nobody knows */
        long left = (long)(elapsed / share - elapsed + 0.5);
        fprintf(stderr, "  %.0f MB/s  %ld:%02ld:%02ld left", (double)t->data / elapsed / 1e6,
                left / 3600, left / 60 % 60, left % 60);
    }
    fputs("\033[K", stderr);
}

static void moved(struct transfer *t, virStreamPtr stream, long long *count, long long length)
{
    t->pos += length;
    *count += length;
    if (t->bar)
        draw_bar(t, stream);
}

/* ---- Upload: the callbacks that read the file ---- */

static int read_data(virStreamPtr stream, char *buffer, size_t size, void *opaque)
{
    struct transfer *t = opaque;
    ssize_t n;
    size = (size_t)MIN((off_t)size, t->end - t->pos);
    do
        n = interrupted ? -1 : pread(t->fd, buffer, size, t->pos);
    while (n < 0 && errno == EINTR && !interrupted);
    if (n == 0 && size > 0) { /* it became shorter: 0 would end the upload as if complete */
        n = -1;
        errno = ENODATA;
    }
    if (n < 0)
        return fail_callback(t, "cannot read");
    moved(t, stream, &t->data, n);
    return (int)n;
}

/* Finds the data section at or behind `pos`. Two lseek calls serve a hole and the data behind it,
 * and pread keeps a position of its own, so nothing has to seek back. */
static bool find_data(struct transfer *t)
{
    off_t hole = t->end, data = lseek(t->fd, t->pos, SEEK_DATA);
    if (data < 0 && errno == ENXIO)
        data = t->end; /* a hole up to the end of the file */
    else if (data < 0 && errno == EINVAL)
        data = t->pos; /* the filesystem cannot tell: all of it counts as data */
    else if (data < 0 || (hole = lseek(t->fd, data, SEEK_HOLE)) < 0)
        return false;
    t->data_start = MIN(data, t->end);
    t->data_end = MIN(MAX(hole, data + 1), t->end); /* punched just now, it still reads as zeros */
    return true;
}

/* Counts the data of the file, for the bar. */
static bool count_data(struct transfer *t)
{
    for (t->pos = 0; t->pos < t->end; t->pos = t->data_end) {
        if (!find_data(t))
            return false;
        t->all_data += t->data_end - t->data_start;
    }
    t->pos = t->data_start = t->data_end = 0;
    return true;
}

/* Length 0, and not data, is the end of the file. */
static int next_section(virStreamPtr stream, int *in_data, long long *length, void *opaque)
{
    struct transfer *t = opaque;
    (void)stream;
    if (t->pos >= t->data_end && !find_data(t))
        return fail_callback(t, "cannot find its data");
    *in_data = t->pos >= t->data_start && t->pos < t->data_end;
    *length = (*in_data ? t->data_end : t->data_start) - t->pos;
    return 0;
}

/* ---- Download: the callback that writes the file ---- */

/* Zeros in the data are written as well, so that they stay allocated in the copy. */
static int write_data(virStreamPtr stream, const char *buffer, size_t size, void *opaque)
{
    struct transfer *t = opaque;
    ssize_t n;
    do
        n = interrupted ? -1 : pwrite(t->fd, buffer, size, t->pos);
    while (n < 0 && errno == EINTR && !interrupted);
    if (n < 0)
        return fail_callback(t, "cannot write");
    moved(t, stream, &t->data, n);
    return (int)n; /* after a short write the library calls again with the rest */
}

/* ---- Both directions ---- */

/* Skips a hole in either direction. For reading, find_data knows where it ends; for writing, the file is
 * new, so the parts that are not written are holes. */
static int pass_hole(virStreamPtr stream, long long length, void *opaque)
{
    struct transfer *t = opaque;
    moved(t, stream, &t->holes, length);
    return 0;
}

/* `size`, or --length if that is less. */
static off_t limited(off_t size, const struct options *o)
{
    return o->length > 0 ? MIN(size, o->length) : size;
}

static int send_file(struct transfer *t, virStreamPtr stream)
{
    const struct options *o = t->o;
    unsigned int flags = o->sparse ? VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM : 0;
    if (virStorageVolUpload(t->volume, stream, o->offset, o->length, flags) < 0)
        return -1;
    if (!o->sparse)
        return virStreamSendAll(stream, read_data, t);
    if (t->bar && !count_data(t))
        return fail_callback(t, "cannot find its data");
    return virStreamSparseSendAll(stream, read_data, next_section, pass_hole, t);
}

static int receive_file(struct transfer *t, virStreamPtr stream)
{
    const struct options *o = t->o;
    unsigned int flags = o->sparse ? VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM : 0;
    virStorageVolInfo info;
    if (virStorageVolGetInfoFlags(t->volume, &info, VIR_STORAGE_VOL_GET_PHYSICAL) < 0)
        return -1;
    t->end = limited((off_t)info.allocation - o->offset, o);
    if (virStorageVolDownload(t->volume, stream, o->offset, o->length, flags) < 0)
        return -1;
    if (!o->sparse)
        return virStreamRecvAll(stream, write_data, t);
    return virStreamSparseRecvAll(stream, write_data, pass_hole, t);
}

static void print_table(const struct transfer *t)
{
    double seconds = now() - t->started;
    printf("%16s %16s %10s %10s\n%16lld %16lld %10.3f %10.1f\n",
           "data bytes", "hole bytes", "seconds", "MB/s",
           t->data, t->holes, seconds, seconds > 0 ? (double)t->data / seconds / 1e6 : 0);
}

/* Only a virStreamFinish that returns 0 shows that all data has arrived. A stream that failed before
 * was aborted by the library, and is only freed. */
static bool run_stream(struct transfer *t)
{
    virStreamPtr stream = virStreamNew(virStorageVolGetConnect(t->volume), 0);
    if (!stream)
        return fail_libvirt();
    t->bar = !t->o->quiet && isatty(STDERR_FILENO);
    t->started = now();
    bool ok = (t->o->upload ? send_file : receive_file)(t, stream) == 0
              && virStreamFinish(stream) == 0;
    clear_bar(t);
    if (ok && !t->o->quiet)
        print_table(t);
    if (!ok && !t->reported)
        fail_libvirt();
    virStreamFree(stream);
    return ok;
}

/* ---- The volume and the file ---- */

/* Capacity gives the new volume its size; allocation 0 makes all of it one hole. */
static virStorageVolPtr create_volume(virStoragePoolPtr pool, const char *name,
                                      unsigned long long capacity)
{
    char *text = NULL;
    size_t size;
    FILE *xml = open_memstream(&text, &size);
    if (!xml)
        return NULL;
    fputs("<volume><name>", xml);
    for (; *name; name++)
        fprintf(xml, strchr("<>&", *name) ? "&#%d;" : "%c", *name);
    fprintf(xml, "</name><capacity>%llu</capacity><allocation>0</allocation>"
                 "<target><format type='raw'/></target></volume>", capacity);
    fclose(xml);
    virStorageVolPtr volume = text ? virStorageVolCreateXML(pool, text, 0) : NULL;
    free(text);
    return volume;
}

static bool find_volume(struct transfer *t, virStoragePoolPtr pool)
{
    const struct options *o = t->o;
    t->volume = virStorageVolLookupByName(pool, o->volume);
    if (!t->volume && o->create && virGetLastErrorCode() == VIR_ERR_NO_STORAGE_VOL) {
        t->volume = create_volume(pool, o->volume, (unsigned long long)o->offset + t->end);
        t->created = t->volume != NULL;
    }
    return t->volume || fail_libvirt();
}

static bool open_source(struct transfer *t)
{
    const char *file = t->o->file;
    struct stat st;
    off_t size; /* from lseek, because st_size is 0 for a block device */
    t->fd = open(file, O_RDONLY | O_CLOEXEC);
    if (t->fd < 0 || fstat(t->fd, &st) < 0 || (size = lseek(t->fd, 0, SEEK_END)) < 0)
        return fail("%s: %s", file, strerror(errno));
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return fail("%s: neither a regular file nor a block device", file);
    t->end = limited(size, t->o);
    return true;
}

/* The temporary file has mode 0600: a copy of a volume is as private as the volume. */
static bool open_target(struct transfer *t)
{
    const char *file = t->o->file;
    struct stat st;
    /* Renaming onto a device or a link would replace it instead of writing to it. */
    if (lstat(file, &st) == 0 && !S_ISREG(st.st_mode))
        return fail("%s: exists and is not a regular file", file);
    if (asprintf(&t->part, "%s.part-XXXXXX", file) < 0 || (t->fd = mkstemp(t->part)) < 0)
        return fail("%s: %s", file, strerror(errno));
    return true;
}

static bool finish_target(struct transfer *t)
{
    int fd = t->fd;
    t->fd = -1;
    bool sized = ftruncate(fd, t->pos) == 0; /* gives the hole at the end its length */
    if (close(fd) < 0 || !sized || rename(t->part, t->o->file) < 0)
        return fail("%s: %s", t->o->file, strerror(errno));
    return true;
}

static bool run(const struct options *o, virStoragePoolPtr pool)
{
    struct transfer t = { .o = o, .fd = -1 };
    /* From here on Ctrl-C must clean up. Ctrl-\ still kills. */
    struct sigaction action = { .sa_handler = interrupt, .sa_flags = SA_RESTART };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);

    bool ok = (o->upload ? open_source : open_target)(&t) && find_volume(&t, pool)
              && run_stream(&t) && (o->upload || finish_target(&t));
    if (!ok && t.part)
        unlink(t.part);
    if (!ok && t.created)
        virStorageVolDelete(t.volume, 0);
    if (t.volume)
        virStorageVolFree(t.volume);
    if (t.fd >= 0)
        close(t.fd);
    free(t.part);
    return ok;
}

/* ---- The command line ---- */

static bool parse_number(const char *text, long long *value)
{
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *value >= 0;
}

static bool parse(int argc, char **argv, struct options *o)
{
    static const struct option longopts[] = {
        { "create", no_argument, NULL, 'c' },       { "offset", required_argument, NULL, 'o' },
        { "length", required_argument, NULL, 'l' }, { "no-sparse", no_argument, NULL, 'n' },
        { "quiet", no_argument, NULL, 'q' },        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    for (int c; (c = getopt_long(argc, argv, "", longopts, NULL)) != -1;) {
        if (c == 'c')
            o->create = true;
        else if (c == 'n')
            o->sparse = false;
        else if (c == 'q')
            o->quiet = true;
        else if (c == 'h')
            exit(fputs(usage, stdout) < 0);
        else if (c != 'o' && c != 'l')
            return false;
        else if (!parse_number(optarg, c == 'o' ? &o->offset : &o->length))
            return fail("not a number of bytes: %s", optarg);
    }
    argv += optind;
    if (argc - optind != 5)
        return fail("expected upload|download URI POOL VOLUME FILE; see --help");
    o->upload = strcmp(argv[0], "upload") == 0;
    if (!o->upload && strcmp(argv[0], "download") != 0)
        return fail("neither upload nor download: %s", argv[0]);
    if (!o->upload && o->create)
        return fail("--create is for uploads");
    o->uri = argv[1];
    o->pool = argv[2];
    o->volume = argv[3];
    o->file = argv[4];
    return true;
}

int main(int argc, char **argv)
{
    struct options o = { .sparse = true };
    if (!parse(argc, argv, &o))
        return STATUS_USAGE;

    virSetErrorFunc(NULL, ignore_error);
    virConnectPtr conn = virConnectOpen(o.uri);
    virStoragePoolPtr pool = conn ? virStoragePoolLookupByName(conn, o.pool) : NULL;
    bool ok = pool ? run(&o, pool) : fail_libvirt();
    if (pool)
        virStoragePoolFree(pool);
    if (conn)
        virConnectClose(conn);
    return ok ? STATUS_COPIED : STATUS_FAILED;
}
