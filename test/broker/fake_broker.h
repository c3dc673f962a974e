/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The least of a broker that the plugin needs, inside the test program: the functions that it calls, its callbacks, one
 * TLS listener on 127.0.0.1 with an SSL_CTX made as Mosquitto makes it, and a loop in the calling thread. Every instruction
 * of the plugin runs under the program's sanitizer, which a real broker lacks. A CONNECT is read for its client id, and what
 * follows a PUBLISH's first octet goes to the control topic. One a process. Called by test_threads.c. */
#ifndef CG_TEST_FAKE_BROKER_H
#define CG_TEST_FAKE_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_told {
    size_t connects, denied, ended, kicked, answers, snapshots;
};

/* Loads the plugin with this policy; the folder holds chain.pem and key.pem. False: it refused, and said why. */
bool fake_open(const char *plugin, const char *folder, const char *policy);
uint16_t fake_port(void);
void fake_turn(int wait_ms); /* one turn of the loop, with a tick */
void fake_reload(void);      /* what SIGHUP does */
void fake_close(void);       /* drops all clients first */
const struct fake_told *fake_told(void);

#endif
