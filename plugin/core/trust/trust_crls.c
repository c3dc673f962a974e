/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "trust_crls.h"

#include "core/cert/format.h"
#include "core/cert/pem.h"
#include "core/file/file.h"
#include "trust_parts.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define CRL_MAX ((size_t)2 << 30)

void cg_trust_allow_extended_crls(struct cg_trust *trust)
{
    trust->extended_crls = true;
}

bool cg_trust_same_crls(const struct cg_trust *a, const struct cg_trust *b)
{
    return a->extended_crls == b->extended_crls && cg_crl_set_same(a->crls, b->crls);
}

/* One load. Without a list of faults, the first fault ends it. */
struct loading {
    struct cg_trust *trust;
    const struct cg_trust *before;     /* may be NULL */
    bool same_issuers;                 /* before has the same certificates, so its CRLs are valid here too */
    struct cg_faults *faults;          /* NULL: the first fault ends the load */
    const struct cg_strings *may_fail; /* NULL: all paths */
    bool strict;                       /* a fault of the current path ends the load */
    struct cg_file_states *watched;    /* may be NULL */
    struct cg_error *err;
};

/* Lists a fault. False ends the load. */
static bool fault(const struct loading *loading, const struct cg_error *err)
{
    if (loading->faults && !loading->strict) {
        cg_faults_add(loading->faults, CG_REASON_CRL_INVALID, err, 0);
        return true;
    }
    if (loading->err)
        *loading->err = *err;
    return false;
}

static bool no_memory(const struct loading *loading, const char *place)
{
    cg_error_set(loading->err, "%s: out of memory", place);
    return false;
}

/* ---- a file */

static void clear_file(struct cg_crl_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        cg_crl_free(file->crl[i]);
    free(file->crl);
    free(file->file_state.path);
    memset(file, 0, sizeof *file);
}

void cg_crl_files_free(struct cg_trust *trust)
{
    for (size_t i = 0; i < trust->nfiles; i++)
        clear_file(&trust->files[i]);
    free(trust->files);
}

