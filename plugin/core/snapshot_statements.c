/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot_statements.h"

#include "core/file/file.h"
#include "core/renewal/statement.h"

static bool is_statement(const char *path, const struct cg_bytes *bytes, struct cg_error *err)
{
    struct cg_statement statement;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    if (cg_statement_parse(bytes->data, bytes->len, &statement, &refusal))
        return true;
    cg_error_set(err,
                 "%s: expected a statement about a root: %s. Write the file again, or remove it from "
                 "renewal.statements in the policy",
                 path, refusal.detail);
    return false;
}

static bool read_statement(struct cg_loading *loading, const char *path)
{
    struct cg_bytes bytes;
    if (!cg_file_read(path, CG_FILE_PUBLIC, CG_STATEMENT_MAX, &bytes, &loading->err))
        return false;
    const bool ok = is_statement(path, &bytes, &loading->err) &&
                    (cg_statements_add(loading->snapshot->statements, bytes.data, bytes.len) ||
                     cg_loading_no_memory(loading));
    cg_bytes_free(&bytes);
    return ok;
}

static bool read_statements(struct cg_loading *loading, const struct cg_strings *paths)
{
    loading->stage = CG_REASON_TRUST_INVALID;
    loading->snapshot->statements = cg_statements_new(paths->count);
    if (!loading->snapshot->statements)
        return cg_loading_no_memory(loading);
    for (size_t i = 0; i < paths->count; i++)
        if (!read_statement(loading, paths->item[i]))
            return false;
    return true;
}

static void use_previous(struct cg_loading *loading)
{
    cg_statements_free(loading->snapshot->statements);
    loading->snapshot->statements = cg_statements_ref(loading->previous->statements);
}

bool cg_loading_load_statements(struct cg_loading *loading)
{
    const struct cg_strings *paths = &loading->snapshot->policy->renewal.statements;
    for (size_t i = 0; i < paths->count; i++)
        if (!cg_loading_watch(loading, paths->item[i]))
            return false;
    if (paths->count == 0)
        return true;
    const bool ok = read_statements(loading, paths);
    if (!ok && !cg_loading_keep_previous(loading))
        return false;
    if (!ok || (loading->previous && cg_statements_same(loading->snapshot->statements, loading->previous->statements)))
        use_previous(loading);
    return true;
}
