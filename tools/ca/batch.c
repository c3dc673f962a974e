/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "batch.h"
#include "base/clock.h"
#include "base/failure.h"
#include "names.h"
#include "store/lock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK       256  /* certificates in one change: the most that a stopped run loses */
#define CHUNK_MS    2000 /* none is started after that: large keys take seconds each, and others wait for the lock */
#define THREADS_MAX 64

struct job {
    char *line; /* borrowed, split by its thread */
    unsigned long number;
    struct cg_issue_request issue;
    struct cg_issued issued;
    GENERAL_NAMES *names;
    bool skipped, ok;
    struct cg_error err;
};

struct batch {
    const struct cg_batch_request *request;
    struct cg_ca *ca;
    struct cg_issuer *issuer;
    struct cg_batch_result *result;
    struct cg_change *change; /* of the chunk */
    struct job *jobs;         /* of the chunk */
    size_t njobs;
    atomic_size_t next;
    int64_t until_ms; /* monotonic: no job of the chunk is started after it */
    size_t done, total;
};

bool cg_batch_line(char *line, bool is_server, const char **name, GENERAL_NAMES *names, struct cg_error *err)
{
    char *rest = NULL, *word = strtok_r(line, " \t\r", &rest);
    *name = word ? word : "";
    if (!cg_ca_name_valid(*name, err))
        return false;
    while ((word = strtok_r(NULL, " \t\r", &rest)))
        if (!cg_san_add(names, word, err))
            return false;
    return sk_GENERAL_NAME_num(names) > 0 || cg_san_add_default(names, *name, is_server, err);
}

static bool make(const struct batch *batch, struct job *job)
{
    const struct cg_batch_request *o = batch->request;
    bool is_server = o->profile->purpose == CG_PURPOSE_SERVER;
    if (!(job->names = sk_GENERAL_NAME_new_null()) ||
        !cg_batch_line(job->line, is_server, &job->issue.name, job->names, &job->err))
        return false;
    cg_issue_place(batch->ca, &job->issue);
    if ((job->skipped = job->issue.is_live))
        return true;
    const struct cg_subject subject = {job->issue.name, o->organization, o->unit, o->country};
    X509_NAME *name = cg_subject_make(&subject, &job->err);
    job->issue.private_key = true;
    job->issue.request = (struct cg_certificate_request){.profile = o->profile,
                                                         .subject = name,
                                                         .key = name ? cg_key_generate(o->key_type, &job->err) : NULL,
                                                         .names = job->names,
                                                         .policy = o->policy,
                                                         .both_purposes = o->both_purposes,
                                                         .path_length = -2,
                                                         .lifetime = o->lifetime};
    bool ok = job->issue.request.key && cg_issue_make(batch->issuer, &job->issue, &job->issued, &job->err) &&
              (batch->ca->options.dry_run ||
               cg_issue_stage(batch->issuer, batch->change, &job->issue, &job->issued, &job->err));
    EVP_PKEY_free(job->issue.request.key);
    X509_NAME_free(name);
    job->issue.request.key = NULL;
    job->issue.request.subject = NULL;
    return ok;
}

static void *work(void *context)
{
    struct batch *batch = context;
    for (size_t i; (batch->next == 0 || cg_monotonic_ms() < batch->until_ms) &&
                   (i = atomic_fetch_add(&batch->next, 1)) < batch->njobs;)
        batch->jobs[i].ok = make(batch, &batch->jobs[i]);
    return NULL;
}

/* Returns how many of the chunk were started. */
static size_t make_all(struct batch *batch)
{
    pthread_t thread[THREADS_MAX];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    int wanted = cpus < 1 ? 1 : cpus > THREADS_MAX ? THREADS_MAX : (int)cpus, started = 0;
    batch->next = 0;
    batch->until_ms = cg_monotonic_ms() + CHUNK_MS;
    while (started < wanted - 1 && pthread_create(&thread[started], NULL, work, batch) == 0)
        started++;
    work(batch);
    while (started > 0)
        pthread_join(thread[--started], NULL);
    return batch->next < batch->njobs ? batch->next : batch->njobs;
}

/* A name that occurs twice in one chunk would be moved over itself. */
static bool is_repeated(const struct batch *batch, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (batch->jobs[i].ok && strcmp(batch->jobs[i].issue.name, batch->jobs[index].issue.name) == 0)
            return true;
    return false;
}