static bool keep_crl(struct cg_crl_file *file, struct cg_crl *crl)
{
    struct cg_crl **grown = realloc(file->crl, (file->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    file->crl = grown;
    file->crl[file->count++] = crl;
    return true;
}

/* Adds one CRL of a file; number is its position, or 0 if it is the only one. *ok becomes false on a fault. False
 * ends the load. */
static bool take_crl(const struct loading *loading, const char *place, unsigned number, const unsigned char *der,
                     size_t len, struct cg_crl_file *file, bool *ok)
{
    struct cg_error err = {""};
    struct cg_trust *trust = loading->trust;
    ERR_set_mark();
    struct cg_crl *crl = cg_crl_read(der, len, trust->all, !trust->extended_crls, &err);
    ERR_pop_to_mark();
    if (crl && (!cg_crl_set_place(crl, place) || !keep_crl(file, crl))) {
        cg_crl_free(crl);
        return no_memory(loading, place);
    }
    if (crl && cg_crl_set_put(trust->crls, cg_crl_ref(crl), &err))
        return true;
    *ok = false;
    if (number)
        cg_error_prefix(&err, "%s: CRL %u", place, number);
    else
        cg_error_prefix(&err, "%s", place);
    return fault(loading, &err);
}

/* Overwrites data: PEM is decoded in place. */
static bool take_crls(const struct loading *loading, const char *place, unsigned char *data, size_t len,
                      struct cg_crl_file *file, bool *ok)
{
    struct cg_error err = {""};
    struct cg_pem pem = {.place = place, .data = data, .len = len};
    enum cg_pem_step step = CG_PEM_FAULT;
    size_t count = 0;
    if (cg_is_der(data, len))
        return take_crl(loading, place, 0, data, len, file, ok);
    for (; (step = cg_pem_next(&pem, &err)) == CG_PEM_BLOCK; count++) {
        if (strcmp(pem.label, "X509 CRL") != 0) {
            cg_error_set(&err, "%s: expected CRLs, found a PEM block %s. Check that it is the right file", place,
                         pem.label);
            break;
        }
        bool several = pem.number > 1 || memmem(data + pem.at, len - pem.at, "-----BEGIN", 10);
        if (!take_crl(loading, place, several ? pem.number : 0, pem.der, pem.der_len, file, ok))
            return false;
    }
    if (step == CG_PEM_END && count > 0)
        return true;
    if (step == CG_PEM_END && !cg_format_explain(place, NULL, data, len, CG_WANT_CRLS, &err))
        cg_error_set(&err, "%s: expected a CRL in PEM or DER, found none. Check that it is the right file", place);
    *ok = false;
    return fault(loading, &err);
}

bool cg_trust_add_crls(struct cg_trust *trust, const char *place, const void *data, size_t len, struct cg_error *err)
{
    const struct loading loading = {.trust = trust, .err = err};
    struct cg_crl_file file = {0};
    bool ok = true;
    unsigned char *copy = malloc(len ? len : 1);
    if (!copy)
        return no_memory(&loading, place);
    memcpy(copy, data, len);
    bool complete = take_crls(&loading, place, copy, len, &file, &ok);
    free(copy);
    clear_file(&file);
    return complete;
}

static const struct cg_crl_file *read_before(const struct loading *loading, const struct cg_file_state *file_state)
{
    if (!loading->before || !loading->same_issuers || loading->before->extended_crls != loading->trust->extended_crls)
        return NULL;
    for (size_t i = 0; i < loading->before->nfiles; i++) {
        const struct cg_crl_file *file = &loading->before->files[i];
        if (strcmp(file->file_state.path, file_state->path) == 0 && cg_file_state_same(&file->file_state, file_state))
            return file;
    }
    return NULL;
}

static bool share_file(const struct loading *loading, const struct cg_crl_file *before, struct cg_crl_file *file,
                       bool *ok)
{
    for (size_t i = 0; i < before->count; i++) {
        struct cg_error err = {""};
        if (!keep_crl(file, cg_crl_ref(before->crl[i]))) {
            cg_crl_free(before->crl[i]);
            return no_memory(loading, before->file_state.path);
        }
        if (cg_crl_set_put(loading->trust->crls, cg_crl_ref(before->crl[i]), &err))
            continue;
        *ok = false;
        cg_error_prefix(&err, "%s", before->file_state.path);
        if (!fault(loading, &err))
            return false;
    }
    return true;
}

static bool read_file(const struct loading *loading, const char *path, struct cg_crl_file *file, bool *ok)
{
    struct cg_error err = {""};
    struct cg_bytes bytes;
    if (!cg_file_read(path, CG_FILE_CRLS, CRL_MAX, &bytes, &err)) {
        *ok = false;
        return fault(loading, &err);
    }
    bool complete = take_crls(loading, path, bytes.data, bytes.len, file, ok);
    cg_bytes_free(&bytes);
    return complete;
}

static bool keep_file(struct cg_trust *trust, const struct cg_crl_file *file)
{
    struct cg_crl_file *grown = realloc(trust->files, (trust->nfiles + 1) * sizeof *grown);
    if (!grown)
        return false;
    trust->files = grown;
    trust->files[trust->nfiles++] = *file;
    return true;
}

static bool load_file(void *context, const char *path, struct cg_error *unused)
{
    (void)unused;
    const struct loading *loading = context;
    struct cg_crl_file file = {0};
    bool ok = true;
    if (loading->watched && !cg_file_states_add(loading->watched, path))
        return no_memory(loading, path);
    cg_file_state_read(path, &file.file_state);
    file.file_state.path = strdup(path);
    if (!file.file_state.path)
        return no_memory(loading, path);
    const struct cg_crl_file *before = read_before(loading, &file.file_state);
    bool complete = before ? share_file(loading, before, &file, &ok) : read_file(loading, path, &file, &ok);
    if (!complete || !ok || !keep_file(loading->trust, &file)) /* if it cannot be kept, it is read again next time */
        clear_file(&file);
    return complete;
}

/* ---- all files */

static const char *const suffixes[] = {".crl", ".pem", ".der", NULL};

static bool load_path(struct loading *loading, const char *path)
{
    struct cg_error err = {""};
    bool ended = false;
    if (!cg_file_is_folder(path))
        return load_file(loading, path, NULL);
    if (loading->watched && !cg_file_states_add(loading->watched, path))
        return no_memory(loading, path);
    if (cg_folder_visit(path, suffixes, load_file, loading, &err))
        return true;
    ended = !err.text[0]; /* a file of the folder is at fault, not the folder */
    return !ended && fault(loading, &err);
}

static bool is_among(const struct cg_strings *paths, const char *path)
{
    size_t i = 0;
    while (i < paths->count && strcmp(paths->item[i], path) != 0)
        i++;
    return i < paths->count;
}

/* ---- CRLs older than those that were in use */

/* Do paths contain this path or its folder? */
static bool is_below(const struct cg_strings *paths, const char *path)
{
    for (size_t i = 0; i < paths->count; i++) {
        size_t len = strlen(paths->item[i]);
        if (strncmp(path, paths->item[i], len) == 0 && (path[len] == '\0' || path[len] == '/'))
            return true;
    }
    return false;
}

static bool has_newer_delta(const struct cg_crl_set *set, const struct cg_crl *base)
{
    for (size_t i = 0; i < cg_crl_set_count(set); i++) {
        const struct cg_crl *crl = cg_crl_set_at(set, i);
        if (crl->is_delta && cg_crl_same_base(crl, base) && cg_crl_compare(crl, base) > 0)
            return true;
    }
    return false;
}

/* A delta CRL in the store is checked separately, and that of the previous store is kept. */
static enum cg_crl_age age_of(const struct loading *loading, const struct cg_crl_numbers *numbers,
                              const struct cg_crl *crl, struct cg_error *err)
{
    enum cg_crl_age age = cg_crl_numbers_check(numbers, crl, err);
    bool has_delta = has_newer_delta(loading->trust->crls, crl) ||
                     (loading->before && has_newer_delta(loading->before->crls, crl));
    return age != CG_CRL_NOT_OLDER || has_delta ? age : cg_crl_numbers_check_base(numbers, crl, err);
}

/* False ends the load. If the previous store has a CRL that is new enough, cg_crl_set_keep puts it back and reports
 * that. */
static bool check_number(struct loading *loading, const struct cg_crl_numbers *numbers, size_t index)
{
    struct cg_crl_set *set = loading->trust->crls;
    const struct cg_crl *crl = cg_crl_set_at(set, index);
    struct cg_error err = {""};
    enum cg_crl_age age = age_of(loading, numbers, crl, &err);
    if (age == CG_CRL_NOT_OLDER)
        return true;
    if (age != CG_CRL_OLDER)
        return no_memory(loading, "CRLs");
    const struct cg_crl *serving = loading->before ? cg_crl_set_find(loading->before->crls, crl) : NULL;
    if (serving && cg_crl_numbers_check(numbers, serving, NULL) == CG_CRL_NOT_OLDER)
        return true;
    cg_error_prefix(&err, "%s", crl->place);
    loading->strict = loading->may_fail && !is_below(loading->may_fail, crl->place);
    if (!fault(loading, &err))
        return false;
    if (!serving)
        cg_crl_set_remove(set, index);
    return true;
}

bool cg_trust_has_crl_of(const struct cg_trust *trust, const X509 *issuer)
{
    for (size_t i = 0; i < cg_crl_set_count(trust->crls); i++)
        if (X509_NAME_cmp(cg_crl_set_at(trust->crls, i)->issuer, X509_get_subject_name(issuer)) == 0)
            return true;
    return false;
}

bool cg_trust_raise_numbers(const struct cg_trust *trust, struct cg_crl_numbers *numbers)
{
    for (size_t i = 0; i < cg_crl_set_count(trust->crls); i++)
        if (!cg_crl_numbers_raise(numbers, cg_crl_set_at(trust->crls, i)))
            return false;
    return true;
}

static struct loading loading_of(struct cg_trust *trust, const struct cg_trust_before *before, struct cg_error *err)
{
    struct loading loading = {.trust = trust, .err = err};
    if (before) {
        loading.before = before->trust;
        loading.same_issuers = before->same_certificates;
        loading.faults = before->faults;
        loading.may_fail = before->crls;
    }
    return loading;
}

bool cg_trust_read_crls(struct cg_trust *trust, const struct cg_trust_files *files,
                        const struct cg_trust_before *before, struct cg_file_states *watched, struct cg_error *err)
{
    struct loading loading = loading_of(trust, before, err);
    loading.watched = watched;
    trust->extended_crls = files->crl_extended;
    for (size_t i = 0; i < files->crls.count; i++) {
        loading.strict = loading.may_fail && !is_among(loading.may_fail, files->crls.item[i]);
        if (!load_path(&loading, files->crls.item[i]))
            return false;
    }
    return true;
}

void cg_trust_refresh_crls(struct cg_trust *trust, const struct cg_trust *other)
{
    if (trust->extended_crls == other->extended_crls)
        cg_crl_set_refresh(trust->crls, other->crls, trust->all);
}

bool cg_trust_resolve_crls(struct cg_trust *trust, const struct cg_trust_files *files,
                           const struct cg_trust_before *before, struct cg_error *err)
{
    struct loading loading = loading_of(trust, before, err);
    for (size_t i = cg_crl_set_count(trust->crls); before && i-- > 0;)
        if (!check_number(&loading, before->numbers, i))
            return false;
    if (!loading.before || !loading.faults || files->crls.count == 0)
        return true;
    return cg_crl_set_keep(trust->crls, loading.before->crls, trust->all, loading.faults) ||
           no_memory(&loading, "CRLs");
}
