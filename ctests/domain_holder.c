/* Domains that a process of their own holds (hold=process): what it is given and what its starter sees of
 * it, who outlives whom, and that a start fails as it does in the caller and leaves nothing behind.
 * ctest: ours-only because libvirt has daemons for that */
#include "holder.h"

#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static char held_uri[600];
static volatile sig_atomic_t children_ended;

static void count(int signal)
{
    (void)signal;
    children_ended++;
}

static virConnectPtr open_uri(const char *uri)
{
    virConnectPtr conn = virConnectOpen(uri);

    CHECK(conn != NULL);
    return conn;
}

static int is_active(virConnectPtr conn, const char *name)
{
    virDomainPtr dom = virDomainLookupByName(conn, name);
    int active = dom ? virDomainIsActive(dom) : 0;

    if (dom)
        CHECK_INT(virDomainFree(dom), 0);
    return active;
}

static void wait_until_off(virConnectPtr conn, const char *name)
{
    while (is_active(conn, name) == 1)
        usleep(5000);
    CHECK_INT(is_active(conn, name), 0);
}

static int entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    CHECK(dir != NULL);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* The value of a line `NAME: VALUE` begins with that. */
static void check_line(const char *listing, const char *name, const char *value)
{
    const char *line = strstr(listing, name);

    CHECK(line != NULL);
    line += strlen(name);
    line += strspn(line, ": \t");
    if (strncmp(line, value, strlen(value)) != 0)
        fprintf(stderr, "%s is not %s: %.60s\n", name, value, line);
    CHECK(strncmp(line, value, strlen(value)) == 0);
}

static void check_environment(pid_t pid)
{
    static const char *const known[] = {"HOME=",    "XDG_",     "LIBVIRT_DEBUG=", "LIBVIRT_LOG_",
                                        "VIRSPARSE_", "PATH=/usr/bin:/bin", "LANG=C"};
    char *environment = proc_file(pid, "environ");
    char *state = NULL;
    char *variable;
    size_t i;

    CHECK(environment != NULL);
    CHECK(strstr(environment, "VIRSPARSE_OF_TEST=") != NULL);
    for (variable = strtok_r(environment, "\n", &state); variable;
         variable = strtok_r(NULL, "\n", &state)) {
        int is_known = 0;

        for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            is_known |= strncmp(variable, known[i], strlen(known[i])) == 0;
        if (!is_known)
            fprintf(stderr, "inherited: %s\n", variable);
        CHECK(is_known);
    }
    free(environment);
}

static void check_descriptors(pid_t pid, dev_t device, ino_t inode)
{
    char path[128], target[PATH_MAX];
    struct dirent *entry;
    struct stat found;
    ssize_t length;
    DIR *dir;
    int fd;

    for (fd = 0; fd < 3; fd++) {
        print_to(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid, fd);
        length = readlink(path, target, sizeof(target) - 1);
        CHECK(length > 0);
        target[length] = '\0';
        CHECK_STR(target, "/dev/null");
    }
    print_to(path, sizeof(path), "/proc/%ld/fd", (long)pid);
    dir = opendir(path);
    CHECK(dir != NULL);
    while ((entry = readdir(dir))) {
        print_to(path, sizeof(path), "/proc/%ld/fd/%s", (long)pid, entry->d_name);
        if (entry->d_name[0] != '.' && stat(path, &found) == 0)
            CHECK(found.st_dev != device || found.st_ino != inode);
    }
    closedir(dir);
}

