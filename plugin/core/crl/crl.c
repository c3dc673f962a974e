/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl.h"
#include "core/cert/name.h"
#include "loaded_crl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cg_crl_set {
    struct cg_crl **crls;
    size_t count;
};

struct cg_crl_set *cg_crl_set_new(void)
{
    return calloc(1, sizeof(struct cg_crl_set));
}

void cg_crl_set_free(struct cg_crl_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        cg_crl_free(set->crls[i]);
    free(set->crls);
    free(set);
}

size_t cg_crl_set_count(const struct cg_crl_set *set)
{
    return set ? set->count : 0;
}

static struct cg_crl **find_same_scope(const struct cg_crl_set *set, const struct cg_crl *crl)
{
    for (size_t i = 0; i < set->count; i++)
        if (cg_crl_same_scope(set->crls[i], crl))
            return &set->crls[i];
    return NULL;
}

const struct cg_crl *cg_crl_set_at(const struct cg_crl_set *set, size_t index)
{
    return index < cg_crl_set_count(set) ? set->crls[index] : NULL;
}

const struct cg_crl *cg_crl_set_find(const struct cg_crl_set *set, const struct cg_crl *crl)
{
    struct cg_crl **held = find_same_scope(set, crl);
    return held ? *held : NULL;
}

void cg_crl_set_remove(struct cg_crl_set *set, size_t index)
{
    cg_crl_free(set->crls[index]);
    set->count--;
    memmove(&set->crls[index], &set->crls[index + 1], (set->count - index) * sizeof(struct cg_crl *));
}

/* A CA that was restored from a backup continues with old numbers. Publishing CRLs until the number is high enough
 * would accept certificates again that were revoked after the backup. */
static void set_older_error(const struct cg_crl *held, const struct cg_crl *older, struct cg_error *err)
{
    char high[44], low[44], restored[160] = "";
    cg_crl_number_text(held, high, sizeof high);
    cg_crl_number_text(older, low, sizeof low);
    if (high[0])
        snprintf(restored, sizeof restored,
                 ". If the CA was restored from a backup, revoke again what was revoked since then, and run `certguard "
                 "crl --above %s`",
                 high);
    cg_error_set(
        err,
        "CRL of %s: cRLNumber %s is older than %s, which is in use (RFC 5280 5.2.3). Replace it with the newest CRL%s",
        older->issuer_text, low[0] ? low : "(none)", high[0] ? high : "(none)", restored);
}

static bool append(struct cg_crl_set *set, struct cg_crl *crl)
{
    struct cg_crl **grown = realloc(set->crls, (set->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    set->crls = grown;
    set->crls[set->count++] = crl;
    return true;
}

bool cg_crl_set_put(struct cg_crl_set *set, struct cg_crl *crl, struct cg_error *err)
{
    struct cg_crl **held = find_same_scope(set, crl);
    if (held && cg_crl_compare(crl, *held) < 0) {
        set_older_error(*held, crl, err);
        cg_crl_free(crl);
        return false;
    }
    if (held) {
        cg_crl_free(*held);
        *held = crl;
        return true;
    }
    if (append(set, crl))
        return true;
    cg_error_set(err, "out of memory");
    cg_crl_free(crl);
    return false;
}

bool cg_crl_set_add(struct cg_crl_set *set, const unsigned char *der, size_t len, const STACK_OF(X509) *issuers,
                    bool strict, struct cg_error *err)
{
    struct cg_crl *crl = cg_crl_read(der, len, issuers, strict, err);
    return crl && cg_crl_set_put(set, crl, err);
}

/* ---- CRLs kept from another set */

static bool has_key_of(const STACK_OF(X509) *issuers, const X509 *signer)
{
    for (int i = 0; i < sk_X509_num(issuers); i++) {
        const X509 *issuer = sk_X509_value(issuers, i);
        if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_subject_name(signer)) == 0 &&
            cg_same_key(issuer, signer))
            return true;
    }
    return false;
}

/* A complete CRL of the same scope that is at least as new contains all entries of the delta. */
static bool is_superseded(const struct cg_crl_set *set, const struct cg_crl *delta)
{
    for (size_t i = 0; i < set->count; i++)
        if (!set->crls[i]->is_delta && cg_crl_same_base(delta, set->crls[i]) &&
            cg_crl_compare(set->crls[i], delta) >= 0)
            return true;
    return false;
}

