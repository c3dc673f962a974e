/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on CRLs: what plugin/core/crl/crl.c rejects at load, and what will cause all clients to be rejected later. */
#include "base/array.h"
#include "core/base/datetime.h"
#include "core/base/openssl_const.h"
#include "core/cert/name.h"
#include "core/crl/crl_parse.h"
#include "rules.h"

#include <stdio.h>

static bool not_v2(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "version %ld", X509_CRL_get_version(o->crl) + 1);
    return X509_CRL_get_version(o->crl) != X509_CRL_VERSION_2;
}

static bool has_weak_digest(const struct cg_lint_object *o, char *detail, size_t size)
{
    int digest = NID_undef, nid = X509_CRL_get_signature_nid(o->crl);
    snprintf(detail, size, "%s", OBJ_nid2ln(nid));
    return OBJ_find_sigid_algs(nid, &digest, NULL) && cg_lint_is_weak_digest(digest);
}

static bool number_long(const struct cg_lint_object *o, char *detail, size_t size)
{
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(o->crl, NID_crl_number, NULL, NULL);
    bool bad = number && (ASN1_STRING_length(number) > 20 || ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER);
    if (bad)
        cg_serial_text(number, detail, size);
    ASN1_INTEGER_free(number);
    return bad;
}

/* The first extension whose criticality differs from the RFC. either selects those that the plugin loads both ways. */
static const struct cg_crl_extension *find_wrong_criticality(const STACK_OF(X509_EXTENSION) *extensions, bool of_entry,
                                                             bool either)
{
    for (int i = 0; i < X509v3_get_ext_count(extensions); i++) {
        CG_OPENSSL4_CONST X509_EXTENSION *e = X509v3_get_ext(extensions, i);
        const ASN1_OBJECT *oid = X509_EXTENSION_get_object(e);
        const struct cg_crl_extension *row = cg_crl_extension_known(of_entry, OBJ_get0_data(oid), OBJ_length(oid));
        if (row && row->either == either && (X509_EXTENSION_get_critical(e) > 0) != row->critical)
            return row;
    }
    return NULL;
}

static bool wrong_criticality(const struct cg_lint_object *o, char *detail, size_t size)
{
    const struct cg_crl_extension *row = find_wrong_criticality(X509_CRL_get0_extensions(o->crl), false, false);
    if (row)
        snprintf(detail, size, "%s must%s be critical", row->name, row->critical ? "" : " not");
    return row;
}

static bool scope_not_critical(const struct cg_lint_object *o)
{
    return find_wrong_criticality(X509_CRL_get0_extensions(o->crl), false, true);
}

static bool no_next_update(const struct cg_lint_object *o)
{
    return !X509_CRL_get0_nextUpdate(o->crl);
}

static bool time_malformed(const struct cg_lint_object *o)
{
    return o->not_before == CG_TIME_NONE || (!no_next_update(o) && o->not_after == CG_TIME_NONE);
}

static bool past_end(const struct cg_lint_object *o, char *detail, size_t size)
{
    cg_time_text(o->not_after, detail, size);
    return o->not_after != CG_TIME_NONE && o->now > o->not_after;
}

static bool expired(const struct cg_lint_object *o, char *detail, size_t size)
{
    return !cg_lint_has(o, NID_delta_crl) && past_end(o, detail, size);
}

static bool delta_expired(const struct cg_lint_object *o, char *detail, size_t size)
{
    return cg_lint_has(o, NID_delta_crl) && past_end(o, detail, size);
}

static bool half_used(const struct cg_lint_object *o, char *detail, size_t size)
{
    int64_t from = o->not_before, to = o->not_after;
    cg_time_text(to, detail, size);
    return from != CG_TIME_NONE && to != CG_TIME_NONE && o->now <= to && o->now > from + (to - from) / 2;
}

static bool in_future(const struct cg_lint_object *o, char *detail, size_t size)
{
    cg_time_text(o->not_before, detail, size);
    return o->not_before > o->now;
}

static bool lives_longer(const struct cg_lint_object *o, int64_t seconds_allowed, char *detail, size_t size)
{
    int64_t from = o->not_before, to = o->not_after;
    snprintf(detail, size, "%lld days", (long long)((to - from) / CG_DAY));
    return from != CG_TIME_NONE && to != CG_TIME_NONE && to - from > seconds_allowed;
}

