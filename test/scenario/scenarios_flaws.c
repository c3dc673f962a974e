/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Vulnerabilities of this kind that were published for other software. Each has a row here, or a test in this list:
 *
 *   resumption past a policy change (CVE-2025-23419, CVE-2025-23048, CVE-2022-21654)   unit_tls_hook: no_resumption
 *   extended key usage unchecked (CVE-2022-21657)                                      here, scenarios_leaf, _path
 *   one SAN type confused with another (CVE-2022-21656)                                here
 *   common names that bypass name constraints (CVE-2026-42790)                         here, unit_check
 *   policy trees of exponential size, ignored policies (CVE-2023-0464, 0465, 0466)     here, unit_check
 *   delta CRLs that cause a crash (CVE-2026-28388)                                     unit_crl, unit_crl_status, fuzz_crl
 *   only the first distribution point is read (RUSTSEC-2026-0049)                      unit_crl_status
 *   proxy certificates that bypass CRLs (openssl issue 32364)                          here, unit_check
 *   CRLs with a wrong signature or issuer                                              unit_crl
 *   NUL and control characters in names                                                scenarios_leaf, unit_check, unit_name
 *   explicit curves (CVE-2020-0601)                                                    scenarios_leaf
 */
#include "scenarios.h"

/* Twelve CAs that each map two policies to both of them: the policy tree doubles at each CA. */
#define TWO        "policies=1.2.3.1,1.2.3.2 mappings=1.2.3.1:1.2.3.1,1.2.3.1:1.2.3.2,1.2.3.2:1.2.3.1,1.2.3.2:1.2.3.2"
#define NEXT(n, m) "t" #n ": issuer=t" #m " ca " TWO "\n"
#define TREE                                                                                                           \
    "t0: issuer=root ca " TWO "\n" NEXT(1, 0) NEXT(2, 1) NEXT(3, 2) NEXT(4, 3) NEXT(5, 4) NEXT(6, 5) NEXT(7, 6)        \
        NEXT(8, 7) NEXT(9, 8) NEXT(10, 9) NEXT(11, 10)
#define TREE_SENT   "dev t11 t10 t9 t8 t7 t6 t5 t4 t3 t2 t1 t0"
#define DEEP_CHAINS "\"max_chain\": 20, \"max_depth\": 20"

#define URI_NAME "\"identity\": {\"username\": \"san.uri\", \"authenticates\": true}"
#define DNS_NAME "\"identity\": {\"username\": \"san.dns\", \"authenticates\": true}"