/* Everything that a process inherits is set to be recognized. */
static void what_a_holder_is_given(void)
{
    struct sigaction action;
    struct rlimit files;
    char path[128], target[PATH_MAX], session[64];
    struct stat kept;
    sigset_t mask;
    virConnectPtr conn;
    virDomainPtr dom;
    char *text;
    ssize_t length;
    unsigned long long soft, hard;
    pid_t pid;
    int fd, before;

    memset(&action, 0, sizeof(action));
    action.sa_handler = count;
    CHECK_INT(sigaction(SIGCHLD, &action, NULL), 0);
    action.sa_handler = SIG_IGN;
    CHECK_INT(sigaction(SIGUSR2, &action, NULL), 0);
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    CHECK_INT(pthread_sigmask(SIG_BLOCK, &mask, NULL), 0);
    umask(002);
    CHECK_INT(chdir(test_dir), 0);
    CHECK_INT(setenv("OF_TEST", "secret", 1), 0);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = 200;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &files), 0);
    fd = open(in_dir("inherited"), O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    CHECK_INT(fstat(fd, &kept), 0);

    conn = open_uri(held_uri);
    before = entries("/proc/self/fd");
    dom = virDomainCreateXML(conn, domain_xml("one", disk_xml("vda", "a.img", "raw", ""), 1), 0);
    CHECK(dom != NULL);
    CHECK_INT(waitpid(-1, NULL, __WALL | WNOHANG), -1);
    CHECK_INT(errno, ECHILD);
    CHECK_INT(children_ended, 0);
    CHECK_INT(entries("/proc/self/fd"), before);
    CHECK_INT(entries("/proc/self/task"), 3);
    pid = holder_of(dom, "process");
    CHECK(pid != getpid());
    CHECK_INT(holders("one"), 1);

    text = proc_file(pid, "status");
    CHECK(text != NULL);
    check_line(text, "Name", "virsparse-domai");
    check_line(text, "Umask", "0077");
    check_line(text, "SigIgn", "0000000000001000");
    CHECK(strtol(strstr(text, "PPid:") + 5, NULL, 10) != getpid());
    free(text);
    text = proc_file(pid, "stat");
    CHECK(text != NULL);
    print_to(session, sizeof(session), " %ld %ld 0 ", (long)pid, (long)pid);
    CHECK(strstr(text, session) != NULL);
    free(text);
    print_to(path, sizeof(path), "/proc/%ld/cwd", (long)pid);
    length = readlink(path, target, sizeof(target));
    CHECK(length == 1 && target[0] == '/');
    text = proc_file(pid, "limits");
    CHECK(text != NULL);
    check_line(text, "Max core file size", "0 ");
    CHECK_INT(sscanf(strstr(text, "Max open files") + strlen("Max open files"), "%llu %llu", &soft, &hard),
              2);
    CHECK_INT(soft, hard);
    free(text);
    check_environment(pid);
    check_descriptors(pid, kept.st_dev, kept.st_ino);

    /* It goes on when the connection is closed, and serves its disk. */
    CHECK_INT(run("qemu-io -f raw -c 'write -P 7 0 64k' '%s' >/dev/null", disk_uri(dom, "vda")), 0);
    children_ended = 0;
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
    CHECK(process_runs(pid));
    conn = open_uri(held_uri);
    CHECK_INT(is_active(conn, "one"), 1);
    shut_down_holder(pid);
    CHECK_INT(is_active(conn, "one"), 0);
    CHECK_INT(children_ended, 0);
    CHECK_INT(virConnectClose(conn), 0);
    CHECK_INT(close(fd), 0);
    nothing_left();
    CHECK_INT(run("qemu-io -f raw -c 'read -P 7 0 64k' %s | grep -q 'read 65536'", in_dir("a.img")), 0);
    action.sa_handler = SIG_DFL;
    CHECK_INT(sigaction(SIGCHLD, &action, NULL), 0);
    CHECK_INT(unsetenv("OF_TEST"), 0);
}

/* A child that does nothing and goes on when its parent is killed. It has all descriptors open that its parent has.
 * Its number is written to that file. */
static void leave_a_child(const char *number)
{
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        alarm(600);
        for (;;)
            pause();
    }
    write_at(number, (const char *)&child, sizeof(child), 0);
}

/* Starts a domain, and says so. */
static void child_main(char **argv)
{
    virConnectPtr conn = open_uri(argv[2]);
    unsigned int flags = (unsigned int)strtoul(argv[3], NULL, 10);
    virDomainPtr dom;
    char *xml = read_at(argv[4], 4096, 0);

    dom = virDomainCreateXML(conn, xml, flags);
    CHECK(dom != NULL);
    if (strcmp(argv[5], "fork") == 0)
        leave_a_child(argv[4]);
    CHECK_INT(write(1, "!", 1), 1);
    if (strcmp(argv[5], "end") != 0)
        for (;;)
            pause();
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
    exit(0);
}

