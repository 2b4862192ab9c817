/* Domains that a process of their own holds, and what is left of them. */
#ifndef HOLDER_H
#define HOLDER_H

#include "domain.h"

#include <sys/resource.h>
#include <sys/wait.h>

/* The number in an attribute of `<virsparse:holder>`, which must be of that kind. */
static inline pid_t holder_of(virDomainPtr dom, const char *kind)
{
    char *xml = virDomainGetXMLDesc(dom, 0);
    char start[128];
    const char *holder;
    long pid;

    CHECK(xml != NULL);
    print_to(start, sizeof(start), "<virsparse:holder xmlns:virsparse='urn:virsparse:domain:1' kind='%s' pid='",
             kind);
    holder = strstr(xml, start);
    CHECK(holder != NULL);
    pid = strtol(holder + strlen(start), NULL, 10);
    CHECK(pid > 1);
    free(xml);
    return (pid_t)pid;
}

/* A file of a process in /proc, with its zero bytes as newlines; NULL if there is none. */
static inline char *proc_file(pid_t pid, const char *name)
{
    static const size_t room = 65536;
    char path[128];
    char *text;
    size_t used, i;
    FILE *file;

    print_to(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    file = fopen(path, "r");
    if (!file)
        return NULL;
    text = (char *)malloc(room);
    CHECK(text != NULL);
    used = fread(text, 1, room - 1, file);
    fclose(file);
    for (i = 0; i < used; i++)
        if (!text[i])
            text[i] = '\n';
    text[used] = '\0';
    return text;
}

/* How many threads a process has. */
static inline int threads_of(pid_t pid)
{
    char path[128];
    struct stat found;

    print_to(path, sizeof(path), "/proc/%ld/task", (long)pid);
    return stat(path, &found) == 0 ? (int)found.st_nlink - 2 : 0;
}

/* Whether a process runs: one that nobody has waited for yet does not. Its first thread may have ended
 * before others have, which keep its files open. */
static inline int process_runs(pid_t pid)
{
    int others = threads_of(pid) > 1;
    char *text = proc_file(pid, "stat");
    const char *end = text ? strrchr(text, ')') : NULL;
    int runs = end && (others || (end[1] == ' ' && end[2] != 'Z' && end[2] != 'X'));

    free(text);
    return runs;
}

static inline void wait_for_end(pid_t pid)
{
    while (process_runs(pid))
        usleep(5000);
    CHECK(!process_runs(pid));
}

/* Asks the process of a domain to shut it down. */
static inline void shut_down_holder(pid_t pid)
{
    CHECK_INT(kill(pid, SIGTERM), 0);
    wait_for_end(pid);
}

/* Marks the processes that this program has domains started in, by a variable that they get. */
static inline void mark_holders(void)
{
    CHECK_INT(setenv("VIRSPARSE_OF_TEST", test_dir, 1), 0);
}

/* How many processes hold a domain of that name for this program. */
static inline int holders(const char *name)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    char start[256], mark[300];
    int found = 0;

    CHECK(proc != NULL);
    print_to(mark, sizeof(mark), "VIRSPARSE_OF_TEST=%s\n", test_dir);
    print_to(start, sizeof(start), "virsparse-domain\n%s\n", name);
    while ((entry = readdir(proc))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        char *command = pid > 0 ? proc_file(pid, "cmdline") : NULL;
        char *environment = NULL;

        if (command && strncmp(command, start, strlen(start)) == 0)
            environment = proc_file(pid, "environ");
        if (environment && strstr(environment, mark) && process_runs(pid))
            found++;
        free(environment);
        free(command);
    }
    closedir(proc);
    return found;
}

/* Nothing is left of any domain: no status, folder or socket. */
static inline void nothing_left(void)
{
    CHECK_INT(run("test -z \"$(ls %s/root/run/disks %s/root/run/domains | grep -v :)\"", test_dir,
                  test_dir), 0);
}

#endif
