/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How a look of the tool at what a listener serves is told apart from a client: by an extension of the ClientHello, which servers
 * pass over (RFC 8446 section 4.2). It proves nothing; see handshake.c of the broker adapter for what it changes.
 * Used by the tool, which sends it, and by the hook, which looks for the text. */
#ifndef CG_CORE_PROBE_H
#define CG_CORE_PROBE_H

#define CG_PROBE_EXTENSION 0xff63 /* private use (RFC 8446 section 11) */
#define CG_PROBE_TEXT      "certguard looks at what is served"

#endif