static bool record_all(struct batch *batch, size_t begun, struct cg_error *err)
{
    for (size_t i = 0; i < begun; i++) {
        struct job *job = &batch->jobs[i];
        bool repeated = job->ok && is_repeated(batch, i);
        if (repeated)
            cg_error_set(&job->err, "the name is repeated");
        job->ok = job->ok && !repeated;
        batch->result->failed += !job->ok;
        batch->result->skipped += job->ok && job->skipped;
        if (!job->ok && batch->request->failed)
            batch->request->failed(batch->request->context, job->number, job->err.text);
        if (!job->ok || job->skipped)
            continue;
        batch->result->made++;
        batch->result->shortened += job->issued.shortened;
        if (batch->ca->options.dry_run)
            continue;
        if (!cg_issue_record(batch->change, &job->issue, &job->issued, err))
            return false;
        if (!cg_serials_add(&batch->issuer->serials, job->issued.serial))
            return cg_fail_memory(err);
    }
    return true;
}

/* The others stay for the next chunk. */
static void drop_started(struct batch *batch, size_t begun)
{
    for (size_t i = 0; i < begun; i++) {
        GENERAL_NAMES_free(batch->jobs[i].names);
        cg_issued_clear(&batch->jobs[i].issued);
    }
    batch->done += begun;
    batch->njobs -= begun;
    memmove(batch->jobs, batch->jobs + begun, batch->njobs * sizeof *batch->jobs);
    for (size_t i = 0; i < batch->njobs; i++)
        batch->jobs[i].issue.slot = (unsigned)i;
}

/* A revocation does not wait for the end of the batch. */
static enum cg_ca_result yield_lock(struct batch *batch, struct cg_error *err)
{
    bool yielded = false;
    enum cg_ca_result result = cg_lock_yield(batch->ca, &yielded, err);
    if (result == CG_CA_OK && yielded && !cg_issuer_refresh(batch->issuer, err))
        return CG_CA_FAILED;
    return result;
}

static enum cg_ca_result run_chunk(struct batch *batch, struct cg_error *err)
{
    struct cg_change change = {0};
    enum cg_ca_result result = yield_lock(batch, err);
    if (result != CG_CA_OK)
        return result;
    batch->change = &change;
    bool ok = batch->ca->options.dry_run || cg_change_begin(&change, batch->ca, true, err);
    size_t before = batch->result->made, begun = 0;
    if (ok) {
        begun = make_all(batch);
        ok = record_all(batch, begun, err);
    }
    const bool commits = ok && !batch->ca->options.dry_run && batch->result->made > before;
    ok = cg_change_end(&change, commits, err) || (ok && !commits);
    batch->change = NULL;
    drop_started(batch, begun);
    if (ok && batch->request->progress)
        batch->request->progress(batch->request->context, batch->done, batch->total);
    return ok ? CG_CA_OK : CG_CA_FAILED;
}

static bool is_empty(const char *line)
{
    line += strspn(line, " \t\r");
    return *line == '\0' || *line == '#';
}

static size_t count_lines(const char *text)
{
    size_t n = 0;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        n += *line != '\n' && *line != '#';
    return n;
}

static enum cg_ca_result run_lines(struct batch *batch, char *text, struct cg_error *err)
{
    unsigned long number = 0;
    enum cg_ca_result result = CG_CA_OK;
    if (!(batch->jobs = calloc(CHUNK, sizeof *batch->jobs))) {
        cg_fail_memory(err);
        return CG_CA_FAILED;
    }
    batch->total = count_lines(text);
    for (char *line = text, *next = NULL; line && result == CG_CA_OK; line = next) {
        if ((next = strchr(line, '\n')))
            *next++ = '\0';
        number++;
        if (is_empty(line))
            continue;
        unsigned slot = (unsigned)batch->njobs;
        batch->jobs[batch->njobs++] = (struct job){.line = line, .number = number, .issue.slot = slot};
        if (batch->njobs == CHUNK)
            result = run_chunk(batch, err);
    }
    while (batch->njobs && result == CG_CA_OK)
        result = run_chunk(batch, err);
    return result;
}

enum cg_ca_result cg_batch_issue(struct cg_ca *ca, struct cg_issuer *issuer, const struct cg_batch_request *request,
                                 char *text, struct cg_batch_result *result, struct cg_error *err)
{
    struct batch batch = {.request = request, .ca = ca, .issuer = issuer, .result = result};
    *result = (struct cg_batch_result){0};
    enum cg_ca_result end = run_lines(&batch, text, err);
    free(batch.jobs);
    return end;
}
