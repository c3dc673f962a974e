/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* CONNECT: which connection it came on, who the client is by its certificate, and whether it may be the client that it
 * says it is. Called by the broker with the plugin's state as userdata. */
#ifndef CG_AUTH_H
#define CG_AUTH_H

/* MOSQ_ERR_AUTH: denied (CONNACK 5, in MQTT 5 reason code 0x87). MOSQ_ERR_PLUGIN_DEFER: no objection, the
 * password file and other plugins decide. MOSQ_ERR_SUCCESS: the certificate is enough.
 * After SIGHUP the broker asks again for every session, offline ones too. That is no CONNECT: the first answer stands. */
int cg_auth_basic(int event, void *event_data, void *userdata);

/* The same for a client that names an authentication method (MQTT 5 extended authentication), for which the broker calls
 * no BASIC_AUTH, and for one that authenticates again. What the policy allows stays for other plugins to decide: deferred,
 * never MOSQ_ERR_SUCCESS, since the certificate is not the method that the client asks for. */
int cg_auth_extended(int event, void *event_data, void *userdata);

/* Such a client answered a challenge. Meanwhile its id may have become another's, and its listener closed to clients without
 * TLS; what changed for certificates is the check of live sessions'. */
int cg_auth_continued(int event, void *event_data, void *userdata);

#endif
