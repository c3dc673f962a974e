/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "large_crl.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned char *large_crl_make(const struct ca *ca, size_t entries, int64_t now, long number, size_t *len)
{
    struct piece list = {0};
    for (size_t i = 0; i < entries; i++) {
        unsigned char one[] = {0x30, 0x23, 0x02, 0x12, [22] = 0x17, 0x0d, '2', '5', '1', '2',
                               '3',  '1',  '0',  '0',  '0',         '0',  '0', '0', 'Z'};
        unsigned char serial[18];
        RAND_bytes(serial, sizeof serial);
        serial[0] = serial[0] % 0x7f + 1;
        memcpy(one + 4, serial, sizeof serial);
        piece_add(&list, one, sizeof one);
    }
    const struct crl_shape shape = {.issuer = ca,
                                    .entries = entries ? &list : NULL,
                                    .this_update = now - MAKER_NOW - DAY,
                                    .next_update = now - MAKER_NOW + 7 * DAY,
                                    .number = number};
    unsigned char *der = make_crl(&shape, len);
    piece_free(&list);
    return der;
}

static bool put_pem(FILE *out, const unsigned char *der, size_t len)
{
    unsigned char line[66];
    bool ok = fputs("-----BEGIN X509 CRL-----\n", out) >= 0;
    for (size_t at = 0; ok && at < len; at += 48) {
        size_t n = len - at < 48 ? len - at : 48;
        int written = EVP_EncodeBlock(line, der + at, (int)n);
        line[written] = '\n';
        ok = fwrite(line, 1, (size_t)written + 1, out) == (size_t)written + 1;
    }
    return ok && fputs("-----END X509 CRL-----\n", out) >= 0;
}

void large_crl_write(const char *path, const unsigned char *der, size_t len, bool pem)
{
    char new[4096];
    snprintf(new, sizeof new, "%s.new", path);
    FILE *out = fopen(new, "we");
    bool ok = out && (pem ? put_pem(out, der, len) : fwrite(der, 1, len, out) == len);
    if (!ok || fclose(out) != 0 || rename(new, path) != 0) {
        perror(new);
        abort();
    }
}