static void report_missing(const struct cg_crl *crl, struct cg_faults *faults)
{
    struct cg_error err;
    char number[44], next_update[32];
    cg_crl_number_text(crl, number, sizeof number);
    cg_time_text(crl->next_update, next_update, sizeof next_update);
    cg_error_set(
        &err,
        "CRL of %s: no file contains it now. It stays in use (number %s, nextUpdate %s). Put the newest CRL back, or "
        "remove the CA from the trust files too. If the CA now divides its CRLs differently, restart the broker",
        crl->issuer_text, number[0] ? number : "none", next_update);
    if (crl->place)
        cg_error_prefix(&err, "%s", crl->place); /* where it was read */
    cg_faults_add(faults, CG_REASON_CRL_INVALID, &err, 0);
}

/* False without memory. */
static bool keep_newer(struct cg_crl_set *set, struct cg_crl *crl, struct cg_faults *faults)
{
    struct cg_error err = {""};
    struct cg_crl **now = find_same_scope(set, crl);
    if (now && *now != crl && memcmp((*now)->sha256, crl->sha256, sizeof crl->sha256) == 0) {
        cg_crl_free(*now); /* read again without a change */
        *now = cg_crl_ref(crl);
    }
    if (now && cg_crl_compare(*now, crl) >= 0)
        return true;
    if (now) {
        set_older_error(crl, *now, &err);
        if ((*now)->place)
            cg_error_prefix(&err, "%s", (*now)->place);
        cg_faults_add(faults, CG_REASON_CRL_INVALID, &err, 0);
        cg_crl_free(*now);
        *now = cg_crl_ref(crl);
        return true;
    }
    if (!append(set, cg_crl_ref(crl))) {
        cg_crl_free(crl);
        return false;
    }
    report_missing(crl, faults);
    return true;
}

bool cg_crl_set_keep(struct cg_crl_set *set, const struct cg_crl_set *before, const STACK_OF(X509) *issuers,
                     struct cg_faults *faults)
{
    bool ok = true;
    for (size_t i = 0; ok && before && i < before->count; i++) {
        struct cg_crl *crl = before->crls[i];
        if (has_key_of(issuers, crl->signer.cert) && !(crl->is_delta && is_superseded(set, crl)))
            ok = keep_newer(set, crl, faults);
    }
    return ok;
}

/* The same certificate, with its dates: a renewed one with the same key may be valid at other times. */
static bool has_certificate(const STACK_OF(X509) *issuers, const X509 *signer)
{
    for (int i = 0; i < sk_X509_num(issuers); i++)
        if (X509_cmp(sk_X509_value(issuers, i), signer) == 0)
            return true;
    return false;
}

void cg_crl_set_refresh(struct cg_crl_set *set, const struct cg_crl_set *from, const STACK_OF(X509) *issuers)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct cg_crl *newer = cg_crl_set_find(from, set->crls[i]);
        if (!newer || cg_crl_compare(newer, set->crls[i]) <= 0 || !has_certificate(issuers, newer->signer.cert))
            continue;
        cg_crl_free(set->crls[i]);
        set->crls[i] = cg_crl_ref((struct cg_crl *)(uintptr_t)newer);
    }
}

bool cg_crl_set_same(const struct cg_crl_set *a, const struct cg_crl_set *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        size_t k = 0;
        while (k < b->count && b->crls[k] != a->crls[i])
            k++;
        if (k == b->count)
            return false;
    }
    return true;
}

/* The longest chain of separate CRL signing certificates. */
#define SIGNERS_DEPTH 4

struct query {
    const struct cg_crl_set *set;
    const X509 *cert, *issuer;
    const struct cg_crl_params *params;
    struct cg_crl_points points;
    struct cg_serial serial;
    bool serial_fits; /* false: no CRL can contain it */
    int depth;        /* how many more signers may be checked */
    struct {
        const X509 *signer;
        bool ok;
    } checked; /* cache for the last signer: partitions of a CRL share theirs */
};

static enum cg_crl_status time_status(const struct cg_crl *crl, const struct cg_crl_params *params)
{
    if (crl->this_update - params->now > params->skew)
        return CG_CRL_STATUS_NOT_YET_VALID;
    if (params->now - crl->next_update > params->grace)
        return CG_CRL_STATUS_EXPIRED;
    if (params->max_age > 0 && params->now - crl->this_update > params->max_age)
        return CG_CRL_STATUS_TOO_OLD;
    return CG_CRL_STATUS_GOOD;
}

