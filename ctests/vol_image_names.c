/* ctest: ours-only because libvirt follows every name that is in an image.
 * Backing file names are written by whoever wrote the image. Copying or resizing a volume opens
 * such a name only if it is a volume of an active pool; the recorded format is used, never a
 * probed one; and only the volume itself is written. */
#include "image.h"

#include <sys/wait.h>

static virConnectPtr conn;
static virStoragePoolPtr pool, other;

static virStorageVolPtr kept;

/* Looks up a volume by name after a refresh. It is freed at the next call, so that the last
 * error stays. */
static virStorageVolPtr source_of(const char *name)
{
    if (kept)
        CHECK_INT(virStorageVolFree(kept), 0);
    kept = name ? look_up(pool, name) : NULL;
    return kept;
}

static virStorageVolPtr copy_of(const char *name)
{
    return virStorageVolCreateXMLFrom(pool,
                                      "<volume><name>copy</name><allocation>0</allocation>"
                                      "<target><format type='raw'/></target></volume>",
                                      source_of(name), 0);
}

static void copied(const char *name, const char *flat)
{
    virStorageVolPtr vol = copy_of(name);

    CHECK(vol != NULL);
    CHECK(same_content("raw", in_dir("p/copy"), "raw", flat));
    vol_gone(vol);
}

static void not_copied(const char *name, int code, const char *text)
{
    CHECK(copy_of(name) == NULL);
    CHECK_ERR(code, VIR_FROM_STORAGE, text);
    CHECK(!exists(in_dir("p/copy")));
    /* It cannot be resized either, because that might write. */
    CHECK_INT(virStorageVolResize(source_of(name), 64 * MIB, 0), -1);
    CHECK_ERR(code, VIR_FROM_STORAGE, text);
}

/* Makes an image in the pool whose backing file name is `backing`. */
static void image_over(const char *name, const char *backing, const char *format)
{
    CHECK_INT(tool("cd '%s' && qemu-img create -u -f qcow2 %s -b '%s' '%s' 1M", in_dir("p"),
                   format, backing, name),
              0);
}

static const char nowhere[] = "which is not in an active pool";

