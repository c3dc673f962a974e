/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The worker's part of renewal with a spool folder: a request is kept, answered, confirmed and removed. The process is killed
 * before every call that changes a file, and the disk is full from every such call on: the next run brings it to its end.
 * Hostile files do no harm. */
#include "broker/renewal/commands.h"
#include "broker/renewal/requests.h"

#include "core/cert/name.h"
#include "core/policy/policy_load.h"
#include "lib/pki_maker.h"
#include "lib/renewal_maker.h"
#include "lib/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- faults */

static int calls, kill_at, full_at; /* 0: never */
static int64_t clock_ms;            /* added to the wall clock */

/* False: the call must fail. */
static bool counted(void)
{
    calls++;
    if (calls == kill_at)
        raise(SIGKILL);
    if (!full_at || calls < full_at)
        return true;
    errno = ENOSPC;
    return false;
}

int64_t __real_cg_clock_wall_ms(void);
int64_t __wrap_cg_clock_wall_ms(void);
int64_t __wrap_cg_clock_wall_ms(void)
{
    return __real_cg_clock_wall_ms() + clock_ms;
}

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return !(flags & O_CREAT) || counted() ? __real_openat(folder, path, flags, mode) : -1;
}

#define WRAP(name, needs_space, parameters, arguments)                                                                 \
    int __real_##name parameters;                                                                                      \
    int __wrap_##name parameters;                                                                                      \
    int __wrap_##name parameters                                                                                       \
    {                                                                                                                  \
        return counted() || !(needs_space) ? __real_##name arguments : -1;                                             \
    }
WRAP(renameat, false, (int from, const char *a, int to, const char *b), (from, a, to, b))
WRAP(unlinkat, false, (int folder, const char *path, int flags), (folder, path, flags))
WRAP(mkdirat, true, (int folder, const char *path, mode_t mode), (folder, path, mode))
WRAP(fsync, true, (int fd), (fd))
WRAP(fchmod, false, (int fd, mode_t mode), (fd, mode))

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    return counted() ? __real_write(fd, data, len) : -1;
}

/* ---- a broker, and a device */

static struct cg_pki *pki;
static struct cg_snapshot snapshot;
static struct cg_made made; /* the device's request */
static char id[CG_RENEWAL_ID_MAX];
static EVP_PKEY *new_key;

static struct cg_requests broker;
static int seen[CG_WORK_WARNING + 1]; /* news since the start of the broker */
static enum cg_reason last_refusal;
static char last_warning[1024];

static void take_news(void *unused, struct cg_work *news)
{
    (void)unused;
    seen[news->kind]++;
    if (news->refusal.reason != CG_REASON_UNSET)
        last_refusal = news->refusal.reason;
    if (news->kind == CG_WORK_WARNING)
        snprintf(last_warning, sizeof last_warning, "%s", news->err.text);
    cg_work_free(news);
}

static void start_broker(void)
{
    memset(seen, 0, sizeof seen);
    last_refusal = CG_REASON_UNSET;
    assert_true(cg_requests_init(&broker, take_news, NULL));
    cg_requests_use(&broker, &snapshot, true);
    cg_requests_poll(&broker);
}

static void stop_broker(void)
{
    cg_requests_clear(&broker);
}

/* As if a minute had passed. */
static void poll_again(void)
{
    broker.sweep_at_ms = 0;
    if (!broker.open)
        broker.open_at_ms = 0;
    while (cg_requests_poll(&broker) == 0)
        ;
}

static struct cg_work *request_of(const struct cg_made *octets, const char *name)
{
    struct cg_work *task = cg_work_new(CG_WORK_REQUEST, NULL);
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    assert_non_null(task);
    task->data = malloc(octets->len);
    task->len = octets->len;
    memcpy(task->data, octets->data, octets->len);
    assert_true(cg_renewal_parse(task->data, task->len, &task->request, &refusal));
    assert_true(cg_renewal_id(cg_pki_cert(pki, name), &task->request, task->id));
    task->subject.path = cg_pki_stack(pki, name);
    task->subject.role = CG_ROLE_LISTENER;
    return task;
}

static enum cg_work_result ask(void)
{
    struct cg_work *task = request_of(&made, "dev");
    cg_requests_run(&broker, task);
    enum cg_work_result result = task->result;
    cg_work_free(task);
    return result;
}

