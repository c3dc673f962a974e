/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_check.h"

#include "policy_draft.h"

#include <string.h>

bool cg_check_extension(struct cg_parse *parse, const struct cg_json_path *at, const void *filled)
{
    const struct cg_extension_rule *rule = filled;
    if (rule->forbidden && rule->match.kind != CG_MATCH_PRESENT)
        return cg_parse_fail(parse, at, "a forbidden extension cannot have a value to match; remove one of the two");
    return true;
}

bool cg_check_certificate_match(struct cg_parse *parse, const struct cg_json_path *at, const void *filled)
{
    const struct cg_certificate_match *match = filled;
    if (!match->sha256 && !match->spki_sha256 && !match->serial)
        return cg_parse_fail(parse, at, "expected \"sha256\", \"spki_sha256\", or \"serial\" with \"issuer\"");
    if ((match->serial != NULL) != (match->issuer != NULL))
        return cg_parse_fail(parse, at,
                             "\"serial\" and \"issuer\" identify a certificate only together; add the missing one");
    return true;
}

bool cg_check_caller_match(struct cg_parse *parse, const struct cg_json_path *at, const void *filled)
{
    const struct cg_certificate_match *match = filled;
    if (match->identity && !match->issuer && *match->identity)
        return true;
    if (match->identity)
        return cg_parse_fail(parse, at,
                             *match->identity ? "\"identity\" cannot be combined with \"issuer\"; remove one"
                                              : "\"identity\" is empty; expected a user name");
    return cg_check_certificate_match(parse, at, filled);
}

bool cg_check_renewal(struct cg_parse *parse, const struct cg_json_path *at, const void *filled)
{
    const struct cg_renewal_policy *renewal = filled;
    return renewal->statements.count <= CG_STATEMENT_FILES_MAX ||
           cg_parse_fail(parse, at, "statements names %zu files, but at most %d are allowed; remove those of old roots",
                         renewal->statements.count, CG_STATEMENT_FILES_MAX);
}

bool cg_check_profile(struct cg_parse *parse, const struct cg_json_path *at, const void *filled)
{
    const struct cg_profile *profile = filled;
    if (profile->rsa_min_bits > profile->rsa_max_bits)
        return cg_parse_fail(
            parse, at, "rsa_min_bits (%u) is above rsa_max_bits (%u): no RSA key would pass; change one of the two",
            profile->rsa_min_bits, profile->rsa_max_bits);
    if (!profile->key_algorithms)
        return cg_parse_fail(parse, at, "key_algorithms is empty: no certificate would pass; name at least one");
    if (!(profile->digests & ~(unsigned)CG_DIGEST_INTRINSIC))
        return cg_parse_fail(parse, at,
                             "signature_digests is empty: only certificates signed with Ed25519, Ed448 or ML-DSA would "
                             "pass; name at least one digest");
    if (profile->policies.oids.count > 0 && !profile->policies.require_explicit)
        return cg_parse_fail(
            parse, at,
            "oids alone also accepts certificates without any policy; add \"require_explicit\": true, or remove oids");
    if (profile->max_lifetime && profile->min_remaining > profile->max_lifetime)
        return cg_parse_fail(parse, at,
                             "min_remaining is above max_lifetime: no certificate would pass; change one of the two");
    if (profile->san_types && !(profile->san_types & profile->san_types_allowed))
        return cg_parse_fail(
            parse, at,
            "san_required names no type that san_allowed allows: no certificate would pass; change one of the two");
    for (size_t i = 0; i < profile->nextensions; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(profile->extensions[i].oid, profile->extensions[k].oid) == 0 &&
                profile->extensions[i].forbidden != profile->extensions[k].forbidden)
                return cg_parse_fail(parse, at, "extension %s is both required and forbidden; remove one of the two",
                                     profile->extensions[i].oid);
    return true;
}

bool cg_check_trust(struct cg_parse *parse, const struct cg_json_path *at, const void *filled)
{
    const struct cg_trust_draft *trust = filled;
    if (trust->crl_required == CG_YES && trust->files.crls.count == 0)
        return cg_parse_fail(parse, at,
                             "crl_required is true, but trust names no CRLs: no certificate would pass; add \"crls\", "
                             "or remove crl_required");
    return true;
}

bool cg_check_role(struct cg_parse *parse, const struct cg_json_path *at, const void *filled)
{
    const struct cg_role_draft *role = filled;
    const struct cg_trust_files *files = &role->trust.files;
    if (!cg_trust_files_named(files) && (files->intermediates.count || files->crls.count))
        return cg_parse_fail(parse, at,
                             "trust names intermediates or CRLs, but no anchors: it replaces the top level's trust as "
                             "a whole; add \"anchors\"");
    return cg_check_profile(parse, at, &role->profile);
}

