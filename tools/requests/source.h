/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where requests come from and answers go: the spool of a broker on this computer or a shared disk, or a broker's control topic.
 * Everything that is read there was written by others. One item that cannot be read holds back no other. The verb owns the source
 * and closes it in every case. Called by the verb requests. */
#ifndef CG_REQUESTS_SOURCE_H
#define CG_REQUESTS_SOURCE_H

#include "base/progress.h"
#include "core/cert/name.h"
#include "core/renewal/mailbox.h"
#include "store/store.h"

#define CG_SOURCE_MAX       10000              /* requests in one run: what a spool takes */
#define CG_SOURCE_BYTES_MAX ((size_t)64 << 20) /* of their texts */

enum cg_item_answer {
    CG_ITEM_OPEN = 0, /* nothing is there, or it cannot be known */
    CG_ITEM_ISSUED,
    CG_ITEM_REFUSED,
};

struct cg_item {
    char id[CG_RENEWAL_ID_MAX];
    bool is_confirmed;           /* the new certificate was used, says the broker */
    struct cg_mail_request mail; /* unless there is a fault */
    struct cg_error fault;       /* "": none */
    enum cg_item_answer answer;  /* of this CA, that is there already */
    enum cg_reason refused;      /* CG_ITEM_REFUSED: why */
    char answered[CG_HEX_MAX];   /* CG_ITEM_ISSUED: SHA-256 of the certificate, hex */
};

struct cg_source;

struct cg_source_kind {
    bool (*list)(struct cg_source *source, struct cg_error *err);
    bool (*put)(struct cg_source *source, const struct cg_mail_answer *answer, struct cg_error *err);
    bool (*forget)(struct cg_source *source, const char *id, struct cg_error *err);
    bool (*flush)(struct cg_source *source, struct cg_error *err);
    bool (*sweep)(struct cg_source *source, int64_t now, struct cg_error *err);
    void (*close)(struct cg_source *source);
};

struct cg_source {
    const struct cg_source_kind *kind; /* NULL: not open */
    void *own;                         /* of the kind */
    struct cg_item *item;              /* by ID */
    size_t count;
    bool is_more; /* more requests are there than one run takes */
};

/* dir: the policy's renewal.spool. writes: answers/ is made if it is missing, and locked; else nothing is changed. The folder
 * answers/ must belong to the user with whose rights files are used now (own). CG_CA_LOCKED: another run answers there. */
struct cg_spool_open {
    const char *dir;
    uid_t own;
    bool writes;
};
enum cg_ca_result cg_source_open_spool(struct cg_source *source, const struct cg_spool_open *open,
                                       struct cg_error *err);

/* Takes the connection (broker/mqtt.h). */
struct cg_mqtt;
bool cg_source_open_broker(struct cg_source *source, struct cg_mqtt *mqtt, struct cg_error *err);

/* Reads all of them, at most CG_SOURCE_MAX. */
bool cg_source_list(struct cg_source *source, struct cg_error *err);

/* Answers are durable after flush, which is called by cg_source_put too from time to time. */
bool cg_source_put(struct cg_source *source, const struct cg_mail_answer *answer, struct cg_error *err);
bool cg_source_forget(struct cg_source *source, const char *id, struct cg_error *err);
bool cg_source_flush(struct cg_source *source, struct cg_error *err);

/* Removes answers of this CA that are a week old and have no request any more. */
bool cg_source_sweep(struct cg_source *source, int64_t now, struct cg_error *err);
void cg_source_close(struct cg_source *source);

/* For the kinds: adds an item, whose id is set. NULL: out of memory. */
struct cg_item *cg_source_add(struct cg_source *source, const char *id);
struct cg_item *cg_source_find(const struct cg_source *source, const char *id); /* once they are sorted */

#endif