static enum cg_work_result confirm(void)
{
    struct cg_work *task = cg_work_new(CG_WORK_DONE, id);
    cg_requests_run(&broker, task);
    enum cg_work_result result = task->result;
    cg_work_free(task);
    return result;
}

static const char *file_of(const char *folder, const char *name, const char *suffix)
{
    char path[200];
    snprintf(path, sizeof path, "spool/%s/%s%s", folder, name, suffix);
    return cg_scratch_path(path);
}

static bool exists(const char *folder, const char *suffix)
{
    return access(file_of(folder, id, suffix), F_OK) == 0;
}

static X509 *successor(void)
{
    X509 *cert = cg_cert_with_key(cg_pki_cert(pki, "dev"), new_key, cg_pki_key(pki, "ca"));
    assert_non_null(cert);
    return cert;
}

static cJSON *answer_json(X509 *cert)
{
    struct cg_mail_answer answer = {.certificate = cert, .chain = sk_X509_new_null(), .refused = CG_REASON_OK};
    snprintf(answer.id, sizeof answer.id, "%s", id);
    cJSON *json = cg_mail_answer_json(&answer);
    assert_non_null(json);
    sk_X509_free(answer.chain);
    return json;
}

static void write_answer_text(const char *text)
{
    char temporary[600];
    const char *path = file_of("answers", id, ".json");
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *out = fopen(temporary, "we");
    assert_non_null(out);
    fprintf(out, "%s\n", text);
    fclose(out);
    assert_int_equal(rename(temporary, path), 0);
}

/* What the CA does; its calls are not counted, since it uses stdio. */
static void answer(void)
{
    X509 *cert = successor();
    cJSON *json = answer_json(cert);
    char *text = cJSON_PrintUnformatted(json);
    write_answer_text(text);
    cJSON_free(text);
    cJSON_Delete(json);
    X509_free(cert);
}

static int remove_spool(void **state)
{
    (void)state;
    calls = kill_at = full_at = 0;
    clock_ms = 0;
    cg_scratch_remove("spool");
    mkdir(cg_scratch_path("spool"), 0750);
    mkdir(cg_scratch_path("spool/answers"), 0750);
    return 0;
}

