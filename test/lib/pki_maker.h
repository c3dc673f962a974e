/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Makes certificates, CAs and CRLs in memory from a compact text, at a clock of the caller: nothing in the tree expires.
 * A cg_pki owns all that it made; what it hands out is borrowed. A wrong recipe ends the test program with its words.
 * Called by tests only. Keys are generated once a process and reused in the same order by each cg_pki.
 *
 * A recipe is lines "NAME: word word ..." ("NAME: crl word ..." for a CRL); a later line may refer to earlier names.
 * Without words a certificate is a good MQTT client of 91 days whose only SAN is uri:urn:dev:NAME. Words:
 *
 *   ca | server | bare       another start: a CA; a broker with dns:localhost,ip:127.0.0.1; no extensions at all
 *   issuer=NAME              who issues it; without: self-signed
 *   issuer-name=/CN=x        another issuer name than that certificate has       signer=NAME  another key signs
 *   key=ALG | key=@NAME      p256 (default) p384 p521 secp256k1 p256-explicit rsaBITS rsaBITS-e3 (-e300, -even) rsapssBITS dsa
 *                            ed25519 ed448; or the key of another certificate
 *   digest=sha256            sha1 sha224 sha256 sha384 sha512 sha3-256; nothing for Ed25519 and Ed448
 *   cn=x | subject=/O=a/CN=x attributes by short name or OID; "subject=/" is empty
 *   days=-1..90 | secs=..    validity from the clock of the cg_pki      raw-not-after=TEXT  ASN.1 bytes of notAfter
 *   version=1|3  serial=N    decimal or 0x hex, may be 0, negative or too long
 *   bc= ku= eku= nc= policies= policy-constraints= inhibit-any= mappings= proxy=
 *                            as OpenSSL's configuration writes the extension, "critical," in front if so; "none"
 *   san=dns:a,uri:b,...      dns uri email ip iphex:HEX dirname:/CN=x rid:OID other:OID=text; "none"
 *   ski=auto|none|HEX aki=auto|none|HEX
 *   ext=[critical,]OID=HEX   any extension by its DER value; may be repeated
 *   broken-signature         the last bit is flipped
 *
 * Of a CRL: issuer= signer= days= (default -1..7) number= (1; "none") revoke=NAME|0xHEX[:reason],... digest= version=
 * idp= delta=N ext= aki= no-next-update broken-signature.
 * A value may hold blanks inside '...'; \xNN is a byte in names and SANs. */
#ifndef CG_TEST_PKI_MAKER_H
#define CG_TEST_PKI_MAKER_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

struct cg_pki;

struct cg_pki *cg_pki_new(int64_t now); /* s since 1970 */
void cg_pki_free(struct cg_pki *pki);

/* Adds what the lines say. A name that exists already is replaced for the lines that follow. */
void cg_pki_make(struct cg_pki *pki, const char *recipe);

/* The serial number of the first item, 0x1001 by default; those behind it have the next ones. */
void cg_pki_serials_from(struct cg_pki *pki, uint64_t first);

/* Adds a certificate that somebody else made, and its key; takes references of its own. */
void cg_pki_add(struct cg_pki *pki, const char *name, X509 *cert, EVP_PKEY *key);

/* What was made after a mark can be taken away again: for the rows of a table on top of common CAs. */
size_t cg_pki_mark(const struct cg_pki *pki);
void cg_pki_rewind(struct cg_pki *pki, size_t mark);

/* Borrowed; an unknown name ends the program. */
X509 *cg_pki_cert(const struct cg_pki *pki, const char *name);
EVP_PKEY *cg_pki_key(const struct cg_pki *pki, const char *name);
X509_CRL *cg_pki_crl(const struct cg_pki *pki, const char *name);

/* names: certificates and CRLs, parted by blanks. The caller frees: free(), sk_X509_pop_free(.., X509_free). */
char *cg_pki_pem(const struct cg_pki *pki, const char *names);
char *cg_pki_key_pem(const struct cg_pki *pki, const char *name);
STACK_OF(X509) *cg_pki_stack(const struct cg_pki *pki, const char *names); /* NULL for "" */

/* Files of mode 0600. The folder exists. */
void cg_pki_write(const struct cg_pki *pki, const char *folder, const char *file, const char *names);
void cg_pki_write_key(const struct cg_pki *pki, const char *folder, const char *file, const char *name);

/* ca.pem, chain.pem, key.pem (of the chain's first) and, when crls is not "", crl.pem */
void cg_pki_write_folder(const struct cg_pki *pki, const char *folder, const char *anchors, const char *chain,
                         const char *crls);

/* A process-wide key: algorithm as in key=, slot 0, 1, ... gives distinct keys. Borrowed. */
EVP_PKEY *cg_pki_cached_key(const char *algorithm, unsigned slot);

#endif
