/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct cg_pki *pki;
static struct cg_faults faults;

struct cg_pki *fixture_open(const char *label)
{
    cg_scratch_open(label);
    pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, "root: ca cn=root\n"
                     "other: ca cn=other\n"
                     "mid: ca cn=mid issuer=root\n"
                     "broker: server issuer=mid\n"
                     "client: issuer=mid\n"
                     "expired: server issuer=mid days=-10..-1\n"
                     "stranger: server issuer=other\n");
    return pki;
}

void fixture_close(void)
{
    cg_faults_clear(&faults);
    cg_pki_free(pki);
    cg_scratch_close();
}

struct cg_snapshot *fixture_load(const char *policy, struct cg_file_states *seen, struct cg_error *err)
{
    struct cg_snapshot_source source = {.policy = cg_scratch_write("policy.json", policy)};
    return cg_snapshot_load(&source, NULL, FIXTURE_NOW, seen, NULL, err);
}

struct cg_snapshot *fixture_load_well(const char *policy)
{
    struct cg_error err = {""};
    struct cg_snapshot *snapshot = fixture_load(policy, NULL, &err);
    if (!snapshot)
        fail_msg("%s\n%s", policy, err.text);
    return snapshot;
}

struct cg_snapshot *fixture_reload(const char *policy, struct cg_snapshot *previous)
{
    if (policy)
        cg_scratch_write("policy.json", policy);
    struct cg_snapshot_source source = {.policy = cg_scratch_path("policy.json")};
    cg_faults_clear(&faults);
    struct cg_snapshot *fresh = cg_snapshot_reload(&source, NULL, previous, FIXTURE_NOW, NULL, &faults);
    return fresh ? fresh : cg_snapshot_ref(previous);
}

void fixture_expect_faults(size_t count, const char *words)
{
    bool found = !words;
    for (size_t i = 0; i < faults.count; i++)
        found = found || strstr(faults.item[i].error.text, words);
    if (faults.count != count || !found)
        fail_msg("expected %zu faults with '%s', found %zu: %s", count, words ? words : "", faults.count,
                 fixture_first_fault());
}

const char *fixture_first_fault(void)
{
    return faults.count ? faults.item[0].error.text : "";
}
