/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "own_certificate.h"

#define BY_ITSELF "; the broker serves the certificate as soon as it is accepted"
#define SET_CLOCK "Set the broker's clock: `timedatectl`"

/* No hint may trust one CA more: what is an anchor lets clients in. */
static const struct row {
    enum cg_reason reason;
    bool of_time;
    const char *hint;
} rows[] = {
    {CG_REASON_EXPIRED, true,
     "Renew it: `certguard rotate NAME` (Mosquitto reads a certfile again at SIGHUP). If it looks valid to you, set "
     "the broker's clock: `timedatectl`" BY_ITSELF},
    {CG_REASON_NOT_YET_VALID, true, SET_CLOCK ", and that of the machine with the CA" BY_ITSELF},
    {CG_REASON_CA_EXPIRED, true,
     "Renew the CA certificate, and put it into the trust files. If it looks valid to you, set the broker's clock: "
     "`timedatectl`" BY_ITSELF},
    {CG_REASON_CA_NOT_YET_VALID, true, SET_CLOCK BY_ITSELF},
    {CG_REASON_CRL_EXPIRED, true,
     "Publish a new CRL now: `certguard crl`, and let a timer do so. If it looks current to you, set the broker's "
     "clock: `timedatectl`" BY_ITSELF},
    {CG_REASON_CRL_TOO_OLD, true,
     "Publish a new CRL now: `certguard crl`, or raise trust.crl_max_age in the policy" BY_ITSELF},
    {CG_REASON_CRL_NOT_YET_VALID, true, SET_CLOCK ", and that of the machine with the CA" BY_ITSELF},
    {CG_REASON_TOO_LITTLE_LIFE_LEFT, true,
     "Renew it: `certguard rotate NAME` (Mosquitto reads a certfile again at SIGHUP), or lower server.min_remaining in "
     "the policy" BY_ITSELF},
    {CG_REASON_REVOKED, false,
     "Issue a new certificate with a new key: `certguard issue broker NAME`. A revoked one cannot be taken back into "
     "use"},
    {CG_REASON_CRL_MISSING, false,
     "Publish a CRL of the CA that issued it: `certguard crl`, and name it in trust.crls of the policy"},
    {CG_REASON_UNTRUSTED, false,
     "Issue a certificate for the broker from the CA that the policy trusts (`certguard issue broker NAME`), and put "
     "its intermediate certificates after it into the same file"},
    {CG_REASON_SELF_SIGNED, false,
     "Issue a certificate for the broker from the CA that the policy trusts: `certguard issue broker NAME`"},
    {CG_REASON_BAD_SIGNATURE, false,
     "It was changed, or comes from another CA of the same name: issue it again, `certguard issue broker NAME`"},
    {CG_REASON_DENY_LISTED, false,
     "Issue a new certificate for the broker (`certguard issue broker NAME`), or remove its entry from \"deny\" in the "
     "policy if it is wrong"},
    {CG_REASON_HOST_MISMATCH, false,
     "Issue a certificate with all names of server.names: `certguard issue broker NAME --san dns:HOST`, or correct "
     "that list in the policy"},
    {CG_REASON_POLICY_INVALID, false, "Correct the policy where the detail says; `certguard doctor` checks it"},
    {CG_REASON_CREDENTIAL_INVALID, false, "Correct the file that the detail names; `certguard doctor` checks them all"},
};

static const struct row *row_of(enum cg_reason reason)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].reason == reason)
            return &rows[i];
    return NULL;
}

struct cg_own_fault cg_own_fault(const struct cg_verdict *verdict)
{
    /* Where more was found than fits, the rest is not known. */
    struct cg_own_fault fault = {verdict->reason, verdict->nfindings < CG_FINDINGS_MAX, verdict->detail};
    bool enforced = false;
    if (verdict->decision == CG_ACCEPT)
        return (struct cg_own_fault){CG_REASON_OK, false, ""};
    for (int i = 0; i < verdict->nfindings; i++) {
        const struct cg_finding *finding = &verdict->findings[i];
        const struct row *row = row_of(finding->reason);
        if (finding->mode != CG_ENFORCE)
            continue;
        enforced = true;
        if (!row || !row->of_time)
            return (struct cg_own_fault){finding->reason, false, finding->detail};
    }
    fault.of_time = fault.of_time && enforced;
    return fault;
}

bool cg_own_detail_moves(enum cg_reason reason)
{
    const struct row *row = row_of(reason);
    return reason == CG_REASON_REVOKED || (row && row->of_time);
}

const char *cg_own_hint(enum cg_reason reason)
{
    const struct row *row = row_of(reason);
    const struct cg_reason_row *general = cg_reason_row(reason);
    if (row)
        return row->hint;
    return general->kind == CG_KIND_RULE ? "Issue a new certificate for the broker: `certguard issue broker NAME`; or "
                                           "change the rule in the server section of the policy"
                                         : general->hint;
}
