/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A key of the policy: one row with type, scope, target field, default, bounds and manual text; and the texts for a
 * value that does not fit. Called by policy_keys.c, which has the rows, the parser and the manual's generator. */
#ifndef CG_POLICY_KEY_H
#define CG_POLICY_KEY_H

#include "core/base/quantity.h"
#include "policy_parse.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    CG_TYPE_PATH,    /* relative to the policy file; "-" is kept unchanged if max is 1 */
    CG_TYPE_PATHS,
    CG_TYPE_OID, /* dotted */
    CG_TYPE_OIDS,
    CG_TYPE_ATTRIBUTE, /* of a name: "O", "CN" or dotted */
    CG_TYPE_SHA256,    /* 64 hex digits, colons allowed */
    CG_TYPE_SERIAL,    /* hex, in the form of cg_serial_text */
    CG_TYPE_MATCH,     /* the values of a cg_value_match of kind min */
    CG_TYPE_WARNINGS,  /* array of durations, kept in descending order, 0 ends */
    CG_TYPE_RULES,     /* object: reason code to mode */
    CG_TYPE_OBJECT,
    CG_TYPE_OBJECTS,   /* object or array of 1 to max objects: stored like a LIST */
    CG_TYPE_LIST,      /* array of objects: stored as pointer, then count at count_offset */
    CG_TYPE_LISTENERS, /* array of overrides */
};

/* where a key is allowed; bits */
enum cg_key_scope {
    CG_IN_TOP = 1 << 0,
    CG_IN_LISTENER = 1 << 1,
    CG_IN_CLIENT = 1 << 2,
    CG_IN_SERVER = 1 << 3,
    CG_IN_BRIDGE = 1 << 4,
    CG_IN_TOP_SERVER = 1 << 5, /* the server section of the top level: keys that a listener's cannot have */
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
    size_t count_offset;         /* LIST, OBJECTS */
    const char *fallback;        /* JSON text that is read if the key is missing; NULL: the field stays unchanged */
    bool required;               /* without the key the policy is refused */
    int group;                   /* of the keys of one group at most one may be given; 0: none */
    int64_t min, max;            /* see the types */
    const struct cg_word *words; /* ends with a NULL text */
    const struct cg_object *object;
    const char *manual;
};

struct cg_object {
    const struct cg_key *keys; /* ends with a NULL name */
    size_t size;               /* of the struct that it fills */
    /* Checks for contradictions between keys; NULL: none are possible. False with the error set. */
    bool (*check)(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
};

/* The units of a key that is a duration or a size. */
const struct cg_unit *cg_key_units(enum cg_key_type type);

/* Writes what the key expects, such as "true or false", for messages and the manual. */
void cg_key_expected(const struct cg_key *key, char *out, size_t size);

/* Sets the error "FILE: PLACE: expected ..., found ..." and returns false. */
bool cg_parse_mismatch(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                       const cJSON *json);

#endif
