/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* pki [--at SECONDS] LINE...: the generator of certificates for shell tests. For each recipe line "NAME: words"
 * (pki_maker.h) it writes NAME.pem and NAME.key into the current folder, and for "NAME: crl words" NAME.pem. The time is the
 * current time, or SECONDS since 1970. A line may refer to earlier lines and to pairs NAME.pem and NAME.key in the folder. The
 * first serial number is random, so that calls do not use the same ones. */
#include "pki_maker.h"

#include <fcntl.h>
#include <glob.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX_LEN 4 /* of ".key" and ".pem" */

static void *read_pem(const char *name, const char *suffix)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s", name, suffix);
    FILE *in = fopen(path, "re");
    if (!in)
        return NULL;
    char no_passphrase[] = "";
    void *read = strcmp(suffix, ".key") == 0 ? (void *)PEM_read_PrivateKey(in, NULL, NULL, no_passphrase)
                                             : (void *)PEM_read_X509(in, NULL, NULL, NULL);
    fclose(in);
    return read;
}

/* Skips keys without a certificate and damaged files: no recipe refers to them. */
static void add_pairs(struct cg_pki *pki)
{
    glob_t keys;
    if (glob("*.key", 0, NULL, &keys) != 0)
        return;
    for (size_t i = 0; i < keys.gl_pathc; i++) {
        char *name = keys.gl_pathv[i];
        name[strlen(name) - SUFFIX_LEN] = '\0';
        X509 *cert = read_pem(name, ".pem");
        EVP_PKEY *key = read_pem(name, ".key");
        if (cert && key)
            cg_pki_add(pki, name, cert, key);
        X509_free(cert);
        EVP_PKEY_free(key);
    }
    globfree(&keys);
}

/* Frees text. The file is replaced atomically, because a broker may be reading it. */
static void replace(const char *name, const char *suffix, mode_t mode, char *text)
{
    char path[256], new[256];
    snprintf(path, sizeof path, "%s%s", name, suffix);
    snprintf(new, sizeof new, "%s%s.new", name, suffix);
    int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) || rename(new, path) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    free(text);
}

static void write_files(const struct cg_pki *pki, const char *line)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(line, ":"), line);
    if (strncmp(line + strlen(name), ": crl ", 6) != 0)
        replace(name, ".key", 0600, cg_pki_key_pem(pki, name));
    replace(name, ".pem", 0666, cg_pki_pem(pki, name));
}

int main(int argc, char **argv)
{
    bool at = argc > 2 && strcmp(argv[1], "--at") == 0;
    struct cg_pki *pki = cg_pki_new(at ? strtoll(argv[2], NULL, 10) : (int64_t)time(NULL));
    unsigned char random[7]; /* with the leading 1, the numbers fit into 64 bits */
    uint64_t serial = 1;
    if (RAND_bytes(random, sizeof random) != 1)
        return EXIT_FAILURE;
    for (size_t i = 0; i < sizeof random; i++)
        serial = serial << 8 | random[i];
    cg_pki_serials_from(pki, serial);
    add_pairs(pki);
    for (int i = at ? 3 : 1; i < argc; i++) {
        cg_pki_make(pki, argv[i]);
        write_files(pki, argv[i]);
    }
    cg_pki_free(pki);
    return EXIT_SUCCESS;
}