int64_t cg_crl_set_next_change(const struct cg_crl_set *set, const struct cg_crl_params *params)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < cg_crl_set_count(set); i++) {
        const struct cg_crl *crl = set->crls[i];
        const int64_t changes[] = {crl->this_update - params->skew, crl->next_update + params->grace + 1,
                                   params->max_age > 0 ? crl->this_update + params->max_age + 1 : INT64_MAX};
        for (size_t k = 0; k < sizeof changes / sizeof *changes; k++)
            if (changes[k] > params->now && changes[k] < next)
                next = changes[k];
    }
    return next;
}

static void look_up(const struct cg_crl_set *set, const X509 *cert, const X509 *issuer,
                    const struct cg_crl_params *params, int depth, struct cg_crl_answer *out);

static bool in_time(const X509 *cert, int64_t now)
{
    int64_t from, to;
    return cg_time_seconds(X509_get0_notBefore(cert), &from) && cg_time_seconds(X509_get0_notAfter(cert), &to) &&
           from <= now && now <= to;
}

/* A separate signing certificate is checked like any other certificate of the path. It cannot vouch for itself: the
 * limit on the depth ends every circle with "unknown". The exception is a certificate whose issuer wrote into it that
 * its status is on the very CRL that it signs (cRLIssuer, RFC 5280 4.2.1.13). */
static bool signer_is_good(const struct cg_crl *crl, struct query *q)
{
    const struct cg_crl_signer *signer = &crl->signer;
    if (X509_cmp(q->cert, signer->cert) == 0)
        return X509_NAME_cmp(crl->issuer, q->points.issuer) != 0;
    if (!signer->parent)
        return true;
    if (q->depth == 0)
        return false;
    struct cg_crl_answer answer;
    look_up(q->set, signer->cert, signer->parent, q->params, q->depth - 1, &answer);
    return answer.status == CG_CRL_STATUS_GOOD;
}

/* May the CRL's signer sign CRLs for the issuer? */
static bool may_cover(const struct cg_crl *crl, struct query *q)
{
    enum cg_crl_signer_relation tie = cg_crl_signer_match(&crl->signer, q->issuer);
    if (tie != CG_CRL_SIGNER_RELATED)
        return tie == CG_CRL_SIGNER_SAME_KEY && X509_NAME_cmp(crl->issuer, X509_get_subject_name(q->issuer)) == 0;
    if (q->checked.signer != crl->signer.cert) {
        q->checked.signer = crl->signer.cert;
        q->checked.ok = in_time(crl->signer.cert, q->params->now) && signer_is_good(crl, q);
    }
    return q->checked.ok;
}

static bool lists(const struct cg_crl *crl, const struct query *q, struct cg_crl_record *record)
{
    return q->serial_fits && cg_crl_find(crl, q->points.issuer, &q->serial, record);
}

/* RFC 5280 6.3.3 c: the delta extends this base and is valid now. */
static bool continues(const struct cg_crl *delta, const struct cg_crl *base, const struct query *q)
{
    return delta->is_delta && cg_crl_same_base(delta, base) && cg_crl_delta_fits(delta, base) &&
           time_status(delta, q->params) == CG_CRL_STATUS_GOOD;
}

/* Does a delta remove the entry (RFC 5280 6.3.3 k)? */
static bool is_removed(const struct cg_crl *base, const struct query *q)
{
    for (size_t i = 0; i < q->set->count; i++) {
        struct cg_crl_record record;
        if (continues(q->set->crls[i], base, q) && lists(q->set->crls[i], q, &record) &&
            record.reason == CG_CRL_REASON_REMOVE)
            return true;
    }
    return false;
}

/* An entry of the certificate's own issuer revokes, whatever the scope and dates of the CRL. An entry of another
 * issuer (indirect CRL) counts only if the certificate names that CRL issuer. */
static bool revokes(const struct cg_crl *crl, const struct query *q, unsigned covered, struct cg_crl_record *record)
{
    if (!lists(crl, q, record) || (covered == 0 && X509_NAME_cmp(crl->issuer, q->points.issuer) != 0))
        return false;
    if (crl->is_delta)
        return record->reason != CG_CRL_REASON_REMOVE && !is_superseded(q->set, crl);
    return !is_removed(crl, q);
}