static void names(void)
{
    char path[PATH_MAX];

    write_pattern(in_dir("secret"), MIB, 0, 9);
    write_pattern(in_dir("p/base"), MIB, 0, 1);
    write_pattern(in_dir("q/base"), MIB, 0, 2);

    image_over("v", in_dir("p/base"), "-F raw");
    copied("v", in_dir("p/base"));
    image_over("v", "base", "-F raw");
    copied("v", in_dir("p/base"));
    image_over("v", "./base", "-F raw");
    copied("v", in_dir("p/base"));
    image_over("v", in_dir("q/base"), "-F raw");
    copied("v", in_dir("q/base"));
    image_over("v", "../q/base", "-F raw");
    copied("v", in_dir("q/base"));
    CHECK_INT(symlink(in_dir("q"), in_dir("link")), 0);
    image_over("v", in_dir("link/base"), "-F raw");
    copied("v", in_dir("q/base"));

    image_over("v", in_dir("secret"), "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    image_over("v", "../secret", "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    print_to(path, sizeof(path), "%s/../secret", in_dir("p"));
    image_over("v", path, "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    CHECK_INT(tool("mkdir '%s' && cp '%s' '%s'", in_dir("p/sub"), in_dir("secret"),
                   in_dir("p/sub/x")),
              0);
    image_over("v", "sub/x", "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    image_over("v", "sub/..", "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    image_over("v", "/etc/passwd", "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    image_over("v", "/", "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    image_over("v", "nbd://localhost:1/x", "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    image_over("v", "json:{\"driver\":\"file\",\"filename\":\"/etc/passwd\"}", "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    image_over("v", "nbd:unix:/tmp/x", "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    /* A link in the pool to a file outside of it. */
    CHECK_INT(symlink(in_dir("secret"), in_dir("p/out")), 0);
    image_over("v", "out", "-F raw");
    not_copied("v", VIR_ERR_OPERATION_DENIED, "leads out of the pool");
    /* No file. */
    CHECK_INT(mkfifo(in_dir("p/fifo"), 0600), 0);
    image_over("v", "sub", "-F raw");
    not_copied("v", VIR_ERR_SYSTEM_ERROR, "p/sub', to which image '");
    image_over("v", "fifo", "-F raw");
    not_copied("v", VIR_ERR_SYSTEM_ERROR, "p/fifo', to which image '");
    image_over("v", "nothere", "-F raw");
    not_copied("v", VIR_ERR_SYSTEM_ERROR, "p/nothere', to which image '");

    /* The rule also holds for backing images of backing images. */
    image_over("middle", in_dir("secret"), "-F raw");
    image_over("v", "middle", "-F qcow2");
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    CHECK_INT(unlink(in_dir("p/middle")), 0);
    CHECK(exists(in_dir("secret")));
    CHECK(file_has_pattern(in_dir("secret"), MIB, 0, 9));
}

static void formats(void)
{
    /* A guest that writes a header to its raw disk does not choose the format: the overlay
     * records raw. Without a recorded format it is raw, too. */
    image_over("inner", in_dir("secret"), "-F raw");
    image_over("v", "inner", "-F raw");
    CHECK_INT(tool("cp '%s' '%s' && truncate -s 1M '%s'", in_dir("p/inner"), in_dir("flat"),
                   in_dir("flat")),
              0);
    copied("v", in_dir("flat"));
    /* qemu-img always records a format, so it is removed from the header. */
    CHECK_INT(tool("cd '%s' && qemu-img create -u -f qcow2 -F raw -b inner v 1M &&"
                   " python3 -c \"b = open('v', 'r+b'); d = b.read(4096);"
                   " b.seek(d.index(bytes.fromhex('e2792aca'))); b.write(bytes(4 * [1]))\"",
                   in_dir("p")),
              0);
    copied("v", in_dir("flat"));
    image_over("v", "inner", "-F vmdk");
    not_copied("v", VIR_ERR_CONFIG_UNSUPPORTED, "has a backing image of format 'vmdk'");
    CHECK_INT(unlink(in_dir("p/inner")), 0);
}

static void loops(void)
{
    char name[32], before[32];
    int i;

    image_over("v", "base", "-F raw");
    CHECK_INT(tool("cd '%s' && qemu-img rebase -u -f qcow2 -F qcow2 -b v v", in_dir("p")), 0);
    not_copied("v", VIR_ERR_OPERATION_FAILED, "is its own backing image");
    image_over("w", "v", "-F qcow2");
    CHECK_INT(tool("cd '%s' && qemu-img rebase -u -f qcow2 -F qcow2 -b w v", in_dir("p")), 0);
    not_copied("v", VIR_ERR_OPERATION_FAILED, "is its own backing image");
    CHECK_INT(unlink(in_dir("p/w")), 0);
    print_to(before, sizeof(before), "base");
    for (i = 0; i < 210; i++) {
        print_to(name, sizeof(name), "c%d", i);
        image_over(name, before, i ? "-F qcow2" : "-F raw");
        print_to(before, sizeof(before), "%s", name);
    }
    copied("c150", in_dir("p/base"));
    not_copied("c209", VIR_ERR_OPERATION_FAILED, "the backing chain has more than 200 images");
    for (i = 0; i < 210; i++)
        CHECK_INT(unlink(in_dir("p/c%d", i)), 0);
}

/* The data of an image can be in an external data file. The same rule holds for its name, and it
 * is never written. */
static void data_files(void)
{
    virStorageVolPtr vol;

    CHECK_INT(tool("cd '%s' && qemu-img create -f qcow2 -o data_file=data,data_file_raw=on v 1M &&"
                   " qemu-io -f qcow2 -c 'write -P 5 0 1M' v",
                   in_dir("p")),
              0);
    copied("v", in_dir("p/data"));
    vol = look_up(pool, "v");
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE, "is in another file");
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(file_size(in_dir("p/data")), MIB);
    CHECK_INT(tool("cd '%s' && qemu-img create -f qcow2 -o data_file='%s' v 1M", in_dir("p"),
                   in_dir("data")),
              0);
    CHECK(copy_of("v") == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_DENIED, VIR_FROM_STORAGE, nowhere);
}

/* The files of a pool can only be used while the pool is active. */
static void inactive(void)
{
    image_over("v", in_dir("q/base"), "-F raw");
    copied("v", in_dir("q/base"));
    pool_gone(other);
    not_copied("v", VIR_ERR_OPERATION_DENIED, nowhere);
    other = virStoragePoolCreateXML(conn, pool_xml("q"), 0);
    CHECK(other != NULL);
    copied("v", in_dir("q/base"));
}

/* The XML has what the header says, and attributes of the file only if that may be used. */
static void descriptions(void)
{
    virStorageVolPtr vol;
    char *xml;

    image_over("v", in_dir("secret"), "-F raw");
    vol = look_up(pool, "v");
    xml = virStorageVolGetXMLDesc(vol, 0);
    CHECK(xml != NULL);
    CHECK(strstr(strstr(xml, "<backingStore>"), in_dir("secret")) != NULL);
    CHECK(strstr(strstr(xml, "<backingStore>"), "<permissions>") == NULL);
    free(xml);
    CHECK_INT(virStorageVolFree(vol), 0);
}

/* QEMU has it open. */
static void in_use(void)
{
    virStorageVolPtr vol;
    int pipes[2];
    pid_t child;
    char text[64];

    CHECK_INT(tool("cd '%s' && qemu-img create -f qcow2 v 1M", in_dir("p")), 0);
    vol = look_up(pool, "v");
    CHECK_INT(pipe(pipes), 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        int out = open(in_dir("log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        dup2(pipes[0], 0);
        dup2(out, 1);
        close(pipes[1]);
        execlp("qemu-io", "qemu-io", "-f", "qcow2", in_dir("p/v"), (char *)NULL);
        _exit(127);
    }
    close(pipes[0]);
    /* The prompt is printed when the image is open. */
    while (!exists(in_dir("log")) || file_size(in_dir("log")) == 0)
        short_pause();
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), -1);
    print_to(text, sizeof(text), "p/v' is in use by another program");
    CHECK_ERR(VIR_ERR_RESOURCE_BUSY, VIR_FROM_STORAGE, text);
    CHECK(copy_of("v") == NULL);
    CHECK_ERR(VIR_ERR_RESOURCE_BUSY, VIR_FROM_STORAGE, text);
    CHECK(!exists(in_dir("p/copy")));
    close(pipes[1]);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), 0);
    CHECK_INT(virStorageVolFree(vol), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 250);
    pool = make_pool(conn, "p");
    other = make_pool(conn, "q");
    names();
    formats();
    loops();
    data_files();
    inactive();
    descriptions();
    in_use();
    source_of(NULL);
    pool_gone(other);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