/* Has another process start a domain, and returns when it has. */
static pid_t start_in_child(const char *program, const char *xml, unsigned int flags,
                            const char *then)
{
    char number[16], said;
    char whole[4096];
    int ends[2];
    pid_t child;

    memset(whole, ' ', sizeof(whole) - 1);
    whole[sizeof(whole) - 1] = '\0';
    CHECK(strlen(xml) < sizeof(whole) - 1);
    memcpy(whole, xml, strlen(xml));
    write_at(in_dir("child.xml"), whole, sizeof(whole), 0);
    print_to(number, sizeof(number), "%u", flags);
    CHECK_INT(pipe(ends), 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dup2(ends[1], 1);
        execl(program, program, "--child", held_uri, number, in_dir("child.xml"), then, (char *)NULL);
        _exit(1);
    }
    CHECK_INT(close(ends[1]), 0);
    CHECK_INT(read(ends[0], &said, 1), 1);
    CHECK_INT(close(ends[0]), 0);
    return child;
}

static void end_child(pid_t child, int signal)
{
    int status;

    if (signal)
        CHECK_INT(kill(child, signal), 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(signal ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The starter ends, in any way, and nothing happens to the domain. */
static void a_domain_outlives_its_starter(const char *program)
{
    virConnectPtr conn = open_uri(held_uri);
    int killed;

    for (killed = 0; killed < 2; killed++) {
        const char *xml = domain_xml("two", disk_xml("vda", "a.img", "raw", ""), 2);
        pid_t child = start_in_child(program, xml, VIR_DOMAIN_START_PAUSED, killed ? "stay" : "end");
        virDomainPtr dom;
        pid_t pid;
        int state;

        end_child(child, killed ? SIGKILL : 0);
        dom = virDomainLookupByName(conn, "two");
        CHECK(dom != NULL);
        CHECK_INT(virDomainGetState(dom, &state, NULL, 0), 0);
        CHECK_INT(state, VIR_DOMAIN_PAUSED);
        pid = holder_of(dom, "process");
        CHECK(process_runs(pid));
        CHECK(virDomainCreateXML(conn, xml, 0) == NULL);
        CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_DOMAIN, "domain 'two' is already active");
        /* It is used as if it ran here. */
        CHECK_INT(virDomainResume(dom), 0);
        CHECK_INT(virDomainBlockResize(dom, "vda", 2 * MIB, VIR_DOMAIN_BLOCK_RESIZE_BYTES), 0);
        CHECK_INT(virDomainDestroy(dom), 0);
        CHECK_INT(virDomainFree(dom), 0);
        CHECK_INT(is_active(conn, "two"), 0);
        wait_for_end(pid);
    }
    CHECK_INT(virConnectClose(conn), 0);
    nothing_left();
}

/* A process is only ended by a descriptor of it, which kernels before 5.3 and valgrind do not have. */
static int can_end_others(void)
{
    long fd = syscall(SYS_pidfd_open, getpid(), 0);

    if (fd < 0)
        CHECK_INT(errno, ENOSYS);
    else
        CHECK_INT(close((int)fd), 0);
    return fd >= 0;
}

/* With AUTODESTROY it ends with the connection, or with the process. */
static void a_domain_ends_with_its_starter(const char *program)
{
    const char *xml = domain_xml("three", disk_xml("vda", "a.img", "raw", ""), 3);
    virConnectPtr other = open_uri(held_uri);
    virConnectPtr conn = open_uri(held_uri);
    virDomainPtr dom, second;
    pid_t pid, child;
    int before, forks;

    CHECK_INT(virConnectClose(conn), 0);
    before = entries("/proc/self/fd");
    conn = open_uri(held_uri);
    dom = virDomainCreateXML(conn, xml, VIR_DOMAIN_START_AUTODESTROY);
    CHECK(dom != NULL);
    second = virDomainCreateXML(conn, domain_xml("four", disk_xml("vda", "b.img", "raw", ""), 4),
                                VIR_DOMAIN_START_AUTODESTROY);
    CHECK(second != NULL);
    pid = holder_of(dom, "process");
    /* One of them ends before. */
    shut_down_holder(holder_of(second, "process"));
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virDomainFree(second), 0);
    CHECK_INT(virConnectClose(conn), 0);
    /* It has, not only will. */
    CHECK_INT(is_active(other, "three"), 0);
    CHECK_INT(entries("/proc/self/fd"), before);
    wait_for_end(pid);
    nothing_left();

    for (forks = 0; forks < 2; forks++) {
        /* What the starter has forked has its end of the socket open, and goes on. */
        child = start_in_child(program, xml, VIR_DOMAIN_START_AUTODESTROY, forks ? "fork" : "stay");
        CHECK_INT(is_active(other, "three"), 1);
        dom = virDomainLookupByName(other, "three");
        CHECK(dom != NULL);
        pid = holder_of(dom, "process");
        CHECK_INT(virDomainFree(dom), 0);
        end_child(child, SIGKILL);
        wait_until_off(other, "three");
        wait_for_end(pid);
        if (forks) {
            char *number = read_at(in_dir("child.xml"), sizeof(child), 0);

            memcpy(&child, number, sizeof(child));
            free(number);
            CHECK(process_runs(child));
            CHECK_INT(kill(child, SIGKILL), 0);
        }
        nothing_left();
    }

    /* A child that closes its copy of the connection ends nothing of its parent's. */
    conn = open_uri(held_uri);
    dom = virDomainCreateXML(conn, xml, VIR_DOMAIN_START_AUTODESTROY);
    CHECK(dom != NULL);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        int left = virDomainFree(dom) < 0 ? -1 : virConnectClose(conn);

        _exit(left == 0 ? 0 : 1);
    }
    end_child(child, 0);
    CHECK_INT(is_active(other, "three"), 1);
    pid = holder_of(dom, "process");
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
    CHECK_INT(is_active(other, "three"), 0);
    wait_for_end(pid);
    nothing_left();

    /* A process that does nothing any more is ended. */
    conn = open_uri(held_uri);
    dom = virDomainCreateXML(conn, xml, VIR_DOMAIN_START_AUTODESTROY);
    CHECK(dom != NULL);
    pid = holder_of(dom, "process");
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(kill(pid, SIGSTOP), 0);
    if (can_end_others()) {
        CHECK_INT(virConnectClose(conn), 0);
        CHECK_INT(is_active(other, "three"), 0);
    } else {
        CHECK_INT(virConnectClose(conn), -1);
        CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_DOMAIN, "cannot end the process that holds domain 'three'");
        CHECK_INT(kill(pid, SIGCONT), 0);
        wait_until_off(other, "three");
    }
    wait_for_end(pid);
    CHECK_INT(virConnectClose(other), 0);
}

