/* test:///path/to/file.xml with users: opening it asks for a user's name and password, with
 * libvirt's prompts. */
#include "fixture.h"

static const char *name_answer, *password_answer;
static int kinds[] = { VIR_CRED_LANGUAGE, VIR_CRED_AUTHNAME, VIR_CRED_NOECHOPROMPT, VIR_CRED_PASSPHRASE };
static int asked, result;
static char prompts[256];

static int answer(virConnectCredentialPtr cred, unsigned int ncred, void *opaque)
{
    const char *text = cred->type == VIR_CRED_AUTHNAME ? name_answer : password_answer;

    CHECK(opaque == &asked);
    CHECK_INT(ncred, 1);
    CHECK(cred->type == VIR_CRED_AUTHNAME || cred->type == VIR_CRED_NOECHOPROMPT);
    CHECK_STR(cred->challenge, "localhost");
    CHECK(cred->result == NULL && cred->resultlen == 0);
    print_to(prompts + strlen(prompts), sizeof(prompts) - strlen(prompts), "%s; ", cred->prompt);
    asked++;
    if (text) {
        cred->result = strdup(text);
        cred->resultlen = (unsigned int)strlen(text);
    }
    return result;
}

static virConnectPtr open_as(const char *name, const char *password, unsigned int nkinds)
{
    virConnectAuth auth = { kinds, nkinds, answer, &asked };
    char uri[512];

    name_answer = name;
    password_answer = password;
    asked = 0;
    prompts[0] = '\0';
    print_to(uri, sizeof(uri), "test://%s", in_dir("node.xml"));
    return virConnectOpenAuth(uri, &auth, 0);
}

static void let_in(virConnectPtr conn, int questions)
{
    CHECK(conn != NULL);
    CHECK_STR(virConnectGetType(conn), "TEST");
    CHECK_INT(virConnectClose(conn), 0);
    CHECK_INT(asked, questions);
}

static void write_file(const char *text)
{
    int fd = open(in_dir("node.xml"), O_WRONLY | O_CREAT | O_TRUNC, 0644);

    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), (int)strlen(text));
    CHECK_INT(close(fd), 0);
}

int main(int argc, char **argv)
{
    char uri[512];

    (void)argc;
    fixture_prepare(argv[0], 60);
    print_to(uri, sizeof(uri), "test://%s", in_dir("node.xml"));
    write_file("<node><auth><user password='secret'>one</user><user>open</user></auth></node>");

    let_in(open_as("one", "secret", 4), 2);
    CHECK_STR(prompts, "Enter username for localhost; Enter one's password for localhost; ");
    let_in(open_as("open", NULL, 2), 1);
    CHECK(open_as("one", "wrong", 4) == NULL);
    CHECK_ERR(VIR_ERR_AUTH_FAILED, VIR_FROM_TEST, "see test XML for the correct username/password");
    CHECK(open_as("two", "secret", 4) == NULL);
    CHECK_ERR(VIR_ERR_AUTH_FAILED, VIR_FROM_TEST, "see test XML for the correct username/password");
    CHECK_INT(asked, 2);
    CHECK(open_as("one", "secret", 2) == NULL);
    CHECK_ERR(VIR_ERR_AUTH_FAILED, VIR_FROM_AUTH,
              "Missing VIR_CRED_PASSPHRASE or VIR_CRED_NOECHOPROMPT credential type");
    CHECK(open_as("one", "secret", 1) == NULL);
    CHECK_ERR(VIR_ERR_AUTH_FAILED, VIR_FROM_AUTH, "Missing VIR_CRED_AUTHNAME credential type");
    CHECK_INT(asked, 0);
    result = -1;
    CHECK(open_as(NULL, NULL, 4) == NULL);
    CHECK_ERR(VIR_ERR_AUTH_FAILED, VIR_FROM_AUTH, "Username request failed");
    result = 0;
    CHECK(virConnectOpen(uri) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_AUTH, "Missing authentication credentials");
    CHECK(virConnectOpenReadOnly(uri) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_AUTH, "Missing authentication credentials");
    CHECK(virConnectOpenAuth(uri, NULL, 0) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_AUTH, "Missing authentication credentials");
    CHECK(virConnectOpenAuth(uri, virConnectAuthPtrDefault, VIR_CONNECT_RO | 64) == NULL);

    /* Without users nobody is asked. */
    write_file("<node><auth/></node>");
    let_in(open_as("one", "secret", 4), 0);
    let_in(virConnectOpenAuth(uri, NULL, 0), 0);
    return CHECK_DONE();
}
