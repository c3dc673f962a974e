/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is wrong with the chain or with a CA of it. */
#include "scenarios.h"

/* Four layers of six CAs of one name each, in a dead end: 6^4 ways to go. */
#define MAZE(name, above)                                                                                              \
    name "1: issuer=root ca cn=" name " issuer-name=/CN=" above " ski=none aki=none\n" name                            \
         "2: issuer=root ca cn=" name " issuer-name=/CN=" above " ski=none aki=none\n" name                            \
         "3: issuer=root ca cn=" name " issuer-name=/CN=" above " ski=none aki=none\n" name                            \
         "4: issuer=root ca cn=" name " issuer-name=/CN=" above " ski=none aki=none\n" name                            \
         "5: issuer=root ca cn=" name " issuer-name=/CN=" above " ski=none aki=none\n" name                            \
         "6: issuer=root ca cn=" name " issuer-name=/CN=" above " ski=none aki=none\n"

static const struct cg_scenario rows[] = {
    {"a client without a certificate is refused", CG_REASON_NO_CERTIFICATE, .send = ""},
    {"a client of an unknown CA is refused", CG_REASON_UNTRUSTED, .recipe = "odd: ca\ndev: issuer=odd",
     .send = "dev odd"},
    {"a client of a CA that only has our CA's name is refused", CG_REASON_UNTRUSTED,
     .recipe = "odd: ca cn=root\ndev: issuer=odd", .send = "dev odd"},
    {"a client that leaves out its intermediate is refused", CG_REASON_UNTRUSTED, .send = "dev"},
    {"an intermediate as anchor is not enough", CG_REASON_UNTRUSTED, .world = "lone: ca\nmid: issuer=lone ca",
     .anchors = "root mid", .recipe = "dev: issuer=mid", .send = "dev"},
    {"a self-signed client is refused", CG_REASON_SELF_SIGNED, .recipe = "dev:", .send = "dev"},
    {"more certificates than max_chain are refused", CG_REASON_CHAIN_TOO_LONG,
     .policy = "\"client\": {\"max_chain\": 2}", .send = "dev inter root"},
    /* OpenSSL refuses a message that is too long by its header, before there is a certificate to judge */
    {"more bytes than max_chain_bytes are refused", CG_REASON_CHAIN_TOO_LARGE, .alert = 47,
     .policy = "\"client\": {\"max_chain_bytes\": \"1KiB\"}", .send = "dev inter root"},
    {"a maze of CAs with the same names is given up", CG_REASON_PATH_LIMIT,
     .world = MAZE("a", "b") MAZE("b", "c") MAZE("c", "d") MAZE("d", "e"),
     .intermediates = "a1 a2 a3 a4 a5 a6 b1 b2 b3 b4 b5 b6 c1 c2 c3 c4 c5 c6 d1 d2 d3 d4 d5 d6",
     .recipe = "dev: issuer=a1 aki=none", .send = "dev"},
    {"a client whose signature was changed is refused", CG_REASON_BAD_SIGNATURE,
     .recipe = "dev: issuer=inter broken-signature"},
    {"a client signed by another key than its issuer's is refused", CG_REASON_BAD_SIGNATURE,
     .recipe = "dev: issuer=inter signer=root"},
    {"a CA whose signature was changed is refused", CG_REASON_BAD_SIGNATURE,
     .recipe = "mid: issuer=root ca broken-signature\ndev: issuer=mid", .send = "dev mid"},
    {"a CA that expired is refused", CG_REASON_CA_EXPIRED,
     .recipe = "mid: issuer=root ca days=-30..-1\ndev: issuer=mid", .send = "dev mid"},
    {"a CA that is not valid yet is refused", CG_REASON_CA_NOT_YET_VALID,
     .recipe = "mid: issuer=root ca days=1..30\ndev: issuer=mid", .send = "dev mid"},
    {"an anchor that expired is refused", CG_REASON_CA_EXPIRED, .world = "old: ca days=-30..-1", .anchors = "root old",
     .recipe = "dev: issuer=old", .send = "dev"},
    {"a client that issued a certificate itself is no CA", CG_REASON_NOT_A_CA,
     .recipe = "user: issuer=inter\ndev: issuer=user", .send = "dev user inter"},
    {"a CA without basicConstraints is no CA", CG_REASON_NOT_A_CA,
     .recipe = "mid: issuer=root ca bc=none\ndev: issuer=mid", .send = "dev mid"},
    {"a CA that may not sign certificates is refused", CG_REASON_CA_KEY_USAGE,
     .recipe = "mid: issuer=root ca ku=critical,cRLSign\ndev: issuer=mid", .send = "dev mid"},
    {"a CA below a CA with pathlen 0 is refused", CG_REASON_PATH_LENGTH,
     .recipe = "mid: issuer=root ca bc=critical,CA:TRUE,pathlen:0\nsub: issuer=mid ca\ndev: issuer=sub",
     .send = "dev sub mid"},
    {"more intermediates than max_depth are refused", CG_REASON_TOO_DEEP, .policy = "\"client\": {\"max_depth\": 1}",
     .recipe = "mid: issuer=inter ca\ndev: issuer=mid", .send = "dev mid inter"},
    {"a CA for servers only cannot issue a client", CG_REASON_CA_WRONG_PURPOSE,
     .recipe = "mid: issuer=root ca eku=serverAuth\ndev: issuer=mid", .send = "dev mid"},
    {"a CA with a short RSA key is refused", CG_REASON_KEY_SIZE,
     .recipe = "mid: issuer=root ca key=rsa1024\ndev: issuer=mid", .send = "dev mid"},
    {"a CA signed with SHA-1 is refused", CG_REASON_SIGNATURE_DIGEST,
     .recipe = "mid: issuer=root ca digest=sha1\ndev: issuer=mid", .send = "dev mid"},
    {"a CA with an unknown critical extension is refused", CG_REASON_UNKNOWN_CRITICAL_EXTENSION,
     .recipe = "mid: issuer=root ca ext=critical,1.2.3.4=0500\ndev: issuer=mid", .send = "dev mid"},
    {"a DNS name outside the CA's constraints is refused", CG_REASON_NAME_CONSTRAINTS,
     .recipe = "mid: issuer=root ca nc=critical,permitted;DNS:plant.lan\ndev: issuer=mid san=dns:a.home.lan",
     .send = "dev mid"},
    {"a DNS name that the CA excludes is refused", CG_REASON_NAME_CONSTRAINTS,
     .recipe = "mid: issuer=root ca nc=critical,excluded;DNS:plant.lan\ndev: issuer=mid san=dns:a.plant.lan",
     .send = "dev mid"},
    {"an address outside the CA's constraints is refused", CG_REASON_NAME_CONSTRAINTS,
     .recipe = "mid: issuer=root ca nc=critical,permitted;IP:192.0.2.0/255.255.255.0\n"
               "dev: issuer=mid san=ip:198.51.100.1",
     .send = "dev mid"},
    {"a mail address outside the CA's constraints is refused", CG_REASON_NAME_CONSTRAINTS,
     .recipe = "mid: issuer=root ca nc=critical,permitted;email:plant.lan\ndev: issuer=mid san=email:a@home.lan",
     .send = "dev mid"},
    {"a URI outside the CA's constraints is refused", CG_REASON_NAME_CONSTRAINTS,
     .recipe = "mid: issuer=root ca nc=critical,permitted;URI:.plant.lan\ndev: issuer=mid san=uri:https://a.home.lan/",
     .send = "dev mid"},
    {"a wildcard that reaches an excluded name is refused", CG_REASON_NAME_CONSTRAINTS,
     .recipe = "mid: issuer=root ca nc=critical,excluded;DNS:a.plant.lan\ndev: issuer=mid san=dns:*.plant.lan",
     .send = "dev mid"},
    {"a path without the wanted certificate policy is refused", CG_REASON_CERTIFICATE_POLICIES,
     .policy = "\"client\": {\"certificate_policies\": {\"oids\": [\"1.2.3.4\"], \"require_explicit\": true}}",
     .recipe = "mid: issuer=root ca policies=1.2.3.5\ndev: issuer=mid policies=1.2.3.5", .send = "dev mid"},
    {"a CA that requires an explicit policy holds", CG_REASON_CERTIFICATE_POLICIES,
     .recipe = "mid: issuer=root ca policies=1.2.3.5 policy-constraints=critical,requireExplicitPolicy:0\n"
               "dev: issuer=mid policies=1.2.3.9",
     .send = "dev mid"},
    {"strict: a CA without subject key identifier is refused", CG_REASON_STRICT,
     .recipe = "mid: issuer=root ca ski=none\ndev: issuer=mid", .send = "dev mid"},
    {"strict: a client without authority key identifier is refused", CG_REASON_STRICT,
     .recipe = "dev: issuer=inter aki=none"},
    {"strict: basicConstraints of a CA must be critical", CG_REASON_STRICT,
     .recipe = "mid: issuer=root ca bc=CA:TRUE\ndev: issuer=mid", .send = "dev mid"},
};

const struct cg_scenarios cg_scenarios_path = {rows, sizeof rows / sizeof *rows};