/* Starts a domain in both ways, both of which must fail with the same error. */
static void fails_alike(const char *xml, int code, const char *text)
{
    virConnectPtr held = open_uri(held_uri);
    virConnectPtr here = open_uri(test_uri);
    virErrorPtr first, second;
    int before = entries("/proc/self/fd");

    CHECK(virDomainCreateXML(here, xml, 0) == NULL);
    first = virSaveLastError();
    CHECK(virDomainCreateXML(held, xml, 0) == NULL);
    second = virSaveLastError();
    CHECK(first && second);
    CHECK_STR(second->message, first->message);
    CHECK_INT(second->code, code);
    CHECK(strstr(second->message, text) != NULL);
    CHECK_INT(second->code, first->code);
    CHECK_INT(second->domain, first->domain);
    CHECK_STR(second->str1, first->str1);
    CHECK((second->str2 == NULL) == (first->str2 == NULL));
    if (second->str2)
        CHECK_STR(second->str2, first->str2);
    CHECK_INT(second->int1, first->int1);
    CHECK_INT(second->int2, first->int2);
    virFreeError(first);
    virFreeError(second);
    CHECK_INT(entries("/proc/self/fd"), before);
    while (holders("five"))
        usleep(5000);
    CHECK_INT(virConnectClose(held), 0);
    CHECK_INT(virConnectClose(here), 0);
}

