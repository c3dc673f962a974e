/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_scope.h"

#include "core/cert/name.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static unsigned reasons_of(const ASN1_BIT_STRING *flags)
{
    if (!flags)
        return CG_CRL_ALL_REASONS;
    unsigned mask = 0;
    for (int bit = 1; bit <= 8; bit++)
        if (ASN1_BIT_STRING_get_bit(flags, bit))
            mask |= 1u << bit;
    return mask;
}

/* d2i accepts BER too. If the result does not encode to the same bytes, the input was not DER. */
static ISSUING_DIST_POINT *decode(const struct cg_der *value)
{
    const unsigned char *at = value->at;
    if (cg_der_left(value) > INT_MAX)
        return NULL;
    ISSUING_DIST_POINT *idp = d2i_ISSUING_DIST_POINT(NULL, &at, (long)cg_der_left(value));
    unsigned char *again = NULL;
    int len = idp ? i2d_ISSUING_DIST_POINT(idp, &again) : -1;
    bool same = len >= 0 && (size_t)len == cg_der_left(value) && memcmp(again, value->at, (size_t)len) == 0;
    OPENSSL_free(again);
    if (same)
        return idp;
    ISSUING_DIST_POINT_free(idp);
    return NULL;
}

/* OpenSSL keeps the original octet of a BOOLEAN. */
static bool is_der_boolean(ASN1_BOOLEAN value)
{
    return value <= 0 || value == 0xff;
}

static const char *fault_of(const ISSUING_DIST_POINT *idp)
{
    int kinds = (idp->onlyuser > 0) + (idp->onlyCA > 0) + (idp->onlyattr > 0);
    if (!is_der_boolean(idp->onlyuser) || !is_der_boolean(idp->onlyCA) || !is_der_boolean(idp->onlyattr) ||
        !is_der_boolean(idp->indirectCRL))
        return "not strict DER";
    if (kinds > 1)
        return "more than one of onlyContainsUserCerts, onlyContainsCACerts and onlyContainsAttributeCerts";
    if (!idp->distpoint && kinds == 0 && !idp->onlysomereasons && idp->indirectCRL <= 0)
        return "empty";
    if (reasons_of(idp->onlysomereasons) == 0)
        return "onlySomeReasons without a reason";
    if (idp->distpoint && idp->distpoint->type == 0 && sk_GENERAL_NAME_num(idp->distpoint->name.fullname) <= 0)
        return "fullName without a name";
    return NULL;
}

bool cg_crl_scope_read(const struct cg_der *value, const X509_NAME *issuer, struct cg_crl_scope *out,
                       struct cg_error *err)
{
    memset(out, 0, sizeof *out);
    out->reasons = CG_CRL_ALL_REASONS;
    if (!value->at)
        return true;
    out->idp = decode(value);
    const char *fault = out->idp ? fault_of(out->idp) : "not strict DER";
    if (!fault && out->idp->distpoint && !DIST_POINT_set_dpname(out->idp->distpoint, issuer))
        fault = "its relative name does not fit the issuer's name";
    if (fault) {
        cg_error_set(err, "issuingDistributionPoint: %s (RFC 5280 5.2.5)", fault);
        cg_crl_scope_clear(out);
        return false;
    }
    out->reasons = reasons_of(out->idp->onlysomereasons);
    out->indirect = out->idp->indirectCRL > 0;
    return true;
}

void cg_crl_scope_clear(struct cg_crl_scope *scope)
{
    ISSUING_DIST_POINT_free(scope->idp);
    memset(scope, 0, sizeof *scope);
}

/* A relative name is relative to the CRL issuer, which is the certificate's issuer unless the point names another. */
static bool expand_relative_names(const struct cg_crl_points *points)
{
    for (int i = 0; i < sk_DIST_POINT_num(points->list); i++) {
        DIST_POINT *point = sk_DIST_POINT_value(points->list, i);
        if (!point->distpoint || point->distpoint->type != 1)
            continue;
        const X509_NAME *base = points->issuer;
        if (sk_GENERAL_NAME_num(point->CRLissuer) == 1) {
            const GENERAL_NAME *name = sk_GENERAL_NAME_value(point->CRLissuer, 0);
            if (name->type == GEN_DIRNAME)
                base = name->d.directoryName;
        }
        if (!DIST_POINT_set_dpname(point->distpoint, base))
            return false;
    }
    return true;
}

bool cg_crl_points_read(const X509 *cert, struct cg_crl_points *out)
{
    int state;
    memset(out, 0, sizeof *out);
    out->issuer = X509_get_issuer_name(cert);
    out->list = X509_get_ext_d2i(cert, NID_crl_distribution_points, &state, NULL);
    if (!out->list && state != -1)
        return false;
    BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(cert, NID_basic_constraints, &state, NULL);
    if (!constraints && state != -1)
        return false;
    out->is_ca = constraints && constraints->ca;
    BASIC_CONSTRAINTS_free(constraints);
    return expand_relative_names(out);
}

void cg_crl_points_clear(struct cg_crl_points *points)
{
    CRL_DIST_POINTS_free(points->list);
    memset(points, 0, sizeof *points);
}