static void set_answer(const struct cg_crl *crl, enum cg_crl_status status, struct cg_crl_answer *out)
{
    out->status = status;
    out->this_update = crl->this_update;
    out->next_update = crl->next_update;
    cg_crl_number_text(crl, out->number, sizeof out->number);
}

/* Reports the covering CRL that expires first. If the cover needs a CRL that is not valid now, reports that one. */
static void decide(struct query *q, struct cg_crl_answer *out)
{
    unsigned valid = 0, all = 0;
    bool named = false;
    const struct cg_crl *first = NULL, *not_current = NULL;
    for (size_t i = 0; i < q->set->count; i++) {
        const struct cg_crl *crl = q->set->crls[i];
        struct cg_crl_record record;
        unsigned covered = cg_crl_scope_covers(&crl->scope, crl->issuer, &q->points);
        bool own = X509_NAME_cmp(crl->issuer, q->points.issuer) == 0;
        named |= own;
        if ((!own && covered == 0) || !may_cover(crl, q))
            continue;
        if (revokes(crl, q, covered, &record)) {
            set_answer(crl, CG_CRL_STATUS_REVOKED, out);
            out->reason = record.reason;
            out->revoked_at = record.revoked_at;
            return;
        }
        if (crl->is_delta)
            continue;
        all |= covered;
        if (time_status(crl, q->params) != CG_CRL_STATUS_GOOD) {
            not_current = covered ? crl : not_current;
            continue;
        }
        valid |= covered;
        if (covered && (!first || crl->next_update < first->next_update))
            first = crl;
    }
    if (valid == CG_CRL_ALL_REASONS)
        set_answer(first, CG_CRL_STATUS_GOOD, out);
    else if (all == CG_CRL_ALL_REASONS)
        set_answer(not_current, time_status(not_current, q->params), out);
    else
        out->status = named ? CG_CRL_STATUS_UNKNOWN : CG_CRL_STATUS_NO_CRL;
}

static void look_up(const struct cg_crl_set *set, const X509 *cert, const X509 *issuer,
                    const struct cg_crl_params *params, int depth, struct cg_crl_answer *out)
{
    struct query q = {.set = set, .cert = cert, .issuer = issuer, .params = params, .depth = depth};
    *out = (struct cg_crl_answer){
        .reason = -1, .revoked_at = CG_TIME_NONE, .this_update = CG_TIME_NONE, .next_update = CG_TIME_NONE};
    if (cg_crl_points_read(cert, &q.points) && X509_NAME_cmp(q.points.issuer, X509_get_subject_name(issuer)) == 0) {
        q.serial_fits = cg_serial_from_asn1(X509_get0_serialNumber(cert), &q.serial);
        decide(&q, out);
    }
    cg_crl_points_clear(&q.points);
}

void cg_crl_set_look_up(const struct cg_crl_set *set, const X509 *cert, const X509 *issuer,
                        const struct cg_crl_params *params, struct cg_crl_answer *out)
{
    look_up(set, cert, issuer, params, SIGNERS_DEPTH, out);
}

void cg_crl_set_info(const struct cg_crl_set *set, size_t index, struct cg_crl_info *out)
{
    memset(out, 0, sizeof *out);
    if (index >= cg_crl_set_count(set))
        return;
    const struct cg_crl *crl = set->crls[index];
    out->issuer = crl->issuer_text;
    out->scope = crl->issuer_text + crl->name_len;
    out->is_delta = crl->is_delta;
    out->entries = cg_crl_entries(crl);
    out->this_update = crl->this_update;
    out->next_update = crl->next_update;
    cg_crl_number_text(crl, out->number, sizeof out->number);
}

#define TITLE_SHOWN 128 /* for a scope of the usual length */
#define NAME_SHOWN  48

void cg_crl_info_title(const struct cg_crl_info *info, char out[CG_CRL_TITLE_MAX])
{
    size_t scope = strlen(info->scope), name = strlen(info->issuer) - scope;
    size_t room = scope < TITLE_SHOWN - NAME_SHOWN ? TITLE_SHOWN - scope : NAME_SHOWN;
    if (name <= room) {
        snprintf(out, CG_CRL_TITLE_MAX, "%s", info->issuer);
        return;
    }
    while (room > 0 && ((unsigned char)info->issuer[room] & 0xc0) == 0x80) /* do not cut a UTF-8 character */
        room--;
    snprintf(out, CG_CRL_TITLE_MAX, "%.*s...%s", (int)room, info->issuer, info->scope);
}