static bool lives_long(const struct cg_lint_object *o, char *detail, size_t size)
{
    return lives_longer(o, 31 * CG_DAY, detail, size) && !lives_longer(o, 400 * CG_DAY, detail, size);
}

static bool lives_very_long(const struct cg_lint_object *o, char *detail, size_t size)
{
    return lives_longer(o, 400 * CG_DAY, detail, size);
}

static bool empty_list(const struct cg_lint_object *o)
{
    STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(o->crl);
    return revoked && sk_X509_REVOKED_num(revoked) == 0;
}

static bool indirect(const struct cg_lint_object *o)
{
    ISSUING_DIST_POINT *idp = X509_CRL_get_ext_d2i(o->crl, NID_issuing_distribution_point, NULL, NULL);
    bool found = idp && idp->indirectCRL > 0;
    ISSUING_DIST_POINT_free(idp);
    return found;
}

bool cg_lint_any_entry(const struct cg_lint_object *o, cg_lint_entry_test *test, char *detail, size_t size)
{
    STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(o->crl);
    for (int i = 0; i < sk_X509_REVOKED_num(revoked); i++) {
        const struct cg_lint_entry entry = {o, sk_X509_REVOKED_value(revoked, i)};
        char serial[64];
        if (!test(&entry))
            continue;
        cg_serial_text(X509_REVOKED_get0_serialNumber(entry.revoked), serial, sizeof serial);
        snprintf(detail, size, "serial %s", serial);
        return true;
    }
    return false;
}

static int reason_of(const struct cg_lint_entry *entry)
{
    ASN1_ENUMERATED *value = X509_REVOKED_get_ext_d2i(entry->revoked, NID_crl_reason, NULL, NULL);
    int code = value ? (int)ASN1_ENUMERATED_get(value) : -1;
    ASN1_ENUMERATED_free(value);
    return code;
}

static bool wrong_entry_criticality(const struct cg_lint_entry *entry)
{
    return find_wrong_criticality(X509_REVOKED_get0_extensions(entry->revoked), true, false);
}

static bool reason_unspecified(const struct cg_lint_entry *entry)
{
    return reason_of(entry) == CRL_REASON_UNSPECIFIED;
}

static bool reason_invalid(const struct cg_lint_entry *entry)
{
    int code = reason_of(entry);
    return code == 7 || code > CRL_REASON_AA_COMPROMISE ||
           (code == CRL_REASON_REMOVE_FROM_CRL && !cg_lint_has(entry->of, NID_delta_crl));
}

/* CAs date thisUpdate back a little, for brokers with a slow clock. A new revocation is then later than thisUpdate. */
#define BACKDATED_MAX 3600

static bool revoked_in_future(const struct cg_lint_entry *entry)
{
    int64_t at = 0;
    return !cg_time_seconds(X509_REVOKED_get0_revocationDate(entry->revoked), &at) ||
           at > entry->of->not_before + BACKDATED_MAX;
}

#define CA_SETTINGS "Correct the CA's settings for CRLs and issue a new CRL."
#define NEW_CRL     "Create a new CRL: certguard crl"

