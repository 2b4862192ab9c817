/* Opening and closing connections leaks no memory while another connection stays open.
 * ctest: no-valgrind because it has an allocator of its own
 * ctest: ours-only because it is about the library's own memory */
#include "fixture.h"

#include <malloc.h>

static size_t used_after(int count)
{
    int i;

    for (i = 0; i < count; i++) {
        virConnectPtr conn = virConnectOpen(test_uri);

        CHECK(conn != NULL);
        CHECK_INT(virConnectClose(conn), 0);
    }
    return mallinfo2().uordblks;
}

static void round_trips(const char *uri)
{
    virConnectPtr held;
    size_t before, after;

    print_to(test_uri, sizeof(test_uri), "%s", uri);
    held = virConnectOpen(test_uri);
    CHECK(held != NULL);
    before = used_after(500);
    after = used_after(5000);
    if (after > before + 5000) {
        fprintf(stderr, "%s: %lu bytes, then %lu\n", uri, (unsigned long)before,
                (unsigned long)after);
        exit(1);
    }
    CHECK_INT(virConnectClose(held), 0);
}

int main(int argc, char **argv)
{
    char uri[512];

    (void)argc;
    fixture_prepare(argv[0], 120);
    print_to(uri, sizeof(uri), "%s", test_uri);
    round_trips(uri);
    round_trips("test:///default");
    return CHECK_DONE();
}
