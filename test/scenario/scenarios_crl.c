/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Revocation. If the policy names a CRL, every CA of a path needs one. CRLs are verified when they are loaded, so the policy
 * must contain their CA. */
#include "scenarios.h"

#define BOTH "r: crl issuer=root\ni: crl issuer=inter revoke=0x77:keyCompromise number=7\n"

static const struct cg_scenario rows[] = {
    {"a client of an issuing CA that is an anchor is refused if the CA's CRL revokes it", CG_REASON_REVOKED,
     .cas = "corp: ca\nmid: issuer=corp ca\nr: crl issuer=mid revoke=0x77", .intermediate_anchors = "mid", .crls = "r",
     .policy = "\"server\": {\"trust\": {\"anchors\": \"ca.pem\"}}", .recipe = "dev: issuer=mid serial=0x77",
     .send = "dev"},
    {"an issuing CA that is an anchor needs no CRL from its root", CG_REASON_OK,
     .cas = "corp: ca\nmid: issuer=corp ca\nr: crl issuer=mid revoke=0x77", .intermediate_anchors = "mid", .crls = "r",
     .policy = "\"server\": {\"trust\": {\"anchors\": \"ca.pem\"}}", .recipe = "dev: issuer=mid serial=0x78",
     .send = "dev corp"},
    {"a client that no CRL names is accepted", CG_REASON_OK, .cas = BOTH, .crls = "r i", .intermediates = "inter"},
    {"a revoked client is refused", CG_REASON_REVOKED, .cas = BOTH, .crls = "r i", .intermediates = "inter",
     .recipe = "dev: issuer=inter serial=0x77"},
    {"the same serial number from another CA is not revoked", CG_REASON_OK, .cas = BOTH, .crls = "r i",
     .intermediates = "inter", .recipe = "dev: issuer=root serial=0x77", .send = "dev"},
    {"a client of a revoked CA is refused", CG_REASON_REVOKED,
     .cas = "mid: issuer=root ca serial=0x99\nr: crl issuer=root revoke=0x99\nm: crl issuer=mid\n", .crls = "r m",
     .intermediates = "mid", .recipe = "dev: issuer=mid", .send = "dev mid"},
    {"a client of a CA without a CRL is refused", CG_REASON_CRL_MISSING, .cas = "r: crl issuer=root\n", .crls = "r"},
    {"a CA without a CRL is accepted if the policy does not require one", CG_REASON_OK, .cas = "r: crl issuer=root\n",
     .crls = "r", .trust = "\"crl_required\": false"},
    {"a client is refused after the nextUpdate of the CRL", CG_REASON_CRL_EXPIRED,
     .cas = "r: crl issuer=root\ni: crl issuer=inter days=-9..-2\n", .crls = "r i", .intermediates = "inter"},
    {"a CRL past its nextUpdate is used during crl_grace", CG_REASON_OK, .trust = "\"crl_grace\": \"5d\"",
     .cas = "r: crl issuer=root\ni: crl issuer=inter days=-9..-2\n", .crls = "r i", .intermediates = "inter"},
    {"a CRL past its nextUpdate still revokes during crl_grace", CG_REASON_REVOKED, .trust = "\"crl_grace\": \"5d\"",
     .cas = "r: crl issuer=root\ni: crl issuer=inter days=-9..-2 revoke=0x77\n", .crls = "r i",
     .intermediates = "inter", .recipe = "dev: issuer=inter serial=0x77"},
    {"a client is refused before the thisUpdate of the CRL", CG_REASON_CRL_NOT_YET_VALID,
     .cas = "r: crl issuer=root\ni: crl issuer=inter days=1..9\n", .crls = "r i", .intermediates = "inter"},
    {"a client is refused if the CRL is older than crl_max_age", CG_REASON_CRL_TOO_OLD,
     .trust = "\"crl_max_age\": \"2d\"", .cas = "r: crl issuer=root days=-1..7\ni: crl issuer=inter days=-3..7\n",
     .crls = "r i", .intermediates = "inter"},
    {"a CRL for CA certificates only does not cover a client", CG_REASON_CRL_UNKNOWN,
     .cas = "r: crl issuer=root\ni: crl issuer=inter idp=critical,onlyCA:TRUE\n", .crls = "r i",
     .intermediates = "inter"},
};

const struct cg_scenarios cg_scenarios_crl = {rows, sizeof rows / sizeof *rows};
