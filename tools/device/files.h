/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Files of a device's folder, as folder.h reaches them: errors name the file. The caller owns what is returned.
 * Called by store.c and trust.c. */
#ifndef CG_TOOLS_DEVICE_FILES_H
#define CG_TOOLS_DEVICE_FILES_H

#include "base/atomic_write.h"
#include "deploy/folder.h"

#include <openssl/x509.h>
#include <stdbool.h>

#define CG_DEVICE_CERTS_MAX 32 /* of a file */

/* "cannot use FOLDER/NAME: WHY". Always false. */
bool cg_device_fail_file(const struct cg_folder *folder, const char *name, const char *why, struct cg_error *err);

bool cg_device_has(const struct cg_folder *folder, const char *name); /* a regular file; the folder may be closed */
bool cg_device_read(const struct cg_folder *folder, const char *name, size_t limit, struct cg_bytes *bytes,
                    struct cg_error *err);
bool cg_device_certificates(const struct cg_folder *folder, const char *name, STACK_OF(X509) **out,
                            struct cg_error *err);

/* PEM of one certificate, or NULL, and a list, or NULL. */
bool cg_device_pem(X509 *first, const STACK_OF(X509) *rest, struct cg_bytes *out, struct cg_error *err);

/* Replaces a file, 0600; durable. */
bool cg_device_write(const struct cg_folder *folder, const char *name, const struct cg_bytes *bytes,
                     struct cg_error *err);

/* Mode and group of the file that is replaced; a key is never readable by others. */
struct cg_owner cg_device_owner(const struct cg_folder *folder, const char *name, bool is_key);

#endif
