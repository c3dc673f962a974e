/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "profile.h"

#include "core/base/datetime.h"

#include <openssl/x509v3.h>

#include <stddef.h>
#include <string.h>

#define DAYS(n) (CG_DAY * (n))

static const struct cg_ca_profile profiles[] = {
    {"root", true, -1, NULL, DAYS(3650), CG_PURPOSE_NONE, "root certificate"},
    {"intermediate", true, 0, NULL, DAYS(1825), CG_PURPOSE_NONE, "intermediate certificate"},
    {"broker", false, -1, "serverAuth", DAYS(90), CG_PURPOSE_SERVER, "broker certificate"},
    {"client", false, -1, "clientAuth", DAYS(365), CG_PURPOSE_CLIENT, "client certificate"},
    {"bridge", false, -1, "clientAuth", DAYS(90), CG_PURPOSE_CLIENT, "bridge certificate"},
};

const struct cg_ca_profile *cg_ca_profile_find(const char *name)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}

const struct cg_ca_profile *cg_ca_profile_of(X509 *cert)
{
    uint32_t eku = X509_get_extended_key_usage(cert);
    if (X509_check_ca(cert) == 1 || eku == UINT32_MAX)
        return NULL;
    return eku & XKU_SSL_SERVER   ? cg_ca_profile_find("broker")
           : eku & XKU_SSL_CLIENT ? cg_ca_profile_find("client")
                                  : NULL;
}
