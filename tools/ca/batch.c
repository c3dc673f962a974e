/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "batch.h"
#include "base/array.h"
#include "base/failure.h"
#include "issue_many.h"
#include "names.h"

#include <stdlib.h>
#include <string.h>

struct line {
    char *text; /* borrowed, split by its thread */
    unsigned long number;
};

struct batch {
    const struct cg_batch_request *request;
    struct cg_batch_result *result;
    struct line *line;
    size_t count;
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

/* The certificate of one line. */
static bool make(const struct batch *batch, const char *name, const GENERAL_NAMES *names, struct cg_issue_job *job)
{
    const struct cg_batch_request *o = batch->request;
    const struct cg_subject wanted = {name, o->organization, o->unit, o->country};
    X509_NAME *subject = cg_subject_make(&wanted, &job->err);
    job->issue.private_key = true;
    job->issue.request = (struct cg_certificate_request){.profile = o->profile,
                                                         .subject = subject,
                                                         .key = subject ? cg_key_generate(o->key_type, &job->err)
                                                                        : NULL,
                                                         .names = names,
                                                         .policy = o->policy,
                                                         .both_purposes = o->both_purposes,
                                                         .path_length = -2,
                                                         .lifetime = o->lifetime};
    const bool ok = job->issue.request.key && cg_issue_job_make(job);
    EVP_PKEY_free(job->issue.request.key);
    X509_NAME_free(subject);
    return ok;
}

static bool make_line(void *context, struct cg_issue_job *job)
{
    const struct batch *batch = context;
    const bool is_server = batch->request->profile->purpose == CG_PURPOSE_SERVER;
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool ok = names && cg_batch_line(batch->line[job->number].text, is_server, &job->issue.name, names, &job->err);
    if (ok)
        cg_issue_place(job->ca, &job->issue);
    job->skipped = job->issue.is_live;
    ok = ok && (job->skipped || make(batch, job->issue.name, names, job));
    GENERAL_NAMES_free(names);
    return ok;
}

static void count_line(void *context, const struct cg_issue_job *job)
{
    const struct batch *batch = context;
    const struct cg_batch_request *request = batch->request;
    struct cg_batch_result *result = batch->result;
    const bool made = job->ok && !job->skipped;
    result->made += made;
    result->shortened += made && job->issued.shortened;
    result->skipped += job->ok && job->skipped;
    result->failed += !job->ok;
    if (!job->ok && request->failed)
        request->failed(request->context, batch->line[job->number].number, job->err.text);
    cg_progress(request->progress, job->number + 1, batch->count);
}

static bool is_empty(const char *line)
{
    line += strspn(line, " \t\r");
    return *line == '\0' || *line == '#';
}

static bool split_lines(struct batch *batch, char *text, struct cg_error *err)
{
    unsigned long number = 0;
    for (char *next = NULL; text; text = next) {
        if ((next = strchr(text, '\n')))
            *next++ = '\0';
        number++;
        if (is_empty(text))
            continue;
        struct line *line = cg_array_grow(batch->line, batch->count, sizeof *line);
        if (!line)
            return cg_fail_memory(err);
        batch->line = line;
        line[batch->count++] = (struct line){text, number};
    }
    return true;
}

enum cg_ca_result cg_batch_issue(struct cg_ca *ca, struct cg_issuer *issuer, const struct cg_batch_request *request,
                                 char *text, struct cg_batch_result *result, struct cg_error *err)
{
    struct batch batch = {.request = request, .result = result};
    *result = (struct cg_batch_result){0};
    const bool ok = split_lines(&batch, text, err);
    const struct cg_issue_many many = {ca, issuer, batch.count, make_line, count_line, &batch};
    enum cg_ca_result end = ok ? cg_issue_many(&many, err) : CG_CA_FAILED;
    free(batch.line);
    return end;
}
