/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pki_parts.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *hex_bytes(const struct recipe *recipe, const char *hex, long *len)
{
    unsigned char *bytes = OPENSSL_hexstr2buf(hex, len);
    if (!bytes)
        pki_die(recipe, "expected hex", hex);
    return bytes;
}

X509_EXTENSION *extension_raw(const struct recipe *recipe, const char *value)
{
    bool critical;
    const char *text = value_critical(value, &critical), *equals = strchr(text, '=');
    if (!equals)
        pki_die(recipe, "expected [critical,]OID=HEX", value);
    char *oid = strndup(text, (size_t)(equals - text));
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
    long len = 0;
    unsigned char *bytes = equals[1] ? hex_bytes(recipe, equals + 1, &len) : NULL;
    ASN1_OCTET_STRING_set(data, bytes ? bytes : (const unsigned char *)"", (int)len);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, data);
    if (!extension)
        pki_die(recipe, "bad extension", value);
    ASN1_OCTET_STRING_free(data);
    ASN1_OBJECT_free(object);
    OPENSSL_free(bytes);
    free(oid);
    return extension;
}

X509_EXTENSION *extension_conf(const struct recipe *recipe, int nid, const char *value)
{
    CONF *conf = NCONF_new(NULL); /* empty, but some extensions require it */
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, X509V3_CTX_TEST);
    X509V3_set_nconf(&ctx, conf);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(conf, &ctx, nid, value);
    NCONF_free(conf);
    if (!extension)
        pki_die(recipe, OBJ_nid2sn(nid), value);
    return extension;
}

static GENERAL_NAME *san_string(const struct recipe *recipe, int type, const char *text, size_t len)
{
    size_t n;
    unsigned char *bytes = value_bytes(recipe, text, len, &n);
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *string = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    ASN1_STRING_set(string, bytes, (int)n);
    GENERAL_NAME_set0_value(name, type, string);
    free(bytes);
    return name;
}

static GENERAL_NAME *san_address(const struct recipe *recipe, const char *text, bool hex)
{
    long len = 0;
    ASN1_OCTET_STRING *address = hex ? ASN1_OCTET_STRING_new() : a2i_IPADDRESS(text);
    if (hex) {
        unsigned char *bytes = hex_bytes(recipe, text, &len);
        ASN1_OCTET_STRING_set(address, bytes, (int)len);
        OPENSSL_free(bytes);
    }
    if (!address)
        pki_die(recipe, "expected an IP address", text);
    GENERAL_NAME *name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, GEN_IPADD, address);
    return name;
}

static GENERAL_NAME *san_other(const struct recipe *recipe, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals)
        pki_die(recipe, "expected other:OID=text", text);
    char *oid = strndup(text, (size_t)(equals - text));
    ASN1_TYPE *value = ASN1_TYPE_new();
    ASN1_STRING *string = ASN1_STRING_type_new(V_ASN1_UTF8STRING);
    ASN1_STRING_set(string, equals + 1, -1);
    ASN1_TYPE_set(value, V_ASN1_UTF8STRING, string);
    GENERAL_NAME *name = GENERAL_NAME_new();
    GENERAL_NAME_set0_othername(name, OBJ_txt2obj(oid, 1), value);
    free(oid);
    return name;
}

static GENERAL_NAME *san_one(const struct recipe *recipe, const char *item, size_t len)
{
    static const struct {
        const char *prefix;
        int type;
    } strings[] = {{"dns:", GEN_DNS}, {"uri:", GEN_URI}, {"email:", GEN_EMAIL}};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        size_t n = strlen(strings[i].prefix);
        if (len >= n && strncmp(item, strings[i].prefix, n) == 0)
            return san_string(recipe, strings[i].type, item + n, len - n);
    }
    char *text = strndup(item, len);
    GENERAL_NAME *name = NULL;
    if (strncmp(text, "ip:", 3) == 0) {
        name = san_address(recipe, text + 3, false);
    } else if (strncmp(text, "iphex:", 6) == 0) {
        name = san_address(recipe, text + 6, true);
    } else if (strncmp(text, "other:", 6) == 0) {
        name = san_other(recipe, text + 6);
    } else if (strncmp(text, "rid:", 4) == 0) {
        name = GENERAL_NAME_new();
        GENERAL_NAME_set0_value(name, GEN_RID, OBJ_txt2obj(text + 4, 1));
    } else if (strncmp(text, "dirname:", 8) == 0) {
        name = GENERAL_NAME_new();
        GENERAL_NAME_set0_value(name, GEN_DIRNAME, value_name(recipe, text + 8));
    } else {
        pki_die(recipe, "unknown SAN type", text);
    }
    free(text);
    return name;
}

