/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "name.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* BMPString and UniversalString: every character has two or four octets. */
static bool wide_is_clean(const unsigned char *p, size_t len, size_t unit)
{
    if (len % unit)
        return false;
    for (size_t i = 0; i < len; i += unit) {
        uint32_t c = 0;
        for (size_t j = 0; j < unit; j++)
            c = c << 8 | p[i + j];
        if (cg_char_is_unsafe(c) || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
            return false;
    }
    return true;
}

static bool utf8_is_clean(const unsigned char *p, size_t len)
{
    while (len > 0) {
        uint32_t c = 0;
        size_t n = cg_utf8_next(p, len, &c);
        if (n == 0 || cg_char_is_unsafe(c))
            return false;
        p += n;
        len -= n;
    }
    return true;
}

/* One octet per character. In IA5String and PrintableString only ASCII is well-formed. */
static bool octets_are_clean(const unsigned char *p, size_t len, bool ascii)
{
    for (size_t i = 0; i < len; i++) {
        bool printable = p[i] >= 0x20 && p[i] <= 0x7e;
        if (!printable && (ascii || cg_char_is_unsafe(p[i])))
            return false;
    }
    return true;
}

bool cg_string_is_clean(const ASN1_STRING *string)
{
    const unsigned char *p = ASN1_STRING_get0_data(string);
    size_t len = (size_t)ASN1_STRING_length(string);
    switch (ASN1_STRING_type(string)) {
    case V_ASN1_UTF8STRING:
        return utf8_is_clean(p, len);
    case V_ASN1_BMPSTRING:
        return wide_is_clean(p, len, 2);
    case V_ASN1_UNIVERSALSTRING:
        return wide_is_clean(p, len, 4);
    case V_ASN1_BIT_STRING: /* x500UniqueIdentifier: bits, not text */
        return true;
    default:
        return octets_are_clean(p, len, ASN1_STRING_type(string) != V_ASN1_T61STRING);
    }
}

bool cg_name_is_clean(const X509_NAME *name)
{
    for (int i = 0; i < X509_NAME_entry_count(name); i++)
        if (!cg_string_is_clean(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i))))
            return false;
    return true;
}

/* Stops printing when out is full: a name may have 64 KB, and OpenSSL prints one character at a time. */
bool cg_name_text(const X509_NAME *name, char *out, size_t size)
{
    if (size == 0)
        return false;
    out[0] = '\0';
    if (!name)
        return true;
    BIO *to = NULL, *from = NULL;
    size_t room = size + 4; /* so that the last visible character is complete */
    /* RFC 2253 order and escapes are those of RFC 4514; cg_text_escape escapes control characters */
    unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)(ASN1_STRFLGS_ESC_MSB | ASN1_STRFLGS_ESC_CTRL);
    bool ok = BIO_new_bio_pair(&to, room, &from, 1) == 1;
    if (ok && X509_NAME_print_ex(to, name, 0, flags) < 0)
        ok = BIO_ctrl_pending(from) == room;
    char *text = NULL;
    int len = ok ? BIO_nread0(from, &text) : 0;
    if (ok)
        cg_text_escape(text, len > 0 ? (size_t)len : 0, out, size);
    else
        snprintf(out, size, "(unreadable)");
    BIO_free(to);
    BIO_free(from);
    return ok;
}

static void put_text(const char *prefix, const ASN1_STRING *string, char *out, size_t size)
{
    int n = snprintf(out, size, "%s", prefix);
    if (n > 0 && (size_t)n < size)
        cg_text_escape(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string), out + n, size - (size_t)n);
}

