/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The certificate and key of a name in the forms that devices and programs read. Called by the verb export. */
#ifndef CG_CA_EXPORT_H
#define CG_CA_EXPORT_H

#include "p12.h"

/* live/NAME. False with the fix if there is none, or if the key was created elsewhere. Free cert and key in every case. */
bool cg_bundle_load(struct cg_bundle *bundle, const struct cg_ca *ca, const char *name, struct cg_error *err);
void cg_bundle_clear(struct cg_bundle *bundle);

/* Key, certificate and intermediate. */
bool cg_export_pem(BIO *out, const struct cg_bundle *bundle, struct cg_error *err);

/* For C and C++: the strings ca_pem, cert_pem (with the intermediate) and key_pem. */
bool cg_export_header(BIO *out, const struct cg_bundle *bundle, struct cg_error *err);

#endif