static void make_printable(char *text, size_t len, char lowest)
{
    for (size_t i = 0; i < len; i++)
        text[i] = text[i] >= lowest && text[i] <= '~' ? text[i] : '?';
}

#define POINT_MAX 128
#define URI_HEAD  40

/* A long URI is shortened to its host and its end, where partitions differ. */
static void uri_text(const ASN1_STRING *uri, char out[POINT_MAX])
{
    const char *bytes = (const char *)ASN1_STRING_get0_data(uri);
    size_t len = (size_t)ASN1_STRING_length(uri), tail = POINT_MAX - 1 - URI_HEAD - 3;
    if (len < POINT_MAX) {
        memcpy(out, bytes, len);
    } else {
        memcpy(out, bytes, URI_HEAD);
        memcpy(out + URI_HEAD, "...", 3);
        memcpy(out + URI_HEAD + 3, bytes + len - tail, tail);
        len = POINT_MAX - 1;
    }
    make_printable(out, len, '!');
    out[len] = '\0';
}

/* The point's URI, otherwise the first of its other names. */
static const char *point_text(const DIST_POINT_NAME *point, char out[POINT_MAX])
{
    const GENERAL_NAMES *names = point->type == 0 ? point->name.fullname : NULL;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI)
            continue;
        uri_text(name->d.uniformResourceIdentifier, out);
        return out;
    }
    snprintf(out, POINT_MAX, "one distribution point");
    if (sk_GENERAL_NAME_num(names) > 0) {
        cg_san_text(sk_GENERAL_NAME_value(names, 0), out, POINT_MAX);
    } else if (point->dpname) {
        size_t len = (size_t)snprintf(out, POINT_MAX, "dirname:");
        cg_name_text(point->dpname, out + len, POINT_MAX - len);
    }
    make_printable(out, strlen(out), ' ');
    return out;
}

void cg_crl_scope_text(const struct cg_crl_scope *scope, char *out, size_t size)
{
    const ISSUING_DIST_POINT *idp = scope->idp;
    char point[POINT_MAX];
    const struct {
        bool is;
        const char *words;
    } parts[] = {
        {idp && idp->onlyuser > 0, "end entities"},
        {idp && idp->onlyCA > 0, "CA certificates"},
        {idp && idp->onlyattr > 0, "attribute certificates"},
        {scope->reasons != CG_CRL_ALL_REASONS, "some reasons"},
        {scope->indirect, "indirect"},
        {idp && idp->distpoint, idp && idp->distpoint ? point_text(idp->distpoint, point) : ""},
    };
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].is && len < size)
            len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", parts[i].words);
}

static bool lists_name(const GENERAL_NAMES *names, const X509_NAME *name)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
        if (one->type == GEN_DIRNAME && X509_NAME_cmp(one->d.directoryName, name) == 0)
            return true;
    }
    return false;
}

static bool share_a_name(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(a); i++)
        for (int j = 0; j < sk_GENERAL_NAME_num(b); j++)
            if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, j)) == 0)
                return true;
    return false;
}

/* Does the IDP contain one of names, or the expanded relative name? */
static bool point_has(const DIST_POINT_NAME *idp, const GENERAL_NAMES *names, const X509_NAME *relative)
{
    if (idp->type == 1)
        return relative ? X509_NAME_cmp(idp->dpname, relative) == 0 : lists_name(names, idp->dpname);
    return relative ? lists_name(idp->name.fullname, relative) : share_a_name(idp->name.fullname, names);
}

static bool point_matches(const DIST_POINT_NAME *idp, const DIST_POINT *point)
{
    if (!point->distpoint) /* RFC 5280 6.3.3 b 2 i: the names of cRLIssuer are used instead */
        return point_has(idp, point->CRLissuer, NULL);
    if (point->distpoint->type == 1)
        return point_has(idp, NULL, point->distpoint->dpname);
    return point_has(idp, point->distpoint->name.fullname, NULL);
}

unsigned cg_crl_scope_covers(const struct cg_crl_scope *scope, const X509_NAME *crl_issuer,
                             const struct cg_crl_points *points)
{
    const ISSUING_DIST_POINT *idp = scope->idp;
    if (idp && (idp->onlyattr > 0 || (idp->onlyuser > 0 && points->is_ca) || (idp->onlyCA > 0 && !points->is_ca)))
        return 0;
    bool own = X509_NAME_cmp(crl_issuer, points->issuer) == 0;
    const DIST_POINT_NAME *name = idp ? idp->distpoint : NULL;
    unsigned covered = 0;
    /* RFC 5280 6.3.3, last paragraph: a CRL of the certificate's issuer counts even if no point leads to it. The
     * point assumed for it has the issuer's name. */
    if (own && (!name || point_has(name, NULL, points->issuer)))
        covered = scope->reasons;
    for (int i = 0; i < sk_DIST_POINT_num(points->list); i++) {
        const DIST_POINT *point = sk_DIST_POINT_value(points->list, i);
        bool issued = point->CRLissuer ? scope->indirect && lists_name(point->CRLissuer, crl_issuer) : own;
        if (issued && (!name || point_matches(name, point)))
            covered |= scope->reasons & reasons_of(point->reasons);
    }
    return covered;
}