static void put_ip(const ASN1_OCTET_STRING *ip, char *out, size_t size)
{
    const unsigned char *p = ASN1_STRING_get0_data(ip);
    int len = ASN1_STRING_length(ip);
    if (len == 4) {
        snprintf(out, size, "ip:%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
        return;
    }
    size_t used = (size_t)snprintf(out, size, "ip:");
    for (int i = 0; i < len && used < size; i += 2)
        used += (size_t)snprintf(out + used, size - used, i ? ":%x" : "%x", p[i] << 8 | (i + 1 < len ? p[i + 1] : 0));
}

static void put_object(const char *prefix, const ASN1_OBJECT *object, char *out, size_t size)
{
    char oid[80];
    if (OBJ_obj2txt(oid, sizeof oid, object, 1) <= 0)
        snprintf(oid, sizeof oid, "?");
    snprintf(out, size, "%s%s", prefix, oid);
}

enum cg_san_type cg_san_type(const GENERAL_NAME *san)
{
    switch (san->type) {
    case GEN_DNS:
        return CG_SAN_DNS;
    case GEN_URI:
        return CG_SAN_URI;
    case GEN_EMAIL:
        return CG_SAN_EMAIL;
    case GEN_IPADD:
        return CG_SAN_IP;
    case GEN_DIRNAME:
        return CG_SAN_DIRNAME;
    case GEN_RID:
        return CG_SAN_RID;
    default: /* otherName; x400Address and ediPartyName are not in use, so no policy can allow them by name */
        return CG_SAN_OTHER;
    }
}

bool cg_san_is_sound(const GENERAL_NAME *san)
{
    switch (san->type) {
    case GEN_DNS:
    case GEN_URI:
    case GEN_EMAIL:
        return ASN1_STRING_length(san->d.ia5) > 0 && cg_string_is_clean(san->d.ia5);
    case GEN_IPADD:
        return ASN1_STRING_length(san->d.iPAddress) == 4 || ASN1_STRING_length(san->d.iPAddress) == 16;
    case GEN_DIRNAME:
        return cg_name_is_clean(san->d.directoryName);
    default:
        return true;
    }
}

void cg_san_text(const GENERAL_NAME *san, char *out, size_t size)
{
    int n;
    switch (san->type) {
    case GEN_DNS:
        put_text("dns:", san->d.dNSName, out, size);
        break;
    case GEN_URI:
        put_text("uri:", san->d.uniformResourceIdentifier, out, size);
        break;
    case GEN_EMAIL:
        put_text("email:", san->d.rfc822Name, out, size);
        break;
    case GEN_IPADD:
        put_ip(san->d.iPAddress, out, size);
        break;
    case GEN_DIRNAME:
        n = snprintf(out, size, "dirname:");
        if (n > 0 && (size_t)n < size)
            cg_name_text(san->d.directoryName, out + n, size - (size_t)n);
        break;
    case GEN_RID:
        put_object("rid:", san->d.registeredID, out, size);
        break;
    case GEN_OTHERNAME:
        put_object("other:", san->d.otherName->type_id, out, size);
        break;
    default:
        snprintf(out, size, "other:%d", san->type);
        break;
    }
}

/* Lower-case hex; cut with "..." if it does not fit. */
static void put_hex(const unsigned char *p, size_t len, char *out, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    size_t used = 0;
    for (size_t i = 0; i < len && used + 3 <= size; i++) {
        out[used++] = digits[p[i] >> 4];
        out[used++] = digits[p[i] & 15];
    }
    out[used] = '\0';
    if (used < 2 * len && used >= 3)
        memcpy(out + used - 3, "...", 3);
}

void cg_serial_text(const ASN1_INTEGER *serial, char *out, size_t size)
{
    if (size == 0)
        return;
    out[0] = '\0';
    const unsigned char *p = serial ? ASN1_STRING_get0_data(serial) : NULL;
    size_t len = serial ? (size_t)ASN1_STRING_length(serial) : 0;
    if (serial && ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER) {
        snprintf(out, size, "-");
        return;
    }
    while (len > 0 && *p == 0) {
        p++;
        len--;
    }
    if (len == 0) {
        snprintf(out, size, "0");
        return;
    }
    put_hex(p, len, out, size);
    if (out[0] == '0')
        memmove(out, out + 1, strlen(out));
}

bool cg_common_name(const X509_NAME *name, char *out, size_t size)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    unsigned char *text = NULL;
    int len = at < 0 ? 0 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (len < 0)
        ERR_clear_error();
    if (len > 0)
        snprintf(out, size, "%.*s", len, (const char *)text);
    OPENSSL_free(text);
    return len > 0;
}

bool cg_sha256_text(const X509 *cert, char out[CG_HEX_MAX])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    out[0] = '\0';
    if (!X509_digest(cert, EVP_sha256(), digest, &len))
        return false;
    put_hex(digest, len, out, CG_HEX_MAX);
    return true;
}

bool cg_spki_sha256(const X509 *cert, unsigned char out[32])
{
    unsigned char *der = NULL;
    unsigned len = 0;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    bool ok = size > 0 && EVP_Digest(der, (size_t)size, out, &len, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    return ok;
}