static const struct cg_lint_rule rules[] = {
    {{"crl_not_v2", CG_LINT_ERROR, "RFC 5280 5.1.2.1", "The CRL is not version 2.", NEW_CRL}, .found = not_v2},
    {{"crl_weak_digest", CG_LINT_ERROR, "RFC 8446 4.4.2.4", "The signature uses a digest that can be forged.",
      "Sign it with SHA-256: certguard crl"},
     .found = has_weak_digest},
    {{"crl_number_missing", CG_LINT_ERROR, "RFC 5280 5.2.3",
      "The CRL has no number, so an older CRL cannot be distinguished from a newer one.", NEW_CRL},
     .lacks = NID_crl_number},
    {{"crl_number_long", CG_LINT_ERROR, "RFC 5280 5.2.3", "The CRL number is negative or longer than 20 octets.",
      NEW_CRL},
     .found = number_long},
    {{"crl_aki_missing", CG_LINT_ERROR, "RFC 5280 5.2.1", "The CRL has no authorityKeyIdentifier.", NEW_CRL},
     .lacks = NID_authority_key_identifier},
    {{"crl_criticality", CG_LINT_ERROR, "RFC 5280 5.2",
      "An extension is critical but must not be, or must be critical but is not. certguard rejects the CRL.",
      CA_SETTINGS},
     .found = wrong_criticality},
    {{"crl_entry_criticality", CG_LINT_ERROR, "RFC 5280 5.3",
      "An entry has an extension that is critical but must not be, or must be critical but is not. certguard rejects "
      "the CRL.",
      CA_SETTINGS},
     .entry = wrong_entry_criticality},
    {{"crl_scope_not_critical", CG_LINT_WARNING, "RFC 5280 5.2.5",
      "issuingDistributionPoint is not critical. Other software may treat a CRL for some certificates as a CRL for "
      "all.",
      CA_SETTINGS},
     .holds = scope_not_critical},
    {{"crl_next_update_missing", CG_LINT_ERROR, "RFC 5280 5.1.2.5",
      "The CRL has no nextUpdate. certguard rejects it, with or without crl_extended.", NEW_CRL},
     .holds = no_next_update},
    {{"crl_time_malformed", CG_LINT_ERROR, "RFC 5280 5.1.2.4", "A time in the CRL cannot be read.", NEW_CRL},
     .holds = time_malformed},
    {{"crl_expired", CG_LINT_ERROR, "RFC 5280 6.3.3",
      "The CRL is past its nextUpdate. Every client of this CA is rejected.", NEW_CRL},
     .found = expired},
    {{"crl_delta_expired", CG_LINT_WARNING, "RFC 5280 6.3.3",
      "The delta CRL is past its nextUpdate. Its full CRL stays in use, so new revocations take effect only with the "
      "next full CRL.",
      "Get the newest delta CRL from the CA, or have the CA publish full CRLs more often and no delta CRLs."},
     .found = delta_expired},
    {{"crl_half_used", CG_LINT_NOTICE, "", "More than half of the CRL's lifetime has passed.",
      "Issue CRLs from a timer: certguard crl --refresh-if 50%"},
     .found = half_used},
    {{"crl_in_future", CG_LINT_ERROR, "RFC 5280 5.1.2.4", "The CRL's thisUpdate is in the future.",
      "Check the clock of the machine that issued it."},
     .found = in_future},
    {{"crl_lifetime_long", CG_LINT_NOTICE, "",
      "The CRL is valid for more than a month. This is right for an offline root. For other CAs, a revocation may go "
      "unnoticed that long.",
      "For a CA that issues to devices, issue a CRL for one week every day."},
     .found = lives_long},
    {{"crl_lifetime_very_long", CG_LINT_WARNING, "",
      "The CRL is valid for more than a year. A revocation may go unnoticed that long.",
      "Issue a CRL for one week every day."},
     .found = lives_very_long},
    {{"crl_empty_list", CG_LINT_ERROR, "RFC 5280 5.1.2.6",
      "The list of revoked certificates is present but empty. An empty list must be left out.", NEW_CRL},
     .holds = empty_list},
    {{"crl_delta", CG_LINT_WARNING, "RFC 5280 5.2.4",
      "This is a delta CRL, which certguard rejects unless trust.crl_extended is set.", "Publish full CRLs."},
     .has = NID_delta_crl},
    {{"crl_indirect", CG_LINT_WARNING, "RFC 5280 5.2.5",
      "This is an indirect CRL, which certguard rejects unless trust.crl_extended is set.",
      "Let each CA sign its own CRL."},
     .holds = indirect},
    {{"crl_reason_unspecified", CG_LINT_NOTICE, "RFC 5280 5.3.1",
      "An entry has the reason \"unspecified\", which should be left out.",
      "Name the reason: certguard revoke NAME --reason keyCompromise"},
     .entry = reason_unspecified},
    {{"crl_reason_invalid", CG_LINT_ERROR, "RFC 5280 5.3.1", "An entry has a reason that a full CRL must not contain.",
      NEW_CRL},
     .entry = reason_invalid},
    {{"crl_revoked_in_future", CG_LINT_WARNING, "RFC 5280 5.1.2.6", "An entry was revoked after the CRL was created.",
      NEW_CRL},
     .entry = revoked_in_future},
};

const struct cg_lint_rules cg_lint_crl_rules = {CG_LINT_CRL, rules, CG_COUNT(rules)};