static const struct cg_scenario rows[] = {
    {"a CA with anyExtendedKeyUsage instead of clientAuth is refused", CG_REASON_CA_WRONG_PURPOSE,
     .recipe = "mid: issuer=root ca eku=anyExtendedKeyUsage\ndev: issuer=mid", .send = "dev mid"},
    {"a CA for servers cannot issue a client through a subordinate CA", CG_REASON_CA_WRONG_PURPOSE,
     .recipe = "top: issuer=root ca eku=serverAuth\nmid: issuer=top ca\ndev: issuer=mid", .send = "dev mid top"},
    {"a server with its name in a URI SAN is refused", CG_REASON_HOST_MISMATCH, .not_in = CG_CORE_ONLY,
     .purpose = CG_PURPOSE_SERVER, .host = "broker.lan",
     .recipe = "dev: server issuer=inter san=uri:broker:broker.lan"},
    {"a server with its name in an email SAN is refused", CG_REASON_HOST_MISMATCH, .not_in = CG_CORE_ONLY,
     .purpose = CG_PURPOSE_SERVER, .host = "broker.lan", .recipe = "dev: server issuer=inter san=email:x@broker.lan"},
    {"a server with its IP address in a DNS SAN is refused", CG_REASON_HOST_MISMATCH, .not_in = CG_CORE_ONLY,
     .purpose = CG_PURPOSE_SERVER, .host = "192.0.2.7", .recipe = "dev: server issuer=inter san=dns:192.0.2.7"},
    {"a server with a wildcard inside a label is refused", CG_REASON_SAN_MALFORMED, .not_in = CG_CORE_ONLY,
     .purpose = CG_PURPOSE_SERVER, .host = "broker.lan", .recipe = "dev: server issuer=inter san=dns:b*.lan"},
    {"a DNS name is not used as a username of type URI", CG_REASON_IDENTITY_MISSING, .not_in = CG_NOT_CORE,
     .policy = URI_NAME, .recipe = "dev: issuer=inter san=dns:admin.lan"},
    {"a URI is not used as a username of type DNS", CG_REASON_IDENTITY_MISSING, .not_in = CG_NOT_CORE,
     .policy = DNS_NAME, .recipe = "dev: issuer=inter san=uri:dns:admin.lan"},
    {"a common name that looks like a host name does not bypass name constraints", CG_REASON_NAME_CONSTRAINTS,
     .recipe = "mid: issuer=root ca nc=critical,permitted;DNS:plant.lan\ndev: issuer=mid cn=a.home.lan san=uri:urn:x",
     .send = "dev mid"},
    {"name constraints of a CA also apply below its subordinate CA", CG_REASON_NAME_CONSTRAINTS,
     .recipe = "top: issuer=root ca nc=critical,permitted;DNS:plant.lan\nmid: issuer=top ca\n"
               "dev: issuer=mid san=dns:a.home.lan",
     .send = "dev mid top"},
    {"a policy tree of exponential size is refused", CG_REASON_CERTIFICATE_POLICIES,
     .policy = "\"client\": {" DEEP_CHAINS
               ", \"certificate_policies\": {\"oids\": [\"1.2.3.1\"], \"require_explicit\": "
               "true}}",
     .recipe = TREE "dev: issuer=t11 policies=1.2.3.1,1.2.3.2", .send = TREE_SENT},
    {"certificate policies that cannot be parsed are refused", CG_REASON_CERTIFICATE_POLICIES,
     .recipe = "dev: issuer=inter ext=2.5.29.32=0500"},
    {"a certificate policy listed twice is refused", CG_REASON_CERTIFICATE_POLICIES,
     .recipe = "dev: issuer=inter ext=2.5.29.32=300c300406022a03300406022a03"},
    {"policy constraints of a CA without policies are accepted if no policy is required", CG_REASON_OK,
     .recipe = "mid: issuer=root ca policy-constraints=critical,requireExplicitPolicy:2\ndev: issuer=mid",
     .send = "dev mid"},
    {"policy constraints of a CA without policies apply if they require a policy", CG_REASON_CERTIFICATE_POLICIES,
     .recipe = "mid: issuer=root ca policy-constraints=critical,requireExplicitPolicy:1\ndev: issuer=mid",
     .send = "dev mid"},
    {"policy constraints of a CA without policies apply if the policy file requires a policy",
     CG_REASON_CERTIFICATE_POLICIES, .policy = "\"client\": {\"certificate_policies\": {\"require_explicit\": true}}",
     .recipe = "mid: issuer=root ca policy-constraints=critical,inhibitPolicyMapping:0\ndev: issuer=mid policies=1.2.3",
     .send = "dev mid"},
    {"a proxy certificate of a revoked client is refused", CG_REASON_PROXY_CERTIFICATE,
     .policy = "\"client\": {\"rules\": {\"revoked\": \"audit\"}}",
     .cas = "r: crl issuer=root\ni: crl issuer=inter revoke=0x77\n", .crls = "r i", .intermediates = "inter",
     .trust = "\"crl_required\": false",
     .recipe = "user: issuer=inter serial=0x77\n"
               "dev: issuer=user subject=/CN=user/CN=dev san=none proxy=critical,language:id-ppl-anyLanguage",
     .send = "dev user inter"},
    {"basicConstraints twice is malformed", CG_REASON_MALFORMED,
     .recipe = "dev: issuer=inter ext=2.5.29.19=30030101ff"},
    {"subjectAltName twice is malformed", CG_REASON_MALFORMED,
     .recipe = "dev: issuer=inter ext=2.5.29.17=3008860675726e3a7878"},
    {"an unknown extension twice is malformed", CG_REASON_MALFORMED, .words = "twice",
     .recipe = "dev: issuer=inter ext=1.2.3.4=0500 ext=1.2.3.4=0500"},
    {"a client that sends its certificate twice is accepted", CG_REASON_OK, .send = "dev dev inter"},
};

const struct cg_scenarios cg_scenarios_flaws = {rows, sizeof rows / sizeof *rows};
