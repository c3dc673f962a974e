/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "anchors.h"
#include "check.h"
#include "core/base/datetime.h"

#define STATEMENTS_MAX 32 /* in a run */

struct taking {
    struct cg_device *device;
    struct cg_talk *talk;
    int64_t now;
    unsigned *added, *dropped;
};

/* A clock that is not set cannot end a root. */
static int64_t trusted_time(const struct taking *taking)
{
    int64_t start = CG_TIME_NONE;
    const bool ok = cg_time_seconds(X509_get0_notBefore(taking->device->current.cert), &start);
    return ok && taking->now >= start ? taking->now : CG_TIME_NONE;
}

static bool drop(const struct taking *taking, const struct cg_statement *statement, const struct cg_held_roots *held,
                 struct cg_error *err)
{
    struct cg_refusal refusal;
    struct cg_device *device = taking->device;
    STACK_OF(X509) *path = cg_device_path(device->current.cert, device->current.chain, device->trust.anchors, NULL);
    const X509 *own = path ? sk_X509_value(path, sk_X509_num(path) - 1) : NULL;
    const bool obeys = cg_statement_drops(statement, held, cg_talk_anchor(taking->talk), own, &refusal);
    sk_X509_pop_free(path, X509_free);
    *taking->dropped += obeys;
    return !obeys || cg_device_drop_anchor(&device->trust, statement->digest, err);
}

static bool add(const struct taking *taking, const struct cg_statement *statement, const struct cg_held_roots *held,
                struct cg_error *err)
{
    struct cg_refusal refusal;
    X509 *root = NULL;
    if (*taking->added >= CG_STATEMENT_ROOTS_MAX ||
        !cg_statement_new_root(statement, held, trusted_time(taking), &root, &refusal))
        return true;
    const bool ok = cg_device_add_anchor(&taking->device->trust, root, err);
    X509_free(root);
    *taking->added += ok;
    return ok;
}

static bool obey(const struct taking *taking, const struct cg_device_answer *answer, struct cg_error *err)
{
    const struct cg_device *device = taking->device;
    const struct cg_held_roots held = {device->trust.anchors, device->trust.dropped, device->trust.ndropped};
    struct cg_statement statement;
    struct cg_refusal refusal;
    if (!cg_statement_parse(answer->data, answer->len, &statement, &refusal))
        return true;
    return statement.drop ? drop(taking, &statement, &held, err) : add(taking, &statement, &held, err);
}

bool cg_device_ask_anchors(struct cg_device *device, struct cg_talk *talk, int64_t now, unsigned count, unsigned *added,
                           unsigned *dropped, struct cg_error *err)
{
    const struct taking taking = {device, talk, now, added, dropped};
    struct cg_device_answer answer = {0};
    bool ok = true, is_end = false;
    for (unsigned n = 1; ok && !is_end && n <= count && n <= STATEMENTS_MAX; n++) {
        ok = cg_talk_part(talk, CG_ANSWER_ANCHOR, n, &answer, err);
        is_end = ok && (answer.reply != CG_REPLY_PART || !answer.len);
        ok = ok && (is_end || obey(&taking, &answer, err));
    }
    cg_device_answer_clear(&answer);
    return ok;
}
