/* Connections: opening, their properties, reference counts, closing. */
#include "fixture.h"

static int freed;

static void count_free(void *opaque)
{
    (void)opaque;
    freed++;
}

static void closed(virConnectPtr conn, int reason, void *opaque)
{
    (void)conn;
    (void)reason;
    (void)opaque;
}

static void closed_other(virConnectPtr conn, int reason, void *opaque)
{
    (void)conn;
    (void)reason;
    (void)opaque;
}

static void library_version(void)
{
    unsigned long lib = 0, type = 0;

    CHECK_INT(virInitialize(), 0);
    CHECK_INT(virInitialize(), 0);
    CHECK_INT(virGetVersion(&lib, NULL, NULL), 0);
    CHECK_INT(lib, LIBVIRT_VERSION);
    CHECK_INT(virGetVersion(&lib, "QEMU", &type), 0);
    CHECK_INT(type, LIBVIRT_VERSION);
    type = 0;
    CHECK_INT(virGetVersion(&lib, "zzz", &type), 0);
    CHECK_INT(type, LIBVIRT_VERSION);
    CHECK_INT(virGetVersion(NULL, NULL, NULL), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE,
              "An error occurred, but the cause is unknown");
}

static void bad_uris(void)
{
    CHECK(virConnectOpen("zzz") == NULL);
    CHECK_ERR(VIR_ERR_NO_CONNECT, VIR_FROM_NONE,
              "no connection driver available for URI 'zzz' does not include a driver name");
    CHECK(virConnectOpen("foo:///bar") == NULL);
    CHECK_ERR(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "no connection driver available for foo:///bar");
    CHECK(virConnectOpen("not a uri") == NULL);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_URI, "Unable to parse URI not a uri");
    CHECK(virConnectOpenReadOnly("zzz") == NULL);
    CHECK_ERR(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "URI 'zzz' does not include a driver name");
    CHECK(virConnectOpenAuth("zzz", NULL, 0) == NULL);
    CHECK_ERR(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "URI 'zzz' does not include a driver name");
    if (!ours)
        return;
    CHECK(virConnectOpen("sparse") == NULL);
    CHECK_ERR(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "URI 'sparse' does not include a driver name");
    CHECK(virConnectOpen("sparse:///bogus") == NULL);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE,
              "unexpected sparse URI path '/bogus', try sparse:///");
    CHECK(virConnectOpen("sparse:") == NULL);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "unexpected sparse URI path");
    CHECK(virConnectOpen("sparse:///") == NULL);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "unexpected sparse URI path");
    /* The embedded driver needs the folder for its state. */
    CHECK(virConnectOpen("sparse:///embed") == NULL);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK(virConnectOpen("sparse:///embed?root=relative/path") == NULL);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK(virConnectOpen("sparse:///embed?root=/dev/null/root") == NULL);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
}

static void root_is_private(void)
{
    struct stat sb;
    virConnectPtr conn;
    char uri[512];

    print_to(uri, sizeof(uri), "sparse:///embed?root=%s", in_dir("fresh"));
    conn = virConnectOpen(uri);
    CHECK(conn != NULL);
    CHECK_INT(stat(in_dir("fresh"), &sb), 0);
    CHECK_INT(sb.st_mode & 0777, 0700);
    CHECK_INT(virConnectClose(conn), 0);
}

static void check_uri(virConnectPtr conn, const char *expected)
{
    char *uri = virConnectGetURI(conn);

    CHECK_STR(uri, expected);
    free(uri);
}

static void default_uri(void)
{
    virConnectPtr conn;

    CHECK_INT(setenv("LIBVIRT_DEFAULT_URI", test_uri, 1), 0);
    conn = virConnectOpen(NULL);
    CHECK(conn != NULL);
    check_uri(conn, test_uri);
    CHECK_INT(virConnectClose(conn), 0);
    conn = virConnectOpen("");
    CHECK(conn != NULL);
    check_uri(conn, test_uri);
    CHECK_INT(virConnectClose(conn), 0);
    CHECK_INT(setenv("LIBVIRT_DEFAULT_URI", "foo:///bar", 1), 0);
    CHECK(virConnectOpen(NULL) == NULL);
    CHECK_ERR(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "no connection driver available for foo:///bar");
    CHECK_INT(unsetenv("LIBVIRT_DEFAULT_URI"), 0);
    if (!ours)
        return;
    conn = virConnectOpen(NULL);
    CHECK(conn != NULL);
    check_uri(conn, "sparse:///session");
    CHECK_INT(virConnectClose(conn), 0);
}

