/* Two designs and the released functions in one program: their version nodes tell functions of
 * the same name apart. */
/* ctest: ours-only because libvirt has released another design */
#include "block_job.h"

#include <dlfcn.h>

typedef int (*by_range)(virDomainPtr, const char *, unsigned long long, unsigned long long,
                        unsigned int);
typedef int (*by_cursor)(virDomainPtr, const char *, unsigned long long *, unsigned int);
typedef unsigned long long (*telling_download)(virStorageVolPtr, virStreamPtr, unsigned long long,
                                               unsigned long long, unsigned int);

/* A pointer to a function, by the way that needs no cast that C99 does not know. */
static void find(void *library, const char *name, const char *node, void *function, size_t size)
{
    void *found = dlvsym(library, name, node);

    CHECK(found != NULL && size == sizeof(found));
    memcpy(function, &found, size);
}

static void streams(void *library)
{
    virDomainPtr dom = start_chain();
    unsigned long long cursor = 0;
    by_range range;
    by_cursor increment;

    find(library, "virDomainBlockStream", "VIRSPARSE_RFC_2011_04", &range, sizeof(range));
    find(library, "virDomainBlockStream", "VIRSPARSE_RFC_2011_V3", &increment, sizeof(increment));
    CHECK((void *)&range != (void *)&increment && memcmp(&range, &increment, sizeof(range)) != 0);
    CHECK_INT(range(dom, "vda", MIB, MIB, 0), 0);
    CHECK_INT(increment(dom, "vda", &cursor, 0), 0);
    CHECK_INT(cursor, 192 * KIB);
    CHECK_INT(range(dom, "vda", 0, MIB, 0), 0);
    CHECK_INT(increment(dom, "vda", &cursor, 0), 0);
    CHECK_INT(cursor, 8 * MIB);
    CHECK(guest_sees_ref(dom));
    CHECK(!has(dom, 0, "/mid'"));
    forget_events(4);
    stop(dom);
    CHECK_INT(run("cd %s && rm mid base", test_dir), 0);
    CHECK(same_as_ref("top", "qcow2"));
    CHECK(clean("top"));
}

/* Without a version node a program gets the released function. */
static void released(void *library)
{
    virStoragePoolPtr pool = make_pool(conn, "p");
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);
    virStreamPtr st = download_from(vol, 0, 0, 0);
    telling_download design;
    void *by_name = dlsym(library, "virStorageVolDownload");

    CHECK(by_name == dlvsym(library, "virStorageVolDownload", "LIBVIRT_0.9.0"));
    CHECK(dlvsym(library, "virDomainBlockStream", "LIBVIRT_0.9.4") == NULL);
    CHECK(dlvsym(library, "virDomainBlockStream", "VIRSPARSE_0.1") == NULL);
    find(library, "virStorageVolDownload", "VIRSPARSE_RFC_2011_03", &design, sizeof(design));
    CHECK_INT(virStreamAbort(st), 0);
    CHECK_INT(design(vol, st, 1000, 0, 0), MIB - 1000);
    finish_and_free(st);
    vol_gone(vol);
    pool_gone(pool);
}

int main(int argc, char **argv)
{
    void *library = dlopen("libvirsparse.so.0", RTLD_NOW);

    (void)argc;
    CHECK(library != NULL);
    jobs_open(argv[0], 60);
    streams(library);
    released(library);
    CHECK_INT(dlclose(library), 0);
    return jobs_close(__FILE__);
}
