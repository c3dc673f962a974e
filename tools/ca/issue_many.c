/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "issue_many.h"
#include "base/failure.h"
#include "base/parallel.h"
#include "store/lock.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK    256  /* certificates in one change: the most that a stopped run loses */
#define CHUNK_MS 2000 /* none is started after that: large keys take seconds each, and others wait for the lock */

/* What becomes one change. */
struct chunk {
    const struct cg_issue_many *many;
    struct cg_change change;
    struct cg_issue_job *jobs;
    size_t first; /* number of its first certificate */
    size_t begun;
};

bool cg_issue_job_make(struct cg_issue_job *job)
{
    return cg_issue_make(job->issuer, &job->issue, &job->issued, &job->err) &&
           (!job->change || cg_issue_stage(job->issuer, job->change, &job->issue, &job->issued, &job->err));
}

static void make_one(void *context, size_t i)
{
    struct chunk *chunk = context;
    const struct cg_issue_many *many = chunk->many;
    struct cg_issue_job *job = &chunk->jobs[i];
    *job = (struct cg_issue_job){.number = chunk->first + i,
                                 .ca = many->ca,
                                 .issuer = many->issuer,
                                 .change = chunk->change.ca ? &chunk->change : NULL,
                                 .issue.slot = (unsigned)i};
    job->ok = many->make(many->context, job);
}

static bool is_made(const struct cg_issue_job *job)
{
    return job->ok && !job->skipped;
}

/* A name that occurs twice in one chunk would be moved over itself. */
static void refuse_repeated(const struct chunk *chunk, size_t index)
{
    struct cg_issue_job *job = &chunk->jobs[index];
    for (size_t i = 0; job->ok && i < index; i++)
        if (chunk->jobs[i].ok && strcmp(chunk->jobs[i].issue.name, job->issue.name) == 0)
            job->ok = cg_fail_text(&job->err, "the name is repeated");
}

/* Returns false on an error; *count: certificates in the change. */
static bool record_all(struct chunk *chunk, size_t *count, struct cg_error *err)
{
    struct cg_issuer *issuer = chunk->many->issuer;
    bool ok = true;
    for (size_t i = 0; ok && i < chunk->begun; i++) {
        const struct cg_issue_job *job = &chunk->jobs[i];
        refuse_repeated(chunk, i);
        if (!is_made(job) || !job->change)
            continue;
        ++*count;
        ok = cg_issue_record(&chunk->change, &job->issue, &job->issued, err) &&
             (cg_serials_add(&issuer->serials, job->issued.serial) || cg_fail_memory(err));
    }
    if (ok && *count && issuer->chain_is_new) {
        ok = cg_change_put_text(&chunk->change, "chain.pem", issuer->chain, 0644, err);
        issuer->chain_is_new = !ok;
    }
    return ok;
}

/* A revocation does not wait for the end of a long run. */
static enum cg_ca_result yield_lock(const struct cg_issue_many *many, struct cg_error *err)
{
    bool yielded = false;
    enum cg_ca_result result = cg_lock_yield(many->ca, &yielded, err);
    if (result == CG_CA_OK && yielded && !cg_issuer_refresh(many->issuer, err))
        return CG_CA_FAILED;
    return result;
}

/* Makes and commits as many as one change has. */
static bool make_all(struct chunk *chunk, struct cg_error *err)
{
    const struct cg_issue_many *many = chunk->many;
    const size_t left = many->count - chunk->first;
    size_t count = 0;
    if (!many->ca->options.dry_run && !cg_change_begin(&chunk->change, many->ca, true, err))
        return cg_change_end(&chunk->change, false, err);
    chunk->begun = cg_parallel(left < CHUNK ? left : CHUNK, CHUNK_MS, make_one, chunk);
    const bool ok = record_all(chunk, &count, err), commits = ok && count;
    if (!cg_change_end(&chunk->change, commits, err))
        return ok && !commits;
    cg_issuer_note_written(many->issuer);
    return true;
}

static enum cg_ca_result run_chunk(struct chunk *chunk, struct cg_error *err)
{
    const struct cg_issue_many *many = chunk->many;
    chunk->begun = 0;
    enum cg_ca_result result = yield_lock(many, err);
    if (result == CG_CA_OK && !make_all(chunk, err))
        result = CG_CA_FAILED;
    for (size_t i = 0; i < chunk->begun; i++) {
        if (result == CG_CA_OK)
            many->done(many->context, &chunk->jobs[i]);
        cg_issued_clear(&chunk->jobs[i].issued);
    }
    chunk->first += chunk->begun;
    return result;
}

enum cg_ca_result cg_issue_many(const struct cg_issue_many *many, struct cg_error *err)
{
    struct chunk chunk = {.many = many, .jobs = calloc(CHUNK, sizeof *chunk.jobs)};
    enum cg_ca_result result = chunk.jobs ? CG_CA_OK : CG_CA_FAILED;
    if (!chunk.jobs)
        cg_fail_memory(err);
    while (result == CG_CA_OK && chunk.first < many->count)
        result = run_chunk(&chunk, err);
    free(chunk.jobs);
    return result;
}
