/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "scenarios.h"

static const struct cg_scenarios *const parts[] = {
    &cg_scenarios_accept, &cg_scenarios_path, &cg_scenarios_crl, &cg_scenarios_leaf, &cg_scenarios_tls,
};

const struct cg_scenario *cg_scenario_at(size_t index)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (index < parts[i]->count)
            return &parts[i]->row[index];
        index -= parts[i]->count;
    }
    return NULL;
}

static const struct {
    enum cg_reason reason;
    const char *why;
} exceptions[] = {
    {CG_REASON_NO_MEMORY, "every allocation is made to fail in turn by the allocation test"},
    {CG_REASON_INTERNAL_ERROR, "no input that we know leads to it"},
    {CG_REASON_NO_SNAPSHOT, "the broker does not start without one; unit tests of the hook have none"},
    {CG_REASON_PATH_OTHER, "the name for errors of OpenSSL that have no row: any that we knew would get one"},
    {CG_REASON_NO_CREDENTIAL, "a TLS listener without certificate does not start"},
    {CG_REASON_NO_RECORD, "only a broken hook leads to it: unit tests"},
    {CG_REASON_NOT_AN_ADMIN, "a request on the control topic: broker test control"},
    {CG_REASON_ENDED_BY_ADMIN, "a command on the control topic: broker test control"},
    {CG_REASON_POLICY_INVALID, "a fault of files: test_files"},
    {CG_REASON_TRUST_INVALID, "a fault of files: test_files"},
    {CG_REASON_CRL_INVALID, "a fault of files: test_files"},
    {CG_REASON_CREDENTIAL_INVALID, "a fault of files: test_files"},
};

const char *cg_scenario_exception(enum cg_reason reason)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (exceptions[i].reason == reason)
            return exceptions[i].why;
    return NULL;
}