static size_t files_in(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(cg_scratch_path(folder));
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

/* ---- the whole way */

/* Reports each step that is done to fd. The answer of the CA stays until the request is confirmed. */
static void step(int fd, char done)
{
    ssize_t n = __real_write(fd, &done, 1);
    (void)n;
}

static bool whole_way(int fd)
{
    start_broker();
    if (!exists("requests", ".done")) {
        if (ask() != CG_RESULT_OK)
            return false;
        step(fd, 'p');
        answer();
        poll_again();
        if (!seen[CG_WORK_ANSWER])
            return false;
        step(fd, 'i');
        if (confirm() != CG_RESULT_OK)
            return false;
        step(fd, 'c');
    }
    unlink(file_of("answers", id, ".json"));
    poll_again();
    poll_again();
    bool ok = seen[CG_WORK_GONE] > 0;
    step(fd, 'g');
    stop_broker();
    return ok;
}

static void test_whole_way(void **state)
{
    (void)state;
    int fds[2];
    char steps[8] = "";
    assert_int_equal(pipe(fds), 0);
    assert_true(whole_way(fds[1]));
    assert_int_equal(read(fds[0], steps, sizeof steps - 1), 4);
    assert_string_equal(steps, "picg");
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(files_in("spool/requests"), 1); /* the lock */
    assert_int_equal(seen[CG_WORK_WARNING], 0);
    struct stat st;
    assert_int_equal(stat(cg_scratch_path("spool/requests"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
}

/* Runs it in a child. Returns whether the child was stopped; *steps: what it had done. */
static bool stopped(int kill_before, int full_from, char steps[8])
{
    int fds[2], status = 0;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        calls = 0;
        kill_at = kill_before;
        full_at = full_from;
        bool ok = whole_way(fds[1]);
        _exit(ok && (!full_from || calls < full_from) ? 0 : 1);
    }
    close(fds[1]);
    ssize_t n = read(fds[0], steps, 7);
    for (ssize_t more = n; more > 0; n += more)
        more = n < 7 ? read(fds[0], steps + n, (size_t)(7 - n)) : 0;
    steps[n > 0 ? n : 0] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (kill_before)
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return status != 0;
}

/* What was said to the device and to the CA is on the disk. */
static void check_kept(const char *steps)
{
    bool was_gone = strchr(steps, 'c') && !exists("requests", ".json");
    if (strchr(steps, 'p') && !was_gone)
        assert_true(exists("requests", ".json"));
    if (strchr(steps, 'c') && exists("requests", ".json"))
        assert_true(exists("requests", ".done"));
}

static void check_next_run(void)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    calls = 0;
    start_broker();
    bool left = broker.index.table.count > 0;
    stop_broker();
    if (left || access(file_of("answers", id, ".json"), F_OK) == 0 || files_in("spool/requests") <= 1)
        assert_true(whole_way(fds[1]));
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(files_in("spool/requests"), 1);
    assert_int_equal(files_in("spool/answers"), 0);
}

static void walk(bool killed)
{
    char steps[8];
    int at = 1;
    while (stopped(killed ? at : 0, killed ? 0 : at, steps)) {
        check_kept(steps);
        check_next_run();
        remove_spool(NULL);
        at++;
        assert_true(at < 200);
    }
    print_message("%s: %d places\n", killed ? "killed" : "full disk", at - 1);
    assert_true(at > 15);
}

static void test_kill(void **state)
{
    (void)state;
    walk(true);
}

static void test_full_disk(void **state)
{
    (void)state;
    walk(false);
}

static void test_recovers(void **state)
{
    (void)state;
    start_broker();
    calls = 0;
    full_at = 1;
    assert_int_equal(ask(), CG_RESULT_BUSY);
    assert_int_equal(ask(), CG_RESULT_BUSY);
    assert_int_equal(seen[CG_WORK_WARNING], 1);
    assert_non_null(strstr(last_warning, "Free disk space"));
    poll_again();
    assert_int_equal(seen[CG_WORK_STATE], 2); /* opened; full */
    full_at = 0;
    poll_again();
    assert_int_equal(seen[CG_WORK_STATE], 3);
    assert_int_equal(ask(), CG_RESULT_OK);
    stop_broker();
}

/* ---- checks */

static void test_refused(void **state)
{
    (void)state;
    const struct cg_request_parts stranger = {
        .current = cg_pki_cert(pki, "dev"), .old = cg_pki_key(pki, "early"), .key = new_key};
    static struct cg_made wrong;
    const struct {
        const struct cg_request_parts parts;
        const char *name;
        enum cg_reason reason;
    } rows[] = {
        {stranger, "dev", CG_REASON_RENEWAL_BAD_SIGNATURE},
        {{.current = cg_pki_cert(pki, "early"), .old = cg_pki_key(pki, "early"), .key = new_key},
         "early",
         CG_REASON_RENEWAL_TOO_EARLY},
        {{.current = cg_pki_cert(pki, "moving"), .old = cg_pki_key(pki, "moving"), .key = new_key},
         "moving oldca",
         CG_REASON_OK},
        {{.current = cg_pki_cert(pki, "foreign"), .old = cg_pki_key(pki, "foreign"), .key = new_key},
         "foreign",
         CG_REASON_RENEWAL_NOT_ACCEPTED},
        {{.current = cg_pki_cert(pki, "dev"), .old = cg_pki_key(pki, "dev"), .key = cg_pki_key(pki, "denied")},
         "dev",
         CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
    };
    start_broker();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(&wrong, 0, sizeof wrong);
        cg_request_make(&rows[i].parts, &wrong);
        struct cg_work *task = cg_work_new(CG_WORK_REQUEST, NULL);
        cg_work_free(task);
        char leaf[16];
        sscanf(rows[i].name, "%15s", leaf);
        task = request_of(&wrong, leaf);
        sk_X509_pop_free(task->subject.path, X509_free);
        task->subject.path = cg_pki_stack(pki, rows[i].name);
        cg_requests_run(&broker, task);
        assert_int_equal(task->result, rows[i].reason == CG_REASON_OK ? CG_RESULT_OK : CG_RESULT_REFUSED);
        assert_int_equal(task->refusal.reason == CG_REASON_UNSET ? CG_REASON_OK : task->refusal.reason, rows[i].reason);
        cg_work_free(task);
    }
    stop_broker();
}

/* ---- answers */

static void test_bad_answers(void **state)
{
    (void)state;
    char path[600];
    start_broker();
    assert_int_equal(ask(), CG_RESULT_OK);
    snprintf(path, sizeof path, "%s", file_of("answers", id, ".json"));
    int warnings = 0;

    assert_int_equal(symlink("/etc/passwd", path), 0);
    poll_again();
    assert_int_equal(seen[CG_WORK_WARNING], ++warnings);
    assert_non_null(strstr(last_warning, "symbolic link"));
    poll_again();
    assert_int_equal(seen[CG_WORK_WARNING], warnings);
    unlink(path);

    assert_int_equal(mkfifo(path, 0600), 0);
    poll_again();
    assert_int_equal(seen[CG_WORK_WARNING], ++warnings);
    unlink(path);

    assert_int_equal(mkdir(path, 0700), 0); /* the same kind: no further warning */
    poll_again();
    assert_int_equal(seen[CG_WORK_WARNING], warnings);
    rmdir(path);

    answer();
    char second[700];
    snprintf(second, sizeof second, "%s/hard", cg_scratch_folder());
    unlink(second);
    assert_int_equal(link(path, second), 0);
    poll_again();
    assert_int_equal(seen[CG_WORK_WARNING], ++warnings);
    unlink(second);
    unlink(path);

    char *huge = calloc(1, CG_MAILBOX_FILE_MAX + 2);
    memset(huge, ' ', CG_MAILBOX_FILE_MAX + 1);
    write_answer_text(huge);
    free(huge);
    poll_again();
    assert_int_equal(seen[CG_WORK_WARNING], ++warnings);

    write_answer_text("{\"id\": 1}");
    poll_again();
    assert_int_equal(seen[CG_WORK_WARNING], ++warnings);
    assert_int_equal(seen[CG_WORK_ANSWER], 0);

    answer();
    poll_again();
    assert_int_equal(seen[CG_WORK_ANSWER], 1);
    poll_again();
    assert_int_equal(seen[CG_WORK_ANSWER], 1);
    unlink(path); /* not confirmed: it has no answer again */
    int unanswered = seen[CG_WORK_UNANSWERED];
    poll_again();
    assert_int_equal(seen[CG_WORK_UNANSWERED], unanswered + 1);
    assert_true(exists("requests", ".json"));
    stop_broker();
}

/* The CA answers with a certificate that no listener accepts, or that is not the device's. */
static void test_wrong_certificates(void **state)
{
    (void)state;
    static const char *const others[] = {"foreign", "early", "dev"};
    start_broker();
    assert_int_equal(ask(), CG_RESULT_OK);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cJSON *json = answer_json(cg_pki_cert(pki, others[i]));
        char *text = cJSON_PrintUnformatted(json);
        last_refusal = CG_REASON_UNSET;
        write_answer_text(text);
        cJSON_free(text);
        cJSON_Delete(json);
        poll_again();
        assert_int_equal(seen[CG_WORK_ANSWER], 0);
        assert_int_not_equal(last_refusal, CG_REASON_UNSET);
    }
    answer();
    poll_again();
    assert_int_equal(seen[CG_WORK_ANSWER], 1);
    stop_broker();
}

/* ---- two brokers, and time */

static void test_two_brokers(void **state)
{
    (void)state;
    struct cg_requests first;
    start_broker();
    assert_true(broker.open);
    first = broker;
    /* the queues of the index are empty, so the copy is whole */
    start_broker();
    assert_false(broker.open);
    assert_int_equal(seen[CG_WORK_WARNING], 1);
    assert_non_null(strstr(last_warning, "another broker"));
    assert_int_equal(ask(), CG_RESULT_BUSY);
    cg_requests_clear(&first);
    poll_again();
    assert_true(broker.open);
    assert_int_equal(ask(), CG_RESULT_OK);
    stop_broker();
}

/* Without the file, another broker could lock a new one. */
static void test_removed_lock(void **state)
{
    (void)state;
    start_broker();
    unlink(cg_scratch_path("spool/requests/lock"));
    poll_again();
    assert_false(broker.open);
    poll_again();
    assert_true(broker.open);
    struct cg_requests first = broker;
    start_broker();
    assert_false(broker.open);
    cg_requests_clear(&first);
    stop_broker();
}

static void test_ends(void **state)
{
    (void)state;
    start_broker();
    assert_int_equal(ask(), CG_RESULT_OK);
    clock_ms = 16 * CG_DAY * 1000; /* the certificate ends in 10 days */
    poll_again();
    assert_int_equal(seen[CG_WORK_GONE], 0);
    clock_ms = 18 * CG_DAY * 1000;
    poll_again();
    assert_int_equal(seen[CG_WORK_GONE], 0); /* the clock may be wrong for a moment */
    clock_ms = 0;
    poll_again();
    assert_int_equal(cg_request_index_first(&broker.index)->over_ms, 0);
    clock_ms = 18 * CG_DAY * 1000;
    poll_again();
    cg_request_index_first(&broker.index)->over_ms -= 3600000; /* an hour later */
    poll_again();
    assert_int_equal(seen[CG_WORK_GONE], 1);
    assert_int_equal(files_in("spool/requests"), 1);
    stop_broker();
}

static void test_replaced_folder(void **state)
{
    (void)state;
    start_broker();
    assert_int_equal(ask(), CG_RESULT_OK);
    cg_scratch_remove("spool/requests");
    poll_again();
    poll_again();
    assert_true(broker.open);
    assert_int_equal(broker.index.table.count, 0);
    assert_int_equal(ask(), CG_RESULT_OK);
    assert_true(exists("requests", ".json"));
    stop_broker();
}

/* The CA did not remove what a new folder lacks: that the certificate was used stays noted. */
static void test_replaced_answers(void **state)
{
    (void)state;
    start_broker();
    assert_int_equal(ask(), CG_RESULT_OK);
    answer();
    poll_again();
    assert_int_equal(confirm(), CG_RESULT_OK);
    rename(cg_scratch_path("spool/answers"), cg_scratch_path("spool/moved"));
    mkdir(cg_scratch_path("spool/answers"), 0750);
    poll_again();
    poll_again();
    assert_true(broker.open);
    assert_true(exists("requests", ".done"));
    answer();
    poll_again();
    unlink(file_of("answers", id, ".json"));
    poll_again();
    assert_false(exists("requests", ".done"));
    stop_broker();
}

/* ---- commands of signers */

static struct cg_work *command(enum cg_renewal_command what, cJSON *argument)
{
    struct cg_work *task = cg_work_new(CG_WORK_COMMAND, NULL);
    task->command = what;
    task->argument = argument;
    cg_signer_command(&broker, task);
    return task;
}

static size_t listed(const char *after, bool *more)
{
    struct cg_work *task = command(CG_RENEWAL_LIST, after ? cJSON_CreateString(after) : NULL);
    assert_int_equal(task->result, CG_RESULT_OK);
    size_t count = (size_t)cJSON_GetArraySize(cJSON_GetObjectItem(task->data_out, "requests"));
    *more = cJSON_IsTrue(cJSON_GetObjectItem(task->data_out, "more"));
    cg_work_free(task);
    return count;
}

/* The only request is listed with this certificate as its answer; NULL: without one. */
static void listed_as_issued(const X509 *cert)
{
    struct cg_work *task = command(CG_RENEWAL_LIST, NULL);
    const cJSON *row = cJSON_GetArrayItem(cJSON_GetObjectItem(task->data_out, "requests"), 0);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(row, "issued"));
    char sha256[CG_HEX_MAX] = "";
    if (cert)
        assert_true(cg_sha256_text(cert, sha256));
    assert_string_equal(text ? text : "", sha256);
    cg_work_free(task);
}

