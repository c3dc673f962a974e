/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Types of the interface (renewal.h) that its parts use too. */
#ifndef CG_RENEWAL_TYPES_H
#define CG_RENEWAL_TYPES_H

#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Publishes one message with QoS 0, not retained, to this client alone. */
typedef void (*cg_send_fn)(const char *client_id, const char *topic, const void *payload, size_t len);

struct cg_renewal_question {
    struct cg_conn *conn;  /* NULL: no TLS, or no certificate: no answer */
    const char *client_id; /* may be NULL */
    const void *payload;
    size_t len;
};

/* Commands of signers that use files: the worker runs them. */
enum cg_renewal_command {
    CG_RENEWAL_LIST,    /* argument: the ID after which the page starts, as a string, or NULL */
    CG_RENEWAL_DELIVER, /* argument: an answer as in core/renewal/mailbox.h */
    CG_RENEWAL_FORGET,  /* argument: an ID, as a string */
};

#endif
