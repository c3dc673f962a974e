/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Mosquitto's list of topics (acl_file), read for one question: may clients publish to a topic? Nothing is owned.
 * Called by doctor. */
#ifndef CG_ACL_FILE_H
#define CG_ACL_FILE_H

#include <stdbool.h>

/* Whether a topic filter with wildcards matches the topic. As in the broker, a wildcard at the start does not match "$". */
bool cg_topic_matches(const char *filter, const char *topic);

struct cg_acl_answer {
    unsigned denied; /* a line that denies it to some or all clients; 0: none */
    bool allowed;    /* to some or all clients: the list cannot show which of them need it */
};

/* named: all clients have user names, so the lines before the first "user" line apply to none. text is overwritten. False:
 * out of memory. */
bool cg_acl_may_write(char *text, const char *topic, bool named, struct cg_acl_answer *out);

#endif
