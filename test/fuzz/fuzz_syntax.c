/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The syntax of DNS names, mailboxes, URIs and name constraints: parts lie within the whole, in order, and are valid themselves.
 * The input ends at the end of its memory, so that a sanitizer detects reads beyond it. */
#include "core/cert/name_syntax.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool is_inside(struct cg_octets part, struct cg_octets whole)
{
    return part.len > 0 && part.p >= whole.p && part.p + part.len <= whole.p + whole.len;
}

static void check_constraint(struct cg_octets text, int type)
{
    bool address = type == GEN_IPADD;
    ASN1_STRING *string = ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    GENERAL_NAME *name = GENERAL_NAME_new();
    must(string && name && ASN1_STRING_set(string, text.p, (int)text.len));
    GENERAL_NAME_set0_value(name, type, string);
    bool base = cg_constraint_is_well_formed(name), san = cg_san_is_well_formed(name);
    must(!address || !base || text.len == 8 || text.len == 32);
    must(!san || text.len > 0);
    GENERAL_NAME_free(name);
}

static void check_text(struct cg_octets text)
{
    struct cg_octets local, host;
    bool dns = cg_dns_is_well_formed(text);
    must(!dns || (cg_dns_san_is_well_formed(text) && text.p[text.len - 1] != '.'));
    if (cg_mailbox_is_well_formed(text, &local, &host)) {
        must(is_inside(local, text) && is_inside(host, text) && cg_dns_is_well_formed(host));
        must(local.p == text.p && local.len + 1 + host.len == text.len && local.p[local.len] == '@');
        must(!memchr(local.p, '\0', local.len));
    }
    if (cg_uri_host(text, &host))
        must(is_inside(host, text) && cg_dns_is_well_formed(host) && memchr(text.p, ':', text.len));
    static const int types[] = {GEN_DNS, GEN_EMAIL, GEN_URI, GEN_IPADD};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        check_constraint(text, types[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    must(copy != NULL);
    memcpy(copy, data, size);
    check_text((struct cg_octets){copy, size});
    free(copy);
    return 0;
}
