/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "refusal.h"

#include "lib/tls_client.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLOSE_MS 20000

#define BYTES(text) .bytes = (text), .len = sizeof(text) - 1

static const struct refusal introduction = {.name = "valid", .leaf = "below", .chain = "inter"};

const struct refusal refusals[] = {
    {.name = "no certificate"},
    {.name = "expired certificate", .leaf = "expired"},
    {.name = "self-signed certificate", .leaf = "self"},
    {.name = "another CA of the same name", .leaf = "foreign"},
    {.name = "forged signature, known intermediate", .leaf = "forged", .chain = "inter"},
    {.name = "revoked certificate", .leaf = "revoked", .crl = true},
    {.name = "certificate of a server", .leaf = "server"},
    {.name = "chain of 12 certificates", .leaf = "long", .chain = "x9 x8 x7 x6 x5 x4 x3 x2 x1 x0 inter"},
    {.name = "TLS 1.1 only", .leaf = "dev", .version = TLS1_1_VERSION},
    {.name = "garbage",
     BYTES("\x7e\xd1\x05\x9c\x33\xfa\x18\x60\xb7\x42\x0d\xe5\x91\x2a\xc8\x74\x5f\x03\xad\x16\x6b\xf0\x87\x3e")},
    {.name = "MQTT without TLS",
     BYTES("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04"
           "evil")},
};
const size_t refusals_count = sizeof refusals / sizeof *refusals;

struct cg_pki *refusal_pki(void)
{
    struct cg_pki *pki = bench_pki();
    cg_pki_make(pki, "inter: ca cn=inter issuer=root\nbelow: issuer=inter\nother: ca cn=root\n"
                     "expired: issuer=root days=-9..-1\nself: cn=self ski=01 aki=01\nforeign: issuer=other\n"
                     "forged: issuer=inter signer=other\nrevoked: issuer=root\n"
                     "revoking: crl issuer=root number=2 revoke=revoked\nx0: ca issuer=inter signer=other\n"
                     "x1: ca issuer=x0\nx2: ca issuer=x1\nx3: ca issuer=x2\nx4: ca issuer=x3\nx5: ca issuer=x4\n"
                     "x6: ca issuer=x5\nx7: ca issuer=x6\nx8: ca issuer=x7\nx9: ca issuer=x8\nlong: issuer=x9");
    return pki;
}

void refusal_write_crl(const struct cg_pki *pki, char path[REFUSAL_PATH])
{
    const char *tmp = getenv("CG_TEST_TMP") ? getenv("CG_TEST_TMP") : "/tmp";
    char file[64];
    snprintf(file, sizeof file, "revoking-%d.pem", getpid());
    snprintf(path, REFUSAL_PATH, "%s/%s", tmp, file);
    cg_pki_write(pki, tmp, file, "revoking");
}

bool refusal_any_version(const struct refusal *refusal)
{
    return refusal->bytes || refusal->version;
}

/* True if the server closes the connection and sends no CONNACK. */
static bool send_bytes(const struct load *load)
{
    uint16_t ignored;
    int fd = cg_raw_open(load->peer->port, &ignored);
    if (fd < 0)
        return false;
    cg_raw_send(fd, load->refusal->bytes, load->refusal->len);
    shutdown(fd, SHUT_WR); /* else the server may wait for the rest of a record */
    bool refused = cg_raw_connack(fd, CLOSE_MS) == -1 && cg_raw_closed(fd, CLOSE_MS);
    close(fd);
    return refused;
}

static bool connect_tls(const struct load *load)
{
    const struct refusal *kind = load->refusal;
    const struct cg_pki *pki = load->setup->pki;
    STACK_OF(X509) *chain = cg_pki_stack(pki, kind->chain ? kind->chain : "");
    const struct cg_client_spec spec = {.port = load->peer->port,
                                        .leaf = kind->leaf ? cg_pki_cert(pki, kind->leaf) : NULL,
                                        .key = kind->leaf ? cg_pki_key(pki, kind->leaf) : NULL,
                                        .chain = chain,
                                        .version = kind->version ? kind->version : load->version,
                                        .client_id = "urn:dev:refused"};
    struct cg_client_result result;
    cg_client_connect(&spec, &result);
    bool accepted = result.accepted;
    cg_client_close(&result);
    sk_X509_pop_free(chain, X509_free);
    return accepted;
}

static bool attempt(struct load *load)
{
    bool accepted = load->refusal->bytes ? !send_bytes(load) : connect_tls(load);
    load->accepted += accepted;
    if (accepted && load->peer->row->kind == PEER_CERTGUARD)
        fprintf(stderr, "%s accepted a client: %s\n", load->peer->row->name, load->refusal->name);
    return !accepted || load->peer->row->kind != PEER_CERTGUARD;
}

void refusal_load(struct load *load, const struct refusal *refusal)
{
    load->attempt = attempt;
    load->refusal = refusal;
    load_reset(load);
}

bool refusal_introduce(struct load *load)
{
    load->refusal = &introduction;
    return connect_tls(load);
}
