/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the parts of the policy's parser share: the store that backs a policy's pointers, freed at once with it, and the
 * words for a fault at a place. Called by policy*.c, and by snapshot.c for what it adds to a policy. */
#ifndef CG_POLICY_PARSE_H
#define CG_POLICY_PARSE_H

#include "policy_json.h"
#include "policy_keys.h"

struct cg_policy_store;

struct cg_policy_store *cg_store_new(void);
void cg_store_free(struct cg_policy_store *store);
void *cg_store_get(struct cg_policy_store *store, size_t size);             /* zeroed; NULL without memory */
const char *cg_store_text(struct cg_policy_store *store, const char *text); /* a copy; NULL without memory */

struct cg_parse {
    const char *name; /* of the file */
    struct cg_policy_store *store;
    struct cg_error *err;
};

/* Both set the error "FILE: PLACE: ..." and return false. */
bool cg_parse_fail(struct cg_parse *parse, const struct cg_place *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool cg_parse_mismatch(struct cg_parse *parse, const struct cg_place *at, const struct cg_key *key, const cJSON *json);

/* Levenshtein's distance, SIZE_MAX for long words, and the distance up to which a word may have been meant. */
size_t cg_word_distance(const char *a, const char *b);
size_t cg_near_enough(const char *word);

#endif
