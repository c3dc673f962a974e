/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "check_world.h"
#include "batch_trust.h"
#include "core/file.h"
#include "core/pem.h"

#include <string.h>

#define TRUST_LIMIT (64U << 20)
#define CRL_LIMIT   (1U << 30)

void cg_world_clear(struct cg_world *w)
{
    cg_trust_free(w->trust);
    cg_policy_free(w->policy);
}

typedef bool add_bytes(struct cg_world *w, const char *file, const struct cg_bytes *bytes, struct cg_error *err);

static bool add_anchors(struct cg_world *w, const char *file, const struct cg_bytes *bytes, struct cg_error *err)
{
    return cg_trust_add_anchors(w->trust, file, bytes->data, bytes->len, err);
}

static bool add_crls(struct cg_world *w, const char *file, const struct cg_bytes *bytes, struct cg_error *err)
{
    return cg_trust_add_crls(w->trust, file, bytes->data, bytes->len, err);
}

static bool add_files(struct cg_world *w, const struct cg_list *files, size_t limit, add_bytes *add,
                      struct cg_error *err)
{
    for (size_t i = 0; i < files->count; i++) {
        struct cg_bytes bytes;
        bool good = cg_file_read(files->item[i], CG_FILE_PUBLIC, limit, &bytes, err) &&
                    add(w, files->item[i], &bytes, err);
        cg_bytes_free(&bytes);
        if (!good)
            return false;
    }
    return true;
}

static bool is_bridge(const struct cg_check_options *o)
{
    return o->purpose && strcmp(o->purpose, "bridge") == 0;
}

static bool load_trust(struct cg_world *w, const struct cg_check_options *o, struct cg_error *err)
{
    const struct cg_trust_files *files = &w->policy->trust;
    if (is_bridge(o) && w->policy->bridge_trust.anchors.count)
        files = &w->policy->bridge_trust;
    if (!(w->trust = cg_trust_new())) {
        cg_error_set(err, "out of memory");
        return false;
    }
    if (files->crl_extended)
        cg_trust_extend_crls(w->trust);
    if (!o->trust.count && !cg_trust_load(w->trust, files, err))
        return false;
    return add_files(w, &o->trust, TRUST_LIMIT, add_anchors, err);
}

struct cg_profile cg_world_profile(const struct cg_world *w, const struct cg_check_options *o, enum cg_purpose purpose)
{
    struct cg_profile profile = is_bridge(o) ? w->policy->bridge
                                             : *cg_batch_profile(w->policy, purpose, (uint16_t)o->listener.value);
    profile.crl_required |= o->crl.count > 0;
    return profile;
}

bool cg_world_load(struct cg_world *w, const struct cg_check_options *o, struct cg_error *err)
{
    bool server = o->purpose && strcmp(o->purpose, "client") != 0;
    w->policy = o->policy ? cg_policy_load(o->policy, err)
                          : cg_policy_default(o->trust.count ? o->trust.item[0] : "(none)", err);
    if (!w->policy)
        return false;
    w->purpose = server ? CG_PURPOSE_SERVER : CG_PURPOSE_CLIENT;
    w->profile = cg_world_profile(w, o, w->purpose);
    bool named = o->trust.count || (o->policy && w->policy->trust.anchors.count);
    return (o->batch && !named) || load_trust(w, o, err);
}

bool cg_world_add_crls(struct cg_world *w, const struct cg_check_options *o, const STACK_OF(X509) *sent,
                       struct cg_error *err)
{
    if (o->crl.count)
        cg_batch_trust_sent(w->trust, sent);
    return add_files(w, &o->crl, CRL_LIMIT, add_crls, err);
}

bool cg_world_certificates(const char *file, STACK_OF(X509) *to, struct cg_error *err)
{
    struct cg_bytes bytes;
    STACK_OF(X509) *found = NULL;
    bool good = cg_file_read(file, CG_FILE_PUBLIC, TRUST_LIMIT, &bytes, err) &&
                cg_certificates_read(file, bytes.data, bytes.len, 1000, &found, err);
    while (good && sk_X509_num(found) > 0) {
        X509 *cert = sk_X509_shift(found);
        good = sk_X509_push(to, cert);
        if (!good)
            X509_free(cert);
    }
    sk_X509_pop_free(found, X509_free);
    cg_bytes_free(&bytes);
    return good;
}

bool cg_world_all_certificates(const struct cg_list *files, STACK_OF(X509) *to, struct cg_error *err)
{
    for (size_t i = 0; i < files->count; i++)
        if (!cg_world_certificates(files->item[i], to, err))
            return false;
    return true;
}
