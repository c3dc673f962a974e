/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_parse.h"

#include <string.h>

#define ID_CE(arc)            (UINT64_C(0x551d00) | (arc))
#define AUTHORITY_INFO_ACCESS UINT64_C(0x2b06010505070101)

/* All other extensions are unknown to us: ignored unless critical. No verdict depends on issuerAltName, freshestCRL
 * and authorityInfoAccess. issuingDistributionPoint is accepted without its critical bit: some CA software published
 * such CRLs, and we process it either way. The bit matters only to software that does not know the extension. */
static const struct cg_crl_extension crl_rows[] = {
    {ID_CE(18), "issuerAltName", "5.2.2", false, false, offsetof(struct cg_crl_extensions, issuer_alt_name)},
    {ID_CE(20), "cRLNumber", "5.2.3", false, false, offsetof(struct cg_crl_extensions, number)},
    {ID_CE(27), "deltaCRLIndicator", "5.2.4", true, false, offsetof(struct cg_crl_extensions, delta_base)},
    {ID_CE(28), "issuingDistributionPoint", "5.2.5", true, true, offsetof(struct cg_crl_extensions, scope)},
    {ID_CE(35), "authorityKeyIdentifier", "5.2.1", false, false, offsetof(struct cg_crl_extensions, authority_key_id)},
    {ID_CE(46), "freshestCRL", "5.2.6", false, false, offsetof(struct cg_crl_extensions, freshest)},
    {AUTHORITY_INFO_ACCESS, "authorityInfoAccess", "5.2.7", false, false,
     offsetof(struct cg_crl_extensions, authority_info)},
    {0},
};

struct entry_extensions {
    struct cg_der reason, invalidity_date, certificate_issuer;
};

static const struct cg_crl_extension entry_rows[] = {
    {ID_CE(21), "reasonCode", "5.3.1", false, false, offsetof(struct entry_extensions, reason)},
    {ID_CE(24), "invalidityDate", "5.3.2", false, false, offsetof(struct entry_extensions, invalidity_date)},
    {ID_CE(29), "certificateIssuer", "5.3.3", true, false, offsetof(struct entry_extensions, certificate_issuer)},
    {0},
};

/* 0 if it is none of ours: our OIDs fit, and none of them begins with a 0 octet. */
static uint64_t oid_number(const unsigned char *oid, size_t len)
{
    uint64_t number = 0;
    if (len == 0 || len > sizeof number || oid[0] == 0)
        return 0;
    for (size_t i = 0; i < len; i++)
        number = number << 8 | oid[i];
    return number;
}

static const struct cg_crl_extension *find_row(const struct cg_crl_extension *rows, const unsigned char *oid,
                                               size_t len)
{
    uint64_t number = oid_number(oid, len);
    while (rows->name && rows->oid != number)
        rows++;
    return rows->name ? rows : NULL;
}

const struct cg_crl_extension *cg_crl_extension_known(bool of_entry, const unsigned char *oid, size_t len)
{
    return find_row(of_entry ? entry_rows : crl_rows, oid, len);
}

static bool refuse_der(struct cg_error *err, const char *what, const char *expected)
{
    cg_error_set(err, "%s: not strict DER, expected %s (RFC 5280 5.1, X.690 10)", what, expected);
    return false;
}

static bool refuse_criticality(struct cg_error *err, const struct cg_crl_extension *row)
{
    cg_error_set(err,
                 "%s is %scritical, but must%s be (RFC 5280 %s). Correct it in the CA's settings for CRLs and issue a "
                 "new CRL. Until then, put the last valid CRL back",
                 row->name, row->critical ? "not " : "", row->critical ? "" : " not", row->section);
    return false;
}

/* list: the content of Extensions. values: a zeroed struct of cg_der, filled according to rows. */
static bool read_extensions(struct cg_der list, const struct cg_crl_extension *rows, void *values, struct cg_error *err)
{
    if (list.at == list.end)
        return refuse_der(err, "extensions", "at least one extension");
    while (list.at < list.end) {
        struct cg_der extension, oid, value;
        bool critical;
        if (!cg_der_take(&list, CG_DER_SEQUENCE, &extension) || !cg_der_take(&extension, CG_DER_OID, &oid) ||
            !cg_der_oid_is_strict(&oid) || !cg_der_take_default_false(&extension, &critical) ||
            !cg_der_take(&extension, CG_DER_OCTET_STRING, &value) || extension.at != extension.end)
            return refuse_der(err, "extensions", "SEQUENCE of OID, critical, OCTET STRING");
        const struct cg_crl_extension *row = find_row(rows, oid.at, cg_der_left(&oid));
        if (row) {
            struct cg_der *slot = (struct cg_der *)((unsigned char *)values + row->offset);
            if (slot->at) {
                cg_error_set(err, "the extension %s occurs twice (RFC 5280 4.2)", row->name);
                return false;
            }
            if (critical != row->critical && !row->either)
                return refuse_criticality(err, row);
            *slot = value;
        } else if (critical) {
            cg_error_set(err, "certguard does not know a critical extension (RFC 5280 5.2, 5.3)");
            return false;
        }
    }
    return true;
}

