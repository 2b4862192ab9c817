/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What does one virStreamSend of 4 KiB cost over the pwrite of 4 KiB that it comes down to? Both
 * fill a new sparse file of the same size in the same folder, in alternating rounds:
 *   sequential  4 KiB after 4 KiB
 *   holes       4 KiB of data, 4 KiB of hole, and so on; a virStreamSendHole is part of the cost
 * A stream may work behind the caller's back, so its time ends with virStreamFinish; that of the
 * pwrites ends with close. Neither waits for the disk.
 *
 * Usage: send4k URI DIR [COUNT [ROUNDS]]
 */

#define _XOPEN_SOURCE 700 /* realpath, pwrite */
#define _FILE_OFFSET_BITS 64

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libvirt/libvirt.h>

enum { BLOCK = 4096, MAX_ROUNDS = 99 };

static char block[BLOCK];

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        perror(what); /* libvirt has printed an error of its own by now */
        exit(1);
    }
}

static off_t file_size(long count, bool holes)
{
    return (off_t)count * BLOCK * (holes ? 2 : 1);
}

/* Nanoseconds per block through a stream. */
static double time_stream(virConnectPtr conn, virStoragePoolPtr pool, long count, bool holes)
{
    char xml[256];
    snprintf(xml, sizeof(xml), "<volume><name>send4k</name><capacity>%lld</capacity>"
             "<allocation>0</allocation></volume>", (long long)file_size(count, holes));
    virStorageVolPtr volume = virStorageVolCreateXML(pool, xml, 0);
    virStreamPtr stream = virStreamNew(conn, 0);
    check(volume && stream
          && virStorageVolUpload(volume, stream, 0, 0, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM) == 0,
          "virStorageVolUpload");

    double started = now();
    for (long i = 0; i < count; i++) {
        check(virStreamSend(stream, block, BLOCK) == BLOCK, "virStreamSend");
        if (holes)
            check(virStreamSendHole(stream, BLOCK, 0) == 0, "virStreamSendHole");
    }
    check(virStreamFinish(stream) == 0, "virStreamFinish");
    double elapsed = now() - started;

    virStreamFree(stream);
    virStorageVolDelete(volume, 0);
    virStorageVolFree(volume);
    return elapsed / (double)count;
}

/* Nanoseconds per block without. */
static double time_pwrite(const char *path, long count, bool holes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    check(fd >= 0 && ftruncate(fd, file_size(count, holes)) == 0, path);

    double started = now();
    for (long i = 0; i < count; i++)
        check(pwrite(fd, block, BLOCK, file_size(i, holes)) == BLOCK, "pwrite");
    check(close(fd) == 0, "close");
    double elapsed = now() - started;

    unlink(path);
    return elapsed / (double)count;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof(*values), by_value);
    return values[n / 2];
}

int main(int argc, char **argv)
{
    long count = argc > 3 ? atol(argv[3]) : 65536;
    int rounds = argc > 4 ? atoi(argv[4]) : 9;
    char *dir = argc > 2 ? realpath(argv[2], NULL) : NULL; /* a pool wants an absolute path */
    char folder[4096], path[4200], xml[4400];
    if (argc < 3 || count < 1 || rounds < 1 || rounds > MAX_ROUNDS) {
        fputs("Usage: send4k URI DIR [COUNT [ROUNDS]]\n", stderr);
        return 2;
    }

    memset(block, 0xa5, BLOCK);
    check(dir != NULL, argv[2]);
    snprintf(folder, sizeof(folder), "%s/send4k-XXXXXX", dir);
    check(mkdtemp(folder) != NULL, folder);
    snprintf(path, sizeof(path), "%s/pwrite", folder);
    snprintf(xml, sizeof(xml), "<pool type='dir'><name>send4k</name><target><path>%s</path>"
             "</target></pool>", folder);
    virConnectPtr conn = virConnectOpen(argv[1]);
    virStoragePoolPtr pool = conn ? virStoragePoolCreateXML(conn, xml, 0) : NULL;
    check(pool != NULL, argv[1]);

    printf("%ld blocks of 4 KiB, median of %d rounds (least to most), ns per block\n\n"
           "| layout | stream | pwrite | ratio |\n| --- | --- | --- | --- |\n", count, rounds);
    for (int holes = 0; holes <= 1; holes++) {
        double stream[MAX_ROUNDS], direct[MAX_ROUNDS];
        for (int i = 0; i < rounds; i++) {
            stream[i] = time_stream(conn, pool, count, holes);
            direct[i] = time_pwrite(path, count, holes);
        }
        double s = median(stream, rounds), d = median(direct, rounds);
        printf("| %s | %.0f (%.0f to %.0f) | %.0f (%.0f to %.0f) | %.2f |\n",
               holes ? "holes" : "sequential", s, stream[0], stream[rounds - 1],
               d, direct[0], direct[rounds - 1], s / d);
        fflush(stdout);
    }

    virStoragePoolDestroy(pool);
    virStoragePoolFree(pool);
    virConnectClose(conn);
    rmdir(folder);
    free(dir);
    return 0;
}