static void self_description(virConnectPtr conn)
{
    unsigned long version = 0;
    char host[256], *text;

    check_uri(conn, test_uri);
    CHECK_STR(virConnectGetType(conn), ours ? "SPARSE" : "QEMU");
    CHECK_INT(virConnectGetVersion(conn, &version), 0);
    CHECK_INT(virConnectGetVersion(conn, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "hvVer in virConnectGetVersion must not be NULL");
    version = 0;
    CHECK_INT(virConnectGetLibVersion(conn, &version), 0);
    CHECK_INT(version, LIBVIRT_VERSION);
    CHECK_INT(virConnectGetLibVersion(conn, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "libVer in virConnectGetLibVersion must not be NULL");
    CHECK_INT(gethostname(host, sizeof(host)), 0);
    text = virConnectGetHostname(conn);
    CHECK(text != NULL);
    /* The resolver may have added a domain name. */
    CHECK(strncmp(text, host, strcspn(host, ".")) == 0);
    free(text);
    text = virConnectGetCapabilities(conn);
    CHECK(text != NULL);
    CHECK(strstr(text, "<capabilities>") != NULL);
    CHECK(strstr(text, "</capabilities>") != NULL);
    free(text);
    CHECK_INT(virConnectIsAlive(conn), 1);
    CHECK_INT(virConnectIsEncrypted(conn), 0);
    CHECK_INT(virConnectIsSecure(conn), 1);
    CHECK(virGetLastError() == NULL);
}

static void in_memory_connection(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");

    CHECK(conn != NULL);
    CHECK_STR(virConnectGetType(conn), "TEST");
    check_uri(conn, "test:///default");
    CHECK_INT(virConnectIsAlive(conn), 1);
    CHECK_INT(virConnectIsEncrypted(conn), 0);
    CHECK_INT(virConnectIsSecure(conn), 1);
    CHECK_INT(virConnectClose(conn), 0);
}

static void authenticated(void)
{
    virConnectPtr conn = virConnectOpenAuth(test_uri, NULL, 0);

    CHECK(virConnectAuthPtrDefault != NULL);
    CHECK_INT(virConnectAuthPtrDefault->cb(NULL, 0, virConnectAuthPtrDefault->cbdata), 0);
    CHECK(conn != NULL);
    CHECK_INT(virConnectClose(conn), 0);
    conn = virConnectOpenAuth(test_uri, virConnectAuthPtrDefault, VIR_CONNECT_NO_ALIASES);
    CHECK(conn != NULL);
    CHECK_INT(virConnectClose(conn), 0);
    conn = virConnectOpenAuth(test_uri, NULL, VIR_CONNECT_RO);
    CHECK(conn != NULL);
    CHECK(virStoragePoolDefineXML(conn, "<pool/>", 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_DENIED, VIR_FROM_STORAGE, "read only access prevents");
    CHECK_INT(virConnectClose(conn), 0);
    CHECK(virConnectOpenAuth("test:///default", NULL, 0x80) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x80) in function");
    if (!ours)
        return;
    CHECK(virConnectOpenAuth(test_uri, NULL, 0x80) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x80) in function");
    CHECK(virConnectOpenAuth(test_uri, NULL, VIR_CONNECT_RO | 0x40) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x40) in function");
}

static void counted(void)
{
    virConnectPtr conn = virConnectOpen(test_uri);
    virStreamPtr st, other;

    CHECK(conn != NULL);
    CHECK_INT(virConnectRef(conn), 0);
    CHECK_INT(virConnectRef(conn), 0);
    CHECK_INT(virConnectClose(conn), 1);
    CHECK_INT(virConnectClose(conn), 1);
    /* An object holds a reference on its connection, and keeps it usable. */
    st = new_stream(conn);
    other = new_stream(conn);
    CHECK_INT(virConnectClose(conn), 1);
    CHECK_INT(virConnectIsAlive(conn), 1);
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(virConnectIsAlive(conn), 1);
    CHECK_INT(virStreamFree(other), 0);
    if (ours) {
        CHECK_INT(virConnectIsAlive(conn), -1);
        CHECK_ERR(VIR_ERR_INVALID_CONN, VIR_FROM_DOMAIN,
                  "invalid connection pointer in virConnectIsAlive");
    }
}

static void close_callback(void)
{
    virConnectPtr conn = virConnectOpen(test_uri);

    CHECK(conn != NULL);
    CHECK_INT(virConnectRegisterCloseCallback(conn, NULL, NULL, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "cb in virConnectRegisterCloseCallback must not be NULL");
    CHECK_INT(virConnectUnregisterCloseCallback(conn, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "cb in virConnectUnregisterCloseCallback must not be NULL");
    CHECK_INT(virConnectRegisterCloseCallback(conn, closed, NULL, count_free), 0);
    CHECK_INT(virConnectRegisterCloseCallback(conn, closed_other, NULL, count_free), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "A close callback is already registered");
    CHECK_INT(virConnectUnregisterCloseCallback(conn, closed_other), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "A different callback was requested");
    CHECK_INT(freed, 0);
    CHECK_INT(virConnectUnregisterCloseCallback(conn, closed), 0);
    CHECK_INT(freed, 1);
    CHECK_INT(virConnectUnregisterCloseCallback(conn, closed), -1);
    /* A registered callback holds a reference on the connection. */
    CHECK_INT(virConnectRegisterCloseCallback(conn, closed, NULL, count_free), 0);
    CHECK_INT(virConnectClose(conn), 1);
    CHECK_INT(freed, 1);
    /* libvirt deadlocks when this drops the last reference. */
    if (ours) {
        CHECK_INT(virConnectUnregisterCloseCallback(conn, closed), 0);
        CHECK_INT(freed, 2);
        CHECK_INT(virConnectIsAlive(conn), -1);
    }
}

static void keep_alive(void)
{
    virConnectPtr conn;
    int result;

    /* libvirt wants an event loop before it takes a keepalive interval. */
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    result = virConnectSetKeepAlive(conn, 5, 3);
    /* 1 means that the connection has no remote side that could answer. */
    CHECK(result == 0 || (ours && result == 1));
    CHECK_INT(virConnectClose(conn), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    /* The user's own state is none of this program's business. */
    CHECK_INT(setenv("HOME", test_dir, 1), 0);
    CHECK_INT(setenv("XDG_STATE_HOME", in_dir("state"), 1), 0);
    CHECK_INT(setenv("XDG_DATA_HOME", in_dir("data"), 1), 0);
    CHECK_INT(setenv("XDG_CONFIG_HOME", in_dir("config"), 1), 0);
    CHECK_INT(setenv("XDG_RUNTIME_DIR", in_dir("runtime"), 1), 0);
    library_version();
    bad_uris();
    if (ours)
        root_is_private();
    default_uri();
    self_description(conn);
    in_memory_connection();
    authenticated();
    counted();
    close_callback();
    keep_alive();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