static void test_commands(void **state)
{
    (void)state;
    bool more = true;
    start_broker();
    assert_int_equal(listed(NULL, &more), 0);
    assert_false(more);
    assert_int_equal(ask(), CG_RESULT_OK);
    assert_int_equal(listed(NULL, &more), 1);
    assert_int_equal(listed(id, &more), 0);

    struct cg_work *task = command(CG_RENEWAL_DELIVER, answer_json(cg_pki_cert(pki, "foreign")));
    assert_int_equal(task->result, CG_RESULT_BUSY);
    assert_non_null(strstr(task->err.text, "cannot deliver the certificate"));
    cg_work_free(task);
    assert_false(exists("requests", ".answer"));
    listed_as_issued(NULL);

    X509 *cert = successor();
    for (int i = 1; i <= 2; i++) { /* the same again is fine */
        task = command(CG_RENEWAL_DELIVER, answer_json(cert));
        assert_int_equal(task->result, CG_RESULT_OK);
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(task->data_out, "id")), id);
        cg_work_free(task);
        assert_true(exists("requests", ".answer"));
        poll_again();
        assert_int_equal(seen[CG_WORK_ANSWER], i);
    }
    listed_as_issued(cert);
    X509_free(cert);
    stop_broker();
    start_broker(); /* it is found again */
    poll_again();
    assert_int_equal(seen[CG_WORK_ANSWER], 1);
    assert_int_equal(confirm(), CG_RESULT_OK);
    poll_again();
    assert_int_equal(seen[CG_WORK_GONE], 0); /* until the CA has recorded it */
    for (int i = 0; i < 2; i++) {
        task = command(CG_RENEWAL_FORGET, cJSON_CreateString(id));
        assert_int_equal(task->result, CG_RESULT_OK);
        cg_work_free(task);
    }
    assert_int_equal(files_in("spool/requests"), 1);
    stop_broker();
}