static bool is_separator(const char *text)
{
    if (strlen(text) > 8 || strpbrk(text, "~+#$*"))
        return false;
    for (; *text; text++)
        if (*text <= 0x20 || *text >= 0x7f)
            return false;
    return true;
}

static bool check_separator(struct cg_parse *parse, const struct cg_json_path *at,
                            const struct cg_identity_policy *identity)
{
    bool prefix = identity->client_id == CG_CLIENT_ID_PREFIX;
    if (prefix && !identity->separator)
        return cg_parse_fail(parse, at,
                             "client_id \"prefix\" needs a separator: without one, the client dev1 could use the id "
                             "dev10; add one, for example \"separator\": \":\", or use client_id \"equal\"");
    if (!prefix && identity->separator)
        return cg_parse_fail(parse, at,
                             "separator has an effect only with client_id \"prefix\"; remove one of the two");
    if (identity->separator && !is_separator(identity->separator))
        return cg_parse_fail(parse, at,
                             "separator: expected 1 to 8 printable ASCII characters without spaces and ~ + # $ *");
    return true;
}

bool cg_check_identity(struct cg_parse *parse, const struct cg_json_path *at, const void *filled)
{
    const struct cg_identity_policy *identity = filled;
    if (identity->username != CG_IDENTITY_NONE)
        return check_separator(parse, at, identity);
    if (identity->client_id != CG_CLIENT_ID_ANY)
        return cg_parse_fail(parse, at,
                             "client_id is compared with the username from the certificate, but username is \"none\"; "
                             "set it, for example to \"san.uri\"");
    if (identity->strip_prefix)
        return cg_parse_fail(parse, at,
                             "strip_prefix has no effect: username is \"none\"; set username, or remove strip_prefix");
    if (identity->authenticates)
        return cg_parse_fail(parse, at,
                             "authenticates accepts a client under the username from its certificate, but username is "
                             "\"none\": a client could claim any user name; set username, for example to \"san.uri\"");
    return check_separator(parse, at, identity);
}

/* A client must not log in with a certificate that no trusted CA issued. CG_REASON_OK: all such rules are enforced. */
static enum cg_reason relaxed_trust(const struct cg_draft *draft)
{
    static const enum cg_reason trust[] = {
        CG_REASON_UNTRUSTED,        CG_REASON_SELF_SIGNED, CG_REASON_PATH_LIMIT,   CG_REASON_BAD_SIGNATURE,
        CG_REASON_REVOKED,          CG_REASON_DENY_LISTED, CG_REASON_NOT_A_CA,     CG_REASON_PATH_OTHER,
        CG_REASON_NAME_CONSTRAINTS, CG_REASON_PATH_LENGTH, CG_REASON_CA_KEY_USAGE, CG_REASON_CA_WRONG_PURPOSE,
    };
    for (size_t i = 0; i < sizeof trust / sizeof *trust; i++) {
        enum cg_mode mode = draft->listener.client.mode[trust[i]];
        mode = mode == CG_MODE_INHERIT ? draft->rules[trust[i]] : mode;
        mode = mode == CG_MODE_INHERIT ? draft->mode : mode;
        if (mode != CG_ENFORCE)
            return trust[i];
    }
    return CG_REASON_OK;
}

/* Whether two files have the same key type shows when they are loaded (snapshot_credentials.c). */
static bool check_credentials(struct cg_parse *parse, const struct cg_json_path *at,
                              const struct cg_listener_policy *listener)
{
    const struct cg_json_path list = {at, "credential", 0};
    for (size_t i = 0; i < listener->ncredentials; i++)
        for (size_t k = 0; k < i; k++) {
            const struct cg_json_path here = {&list, NULL, i};
            if (strcmp(listener->credentials[i].chain, listener->credentials[k].chain) == 0)
                return cg_parse_fail(parse, &here, "credential[%zu] names the same chain; remove one of the two", k);
        }
    return true;
}

bool cg_check_listener(struct cg_parse *parse, const struct cg_json_path *at, const void *filled)
{
    const struct cg_draft *draft = filled;
    const struct cg_identity_policy *identity = &draft->listener.identity;
    bool uses = identity->username != CG_IDENTITY_NONE || identity->one_client || identity->authenticates;
    if (uses && draft->listener.client.certificate == CG_CERT_NONE)
        return cg_parse_fail(parse, at,
                             "identity comes from the client's certificate, but client.certificate is \"none\"; set it "
                             "to \"required\" or \"optional\"");
    if (!check_credentials(parse, at, &draft->listener))
        return false;
    enum cg_reason relaxed = identity->authenticates ? relaxed_trust(draft) : CG_REASON_OK;
    if (relaxed != CG_REASON_OK)
        return cg_parse_fail(
            parse, at,
            "identity.authenticates lets clients log in with a certificate, but the rule %s is not enforced for "
            "clients: anyone could log in; enforce the rule, or set authenticates to false",
            cg_reason_row(relaxed)->code);
    return true;
}
