/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot_loading.h"

bool cg_loading_no_memory(struct cg_loading *loading)
{
    loading->stage = CG_REASON_NO_MEMORY;
    cg_error_set(&loading->err, "snapshot: out of memory");
    return false;
}

bool cg_loading_watch(struct cg_loading *loading, const char *path)
{
    return !loading->watched || !path || cg_file_states_add(loading->watched, path) || cg_loading_no_memory(loading);
}

bool cg_loading_watch_all(struct cg_loading *loading, const struct cg_file_states *file_states)
{
    for (size_t i = 0; i < file_states->count; i++)
        if (!cg_loading_watch(loading, file_states->item[i].path))
            return false;
    return true;
}

bool cg_loading_keep_previous(struct cg_loading *loading)
{
    if (!loading->previous)
        return false;
    cg_faults_add(loading->faults, loading->stage, &loading->err, loading->key);
    loading->key = 0;
    loading->err.text[0] = '\0';
    return true;
}
