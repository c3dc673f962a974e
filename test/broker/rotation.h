/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A running broker whose files are changed under it: what its clients see of that, and how soon.
 * Called by the tests of reloading. The program owns the world from rotation_start to rotation_end. */
#ifndef CG_TEST_ROTATION_H
#define CG_TEST_ROTATION_H

#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/tls_client.h"

#define WITHIN_MS 2000 /* a second where the kernel reports nothing, and as much on a busy machine */

struct world {
    struct cg_broker *broker;
    struct cg_pki *pki;
    const char *folder;
    int64_t pki_start; /* the clock of the recipes */
};

int64_t now_ms(void);
void pause_ms(long ms);

/* Makes root, server1, good, victim, inter, crl1 (which revokes serial number 0x1267); anchors.pem (root),
 * intermediates.pem (inter), crl.pem, and live/chain.pem and live/key.pem,
 * where live is a link to the folder v1; and a policy that names these. */
void rotation_start(struct world *w, const char *label);
int rotation_end(struct world *w);                     /* the exit status */
void rotation_free(struct world *w, bool keep_folder); /* for another one after it */

/* Renamed over policy.json: the policy of the start with more keys (", ..."), or another one. */
void write_policy(const struct world *w, const char *more);
void write_whole_policy(const struct world *w, const char *text);

void in_folder(const struct world *w, const char *name, char path[700]);
void write_pair(const struct world *w, const char *folder, const char *name); /* makes the folder, a level */
void move(const struct world *w, const char *from, const char *to);
void make_folder(const struct world *w, const char *name);
void link_to(const struct world *w, const char *name, const char *target); /* by rename over the old link */

/* with its name as client id, or another one: the same client id takes over the session */
void connect_with_id(const struct world *w, const char *name, const char *id, struct cg_client_result *result);
void connect_as(const struct world *w, const char *name, struct cg_client_result *result);
bool let_in(const struct world *w, const char *name);
bool serves(const struct world *w, const char *name); /* to the client "good" */

/* ms until it is so, or -1 after 5 s */
int64_t served_after(const struct world *w, const char *name);
int64_t client_after(const struct world *w, const char *name, bool in);
bool in_time(int64_t ms);

size_t count_events(const struct world *w, const char *event);
bool events_hold(const struct world *w, const char *words);
bool event_comes(const struct world *w, const char *event, size_t count); /* waits for the count-th */

#endif