static bool read_tbs(struct cg_der in, struct cg_crl_head *out, struct cg_der *inner_algorithm, struct cg_error *err)
{
    struct cg_der version, extensions, list;
    bool v2 = cg_der_take(&in, CG_DER_INTEGER, &version) && cg_der_left(&version) == 1 && *version.at == 1;
    if (!cg_der_take_whole(&in, CG_DER_SEQUENCE, inner_algorithm))
        return refuse_der(err, "signature", "AlgorithmIdentifier");
    if (!cg_der_take_whole(&in, CG_DER_SEQUENCE, &out->issuer))
        return refuse_der(err, "issuer", "Name");
    if (!v2) { /* checked only now, so that the error can name the issuer */
        cg_error_set(err, "not a version 2 CRL, which is required even with crl_extended (RFC 5280 5.1.2.1). Have the "
                          "CA write version 2 with a cRLNumber. In OpenSSL, set crl_extensions and crlnumber");
        return false;
    }
    if (!cg_der_take_time(&in, &out->this_update))
        return refuse_der(err, "thisUpdate", "UTCTime or GeneralizedTime in the form of RFC 5280 4.1.2.5");
    if (!cg_der_is(&in, CG_DER_UTC_TIME) && !cg_der_is(&in, CG_DER_GENERALIZED_TIME)) {
        cg_error_set(err, "no nextUpdate: the CRL would be valid forever, so it is refused, even with crl_extended "
                          "(RFC 5280 5.1.2.5). Have the CA write one. In OpenSSL, set default_crl_days");
        return false;
    }
    if (!cg_der_take_time(&in, &out->next_update))
        return refuse_der(err, "nextUpdate", "UTCTime or GeneralizedTime in the form of RFC 5280 4.1.2.5");
    if (out->next_update < out->this_update) {
        cg_error_set(err, "nextUpdate is before thisUpdate (RFC 5280 5.1.2.5)");
        return false;
    }
    if (cg_der_is(&in, CG_DER_SEQUENCE)) {
        if (!cg_der_take(&in, CG_DER_SEQUENCE, &out->entries))
            return refuse_der(err, "revokedCertificates", "SEQUENCE");
        if (out->entries.at == out->entries.end) {
            cg_error_set(err, "revokedCertificates is present but empty; it must be left out (RFC 5280 5.1.2.6)");
            return false;
        }
    }
    if (cg_der_is(&in, CG_DER_CONTEXT_0)) {
        if (!cg_der_take(&in, CG_DER_CONTEXT_0, &extensions) || !cg_der_take(&extensions, CG_DER_SEQUENCE, &list) ||
            extensions.at != extensions.end)
            return refuse_der(err, "crlExtensions", "[0] EXPLICIT Extensions");
        if (!read_extensions(list, crl_rows, &out->extensions, err)) {
            cg_error_prefix(err, "crlExtensions");
            return false;
        }
    }
    if (in.at != in.end)
        return refuse_der(err, "tbsCertList", "its end after crlExtensions");
    return true;
}

bool cg_crl_read_head(const unsigned char *der, size_t len, struct cg_crl_head *out, struct cg_error *err)
{
    struct cg_der in = {der, der + len}, list, content, inner_algorithm;
    memset(out, 0, sizeof *out);
    if (!cg_der_take(&in, CG_DER_SEQUENCE, &list))
        return refuse_der(err, "CertificateList", "SEQUENCE");
    if (in.at != in.end) {
        cg_error_set(err, "%zu bytes follow the CRL. A file contains one CRL in DER, or several in PEM",
                     cg_der_left(&in));
        return false;
    }
    struct cg_der peek = list;
    if (!cg_der_take(&peek, CG_DER_SEQUENCE, &content) ||
        !cg_der_take_whole(&list, CG_DER_SEQUENCE, &out->signed_bytes))
        return refuse_der(err, "tbsCertList", "SEQUENCE");
    if (!cg_der_take_whole(&list, CG_DER_SEQUENCE, &out->algorithm))
        return refuse_der(err, "signatureAlgorithm", "AlgorithmIdentifier");
    if (!cg_der_take(&list, CG_DER_BIT_STRING, &out->signature) || cg_der_left(&out->signature) < 2 ||
        *out->signature.at++ != 0)
        return refuse_der(err, "signatureValue", "BIT STRING of whole octets");
    if (list.at != list.end)
        return refuse_der(err, "CertificateList", "its end after signatureValue");
    if (!read_tbs(content, out, &inner_algorithm, err))
        return false;
    if (!cg_der_equal(&inner_algorithm, &out->algorithm)) {
        cg_error_set(err, "the signature algorithms inside and outside tbsCertList differ (RFC 5280 5.1.1.2)");
        return false;
    }
    return true;
}