static void failures_are_those_of_the_caller(void)
{
    virConnectPtr here = open_uri(test_uri);
    virDomainPtr user;

    fails_alike(domain_xml("five", disk_xml("vda", "none.img", "raw", ""), 5), VIR_ERR_SYSTEM_ERROR,
                "none.img");
    nothing_left();
    fails_alike(domain_xml("five", disk_xml("vda", "a.img", "qcow2", ""), 5), VIR_ERR_SYSTEM_ERROR,
                "a.img");
    nothing_left();
    /* The first disk is closed again. */
    user = virDomainCreateXML(here, domain_xml("user", disk_xml("vda", "b.img", "raw", ""), 6), 0);
    CHECK(user != NULL);
    CHECK_INT(holder_of(user, "caller"), getpid());
    {
        char disks[4096];

        print_to(disks, sizeof(disks), "%s%s", disk_xml("vda", "a.img", "raw", ""),
                 disk_xml("vdb", "b.img", "raw", ""));
        fails_alike(domain_xml("five", disks, 5), VIR_ERR_SYSTEM_ERROR, "b.img");
    }
    CHECK_INT(virDomainDestroy(user), 0);
    CHECK_INT(virDomainFree(user), 0);
    CHECK_INT(virConnectClose(here), 0);
    nothing_left();
}

/* The holder is killed: the disk can be used at once, and what is left is removed. */
static void a_holder_is_killed(void)
{
    virConnectPtr conn = open_uri(held_uri);
    virDomainPtr dom = virDomainDefineXML(conn, domain_xml("six", disk_xml("vda", "a.img", "raw", ""), 7));
    int round;

    CHECK(dom != NULL);
    for (round = 0; round < 3; round++) {
        pid_t pid;
        int first;

        CHECK_INT(virDomainCreate(dom), 0);
        first = (int)virDomainGetID(dom);
        CHECK(first > 0);
        pid = holder_of(dom, "process");
        CHECK_INT(kill(pid, SIGKILL), 0);
        wait_for_end(pid);
        CHECK_INT(virDomainIsActive(dom), 0);
        CHECK_INT(virDomainCreateWithFlags(dom, VIR_DOMAIN_START_PAUSED), 0);
        CHECK((int)virDomainGetID(dom) > first);
        shut_down_holder(holder_of(dom, "process"));
        CHECK_INT(virDomainIsActive(dom), 0);
    }
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
    nothing_left();
}

/* Who asks for a holder where there is none is told where it was looked for. */
static void without_the_program(void)
{
    const char *xml = domain_xml("seven", disk_xml("vda", "a.img", "raw", ""), 8);
    virConnectPtr conn = open_uri(held_uri);
    char text[PATH_MAX];

    CHECK_INT(setenv("VIRSPARSE_LIBEXECDIR", in_dir("nowhere"), 1), 0);
    CHECK(virDomainCreateXML(conn, xml, 0) == NULL);
    print_to(text, sizeof(text), "'%s' (No such file or directory)", in_dir("nowhere/virsparse-domain"));
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, text);
    /* A program that ends without a word, and one that is none. */
    CHECK_INT(mkdir(in_dir("nowhere"), 0755), 0);
    CHECK_INT(symlink("/bin/true", in_dir("nowhere/virsparse-domain")), 0);
    CHECK(virDomainCreateXML(conn, xml, 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "the process of domain 'seven' has ended before it answered");
    CHECK_INT(unlink(in_dir("nowhere/virsparse-domain")), 0);
    write_at(in_dir("nowhere/virsparse-domain"), "neither ELF nor script", 22, 0);
    CHECK_INT(chmod(in_dir("nowhere/virsparse-domain"), 0755), 0);
    CHECK(virDomainCreateXML(conn, xml, 0) == NULL);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_DOMAIN, "execve: Exec format error");
    CHECK_INT(unsetenv("VIRSPARSE_LIBEXECDIR"), 0);
    CHECK_INT(virConnectClose(conn), 0);
    nothing_left();
}

int main(int argc, char **argv)
{
    if (argc > 5 && strcmp(argv[1], "--child") == 0)
        child_main(argv);
    fixture_prepare(argv[0], 120);
    mark_holders();
    print_to(held_uri, sizeof(held_uri), "%s&hold=process", test_uri);
    set_size(in_dir("a.img"), MIB);
    set_size(in_dir("b.img"), MIB);
    what_a_holder_is_given();
    a_domain_outlives_its_starter(argv[0]);
    a_domain_ends_with_its_starter(argv[0]);
    failures_are_those_of_the_caller();
    a_holder_is_killed();
    without_the_program();
    return CHECK_DONE();
}
