/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "faults.h"

#include <stdlib.h>
#include <string.h>

static bool has_place(const struct cg_faults *faults, enum cg_reason reason)
{
    size_t crls = 0;
    for (size_t i = 0; i < faults->count; i++)
        crls += faults->item[i].reason == CG_REASON_CRL_INVALID;
    return faults->count < CG_FAULTS_MAX && (reason != CG_REASON_CRL_INVALID || crls < CG_FAULTS_MAX - CG_FAULTS_KEPT);
}

void cg_faults_add(struct cg_faults *faults, enum cg_reason reason, const struct cg_error *err, uint64_t key)
{
    if (cg_faults_has(faults, err, key))
        return;
    struct cg_fault *grown = has_place(faults, reason) ? realloc(faults->item, (faults->count + 1) * sizeof *grown)
                                                       : NULL;
    if (!grown) {
        faults->more++;
        return;
    }
    faults->item = grown;
    faults->item[faults->count++] = (struct cg_fault){reason, *err, key};
}

void cg_faults_truncate(struct cg_faults *faults, size_t count)
{
    if (faults->count > count)
        faults->count = count;
    faults->more = 0;
}

bool cg_faults_is_empty(const struct cg_faults *faults)
{
    return faults->count == 0 && faults->more == 0;
}

bool cg_faults_has(const struct cg_faults *faults, const struct cg_error *err, uint64_t key)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct cg_fault *fault = &faults->item[i];
        if (fault->key == key && (key || strcmp(fault->error.text, err->text) == 0))
            return true;
    }
    return false;
}

bool cg_faults_copy(const struct cg_faults *faults, struct cg_faults *out)
{
    memset(out, 0, sizeof *out);
    if (faults->count) {
        out->item = malloc(faults->count * sizeof *out->item);
        if (!out->item)
            return false;
        memcpy(out->item, faults->item, faults->count * sizeof *out->item);
    }
    out->count = faults->count;
    out->more = faults->more;
    return true;
}

void cg_faults_clear(struct cg_faults *faults)
{
    free(faults->item);
    memset(faults, 0, sizeof *faults);
}
