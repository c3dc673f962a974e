/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rows that several verbs have in their tables of options. AT(field): the offset of a field in the struct of the verb's
 * options. Used by init, issue, sign and deploy. */
#ifndef CG_TOOLS_CA_OPTIONS_OPTION_ROWS_H
#define CG_TOOLS_CA_OPTIONS_OPTION_ROWS_H

#include "cli/cli.h"

/* clang-format off */
/* place: a struct cg_deploy_options */
#define CG_PLACE_ROWS(AT) \
    {"to", "FOLDER", "deploy to this folder, which the broker reads; remembered", CG_OPT_FOLDER, 0, AT(place.to)}, \
    {"owner", "USER", "owner of the files; remembered", CG_OPT_STRING, 0, AT(place.owner)}, \
    {"group", "GROUP", "group of the files; remembered", CG_OPT_STRING, 0, AT(place.group)}, \
    {"mode", "MODE", "mode of privkey.pem, octal (default 0600, with --group 0640); remembered", CG_OPT_STRING, 0, \
     AT(place.mode)}, \
    {"connect", "HOST:PORT", "address of the broker, for rotate; remembered", CG_OPT_STRING, 0, AT(place.connect)}, \
    {"hook", "COMMAND", "run by /bin/sh after files in the folder changed ('': none); remembered", CG_OPT_STRING, 0, \
     AT(place.hook)}, \
    {"hook-timeout", "SECONDS", "end the hook after this time, 1 to 86400 (default 300); remembered", CG_OPT_STRING, 0, \
     AT(place.hook_timeout)}

/* request.subject: a struct cg_subject */
#define CG_SUBJECT_ROWS(AT) \
    {"org", "TEXT", "organization (O) of the subject", CG_OPT_STRING, 0, AT(request.subject.organization)}, \
    {"unit", "TEXT", "organizational unit (OU) of the subject", CG_OPT_STRING, 0, AT(request.subject.unit)}, \
    {"country", "CC", "country (C) of the subject, two letters", CG_OPT_STRING, 0, AT(request.subject.country)}

/* of struct cg_issue_options: the contents of a certificate */
#define CG_CONTENT_ROWS(AT) \
    {"san", "TYPE:NAME", \
     "subject alternative name: dns:, ip:, uri:, email:, dirname:, rid: or other: (repeatable)", CG_OPT_LIST, 0, AT(san)}, \
    {"lifetime", "DURATION", "validity (default: as in certguard config, else broker and bridge 90d, client 365d)", CG_OPT_LIFETIME, 0, \
     AT(request.lifetime)}, \
    {"cn", "TEXT", "common name, if it is not NAME", CG_OPT_STRING, 0, AT(request.subject.common_name)}, \
    CG_SUBJECT_ROWS(AT), \
    {"both-purposes", NULL, "serverAuth and clientAuth in one certificate; two certificates are better", CG_OPT_FLAG, 0, \
     AT(request.both_purposes)}, \
    {"policy-oid", "OID", "certificate policy: an OID that belongs to your organization", CG_OPT_STRING, 0, \
     AT(request.policy.oid)}, \
    {"cps", "URL", "https address of the certification practice statement", CG_OPT_STRING, 0, AT(request.policy.cps)}, \
    {"policy-text", "TEXT", "user notice, at most 200 characters", CG_OPT_STRING, 0, AT(request.policy.text)}
/* clang-format on */

#endif
