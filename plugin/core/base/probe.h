/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Marks a connection of the tool that looks at what a listener serves, by an extension of the ClientHello that
 * servers ignore (RFC 8446 4.2). It proves nothing. plugin/broker/host/handshake.c decides what it changes. Sent by
 * the tool, recognized by the TLS hook. */
#ifndef CG_CORE_PROBE_H
#define CG_CORE_PROBE_H

#define CG_PROBE_EXTENSION 0xff63 /* private use (RFC 8446 section 11) */
#define CG_PROBE_TEXT      "certguard looks at what is served"

#endif
