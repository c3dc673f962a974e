/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The values of this machine for the units: paths, users, and which units it needs. A machine with the CA needs renewal and
 * CRL refresh, and may sign requests. A machine with a broker needs doctor, and logrotate if events go to a file.
 * The verb owns the struct. Called by install-units. */
#ifndef CG_UNITS_SITE_H
#define CG_UNITS_SITE_H

#include "cli/cli.h"
#include "units.h"

#define CG_UNIT_VALUES 16

struct cg_units_request {
    const char *ca, *user, *passphrase_file; /* NULL: not given */
    const char *config;
    const char *units; /* folder of the units */
    const char *spool, *broker,
        *as; /* where requests for renewal over MQTT are: spool, or both others; NULL: no units for them */
};

struct cg_units_site {
    bool has_ca, has_config, has_log;
    bool waits_for_clock; /* time-sync.target is reached when the clock is set */
    bool waits_forever;   /* without a time server it is never reached */
    bool key_is_encrypted;
    char certguard[PATH_MAX], ca[PATH_MAX], config[PATH_MAX], log[PATH_MAX];
    char user[64], log_user[64], log_group[64], connect[300], passphrase[PATH_MAX + 32];
    bool is_token;
    bool has_hook;                                 /* a folder of the CA has one */
    char spool[PATH_MAX], requests[PATH_MAX + 32]; /* its folder, and the options of "requests"; "": none */
    struct cg_unit_value values[CG_UNIT_VALUES];
};

/* Fills site; its values point into it. False: something that was requested is missing or unusable. */
bool cg_units_site(struct cg_units_site *site, const struct cg_cli *cli, const struct cg_units_request *request,
                   struct cg_error *err);

/* Does this machine need the template of this name? */
bool cg_units_wanted(const struct cg_units_site *site, const char *name);

#endif
