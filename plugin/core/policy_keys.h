/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The keys of the policy as data: each key is one row with its type, place, default, bounds and line of manual.
 * Const tables, owned by nobody. Read by the parser (policy.c, policy_value.c), the manual's generator and tests. */
#ifndef CG_POLICY_KEYS_H
#define CG_POLICY_KEYS_H

#include "policy.h"

enum cg_key_type {
    CG_TYPE_BOOL = 1,
    CG_TYPE_AUTO,         /* true, false or "auto" */
    CG_TYPE_TRUE,         /* only true; stores min */
    CG_TYPE_BIT,          /* true sets the bit min in what an earlier row filled */
    CG_TYPE_INTEGER,      /* min to max */
    CG_TYPE_SECONDS,      /* "90d": min to max, s */
    CG_TYPE_MILLISECONDS, /* "10s": min to max, ms */
    CG_TYPE_BYTES,        /* "64KiB": min to max */
    CG_TYPE_ENUM,         /* one of words */
    CG_TYPE_FLAGS,        /* array of words; min is always set too */
    CG_TYPE_STRING,
    CG_TYPE_STRINGS, /* string or array of strings */
    CG_TYPE_PATH,    /* relative to the policy file; "-" stays as it is where max is 1 */
    CG_TYPE_PATHS,
    CG_TYPE_OID, /* dotted */
    CG_TYPE_OIDS,
    CG_TYPE_ATTRIBUTE, /* of a name: "O", "CN" or dotted */
    CG_TYPE_SHA256,    /* 64 hex digits, colons allowed */
    CG_TYPE_SERIAL,    /* hex, kept as cg_serial_text writes it */
    CG_TYPE_MATCH,     /* the values of a cg_value_match of kind min */
    CG_TYPE_WARNINGS,  /* array of durations, kept in descending order, 0 ends */
    CG_TYPE_RULES,     /* object: reason code to mode */
    CG_TYPE_OBJECT,
    CG_TYPE_LIST,      /* array of objects: stored as pointer, then count at count_offset */
    CG_TYPE_LISTENERS, /* array of overrides */
};

/* where a key may stand; bits */
enum cg_key_scope {
    CG_IN_TOP = 1 << 0,
    CG_IN_LISTENER = 1 << 1,
    CG_IN_CLIENT = 1 << 2,
    CG_IN_SERVER = 1 << 3,
    CG_IN_BRIDGE = 1 << 4,
    CG_IN_TOP_SERVER = 1 << 5, /* the top level's server section: what a listener's cannot have */
};

struct cg_word {
    const char *text;
    int64_t value;
};

struct cg_key {
    const char *name;
    enum cg_key_type type;
    unsigned scopes;             /* CG_IN_* */
    unsigned enters;             /* OBJECT: the scope inside; 0: the same */
    size_t offset, size;         /* in the struct that its object fills */
    size_t count_offset;         /* LIST */
    const char *fallback;        /* JSON text that is read where the key is missing; NULL: left as it is */
    bool required;               /* no fallback: the key must be there */
    int group;                   /* of the keys of one group at most one may be given; 0: none */
    int64_t min, max;            /* see the types */
    const struct cg_word *words; /* ends with a NULL text */
    const struct cg_object *object;
    const char *manual;
};

struct cg_parse;
struct cg_place;

struct cg_object {
    const struct cg_key *keys; /* ends with a NULL name */
    size_t size;               /* of the struct that it fills */
    /* Contradictions between keys; NULL: there can be none. */
    bool (*check)(struct cg_parse *parse, const struct cg_place *at, const void *filled);
};

enum cg_auto { CG_AUTO = 0, CG_YES, CG_NO };

/* What the rows fill before policy.c puts it together. */
struct cg_trust_draft {
    struct cg_trust_files files;
    enum cg_auto crl_required;
    int64_t crl_max_age, crl_grace;
};

/* A section of rules that may have trust of its own: server, bridge. */
struct cg_role_draft {
    struct cg_profile profile; /* first: rows of a profile fill it too */
    struct cg_trust_draft trust;
    struct cg_tls_policy tls; /* bridge */
};

struct cg_draft {
    enum cg_mode mode;
    enum cg_mode rules[CG_REASON_COUNT];
    struct cg_trust_draft trust;
    const char *state;
    struct cg_log_policy log;
    struct cg_listener_policy listener;
    struct cg_role_draft server, bridge;
    struct cg_certificate_list deny, allow, admin;
    int64_t warn_before[8];
};

/* In rules: no mode was given here. Never in a finished policy. */
#define CG_MODE_INHERIT ((enum cg_mode)3)

extern const struct cg_object cg_policy_object; /* the whole file; fills a cg_draft */

/* Why a policy may audit this rule, but not turn it off, and what to do instead; NULL: it may be off. */
const char *cg_rule_never_off(enum cg_reason reason);

/* "a duration such as \"90d\" ..." for messages and the manual. */
void cg_key_expected(const struct cg_key *key, char *out, size_t size);

#endif
