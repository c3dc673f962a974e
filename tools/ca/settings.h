/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The settings of a CA: certguard.json in its folder. An option of the command line overrides a setting, and a setting
 * overrides the built-in default.
 *
 * A missing file has no settings. Anything in it that is not understood is an error, and so is a file that others may change:
 * the runs that use settings fail then. Revocations and CRLs are still made: see cg_settings_crl_lifetime.
 * The caller owns the struct and frees it in every case. Called by the CA, its verbs and the passphrase. */
#ifndef CG_CA_SETTINGS_H
#define CG_CA_SETTINGS_H

#include "store/change.h"

#include <cjson/cJSON.h>

#define CG_SETTINGS_FILE "certguard.json"

/* A key, as a row of a const table. */
struct cg_setting {
    const char *key;      /* "lifetime.broker": the member broker of the object lifetime */
    const char *help;     /* one line, no full stop */
    const char *usual;    /* without the setting, for people; "" for nothing */
    const char *expected; /* for errors */
    bool (*fits)(const cJSON *value);
};
extern const struct cg_setting cg_setting_rows[]; /* ends with a NULL key */
const struct cg_setting *cg_setting_find(const char *key);

struct cg_settings {
    cJSON *object;            /* as in the file; an empty one without a file */
    struct cg_ca_owner owner; /* root reads passphrase_file with the rights of the folder's owner */
};

/* Reads the file in the folder dir of a CA, which may be missing, with the rights of the folder's owner. False: object has what
 * could be read of it, not checked. */
bool cg_settings_load(struct cg_settings *settings, const char *dir, struct cg_error *err);
void cg_settings_free(struct cg_settings *settings);

/* The value of a key; NULL, "" or 0 if it is not set. *_show: as text for people, malloc'ed. */
const char *cg_settings_text(const struct cg_settings *settings, const char *key);
int64_t cg_settings_duration(const struct cg_settings *settings, const char *key);
char *cg_settings_show(const struct cg_settings *settings, const char *key);
bool cg_settings_reuse_key(const struct cg_settings *settings, const char *name); /* a renewal keeps the key of NAME */

/* Sets a value that fits its row, or removes it (text NULL). Nothing is written. A path becomes absolute: a timer runs in
 * another folder. */
bool cg_settings_set(struct cg_settings *settings, const char *key, const char *text, struct cg_error *err);
bool cg_settings_set_file(struct cg_settings *settings, const char *key, const char *path, struct cg_error *err);
bool cg_settings_set_duration(struct cg_settings *settings, const char *key, int64_t seconds, struct cg_error *err);
bool cg_settings_set_reuse_key(struct cg_settings *settings, const char *name, bool reuse, struct cg_error *err);
bool cg_settings_put(struct cg_change *change, const struct cg_settings *settings, struct cg_error *err);

/* The lifetime of the CRLs of "ca" or "root", in seconds; 0: not set, or the settings cannot be read and *damaged has the reason.
 * A CRL is made all the same, with the lifetime of the last one: a revocation must not wait. */
int64_t cg_settings_crl_lifetime(const struct cg_ca *ca, const char *folder, struct cg_error *damaged);
const char *cg_settings_crl_key(const char *folder); /* the key of that lifetime */

#endif