static void add_san(struct recipe *recipe, X509 *cert, const char *otherwise)
{
    bool critical;
    const char *text = value_critical(recipe_get(recipe, "san", otherwise), &critical);
    if (strcmp(text, "none") == 0)
        return;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    while (*text) {
        size_t len = strcspn(text, ",");
        sk_GENERAL_NAME_push(names, san_one(recipe, text, len));
        text += len + (text[len] == ',');
    }
    if (!X509_add1_ext_i2d(cert, NID_subject_alt_name, names, critical, X509V3_ADD_APPEND))
        pki_die(recipe, "san", text);
    GENERAL_NAMES_free(names);
}

static void add_ski(struct recipe *recipe, X509 *cert, const char *otherwise)
{
    const char *text = recipe_get(recipe, "ski", otherwise);
    if (strcmp(text, "none") == 0)
        return;
    unsigned char digest[EVP_MAX_MD_SIZE], *bytes = NULL;
    unsigned digest_len = 0;
    long len = 0;
    if (strcmp(text, "auto") != 0)
        bytes = hex_bytes(recipe, text, &len);
    else if (X509_pubkey_digest(cert, EVP_sha1(), digest, &digest_len))
        len = (long)digest_len;
    ASN1_OCTET_STRING *ski = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(ski, bytes ? bytes : digest, (int)len);
    X509_add1_ext_i2d(cert, NID_subject_key_identifier, ski, 0, X509V3_ADD_APPEND);
    ASN1_OCTET_STRING_free(ski);
    OPENSSL_free(bytes);
}

/* A self-signed certificate needs none (RFC 5280 4.2.1.1). NULL if there is none, also if the issuer has no SKI. */
X509_EXTENSION *extension_aki(struct recipe *recipe, const X509 *issuer, const X509 *self)
{
    const char *text = recipe_get(recipe, "aki", issuer == self ? "none" : "auto");
    AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
    if (strcmp(text, "auto") == 0) {
        const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id((X509 *)(uintptr_t)issuer);
        aki->keyid = ski ? ASN1_OCTET_STRING_dup(ski) : NULL;
    } else if (strcmp(text, "none") != 0) {
        long len;
        unsigned char *bytes = hex_bytes(recipe, text, &len);
        aki->keyid = ASN1_OCTET_STRING_new();
        ASN1_OCTET_STRING_set(aki->keyid, bytes, (int)len);
        OPENSSL_free(bytes);
    }
    X509_EXTENSION *extension = aki->keyid ? X509V3_EXT_i2d(NID_authority_key_identifier, 0, aki) : NULL;
    AUTHORITY_KEYID_free(aki);
    return extension;
}

static void add(const struct recipe *recipe, X509 *cert, X509_EXTENSION *extension)
{
    if (extension && !X509_add_ext(cert, extension, -1))
        pki_die(recipe, "cannot add an extension", "");
    X509_EXTENSION_free(extension);
}

/* Extensions in OpenSSL's configuration syntax, with their default for each kind of certificate. */
static const struct {
    const char *word;
    int nid;
    const char *otherwise[START_COUNT];
} extensions[] = {
    {"bc",
     NID_basic_constraints,
     {[START_CLIENT] = "critical,CA:FALSE", [START_SERVER] = "critical,CA:FALSE", [START_CA] = "critical,CA:TRUE"}},
    {"ku",
     NID_key_usage,
     {[START_CLIENT] = "critical,digitalSignature",
      [START_SERVER] = "critical,digitalSignature",
      [START_CA] = "critical,keyCertSign,cRLSign"}},
    {"eku", NID_ext_key_usage, {[START_CLIENT] = "clientAuth", [START_SERVER] = "serverAuth"}},
    {"nc", NID_name_constraints, {0}},
    {"policies", NID_certificate_policies, {0}},
    {"policy-constraints", NID_policy_constraints, {0}},
    {"inhibit-any", NID_inhibit_any_policy, {0}},
    {"mappings", NID_policy_mappings, {0}},
    {"proxy", NID_proxyCertInfo, {0}},
};

void extensions_add(struct recipe *recipe, X509 *cert, const X509 *issuer, enum pki_start start)
{
    char san[128] = "none";
    if (start == START_CLIENT)
        snprintf(san, sizeof san, "uri:urn:dev:%s", recipe->name);
    if (start == START_SERVER)
        snprintf(san, sizeof san, "dns:localhost,ip:127.0.0.1");
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        const char *value = recipe_get(recipe, extensions[i].word, extensions[i].otherwise[start]);
        if (value && strcmp(value, "none") != 0)
            add(recipe, cert, extension_conf(recipe, extensions[i].nid, value));
    }
    add_san(recipe, cert, san);
    add_ski(recipe, cert, start == START_BARE ? "none" : "auto");
    if (start != START_BARE || recipe_has(recipe, "aki"))
        add(recipe, cert, extension_aki(recipe, issuer, cert));
    size_t at = 0;
    for (const char *value; (value = recipe_next(recipe, "ext", &at));)
        add(recipe, cert, extension_raw(recipe, value));
}
