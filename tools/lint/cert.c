/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The body of a certificate: version, serial number, signature, validity. */
#include "base/array.h"
#include "core/base/datetime.h"
#include "core/cert/name.h"
#include "relations.h"
#include "rules.h"

#include <openssl/asn1.h>
#include <stdio.h>
#include <string.h>

static bool not_v3(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "version %ld", X509_get_version(o->cert) + 1);
    return X509_get_version(o->cert) != X509_VERSION_3;
}

static bool serial_not_positive(const struct cg_lint_object *o, char *detail, size_t size)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(o->cert);
    cg_serial_text(serial, detail, size);
    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        return true;
    for (int i = 0; i < ASN1_STRING_length(serial); i++)
        if (ASN1_STRING_get0_data(serial)[i])
            return false;
    return true;
}

/* A first bit that is set needs one more octet in DER. */
static int serial_octets(const X509 *cert)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    int len = ASN1_STRING_length(serial);
    return len + (len > 0 && ASN1_STRING_get0_data(serial)[0] & 0x80);
}

static bool serial_too_long(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "%d octets, at most 20", serial_octets(o->cert));
    return serial_octets(o->cert) > 20;
}

static bool serial_short(const struct cg_lint_object *o, char *detail, size_t size)
{
    cg_serial_text(X509_get0_serialNumber(o->cert), detail, size);
    return !o->self_issued && serial_octets(o->cert) < 8;
}

static bool signature_mismatch(const struct cg_lint_object *o)
{
    const X509_ALGOR *outer = NULL;
    X509_get0_signature(NULL, &outer, o->cert);
    return X509_ALGOR_cmp(X509_get0_tbs_sigalg(o->cert), outer) != 0;
}

static bool has_old_digest(const struct cg_lint_object *o, char *detail, size_t size)
{
    int digest = NID_undef, key = NID_undef;
    snprintf(detail, size, "%s", OBJ_nid2ln(X509_get_signature_nid(o->cert)));
    if (!X509_get_signature_info(o->cert, &digest, &key, NULL, NULL))
        return false;
    return digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 || digest == NID_md2 ||
           digest == NID_md5_sha1 || digest == NID_ripemd160;
}

static bool weak_digest(const struct cg_lint_object *o, char *detail, size_t size)
{
    return !(o->ca && o->self_signed) && has_old_digest(o, detail, size);
}

/* RFC 8446 4.4.2.4: what a trust anchor signed itself with is not looked at. */
static bool root_weak_digest(const struct cg_lint_object *o, char *detail, size_t size)
{
    return o->self_signed && has_old_digest(o, detail, size);
}

static bool time_malformed(const struct cg_lint_object *o)
{
    return !o->times_ok;
}

/* UTCTime through 2049, GeneralizedTime from 2050 on. */
static bool wrong_type(const ASN1_TIME *time, int64_t seconds)
{
    const int64_t year_2050 = INT64_C(2524608000);
    return (seconds >= year_2050) != (ASN1_STRING_type(time) == V_ASN1_GENERALIZEDTIME);
}

static bool time_type(const struct cg_lint_object *o)
{
    return o->times_ok && (wrong_type(X509_get0_notBefore(o->cert), o->not_before) ||
                           wrong_type(X509_get0_notAfter(o->cert), o->not_after));
}

static bool validity_reversed(const struct cg_lint_object *o)
{
    return o->times_ok && o->not_after < o->not_before;
}

static bool expired(const struct cg_lint_object *o, char *detail, size_t size)
{
    cg_time_text(o->not_after, detail, size);
    return o->times_ok && o->now > o->not_after;
}

static bool not_yet_valid(const struct cg_lint_object *o, char *detail, size_t size)
{
    cg_time_text(o->not_before, detail, size);
    return o->times_ok && o->now < o->not_before;
}

/* RFC 5280 4.1.2.5: both ends count. */
static int64_t lifetime_days(const struct cg_lint_object *o)
{
    return o->times_ok ? (o->not_after - o->not_before + 1) / CG_DAY : 0;
}

static bool leaf_lives_long(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "%lld days", (long long)lifetime_days(o));
    return lifetime_days(o) > 398;
}

static bool ca_lives_long(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "%lld days", (long long)lifetime_days(o));
    return lifetime_days(o) > 20 * 366;
}

static bool ca_ten_years_no_renewal(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "%lld days", (long long)lifetime_days(o));
    return lifetime_days(o) > 3660 && lifetime_days(o) <= 20 * 366;
}

static bool outlives_issuer(const struct cg_lint_object *o, char *detail, size_t size)
{
    char mine[32], theirs[32];
    if (!o->issuer || !o->times_ok || !o->issuer->times_ok || o->not_after < o->issuer->not_after + CG_DAY)
        return false;
    cg_time_text(o->not_after, mine, sizeof mine);
    cg_time_text(o->issuer->not_after, theirs, sizeof theirs);
    snprintf(detail, size, "until %s, the issuer until %s", mine, theirs);
    return true;
}

static bool unique_ids(const struct cg_lint_object *o)
{
    const ASN1_BIT_STRING *issuer = NULL, *subject = NULL;
    X509_get0_uids(o->cert, &issuer, &subject);
    return issuer || subject;
}

static bool self_signed_leaf(const struct cg_lint_object *o)
{
    return o->self_signed;
}

