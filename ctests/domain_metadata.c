/* Title, description and other programs' elements: of the running domain, of its definition, and
 * of both. */
#include "domain.h"

static virDomainPtr dom;

static void get(int type, const char *uri, unsigned int flags, const char *want)
{
    char *text = virDomainGetMetadata(dom, type, uri, flags);

    CHECK_STR(text, want);
    free(text);
}

static void missing(int type, const char *uri, unsigned int flags)
{
    CHECK(virDomainGetMetadata(dom, type, uri, flags) == NULL);
    CHECK_ERR(VIR_ERR_NO_DOMAIN_METADATA, VIR_FROM_DOMAIN,
              "Requested metadata element is not present");
}

static void refused(int type, const char *text, const char *key, const char *uri,
                    unsigned int flags, int code, const char *message)
{
    CHECK_INT(virDomainSetMetadata(dom, type, text, key, uri, flags), -1);
    CHECK_CODE(code, message);
}

#define SET(type, text, key, uri, flags) \
    CHECK_INT(virDomainSetMetadata(dom, type, text, key, uri, flags), 0)

enum { DESCRIPTION = VIR_DOMAIN_METADATA_DESCRIPTION, TITLE = VIR_DOMAIN_METADATA_TITLE,
       ELEMENT = VIR_DOMAIN_METADATA_ELEMENT };

int main(int argc, char **argv)
{
    virConnectPtr conn = fixture_open(argv[0], 60);

    (void)argc;
    dom = virDomainDefineXML(conn, domain_xml("meta", "", 1));
    CHECK(dom != NULL);
    missing(TITLE, NULL, 0);
    missing(DESCRIPTION, NULL, 0);
    missing(ELEMENT, "urn:k", 0);

    SET(TITLE, "short", NULL, NULL, 0);
    SET(DESCRIPTION, "two\nlines", NULL, NULL, VIR_DOMAIN_AFFECT_CONFIG);
    SET(ELEMENT, "<z q='1'>text</z>", "k", "urn:k", 0);
    SET(ELEMENT, "<z/>", "k", "urn:other", 0);
    get(TITLE, NULL, 0, "short");
    get(DESCRIPTION, NULL, 0, "two\nlines");
    get(ELEMENT, "urn:k", 0, "<z q=\"1\">text</z>");
    SET(ELEMENT, NULL, NULL, "urn:k", 0);
    missing(ELEMENT, "urn:k", 0);
    get(ELEMENT, "urn:other", 0, "<z/>");
    SET(ELEMENT, NULL, "k", "urn:nobody", 0);
    SET(TITLE, "", NULL, NULL, 0);
    missing(TITLE, NULL, 0);

    refused(TITLE, "a\nb", NULL, NULL, 0, VIR_ERR_INVALID_ARG,
            "metadata title can't contain newlines");
    refused(TITLE, "a", NULL, "urn:k", 0, VIR_ERR_INVALID_ARG, "must be NULL");
    refused(TITLE, "a", "k", NULL, 0, VIR_ERR_INVALID_ARG,
            "key in virDomainSetMetadata must be NULL");
    refused(ELEMENT, "<z/>", "k", NULL, 0, VIR_ERR_INVALID_ARG,
            "uri in virDomainSetMetadata must not be NULL");
    refused(ELEMENT, "<z/>", NULL, "urn:k", 0, VIR_ERR_INVALID_ARG,
            "key in virDomainSetMetadata must not be NULL");
    refused(ELEMENT, "<z", "k", "urn:k", 0, VIR_ERR_XML_DETAIL, "(metadata_xml):1:");
    refused(7, "a", NULL, NULL, 0, VIR_ERR_INVALID_ARG, "unknown metadata type '7'");
    refused(TITLE, "a", NULL, NULL, 8, VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    refused(TITLE, "a", NULL, NULL, VIR_DOMAIN_AFFECT_LIVE, VIR_ERR_OPERATION_INVALID,
            "domain is not running");
    CHECK(virDomainGetMetadata(dom, ELEMENT, NULL, 0) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "uri in virDomainGetMetadata must not be NULL");
    CHECK(virDomainGetMetadata(dom, TITLE, "u", 0) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "uri in virDomainGetMetadata must be NULL");
    CHECK(virDomainGetMetadata(dom, TITLE, NULL, 3) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "mutually exclusive");

    /* The running domain and the definition differ. */
    CHECK_INT(virDomainCreate(dom), 0);
    SET(TITLE, "live", NULL, NULL, 0);
    SET(TITLE, "later", NULL, NULL, VIR_DOMAIN_AFFECT_CONFIG);
    get(TITLE, NULL, 0, "live");
    get(TITLE, NULL, VIR_DOMAIN_AFFECT_CONFIG, "later");
    SET(TITLE, "both", NULL, NULL, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG);
    get(TITLE, NULL, VIR_DOMAIN_AFFECT_LIVE, "both");
    get(TITLE, NULL, VIR_DOMAIN_AFFECT_CONFIG, "both");
    CHECK_INT(virDomainUndefine(dom), 0);
    refused(TITLE, "a", NULL, NULL, VIR_DOMAIN_AFFECT_CONFIG, VIR_ERR_OPERATION_INVALID,
            "transient domains do not have any persistent config");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
