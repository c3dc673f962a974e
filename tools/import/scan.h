/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a folder holds in which a CA was run by other means: the files of `openssl ca`, of easy-rsa, or those that the
 * commands of a tutorial leave. Files are known by what is in them, not by a layout, so one way serves all; the folder
 * is only read. The verb import owns the struct; ca_adopt reads it. */
#ifndef CG_TOOLS_IMPORT_SCAN_H
#define CG_TOOLS_IMPORT_SCAN_H

#include "lint/read.h"

#include "base/secrets.h"

#include <openssl/evp.h>

struct cg_import_scan {
    struct cg_lint_objects objects; /* every certificate, CRL and private key, each with its file */
    char **files;                   /* the names that the objects point to, and those of index.txt and crlnumber */
    size_t nfiles;

    X509 *cert;            /* the CA that issues; borrowed from objects, as the rest */
    const char *cert_file; /* where it was found */
    EVP_PKEY *key;         /* its private key */
    const char *key_file;
    bool key_was_sealed;       /* with a passphrase */
    X509 *root;                /* cert, or the CA above it */
    EVP_PKEY *root_key;        /* NULL: not there, not opened, or root is cert */
    const char *root_key_file; /* a sealed file that holds it, or seems to where root_key is NULL */
    const char **index; /* files: every database of this CA; this and what follows by cg_import_choose_database */
    size_t nindex;
    const char *number; /* crlnumber; NULL: none */
    const char *step;   /* step-ca's own database, which is not read; NULL: none */
};

struct cg_import_scan_request {
    const char *folder;
    const char *wanted;  /* the file of the CA certificate, where the folder holds several CAs; or NULL */
    const char *key_uri; /* where the CA's key is, when it is not in the folder; or NULL */
    int64_t now;         /* seconds since 1970 */

    struct cg_passphrase_source passphrase; /* of the CA's key */

    /* Told of every file that is none of a CA's (a request, notes), with the reason. NULL: nobody asks. */
    void (*passed)(const void *context, const char *why);
    const void *context; /* of passed */
};

/* Reads the folder and finds the CA in it. False with what was looked for. Free it in every case. */
bool cg_import_scan_folder(struct cg_import_scan *scan, const struct cg_import_scan_request *request,
                           struct cg_error *err);
void cg_import_scan_free(struct cg_import_scan *scan);

/* Signed by the CA that issues. */
bool cg_import_scan_issued(const struct cg_import_scan *scan, X509 *cert);

/* The private key of a certificate, where one without a passphrase was found; NULL. */
EVP_PKEY *cg_import_scan_key_of(const struct cg_import_scan *scan, const X509 *cert);

#endif
