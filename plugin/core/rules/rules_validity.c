/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on time (RFC 5280 4.1.2.5). The time is an input; clock_skew widens both ends of the validity. */
#include "rule.h"

#include "core/base/datetime.h"
#include "core/cert/name.h"

#include <stdio.h>

struct span_text {
    char text[32];
};

/* "30 days", "5 hours", "12 seconds" */
static struct span_text span(int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {{CG_DAY, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    struct span_text out;
    size_t i = 0;
    while (i < 3 && seconds < units[i].seconds)
        i++;
    long long n = (long long)(seconds / units[i].seconds);
    snprintf(out.text, sizeof out.text, "%lld %s%s", n, units[i].unit, n == 1 ? "" : "s");
    return out;
}

struct moment_text {
    char text[CG_TIME_TEXT_MAX];
};

static struct moment_text moment(int64_t seconds)
{
    struct moment_text out = {""};
    cg_time_print(seconds, out.text);
    return out;
}

/* Reached only if the rule malformed is not enforced: the dates are unknown. */
static enum cg_rule_result malformed(const struct cg_path_facts *facts, int depth, char *detail)
{
    return cg_rule_fail(detail, "%s: malformed notBefore or notAfter", cg_rule_cert_label(facts, depth).text);
}

enum cg_rule_result cg_rule_expired(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    int64_t now = facts->in->now;
    if (!cert->dates_ok)
        return malformed(facts, depth, detail);
    if (now <= cert->not_after + facts->in->profile->clock_skew)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s expired on %s, %s ago", cg_rule_cert_label(facts, depth).text,
                        moment(cert->not_after).text, span(now - cert->not_after).text);
}

enum cg_rule_result cg_rule_not_yet_valid(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                          char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    int64_t now = facts->in->now;
    if (!cert->dates_ok)
        return malformed(facts, depth, detail);
    if (now >= cert->not_before - facts->in->profile->clock_skew)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s is valid from %s, in %s; the broker's time is %s",
                        cg_rule_cert_label(facts, depth).text, moment(cert->not_before).text,
                        span(cert->not_before - now).text, moment(now).text);
}

enum cg_rule_result cg_rule_lifetime(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    int64_t most = facts->in->profile->max_lifetime;
    int64_t life = cert->not_after - cert->not_before;
    if (most <= 0)
        return CG_RULE_PASS;
    if (!cert->dates_ok)
        return malformed(facts, depth, detail);
    if (life <= most)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s is valid for %s, the policy allows %s", cg_rule_cert_label(facts, depth).text,
                        span(life).text, span(most).text);
}

enum cg_rule_result cg_rule_remaining(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    int64_t least = facts->in->profile->min_remaining;
    if (least <= 0)
        return CG_RULE_PASS;
    if (!cert->dates_ok)
        return malformed(facts, depth, detail);
    if (cert->not_after - facts->in->now >= least)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s expires on %s, the policy requires %s of remaining validity",
                        cg_rule_cert_label(facts, depth).text, moment(cert->not_after).text, span(least).text);
}
