/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The scenario table: what a client shows or does, and what certguard must say. One table, run in the core, through
 * real handshakes with a real broker, and by the tool; the answers must agree. Const data only; called by runners.
 *
 * Every row stands on the same CAs: "root" (the anchor) with "inter" below it, and the broker's certificate of root.
 * The client is "dev" and sends "dev inter" unless the row says otherwise. Recipes: lib/pki_maker.h. */
#ifndef CG_TEST_SCENARIOS_H
#define CG_TEST_SCENARIOS_H

#include "core/base/reason.h"
#include "core/check.h"

#include <stdbool.h>
#include <stddef.h>

/* where a row cannot run, and why stands in the row's comment; zero: everywhere it makes sense */
enum {
    CG_NOT_CORE = 1 << 0,
    CG_NOT_TLS12 = 1 << 1,
    CG_NOT_TLS13 = 1 << 2,
    CG_CORE_ONLY = CG_NOT_TLS12 | CG_NOT_TLS13,
};

/* What the client does beside showing its certificate: only through a broker. */
struct cg_act {
    const char *ciphers, *groups, *sigalgs, *client_id;
    int refuse_server; /* X509_V_ERR_* that the client finds with the broker's certificate */
    bool tls11;        /* offers TLS 1.1 only */
    bool psk;          /* offers a pre-shared key only */
    bool false_key;    /* has the certificate, but not its key */
    bool before;       /* another client with id "first" and the same certificate is connected */
    bool plain;        /* CONNECT on a listener without TLS */
    bool raw;          /* sends these bytes in place of TLS: */
    bool hello;        /* a ClientHello in front of them */
    const char *bytes;
    size_t nbytes;
    bool stall; /* and then waits; else closes */
    int crowd;  /* opens so many connections that stall, before its own */
};

struct cg_scenario {
    const char *sentence;
    enum cg_reason expect;  /* CG_REASON_OK: let in */
    enum cg_reason audited; /* let in, and this is logged; CG_REASON_UNSET: none */
    int alert;              /* TLS AlertDescription that the client gets; 0: the one of cg_scenario_alert */
    const char *words;      /* in the detail */
    unsigned not_in;        /* CG_NOT_* */

    /* the broker's side: rows that are alike here share one broker */
    const char *world;                /* recipe lines for more CAs and the CRLs */
    const char *anchors;              /* names; NULL: "root" */
    const char *intermediate_anchors; /* names; NULL: none */
    const char *intermediates;        /* names that the policy knows; NULL: none */
    const char *crls;                 /* names; NULL: none */
    const char *trust;                /* more members of the policy's "trust" */
    const char *policy;               /* more members of the policy */

    /* the client's side */
    const char *recipe;      /* NULL: "dev: issuer=inter" */
    const char *send;        /* NULL: "dev inter"; "": no certificate */
    enum cg_purpose purpose; /* core only; CG_PURPOSE_NONE: client */
    const char *host;        /* core only */
    struct cg_act act;
};

/* All rows of all files, in order; NULL behind the last. */
const struct cg_scenario *cg_scenario_at(size_t index);

/* The alert that a client gets which is refused for this reason (RFC 8446 6.2, RFC 5246 7.2.2); -1: none, or any. */
int cg_scenario_alert(enum cg_reason reason, bool tls13);

/* Why this reason has no row here; NULL: it must have one. */
const char *cg_scenario_exception(enum cg_reason reason);

/* the parts */
struct cg_scenarios {
    const struct cg_scenario *row;
    size_t count;
};
extern const struct cg_scenarios cg_scenarios_accept, cg_scenarios_path, cg_scenarios_crl, cg_scenarios_leaf,
    cg_scenarios_flaws, cg_scenarios_tls;

#endif
