/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Writes one JSON object into a buffer of fixed size, without allocating, so that events can be written when memory is short.
 * A member that does not fit is omitted as a whole: the result is always valid JSON and UTF-8. The caller owns the buffer.
 * Called by event_json.c. */
#ifndef CG_JSON_H
#define CG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_JSON_DEPTH_MAX 4

struct cg_json {
    char *out;
    size_t size, len;
    char closers[CG_JSON_DEPTH_MAX + 1]; /* of the open levels, innermost last */
    bool has_member[CG_JSON_DEPTH_MAX + 1];
    int depth;
    int omitted; /* open levels that did not fit: nothing is written until they are closed */
};

/* Starts the object; size must hold at least 16 bytes. */
void cg_json_begin(struct cg_json *json, char *out, size_t size);

/* key is NULL in an array. Empty and NULL strings are omitted. At most max bytes of text are written, escaped by
 * cg_text_escape() and then for JSON. */
void cg_json_string(struct cg_json *json, const char *key, const char *text, size_t max);
void cg_json_number(struct cg_json *json, const char *key, int64_t number);
void cg_json_true(struct cg_json *json, const char *key);

/* Each open needs one close, even if it did not fit: then its members are omitted too. */
void cg_json_open_object(struct cg_json *json, const char *key);
void cg_json_open_array(struct cg_json *json, const char *key);
void cg_json_close(struct cg_json *json);

/* Ends the object and terminates the text with NUL. Returns its length. */
size_t cg_json_end(struct cg_json *json);

#endif