/* Values of CRLReason: 0 to 10 without 7 (RFC 5280 5.3.1). */
static bool read_reason(struct cg_der value, int *reason, struct cg_error *err)
{
    struct cg_der content;
    if (!cg_der_take(&value, CG_DER_ENUMERATED, &content) || cg_der_left(&content) != 1 || value.at != value.end)
        return refuse_der(err, "reasonCode", "ENUMERATED of one octet");
    if (*content.at > 10 || *content.at == 7) {
        cg_error_set(err, "reasonCode %u does not exist (RFC 5280 5.3.1)", *content.at);
        return false;
    }
    *reason = *content.at;
    return true;
}

static bool read_entry_extensions(struct cg_der list, struct cg_crl_entry *out, struct cg_error *err)
{
    struct entry_extensions found = {{NULL, NULL}, {NULL, NULL}, {NULL, NULL}};
    if (!read_extensions(list, entry_rows, &found, err))
        return false;
    if (found.reason.at && !read_reason(found.reason, &out->record.reason, err))
        return false;
    struct cg_der date;
    int64_t seconds;
    if (found.invalidity_date.at &&
        (!cg_der_take(&found.invalidity_date, CG_DER_GENERALIZED_TIME, &date) ||
         !cg_der_generalized_time(&date, &seconds) || found.invalidity_date.at != found.invalidity_date.end))
        return refuse_der(err, "invalidityDate", "GeneralizedTime (RFC 5280 5.3.2)");
    out->certificate_issuer = found.certificate_issuer;
    return true;
}

bool cg_crl_take_entry(struct cg_der *entries, struct cg_crl_entry *out, struct cg_error *err)
{
    struct cg_der entry, serial, extensions;
    memset(&out->certificate_issuer, 0, sizeof out->certificate_issuer);
    out->record.reason = -1;
    if (!cg_der_take(entries, CG_DER_SEQUENCE, &entry))
        return refuse_der(err, "entry", "SEQUENCE");
    if (!cg_der_take(&entry, CG_DER_INTEGER, &serial) || !cg_der_integer_is_minimal(&serial))
        return refuse_der(err, "userCertificate", "INTEGER in its shortest form");
    if (!cg_serial_from_der(serial.at, cg_der_left(&serial), &out->serial)) {
        cg_error_set(err, "the serial number has more than 20 octets (RFC 5280 4.1.2.2)");
        return false;
    }
    if (!cg_der_take_time(&entry, &out->record.revoked_at))
        return refuse_der(err, "revocationDate", "UTCTime or GeneralizedTime in the form of RFC 5280 4.1.2.5");
    if (entry.at == entry.end)
        return true;
    if (!cg_der_take(&entry, CG_DER_SEQUENCE, &extensions) || entry.at != entry.end)
        return refuse_der(err, "crlEntryExtensions", "SEQUENCE at the end of the entry");
    return read_entry_extensions(extensions, out, err);
}

bool cg_crl_read_number(const struct cg_der *value, const char *name, unsigned char out[CG_SERIAL_MAX],
                        struct cg_error *err)
{
    struct cg_der in = *value, content;
    struct cg_serial number;
    if (!cg_der_take(&in, CG_DER_INTEGER, &content) || in.at != in.end || !cg_der_integer_is_minimal(&content))
        return refuse_der(err, name, "INTEGER in its shortest form");
    if (!cg_serial_from_der(content.at, cg_der_left(&content), &number) || number.negative) {
        cg_error_set(err, "%s is negative or longer than 20 octets (RFC 5280 5.2.3)", name);
        return false;
    }
    memcpy(out, number.magnitude, CG_SERIAL_MAX);
    return true;
}
