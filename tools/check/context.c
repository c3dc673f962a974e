/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "context.h"
#include "base/array.h"
#include "base/failure.h"
#include "batch.h"
#include "core/cert/pem.h"
#include "core/file/file.h"
#include "core/policy/policy_load.h"

#include <string.h>

#define TRUST_LIMIT (64U << 20)
#define CRL_LIMIT   (1U << 30)

void cg_check_context_clear(struct cg_check_context *w)
{
    if (w->server_trust != w->trust)
        cg_trust_free(w->server_trust);
    cg_trust_free(w->trust);
    cg_policy_free(w->policy);
}

/* cg_trust_add_anchors or cg_trust_add_crls */
typedef bool add_bytes(struct cg_trust *trust, const char *file, const void *data, size_t len, struct cg_error *err);

static bool add_files(struct cg_trust *trust, const struct cg_list *files, size_t limit, add_bytes *add,
                      struct cg_error *err)
{
    for (size_t i = 0; i < files->count; i++) {
        struct cg_bytes bytes;
        bool ok = cg_file_read(files->item[i], CG_FILE_PUBLIC, limit, &bytes, err) &&
                  add(trust, files->item[i], bytes.data, bytes.len, err);
        cg_bytes_free(&bytes);
        if (!ok)
            return false;
    }
    return true;
}

static bool is_bridge(const struct cg_check_options *o)
{
    return o->purpose && strcmp(o->purpose, "bridge") == 0;
}

static bool load_store(struct cg_trust **trust, const struct cg_trust_files *files, const struct cg_check_options *o,
                       struct cg_error *err)
{
    if (!(*trust = cg_trust_new()))
        return cg_fail_memory(err);
    if (files->crl_extended)
        cg_trust_allow_extended_crls(*trust);
    if (!o->trust.count && !cg_trust_load(*trust, files, err))
        return false;
    return add_files(*trust, &o->trust, TRUST_LIMIT, cg_trust_add_anchors, err);
}

/* The policy's files for a purpose. */
static const struct cg_trust_files *files_for(const struct cg_check_context *w, const struct cg_check_options *o,
                                              enum cg_purpose purpose)
{
    const struct cg_trust_files *own = is_bridge(o)                   ? &w->policy->bridge_trust
                                       : purpose == CG_PURPOSE_SERVER ? &w->policy->server_trust
                                                                      : &w->policy->trust;
    return cg_trust_files_named(own) ? own : &w->policy->trust;
}

/* --trust replaces all of the policy's anchors. A fleet may contain certificates of brokers and clients. */
static bool load_trust(struct cg_check_context *w, const struct cg_check_options *o, struct cg_error *err)
{
    bool many = o->batch || o->issued || o->folder;
    const struct cg_trust_files *files = files_for(w, o, many ? CG_PURPOSE_CLIENT : w->purpose),
                                *servers = files_for(w, o, CG_PURPOSE_SERVER);
    if (!load_store(&w->trust, files, o, err))
        return false;
    if (many && !o->trust.count && servers != files)
        return load_store(&w->server_trust, servers, o, err);
    w->server_trust = w->trust;
    return true;
}

const struct cg_trust *cg_check_context_trust(const struct cg_check_context *w, enum cg_purpose purpose)
{
    return purpose == CG_PURPOSE_SERVER ? w->server_trust : w->trust;
}

struct cg_profile cg_check_context_profile(const struct cg_check_context *w, const struct cg_check_options *o,
                                           enum cg_purpose purpose)
{
    struct cg_profile profile = is_bridge(o) ? w->policy->bridge
                                             : *cg_batch_profile(w->policy, purpose, (uint16_t)o->listener.value);
    profile.crl_required |= o->crl.count > 0;
    return profile;
}

bool cg_check_context_load(struct cg_check_context *w, const struct cg_check_options *o, struct cg_error *err)
{
    bool server = o->purpose && strcmp(o->purpose, "client") != 0;
    w->policy = o->policy ? cg_policy_load(o->policy, err)
                          : cg_policy_default(o->trust.count ? o->trust.item[0] : "(none)", err);
    if (!w->policy)
        return false;
    w->purpose = server ? CG_PURPOSE_SERVER : CG_PURPOSE_CLIENT;
    w->profile = cg_check_context_profile(w, o, w->purpose);
    bool named = o->trust.count || (o->policy && cg_trust_files_named(&w->policy->trust));
    return (o->batch && !named) || load_trust(w, o, err);
}

/* Each CRL goes to every store that has its issuer. */
bool cg_check_context_add_crls(struct cg_check_context *w, const struct cg_check_options *o, const STACK_OF(X509) *sent,
                               struct cg_error *err)
{
    struct cg_trust *const stores[] = {w->trust, w->server_trust != w->trust ? w->server_trust : NULL};
    for (size_t i = 0; i < o->crl.count; i++) {
        const struct cg_list one = {&o->crl.item[i], 1};
        struct cg_error fault = {""};
        bool taken = false;
        for (size_t k = CG_COUNT(stores); k-- > 0;) {
            if (!stores[k])
                continue;
            cg_batch_trust_sent(stores[k], sent);
            taken |= add_files(stores[k], &one, CRL_LIMIT, cg_trust_add_crls, &fault);
        }
        if (!taken) {
            *err = fault;
            return false;
        }
    }
    return true;
}

bool cg_check_context_certificates(const char *file, STACK_OF(X509) *to, struct cg_error *err)
{
    struct cg_bytes bytes;
    STACK_OF(X509) *found = NULL;
    bool ok = cg_file_read(file, CG_FILE_PUBLIC, TRUST_LIMIT, &bytes, err) &&
              cg_certificates_read(file, bytes.data, bytes.len, 1000, &found, err);
    while (ok && sk_X509_num(found) > 0) {
        X509 *cert = sk_X509_shift(found);
        ok = sk_X509_push(to, cert);
        if (!ok)
            X509_free(cert);
    }
    sk_X509_pop_free(found, X509_free);
    cg_bytes_free(&bytes);
    return ok;
}

bool cg_check_context_all_certificates(const struct cg_list *files, STACK_OF(X509) *to, struct cg_error *err)
{
    for (size_t i = 0; i < files->count; i++)
        if (!cg_check_context_certificates(files->item[i], to, err))
            return false;
    return true;
}

enum cg_cert_owner cg_check_context_owner(const struct cg_check_options *o, enum cg_purpose purpose)
{
    return is_bridge(o) ? CG_OF_BRIDGE : purpose == CG_PURPOSE_SERVER ? CG_OF_BROKER : CG_OF_CLIENT;
}

/* The usual fix for host_mismatch is about server.names of the policy, which --host replaces. */
const char *cg_check_context_fix(const struct cg_check_options *o, enum cg_purpose purpose, enum cg_reason reason)
{
    if (reason == CG_REASON_HOST_MISMATCH && o->host && purpose == CG_PURPOSE_SERVER && !is_bridge(o))
        return "Issue a certificate that contains this name (`certguard issue broker NAME --san dns:HOST`, or `--san "
               "ip:ADDRESS`), or connect by a name that the certificate contains.";
    return cg_reason_fix(reason, cg_check_context_owner(o, purpose));
}
