/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the body of a certificate: version, serial number, signature, validity. */
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

/* In DER, a serial number whose first bit is set has one more octet. */
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
    return cg_lint_is_weak_digest(digest);
}

static bool weak_digest(const struct cg_lint_object *o, char *detail, size_t size)
{
    return !(o->ca && o->self_signed) && has_old_digest(o, detail, size);
}

/* RFC 8446 4.4.2.4: the signature of a trust anchor is not checked. */
static bool root_weak_digest(const struct cg_lint_object *o, char *detail, size_t size)
{
    return o->self_signed && has_old_digest(o, detail, size);
}

static bool time_malformed(const struct cg_lint_object *o)
{
    return !o->times_ok;
}

/* UTCTime through 2049, GeneralizedTime from 2050 on. */
static bool has_wrong_type(const ASN1_TIME *time, int64_t seconds)
{
    const int64_t year_2050 = INT64_C(2524608000);
    return (seconds >= year_2050) != (ASN1_STRING_type(time) == V_ASN1_GENERALIZEDTIME);
}

static bool time_type(const struct cg_lint_object *o)
{
    return o->times_ok && (has_wrong_type(X509_get0_notBefore(o->cert), o->not_before) ||
                           has_wrong_type(X509_get0_notAfter(o->cert), o->not_after));
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

/* RFC 5280 4.1.2.5: both ends are included. */
static int64_t lifetime_days(const struct cg_lint_object *o)
{
    return o->times_ok ? (o->not_after - o->not_before + 1) / CG_DAY : 0;
}

static bool lives_long(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "%lld days", (long long)lifetime_days(o));
    return lifetime_days(o) > 398;
}

static bool ca_lives_very_long(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "%lld days", (long long)lifetime_days(o));
    return lifetime_days(o) > 20 * 366;
}

static bool ca_lives_ten_years(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "%lld days", (long long)lifetime_days(o));
    return lifetime_days(o) > 3660 && lifetime_days(o) <= 20 * 366;
}

static bool outlives_issuer(const struct cg_lint_object *o, char *detail, size_t size)
{
    char end[32], issuer_end[32];
    if (!o->issuer || !o->times_ok || !o->issuer->times_ok || o->not_after < o->issuer->not_after + CG_DAY)
        return false;
    cg_time_text(o->not_after, end, sizeof end);
    cg_time_text(o->issuer->not_after, issuer_end, sizeof issuer_end);
    snprintf(detail, size, "ends %s, the issuer ends %s", end, issuer_end);
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

/* Typical for tutorials: the same answers to `openssl req` for the CA and for the broker. */
static bool named_as_its_ca(const struct cg_lint_object *o)
{
    return cg_lint_looks_self_signed(o) && !o->self_signed;
}

static const struct cg_lint_rule rules[] = {
    {{"not_v3", CG_LINT_ERROR, "RFC 5280 4.1.2.1",
      "The certificate is not X.509 version 3. It has no extensions, so nothing limits what it may be used for.",
      "Issue it again with an extension file, or with: certguard issue"},
     .found = not_v3},
    {{"serial_not_positive", CG_LINT_ERROR, "RFC 5280 4.1.2.2", "The serial number is zero or negative.",
      "Issue it again with a random positive serial number."},
     .found = serial_not_positive},
    {{"serial_too_long", CG_LINT_ERROR, "RFC 5280 4.1.2.2", "The serial number is longer than 20 octets.",
      "Issue it again with a serial number of at most 20 octets."},
     .found = serial_too_long},
    {{"serial_short", CG_LINT_WARNING, "RFC 5280 4.1.2.2",
      "The serial number has fewer than 64 bits: it was counted, not drawn at random.",
      "Issue with random serial numbers. certguard uses 159 random bits."},
     .found = serial_short},
    {{"signature_mismatch", CG_LINT_ERROR, "RFC 5280 4.1.1.2",
      "The signature algorithm inside the certificate differs from the one outside.", "Issue it again."},
     .holds = signature_mismatch},
    {{"weak_digest", CG_LINT_ERROR, "RFC 8446 4.4.2.4", "The signature uses a digest that can be forged.",
      "Issue it again with SHA-256."},
     .found = weak_digest},
    {{"root_weak_digest", CG_LINT_NOTICE, "RFC 8446 4.4.2.4",
      "The root is signed with an old digest. Verifiers do not check that signature, but it shows the root's age.",
      "Plan to replace the root by one with SHA-256 or later."},
     CG_SCOPE_CA,
     .found = root_weak_digest},
    {{"time_malformed", CG_LINT_ERROR, "RFC 5280 4.1.2.5",
      "A time of the validity period is not in UTC with seconds, or is not a time.", "Issue it again."},
     .holds = time_malformed},
    {{"time_type", CG_LINT_ERROR, "RFC 5280 4.1.2.5",
      "Times through 2049 must be UTCTime and later times GeneralizedTime. Here, one is not.", "Issue it again."},
     .holds = time_type},
    {{"validity_reversed", CG_LINT_ERROR, "RFC 5280 4.1.2.5", "notAfter is before notBefore.", "Issue it again."},
     .holds = validity_reversed},
    {{"expired", CG_LINT_ERROR, "RFC 5280 4.1.2.5", "The certificate has expired.", "Renew it: certguard renew NAME"},
     .found = expired},
    {{"not_yet_valid", CG_LINT_WARNING, "RFC 5280 4.1.2.5", "The certificate is not valid yet.",
      "Wait, or check the clock of the machine that issued it."},
     .found = not_yet_valid},
    {{"lifetime_long", CG_LINT_WARNING, "",
      "The certificate is valid for more than 398 days. Its renewal is hardly ever practiced, and a stolen key stays "
      "usable for a long time.",
      "Issue it for 90 days (brokers) or one year (clients), and renew it from a timer."},
     CG_SCOPE_LEAF,
     .found = lives_long},
    {{"ca_lifetime_long", CG_LINT_WARNING, "", "The CA is valid for more than twenty years.",
      "Create a CA for at most ten years, and plan its replacement."},
     CG_SCOPE_CA,
     .found = ca_lives_very_long},
    {{"ca_lifetime", CG_LINT_NOTICE, "", "The CA is valid for more than ten years.",
      "Plan its replacement. Ten years are enough for a private root."},
     CG_SCOPE_CA,
     .found = ca_lives_ten_years},
    {{"outlives_issuer", CG_LINT_WARNING, "RFC 5280 4.1.2.5",
      "The certificate is dated to end after its CA. It stops working when the CA ends.",
      "Issue it for a shorter time, or replace the CA first."},
     .found = outlives_issuer},
    {{"unique_ids", CG_LINT_WARNING, "RFC 5280 4.1.2.8",
      "The certificate has unique identifiers, which CAs must not use.", "Issue it again without them."},
     .holds = unique_ids},
    {{"self_signed_leaf", CG_LINT_WARNING, "",
      "The certificate is self-signed and is not a CA. Every peer must be configured to trust it, and it cannot be "
      "revoked.",
      "Create a CA (certguard init) and issue from it."},
     CG_SCOPE_LEAF,
     .holds = self_signed_leaf},
    {{"named_as_its_ca", CG_LINT_ERROR, "RFC 5280 4.2.1.6",
      "The certificate has the same name as the CA that issued it. Peers treat it as self-signed and reject it.",
      "Issue it again with a different subject, for example -subj /CN=broker.lan, or with: certguard issue"},
     CG_SCOPE_LEAF,
     .holds = named_as_its_ca},
};

const struct cg_lint_rules cg_lint_cert_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
