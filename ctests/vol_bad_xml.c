/* Hostile XML: malformed, deep, huge, full of entities. Pool and volume functions refuse all of
 * it at once with a clear error, and nothing is created. */
#include "fixture.h"

#define DEEP 10000
#define HUGE (100 * MIB)

static virConnectPtr conn;
static virStoragePoolPtr pool;

/* The processor time of this process, in milliseconds. */
static unsigned long long worked_ms(void)
{
    struct timespec ts;

    CHECK_INT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
    return (unsigned long long)ts.tv_sec * 1000 + (unsigned long long)ts.tv_nsec / 1000000;
}

/* Refused as either, without work that grows with the square of the document: that would take hours.
 * Only the work counts, because the machine may be busy. */
static void refused_as(int is_pool, const char *xml)
{
    unsigned long long start = worked_ms();
    int defined = virConnectNumOfDefinedStoragePools(conn);
    struct stat sb;

    if (is_pool) {
        CHECK(virStoragePoolDefineXML(conn, xml, 0) == NULL);
        CHECK(virGetLastErrorCode() != VIR_ERR_OK);
        CHECK(strlen(virGetLastErrorMessage()) > 10);
        CHECK(virStoragePoolCreateXML(conn, xml, VIR_STORAGE_POOL_CREATE_WITH_BUILD) == NULL);
        CHECK(virGetLastErrorCode() != VIR_ERR_OK);
        CHECK_INT(virConnectNumOfDefinedStoragePools(conn), defined);
        CHECK(stat(in_dir("q"), &sb) != 0);
    } else {
        CHECK(virStorageVolCreateXML(pool, xml, 0) == NULL);
        CHECK(virGetLastErrorCode() != VIR_ERR_OK);
        CHECK(strlen(virGetLastErrorMessage()) > 10);
        CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
        CHECK(!exists(in_dir("p/v")));
    }
    CHECK(worked_ms() - start < 60000);
}

/* `prolog` before, `inside` within and `after` behind an otherwise valid document. */
static void refused(const char *prolog, const char *inside, const char *after)
{
    size_t len = strlen(prolog) + strlen(inside) + strlen(after) + PATH_MAX;
    char *xml = (char *)malloc(len);

    CHECK(xml != NULL);
    print_to(xml, len, "%s<volume><name>v</name><capacity>4096</capacity>%s</volume>%s", prolog,
             inside, after);
    refused_as(0, xml);
    print_to(xml, len,
             "%s<pool type='dir'><name>ct-bad</name><target><path>%s</path></target>%s</pool>%s",
             prolog, in_dir("q"), inside, after);
    refused_as(1, xml);
    free(xml);
}

static void malformed(void)
{
    static const char *const pieces[] = {
        "<a>",
        "</a>",
        "<a></b>",
        "<a x></a>",
        "<a x=1/>",
        "<a x='1' x='2'/>",
        "<a x='<'/>",
        "<1a/>",
        "<",
        "&",
        "&nosuch;",
        "&#0;",
        "&#x110000;",
        "&#xd800;",
        "\x01",
        "\xff\xfe",
        "\xc0\xaf",
        "<![CDATA[",
        "<!-- -- -->",
        "<!-- ",
        "<?",
        "<?xml version='1.0'?>",
        "]]>",
        "<a/></a>",
    };
    size_t i;

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        refused("", pieces[i], "");
    refused("garbage", "", "");
    refused("", "", "garbage");
    refused("<a/>", "", "");
    refused("<?xml version='1.0' encoding='no-such-encoding'?>", "", "");
    refused_as(0, "");
    refused_as(0, " \n");
    refused_as(0, "<?xml version='1.0'?>");
    refused_as(1, "");
    refused_as(1, "<!-- only a comment -->");
}

static void deep(void)
{
    char *open_tags = (char *)malloc(DEEP * 3 + 1), *both = (char *)malloc(DEEP * 7 + 1);
    int i;

    CHECK(open_tags != NULL && both != NULL);
    for (i = 0; i < DEEP; i++) {
        memcpy(open_tags + i * 3, "<a>", 3);
        memcpy(both + i * 3, "<a>", 3);
        memcpy(both + DEEP * 3 + i * 4, "</a>", 4);
    }
    open_tags[DEEP * 3] = '\0';
    both[DEEP * 7] = '\0';
    refused("", both, "");
    refused("", open_tags, "");
    refused_as(0, both);
    refused_as(1, open_tags);
    free(both);
    free(open_tags);
}

static void huge(void)
{
    char *big = (char *)malloc(HUGE + 1), *comment;

    CHECK(big != NULL);
    memset(big, 'x', HUGE);
    big[HUGE] = '\0';
    refused_as(0, big);
    refused_as(1, big);
    memcpy(big, "<a>", 3);
    memcpy(big + HUGE - 4, "</a>", 4);
    refused("", big, "");
    /* Well-formed all through, and long. */
    comment = big;
    memcpy(comment, "<!-- ", 5);
    memcpy(comment + HUGE - 4, " -->", 4);
    refused("", "", comment);
    memset(big, ' ', HUGE);
    refused("", "", big);
    memset(big, '<', HUGE);
    refused_as(0, big);
    free(big);
}

static void entities(void)
{
    static const char laughs[] =
        "<!DOCTYPE volume [<!ENTITY a 'ha ha ha ha ha ha ha ha ha ha'>"
        "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>"
        "<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'>"
        "<!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;'><!ENTITY g '&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;'>"
        "<!ENTITY h '&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;'><!ENTITY i '&h;&h;&h;&h;&h;&h;&h;&h;&h;&h;'>"
        "]>";

    refused(laughs, "<title>&i;</title>", "");
    refused("<!DOCTYPE volume [<!ENTITY a '&b;'><!ENTITY b '&a;'>]>", "<title>&a;</title>", "");
    /* libvirt accepts a document type declaration and ignores it. */
    if (!ours)
        return;
    refused("<!DOCTYPE volume SYSTEM 'file:///etc/hostname'>", "", "");
    refused("<!DOCTYPE volume [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>",
            "<title>&a;</title>", "");
    refused("<!DOCTYPE volume [<!ENTITY a 'v'>]>", "<title>&a;</title>", "");
    refused("<!DOCTYPE volume [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x.dtd'> %p;]>", "", "");
    refused("<!DOCTYPE volume>", "", "");
}

int main(int argc, char **argv)
{
    virStorageVolPtr vol;

    (void)argc;
    conn = fixture_open(argv[0], 300);
    pool = make_pool(conn, "p");
    malformed();
    deep();
    huge();
    entities();
    /* After all this a good one still works. */
    vol = virStorageVolCreateXML(pool,
                                 "<?xml version='1.0' encoding='UTF-8'?><!-- fine -->"
                                 "<volume><name>v</name><capacity>4096</capacity>"
                                 "<title>&lt;&amp;&#65;<![CDATA[<&]]></title></volume>",
                                 0);
    CHECK(vol != NULL);
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
