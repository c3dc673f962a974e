/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "work.h"

#include <stdio.h>
#include <stdlib.h>

struct cg_work *cg_work_new(enum cg_work_kind kind, const char *id)
{
    struct cg_work *work = calloc(1, sizeof *work);
    if (!work)
        return NULL;
    work->kind = kind;
    snprintf(work->id, sizeof work->id, "%s", id ? id : "");
    return work;
}

void cg_work_free(struct cg_work *work)
{
    if (!work)
        return;
    cg_recheck_subject_clear(&work->subject);
    X509_free(work->certificate);
    cJSON_Delete(work->argument);
    cJSON_Delete(work->data_out);
    free(work->data);
    free(work->issued);
    free(work);
}
