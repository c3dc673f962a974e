/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Makes certificates, CAs and CRLs in memory from a compact text. The caller sets the clock, so nothing in the tree expires.
 * A cg_pki owns everything it has made; pointers to it are borrowed. A wrong recipe aborts the test with a message.
 * Called by tests only. Keys are generated once per process, and every cg_pki uses them in the same order.
 *
 * A recipe consists of lines "NAME: word word ..." ("NAME: crl word ..." for a CRL). A line may refer to earlier names.
 * Without words, a certificate is a valid MQTT client for 91 days whose only SAN is uri:urn:dev:NAME. Words:
 *
 *   ca | server | bare       other defaults: a CA; a broker with dns:localhost,ip:127.0.0.1; no extensions
 *   issuer=NAME              the issuer; without it: self-signed
 *   issuer-name=/CN=x        replaces the issuer's name                          signer=NAME  signs with another key
 *   key=ALG | key=@NAME      p256 (default) p384 p521 secp256k1 p256-explicit rsaBITS rsaBITS-e3 (-e300, -even) rsapssBITS dsa
 *                            ed25519 ed448; or the key of another certificate
 *   digest=sha256            sha1 sha224 sha256 sha384 sha512 sha3-256; nothing for Ed25519 and Ed448
 *   cn=x | subject=/O=a/CN=x attributes by short name or OID; "subject=/": empty
 *   days=-1..90 | secs=..    validity relative to the clock of the cg_pki    raw-not-after=TEXT  content of notAfter
 *   version=1|3  serial=N    decimal or 0x hex; may be 0, negative or too long
 *   bc= ku= eku= nc= policies= policy-constraints= inhibit-any= mappings= proxy=
 *                            the extension as in OpenSSL's configuration, after "critical," if it is critical; "none"
 *   san=dns:a,uri:b,...      dns uri email ip iphex:HEX dirname:/CN=x rid:OID other:OID=text; "none"
 *   ski=auto|none|HEX aki=auto|none|HEX
 *   ext=[critical,]OID=HEX   any extension, by its DER value; may be repeated
 *   broken-signature         flips the last bit of the signature
 *
 * For a CRL: issuer= signer= days= (default -1..7) number= (1; "none") revoke=NAME|0xHEX[:reason],... digest= version=
 * idp= delta=N ext= aki= no-next-update broken-signature.
 * A value in '...' may contain spaces; in names and SANs, \xNN is a byte. */
#ifndef CG_TEST_PKI_MAKER_H
#define CG_TEST_PKI_MAKER_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

struct cg_pki;

struct cg_pki *cg_pki_new(int64_t now); /* seconds since 1970 */
void cg_pki_free(struct cg_pki *pki);

/* Makes what the lines describe. If a name exists already, later lines refer to the new one. */
void cg_pki_make(struct cg_pki *pki, const char *recipe);

/* Sets the serial number of the first item, 0x1001 by default. Each further item has the next number. */
void cg_pki_serials_from(struct cg_pki *pki, uint64_t first);

/* Adds a certificate from elsewhere and its key; adds a reference to each. */
void cg_pki_add(struct cg_pki *pki, const char *name, X509 *cert, EVP_PKEY *key);

/* Rewinding removes everything that was made after the mark, e.g. the items of one table row, but not the common CAs. */
size_t cg_pki_mark(const struct cg_pki *pki);
void cg_pki_rewind(struct cg_pki *pki, size_t mark);

/* Borrowed; an unknown name aborts. */
X509 *cg_pki_cert(const struct cg_pki *pki, const char *name);
EVP_PKEY *cg_pki_key(const struct cg_pki *pki, const char *name);
X509_CRL *cg_pki_crl(const struct cg_pki *pki, const char *name);

/* names: certificates and CRLs, separated by spaces. The caller frees: free(), sk_X509_pop_free(.., X509_free). */
char *cg_pki_pem(const struct cg_pki *pki, const char *names);
char *cg_pki_key_pem(const struct cg_pki *pki, const char *name);
STACK_OF(X509) *cg_pki_stack(const struct cg_pki *pki, const char *names); /* NULL for "" */

/* Write files with mode 0600 into an existing folder. */
void cg_pki_write(const struct cg_pki *pki, const char *folder, const char *file, const char *names);
void cg_pki_write_key(const struct cg_pki *pki, const char *folder, const char *file, const char *name);

/* Writes ca.pem, chain.pem, key.pem (the key of the first name in chain) and, unless crls is "", crl.pem. */
void cg_pki_write_folder(const struct cg_pki *pki, const char *folder, const char *anchors, const char *chain,
                         const char *crls);

/* A key that is shared in this process: algorithm as in key=; each slot (0, 1, ...) has another key. Borrowed. */
EVP_PKEY *cg_pki_cached_key(const char *algorithm, unsigned slot);

#endif
