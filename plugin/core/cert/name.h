/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Names as text: distinguished names, SANs, serial numbers, fingerprints. All output is UTF-8 without control
 * characters (escaped as \xNN), so no name can forge a log line. Buffers belong to the caller. Results are always
 * terminated, and cut with "..." if they are too long. Called by the rules, events and the tool. */
#ifndef CG_NAME_H
#define CG_NAME_H

#include "cert_kinds.h"
#include "core/base/datetime.h"
#include "core/base/text.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_HEX_MAX 65 /* 32 bytes as hex, and the NUL */

/* True for well-formed UTF-8, BMP, Universal, IA5 and Printable strings without NUL, control or bidi characters. */
bool cg_string_is_clean(const ASN1_STRING *string);
bool cg_name_is_clean(const X509_NAME *name);

/* RFC 4514, such as "CN=dev1,O=Plant"; "" for an empty name. False without memory: the text is then not the name. */
bool cg_name_text(const X509_NAME *name, char *out, size_t size);

/* The first commonName, unescaped and cut to size. False, with out unchanged, if there is none or it is empty. */
bool cg_common_name(const X509_NAME *name, char *out, size_t size);

enum cg_san_type cg_san_type(const GENERAL_NAME *san);
bool cg_san_is_sound(const GENERAL_NAME *san); /* false if malformed (empty, wrong IP length, NUL, not IA5) */

/* "uri:urn:dev:1", "dns:broker.lan", "ip:192.0.2.1", "email:...", "dirname:...", "rid:...", "other:OID". */
void cg_san_text(const GENERAL_NAME *san, char *out, size_t size);

void cg_serial_text(const ASN1_INTEGER *serial, char *out,
                    size_t size); /* lower-case hex without leading zeros; "-" if negative */
bool cg_sha256_text(const X509 *cert, char out[CG_HEX_MAX]);
bool cg_spki_sha256(const X509 *cert, unsigned char out[32]); /* over the DER SubjectPublicKeyInfo */

#endif
