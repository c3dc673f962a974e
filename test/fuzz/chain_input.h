/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The input of the chain fuzzer: SEQUENCE { OCTET STRING options, TBSCertificate... }, end entity first, anchor last.
 * Options: two octets of CHAIN_* bits, one octet for the time (signed, in tens of days relative to CHAIN_NOW), then one octet per
 * certificate: 0 signs with the key of the next certificate, N with key N - 1, 0xff breaks the signature. Missing octets are 0.
 * An input owns its certificates. Called by fuzz_chain and seeds.c. */
#ifndef CG_FUZZ_CHAIN_INPUT_H
#define CG_FUZZ_CHAIN_INPUT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_NOW       INT64_C(1900000000) /* 2030-03-17T17:46:40Z */
#define CHAIN_CERTS_MAX 12
#define CHAIN_KEYS      CHAIN_CERTS_MAX

enum chain_option {
    CHAIN_STRICT = 1 << 0,
    CHAIN_EXPLICIT_POLICY = 1 << 1,
    CHAIN_INHIBIT_MAPPING = 1 << 2,
    CHAIN_INHIBIT_ANY = 1 << 3,
    CHAIN_NAMED_POLICY = 1 << 4,
    CHAIN_SERVER = 1 << 5,
    CHAIN_MISSING_EKU = 1 << 6,
};

struct chain_input {
    unsigned options;
    int64_t now;
    STACK_OF(X509) *certs;
};

/* Number i of the fixed Ed25519 keys. Borrowed. */
EVP_PKEY *chain_key(size_t i);

/* False if the data is not such an input, or if a certificate cannot be decoded. Clear the input in any case. */
bool chain_input_read(struct chain_input *input, const uint8_t *data, size_t size);
void chain_input_clear(struct chain_input *input);

static inline bool chain_option(const struct chain_input *input, enum chain_option option)
{
    return (input->options & (unsigned)option) != 0;
}

#endif
