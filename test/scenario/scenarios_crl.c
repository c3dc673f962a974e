/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Revocation: with any CRL in the policy, every CA of a path needs one. A CRL is verified when it is loaded, so the
 * policy must know its CA. */
#include "scenarios.h"

#define BOTH "r: crl issuer=root\ni: crl issuer=inter revoke=0x77:keyCompromise number=7\n"

static const struct cg_scenario rows[] = {
    {"a client of an issuing CA that is an anchor is revoked by its CRL", CG_REASON_REVOKED,
     .world = "corp: ca\nmid: issuer=corp ca\nr: crl issuer=mid revoke=0x77", .intermediate_anchors = "mid",
     .crls = "r", .policy = "\"server\": {\"trust\": {\"anchors\": \"ca.pem\"}}",
     .recipe = "dev: issuer=mid serial=0x77", .send = "dev"},
    {"an issuing CA that is an anchor needs no CRL of its root", CG_REASON_OK,
     .world = "corp: ca\nmid: issuer=corp ca\nr: crl issuer=mid revoke=0x77", .intermediate_anchors = "mid",
     .crls = "r", .policy = "\"server\": {\"trust\": {\"anchors\": \"ca.pem\"}}",
     .recipe = "dev: issuer=mid serial=0x78", .send = "dev corp"},
    {"a client that no CRL names is let in", CG_REASON_OK, .world = BOTH, .crls = "r i", .intermediates = "inter"},
    {"a revoked client is refused", CG_REASON_REVOKED, .world = BOTH, .crls = "r i", .intermediates = "inter",
     .recipe = "dev: issuer=inter serial=0x77"},
    {"the same serial of another CA is not revoked", CG_REASON_OK, .world = BOTH, .crls = "r i",
     .intermediates = "inter", .recipe = "dev: issuer=root serial=0x77", .send = "dev"},
    {"a client below a revoked CA is refused", CG_REASON_REVOKED,
     .world = "mid: issuer=root ca serial=0x99\nr: crl issuer=root revoke=0x99\nm: crl issuer=mid\n", .crls = "r m",
     .intermediates = "mid", .recipe = "dev: issuer=mid", .send = "dev mid"},
    {"a CA without a CRL is refused", CG_REASON_CRL_MISSING, .world = "r: crl issuer=root\n", .crls = "r"},
    {"a CA without a CRL is fine where the policy does not require one", CG_REASON_OK, .world = "r: crl issuer=root\n",
     .crls = "r", .trust = "\"crl_required\": false"},
    {"a CRL past its nextUpdate is refused", CG_REASON_CRL_EXPIRED,
     .world = "r: crl issuer=root\ni: crl issuer=inter days=-9..-2\n", .crls = "r i", .intermediates = "inter"},
    {"a CRL past its nextUpdate is used within the grace", CG_REASON_OK, .trust = "\"crl_grace\": \"5d\"",
     .world = "r: crl issuer=root\ni: crl issuer=inter days=-9..-2\n", .crls = "r i", .intermediates = "inter"},
    {"a CRL in its grace still revokes", CG_REASON_REVOKED, .trust = "\"crl_grace\": \"5d\"",
     .world = "r: crl issuer=root\ni: crl issuer=inter days=-9..-2 revoke=0x77\n", .crls = "r i",
     .intermediates = "inter", .recipe = "dev: issuer=inter serial=0x77"},
    {"a CRL of tomorrow is refused", CG_REASON_CRL_NOT_YET_VALID,
     .world = "r: crl issuer=root\ni: crl issuer=inter days=1..9\n", .crls = "r i", .intermediates = "inter"},
    {"a CRL older than crl_max_age is refused", CG_REASON_CRL_TOO_OLD, .trust = "\"crl_max_age\": \"2d\"",
     .world = "r: crl issuer=root days=-1..7\ni: crl issuer=inter days=-3..7\n", .crls = "r i",
     .intermediates = "inter"},
    {"a CRL for CA certificates alone says nothing of a client", CG_REASON_CRL_UNKNOWN,
     .world = "r: crl issuer=root\ni: crl issuer=inter idp=critical,onlyCA:TRUE\n", .crls = "r i",
     .intermediates = "inter"},
};

const struct cg_scenarios cg_scenarios_crl = {rows, sizeof rows / sizeof *rows};
