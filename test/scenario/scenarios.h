/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The scenario table: what a client sends or does, and the verdict that certguard must return. The same table runs in the
 * core, in real handshakes with a real broker, and in the tool; all of them must agree. Constant data only. Called by the
 * runners.
 *
 * Every row has the CAs "root" (the trust anchor) and "inter" (issued by root), and the broker's certificate, issued by root.
 * The client is "dev" and sends "dev inter", unless the row sets something else. Recipes: lib/pki_maker.h. */
#ifndef CG_TEST_SCENARIOS_H
#define CG_TEST_SCENARIOS_H

#include "core/base/reason.h"
#include "core/check.h"

#include <stdbool.h>
#include <stddef.h>

/* Where a row cannot run; 0: it runs everywhere. */
enum {
    CG_NOT_CORE = 1 << 0,
    CG_NOT_TLS12 = 1 << 1,
    CG_NOT_TLS13 = 1 << 2,
    CG_CORE_ONLY = CG_NOT_TLS12 | CG_NOT_TLS13,
};

/* What the client does besides sending its certificate. Only with a broker. */
struct cg_act {
    const char *ciphers, *groups, *sigalgs, *client_id;
    int refuse_server; /* X509_V_ERR_* for which the client refuses the broker's certificate */
    bool tls11;        /* offers TLS 1.1 only */
    bool psk;          /* offers a pre-shared key only */
    bool false_key;    /* has the certificate, but not its key */
    bool first_client; /* another client with id "first" and the same certificate is connected */
    bool plain;        /* sends CONNECT to a listener without TLS */
    bool raw;          /* sends bytes instead of TLS */
    bool hello;        /* sends a ClientHello before bytes */
    const char *bytes;
    size_t nbytes;
    bool stall; /* waits after bytes for the broker to close; else closes */
    int crowd;  /* number of idle connections that the client opens after its own */
};

struct cg_scenario {
    const char *sentence;
    enum cg_reason expect;  /* CG_REASON_OK: accepted */
    enum cg_reason audited; /* accepted, and this reason is logged; CG_REASON_UNSET: none */
    int alert;              /* TLS AlertDescription for the client; 0: the one of cg_scenario_alert */
    const char *words;      /* part of the detail; NULL: any */
    unsigned not_in;        /* CG_NOT_* */

    /* the broker's files; rows with the same values share one broker */
    const char *cas;                  /* recipe lines for more CAs and for the CRLs */
    const char *anchors;              /* names; NULL: "root" */
    const char *intermediate_anchors; /* names; NULL: none */
    const char *intermediates;        /* names for the policy; NULL: none */
    const char *crls;                 /* names; NULL: none */
    const char *trust;                /* more members of the policy's "trust" */
    const char *policy;               /* more members of the policy */

    /* the client */
    const char *recipe;      /* NULL: "dev: issuer=inter" */
    const char *send;        /* NULL: "dev inter"; "": no certificate */
    enum cg_purpose purpose; /* core only; CG_PURPOSE_NONE: client */
    const char *host;        /* core only */
    struct cg_act act;
};

/* All rows of all files, in order; NULL after the last. */
const struct cg_scenario *cg_scenario_at(size_t index);

/* The alert for a client that is refused for this reason (RFC 8446 6.2, RFC 5246 7.2.2); -1: none, or any. */
int cg_scenario_alert(enum cg_reason reason, bool tls13);

/* Explains why the table has no row for this reason; NULL: it must have one. */
const char *cg_scenario_exception(enum cg_reason reason);

/* the rows of each file */
struct cg_scenarios {
    const struct cg_scenario *row;
    size_t count;
};
extern const struct cg_scenarios cg_scenarios_accept, cg_scenarios_path, cg_scenarios_crl, cg_scenarios_leaf,
    cg_scenarios_flaws, cg_scenarios_tls;

#endif
