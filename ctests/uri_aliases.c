/* Other names for URIs: in the environment and in a file of the user's; only exact names count. */
/* ctest: ours-only because libvirt's aliases cannot have the name of a URI */
#include "domain.h"

#include <virsparse/virsparse.h>

static char logged[4096];

static void keep(int level, const char *source, const char *message, void *opaque)
{
    (void)source;
    (void)opaque;
    if (level == VIR_SPARSE_LOG_WARN)
        print_to(logged, sizeof(logged), "%s", message);
}

static void aliases(const char *text)
{
    if (text != NULL)
        CHECK_INT(setenv("VIRSPARSE_URI_ALIASES", text, 1), 0);
    else
        CHECK_INT(unsetenv("VIRSPARSE_URI_ALIASES"), 0);
}

/* Opening `name` opens that URI, which virConnectGetURI returns and the log reports. */
static void opens(const char *name, const char *uri)
{
    virConnectPtr conn;
    char *real;

    logged[0] = '\0';
    conn = virConnectOpen(name);
    CHECK(conn != NULL);
    real = virConnectGetURI(conn);
    CHECK_STR(real, uri);
    free(real);
    CHECK_INT(virConnectClose(conn), 0);
    CHECK((strcmp(name, uri) != 0) == (strstr(logged, uri) != NULL));
}

static void nobody_opens(const char *name)
{
    CHECK(virConnectOpen(name) == NULL);
    CHECK_ERR(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "no connection driver available for ");
    CHECK_ERR(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, name);
    CHECK_ERR(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "(there are drivers for sparse:/// and test:///");
}

static void bad_list(const char *text, const char *why)
{
    aliases(text);
    CHECK(virConnectOpen("qemu:///session") == NULL);
    CHECK_ERR(VIR_ERR_CONF_SYNTAX, VIR_FROM_CONF, why);
    /* A URI of ours needs none. */
    opens(test_uri, test_uri);
    aliases(NULL);
}

static void put(const char *text)
{
    FILE *file = fopen(in_dir("config/virsparse/uri-aliases"), "w");

    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK_INT(fclose(file), 0);
}

int main(int argc, char **argv)
{
    char list[2048], other[512];
    virConnectPtr conn;

    (void)argc;
    CHECK_INT(setenv("XDG_CONFIG_HOME", "/nonexistent", 1), 0);
    fixture_prepare(argv[0], 60);
    virSetErrorFunc(NULL, ignore_error);
    CHECK_INT(virSparseSetLogFunc(VIR_SPARSE_LOG_WARN, keep, NULL, NULL), 0);
    print_to(other, sizeof(other), "%s&sync=no", test_uri);

    /* Nobody has said anything. */
    aliases(NULL);
    nobody_opens("qemu:///session");
    aliases("");
    nobody_opens("qemu:///session");

    print_to(list, sizeof(list), "qemu:///session=%s  here=test:///default", other);
    aliases(list);
    opens("qemu:///session", other);
    opens("here", "test:///default");
    nobody_opens("qemu:///system");
    nobody_opens("qemu:///session?socket=/a");
    nobody_opens("qemu+ssh://host/session");
    CHECK_INT(setenv("LIBVIRT_DEFAULT_URI", "qemu:///session", 1), 0);
    logged[0] = '\0';
    conn = virConnectOpenReadOnly(NULL);
    CHECK(conn != NULL);
    CHECK(strstr(logged, "'qemu:///session' is opened as '") != NULL);
    CHECK(strstr(logged, "VIRSPARSE_URI_ALIASES") != NULL);
    CHECK_INT(virConnectClose(conn), 0);
    CHECK_INT(unsetenv("LIBVIRT_DEFAULT_URI"), 0);
    conn = virConnectOpenAuth("qemu:///session", NULL, 0);
    CHECK(conn != NULL);
    CHECK_INT(virConnectClose(conn), 0);
    CHECK(virConnectOpenAuth("qemu:///session", NULL, VIR_CONNECT_NO_ALIASES) == NULL);
    CHECK_ERR(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "qemu:///session");

    /* Written out, it is another name like any. */
    print_to(list, sizeof(list), "qemu:///system=%s", other);
    aliases(list);
    opens("qemu:///system", other);
    nobody_opens("qemu:///session");

    bad_list("qemu:///session", "VIRSPARSE_URI_ALIASES: 'qemu:///session' is not NAME=URI");
    bad_list("a=qemu:///system", "'a=qemu:///system' leads to no URI of this library");
    bad_list("sparse:///session=test:///default", "gives another meaning to a URI of this library");
    bad_list("a=test:///default a=test:///default", "is the second of its name");
    bad_list("a=test:///default \xff", "it is not UTF-8");

    /* The file counts where the variable is not set. */
    CHECK_INT(setenv("XDG_CONFIG_HOME", in_dir("config"), 1), 0);
    nobody_opens("qemu:///session");
    CHECK_INT(mkdir(in_dir("config"), 0700), 0);
    CHECK_INT(mkdir(in_dir("config/virsparse"), 0700), 0);
    nobody_opens("qemu:///session");
    print_to(list, sizeof(list), "# mine\nqemu:///session=%s # a remark\n\nhere=test:///default\n", other);
    put(list);
    opens("qemu:///session", other);
    CHECK(strstr(logged, "config/virsparse/uri-aliases") != NULL);
    opens("here", "test:///default");
    nobody_opens("qemu:///system");
    aliases("qemu:///session=test:///default");
    opens("qemu:///session", "test:///default");
    nobody_opens("here");
    aliases(NULL);
    put("nonsense\n");
    CHECK(virConnectOpen("qemu:///session") == NULL);
    CHECK_ERR(VIR_ERR_CONF_SYNTAX, VIR_FROM_CONF, "uri-aliases': 'nonsense' is not NAME=URI");
    CHECK_INT(unlink(in_dir("config/virsparse/uri-aliases")), 0);
    CHECK_INT(mkfifo(in_dir("config/virsparse/uri-aliases"), 0600), 0);
    CHECK(virConnectOpen("qemu:///session") == NULL);
    CHECK_ERR(VIR_ERR_CONF_SYNTAX, VIR_FROM_CONF, "it is no file");
    /* Without XDG_CONFIG_HOME the file is below ~/.config. */
    CHECK_INT(unlink(in_dir("config/virsparse/uri-aliases")), 0);
    put(list);
    CHECK_INT(rename(in_dir("config"), in_dir(".config")), 0);
    CHECK_INT(unsetenv("XDG_CONFIG_HOME"), 0);
    CHECK_INT(setenv("HOME", in_dir("."), 1), 0);
    opens("qemu:///session", other);
    CHECK_INT(virSparseSetLogFunc(VIR_SPARSE_LOG_WARN, NULL, NULL, NULL), 0);
    return CHECK_DONE();
}