/* The classic of tutorials: the same answers to the questions of `openssl req` for the CA and for the broker. */
static bool named_as_its_ca(const struct cg_lint_object *o)
{
    return cg_lint_looks_self_signed(o) && !o->self_signed;
}

static const struct cg_lint_rule rules[] = {
    {{"not_v3", CG_LINT_ERROR, "RFC 5280 4.1.2.1",
      "The certificate has no extensions: it is not X.509 version 3, so nothing says what it may be used for.",
      "Issue it again with an extension file, or with: certguard issue"},
     CG_SCOPE_ALL,
     .found = not_v3},
    {{"serial_not_positive", CG_LINT_ERROR, "RFC 5280 4.1.2.2", "The serial number is zero or negative.",
      "Issue it again with a random positive serial number."},
     CG_SCOPE_ALL,
     .found = serial_not_positive},
    {{"serial_too_long", CG_LINT_ERROR, "RFC 5280 4.1.2.2", "The serial number is longer than 20 octets.",
      "Issue it again with a serial number of at most 20 octets."},
     CG_SCOPE_ALL,
     .found = serial_too_long},
    {{"serial_short", CG_LINT_WARNING, "RFC 5280 4.1.2.2",
      "The serial number has fewer than 64 bits: it was counted, not drawn at random.",
      "Issue with random serial numbers; certguard draws 159 bits."},
     CG_SCOPE_ALL,
     .found = serial_short},
    {{"signature_mismatch", CG_LINT_ERROR, "RFC 5280 4.1.1.2",
      "The signature algorithm inside the certificate differs from the one outside.", "Issue it again."},
     CG_SCOPE_ALL,
     .holds = signature_mismatch},
    {{"weak_digest", CG_LINT_ERROR, "RFC 8446 4.4.2.4", "The signature uses a digest that can be forged.",
      "Issue it again with SHA-256."},
     CG_SCOPE_ALL,
     .found = weak_digest},
    {{"root_weak_digest", CG_LINT_NOTICE, "RFC 8446 4.4.2.4",
      "The root signs itself with an old digest: verifiers do not rely on that signature, and it shows the root's age.",
      "Plan its replacement by a CA with SHA-256 or later."},
     CG_SCOPE_CA,
     .found = root_weak_digest},
    {{"time_malformed", CG_LINT_ERROR, "RFC 5280 4.1.2.5",
      "A time of the validity is not in UTC with seconds, or is no time at all.", "Issue it again."},
     CG_SCOPE_ALL,
     .holds = time_malformed},
    {{"time_type", CG_LINT_ERROR, "RFC 5280 4.1.2.5",
      "Times through 2049 are UTCTime and later ones GeneralizedTime; here they are not.", "Issue it again."},
     CG_SCOPE_ALL,
     .holds = time_type},
    {{"validity_reversed", CG_LINT_ERROR, "RFC 5280 4.1.2.5", "notAfter is before notBefore.", "Issue it again."},
     CG_SCOPE_ALL,
     .holds = validity_reversed},
    {{"expired", CG_LINT_ERROR, "RFC 5280 4.1.2.5", "The certificate has expired.", "Renew it: certguard renew NAME"},
     CG_SCOPE_ALL,
     .found = expired},
    {{"not_yet_valid", CG_LINT_WARNING, "RFC 5280 4.1.2.5", "The certificate is not valid yet.",
      "Wait, or check the clock of the machine that issued it."},
     CG_SCOPE_ALL,
     .found = not_yet_valid},
    {{"lifetime_long", CG_LINT_WARNING, "",
      "The certificate lives so long that nobody will have practised its renewal, and a stolen key is good all along.",
      "Issue for 90 days (brokers) or a year (clients), and renew from a timer."},
     CG_SCOPE_LEAF,
     .found = leaf_lives_long},
    {{"ca_lifetime_long", CG_LINT_WARNING, "", "The CA lives for more than twenty years.",
      "Make a CA for ten years at most and plan its replacement."},
     CG_SCOPE_CA,
     .found = ca_lives_long},
    {{"ca_lifetime", CG_LINT_NOTICE, "", "The CA lives for more than ten years.",
      "Plan its replacement; ten years are enough for a private root."},
     CG_SCOPE_CA,
     .found = ca_ten_years_no_renewal},
    {{"outlives_issuer", CG_LINT_WARNING, "RFC 5280 4.1.2.5",
      "The certificate is dated to live longer than its CA: it will break earlier than it says.",
      "Issue for less time, or replace the CA first."},
     CG_SCOPE_ALL,
     .found = outlives_issuer},
    {{"unique_ids", CG_LINT_WARNING, "RFC 5280 4.1.2.8",
      "The certificate has unique identifiers, which CAs must not use.", "Issue it again without them."},
     CG_SCOPE_ALL,
     .holds = unique_ids},
    {{"self_signed_leaf", CG_LINT_WARNING, "",
      "The certificate signs itself and is no CA: every peer must be told about it by hand, and it can't be revoked.",
      "Make a CA (certguard init) and issue from it."},
     CG_SCOPE_LEAF,
     .holds = self_signed_leaf},
    {{"named_as_its_ca", CG_LINT_ERROR, "RFC 5280 4.2.1.6",
      "The certificate has the same name as the CA that issued it: peers take it for a self-signed one and refuse it.",
      "Issue it again with a subject of its own, as -subj /CN=broker.lan, or with: certguard issue"},
     CG_SCOPE_LEAF,
     .holds = named_as_its_ca},
};

const struct cg_lint_rules cg_lint_cert_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
