/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Renewals in a report: certificates of the CA that devices fetched over MQTT, those that should have been renewed, and from
 * the events, requests that wait or were refused. Nothing is owned. Called by ca.c and the verb report. */
#ifndef CG_REPORT_RENEWAL_H
#define CG_REPORT_RENEWAL_H

#include "data.h"
#include "store/store.h"

/* Adds a CA that is open for reading. */
bool cg_report_renewals(struct cg_report *report, const struct cg_ca *ca, struct cg_error *err);

/* After cg_report_finish: adds the last event of each certificate in report->asked. */
void cg_report_requests(struct cg_report *report);

#endif