/* ---- */

static int set_up(void **state)
{
    (void)state;
    struct cg_error err = {""};
    char text[1200], denied[CG_HEX_MAX], moving[CG_HEX_MAX];
    unsigned char spki[32];
    cg_scratch_open("renewal");
    pki = cg_pki_new((int64_t)time(NULL));
    cg_pki_make(pki, "ca: ca days=-60..60\noldca: ca days=-60..60\nother: ca days=-60..60\n"
                     "dev: issuer=ca days=-30..10\nearly: issuer=ca days=-1..30\nmoving: issuer=oldca days=-1..30\n"
                     "foreign: issuer=other days=-30..10\ndenied: issuer=ca days=-30..10");
    new_key = cg_pki_cached_key("p256", 60);
    assert_true(cg_spki_sha256(cg_pki_cert(pki, "denied"), spki));
    for (size_t i = 0; i < sizeof spki; i++)
        snprintf(denied + 2 * i, 3, "%02x", spki[i]);
    assert_true(cg_sha256_text(cg_pki_cert(pki, "oldca"), moving));
    snprintf(text, sizeof text,
             "{\"trust\": {\"anchors\": [\"ca.pem\"]}, \"deny\": [{\"spki_sha256\": \"%s\"}],"
             " \"renewal\": {\"spool\": \"%s\", \"move_from\": [{\"sha256\": \"%s\"}]}}",
             denied, cg_scratch_path("spool"), moving);
    snapshot.policy = cg_policy_parse("policy.json", text, strlen(text), &err);
    if (!snapshot.policy)
        print_message("%s\n", err.text);
    assert_non_null(snapshot.policy);
    struct cg_trust *trust = cg_trust_new();
    char *pem = cg_pki_pem(pki, "ca oldca");
    assert_true(cg_trust_add_anchors(trust, "anchors", pem, strlen(pem), &err));
    free(pem);
    snapshot.trust = snapshot.server_trust = snapshot.bridge_trust = trust;
    snapshot.number = 1;
    atomic_init(&snapshot.references, 1);
    const struct cg_request_parts parts = {
        .current = cg_pki_cert(pki, "dev"), .old = cg_pki_key(pki, "dev"), .key = new_key};
    cg_request_make(&parts, &made);
    struct cg_work *task = request_of(&made, "dev");
    memcpy(id, task->id, sizeof id);
    cg_work_free(task);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cg_trust_free(snapshot.trust);
    cg_policy_free(snapshot.policy);
    cg_pki_free(pki);
    cg_scratch_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_whole_way, remove_spool),
        cmocka_unit_test_setup(test_kill, remove_spool),
        cmocka_unit_test_setup(test_full_disk, remove_spool),
        cmocka_unit_test_setup(test_recovers, remove_spool),
        cmocka_unit_test_setup(test_refused, remove_spool),
        cmocka_unit_test_setup(test_bad_answers, remove_spool),
        cmocka_unit_test_setup(test_wrong_certificates, remove_spool),
        cmocka_unit_test_setup(test_two_brokers, remove_spool),
        cmocka_unit_test_setup(test_removed_lock, remove_spool),
        cmocka_unit_test_setup(test_replaced_answers, remove_spool),
        cmocka_unit_test_setup(test_ends, remove_spool),
        cmocka_unit_test_setup(test_replaced_folder, remove_spool),
        cmocka_unit_test_setup(test_commands, remove_spool),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
