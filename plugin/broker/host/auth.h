/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Decides CONNECT packets: finds the connection of the client, takes its identity from the certificate, and checks that the
 * client id belongs to it. Called by the broker with the plugin's state as userdata. */
#ifndef CG_AUTH_H
#define CG_AUTH_H

/* MOSQ_ERR_AUTH: denied (CONNACK 5, in MQTT 5 reason code 0x87). MOSQ_ERR_PLUGIN_DEFER: not denied, the password file and other
 * plugins decide. MOSQ_ERR_SUCCESS: accepted by the certificate.
 * After SIGHUP the broker calls this again for every session, including offline ones. The answer is then the first one. */
int cg_auth_basic(int event, void *event_data, void *userdata);

/* The same for MQTT 5 extended authentication, for which the broker does not call BASIC_AUTH, and for re-authentication. Never
 * returns MOSQ_ERR_SUCCESS: the client asks for another method than its certificate, so other plugins decide. */
int cg_auth_extended(int event, void *event_data, void *userdata);

/* Such a client answered a challenge. Checks that its id is still free and that its listener still allows clients without TLS.
 * Certificates are covered by the check of live sessions. */
int cg_auth_continued(int event, void *event_data, void *userdata);

#endif
