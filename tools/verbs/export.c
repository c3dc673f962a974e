/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/export.h"
#include "base/failure.h"
#include "ca_options/ca_options.h"
#include "ca_options/passphrase.h"
#include "core/cert/name.h"
#include "store/index.h"
#include "store/target_path.h"
#include "verbs.h"

#include <openssl/crypto.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { P12 = 0, PEM, HEADER, FORMATS };

struct options {
    const char *file[FORMATS];
    const char *p12_passphrase_file;
    bool legacy;
};

static const struct cg_option options[] = {
    {"p12", "FILE", "write key and chain as PKCS#12, for phones and MQTT tools", CG_OPT_FILE, 0, AT(file[P12])},
    {"pem", "FILE", "write the key and the chain into one PEM file", CG_OPT_FILE, 0, AT(file[PEM])},
    {"header", "FILE", "write a C header with the strings ca_pem, cert_pem and key_pem, for ESP32 and Arduino",
     CG_OPT_FILE, 0, AT(file[HEADER])},
    {"p12-passphrase-file", "FILE", "passphrase of the PKCS#12 file: first line of FILE (default: prompt)", CG_OPT_FILE,
     0, AT(p12_passphrase_file)},
    {"legacy", NULL, "with --p12, use the weak algorithms that old Android, Windows and macOS need", CG_OPT_FLAG, 0,
     AT(legacy)},
};

static const char *const words[FORMATS] = {"p12", "pem", "header"};

struct run {
    const struct options *options;
    char secret[CG_PASSPHRASE_MAX]; /* of the PKCS#12 file */
};

static bool is_stdout(const char *file)
{
    return file && strcmp(file, "-") == 0;
}

static bool make(BIO *out, const struct run *run, const struct cg_bundle *bundle, int format, struct cg_error *err)
{
    if (format == P12)
        return cg_p12_put(out, bundle, run->secret, run->options->legacy, err);
    return format == PEM ? cg_export_pem(out, bundle, err) : cg_export_header(out, bundle, err);
}

static bool write_out(BIO *bio, const char *file, struct cg_error *err)
{
    char *data = NULL;
    const size_t len = (size_t)BIO_get_mem_data(bio, &data);
    if (!is_stdout(file))
        return cg_bio_write(bio, file, err);
    return (fwrite(data, 1, len, stdout) == len && fflush(stdout) == 0) ||
           cg_fail_errno(err, "write to", "standard output");
}

/* Freeing a memory BIO wipes it. */
static bool export_one(const struct cg_cli *cli, const struct run *run, const struct cg_bundle *bundle, int format,
                       struct cg_error *err)
{
    const char *file = run->options->file[format];
    BIO *bio = BIO_new(BIO_s_mem());
    const bool ok = (bio || cg_fail_memory(err)) && make(bio, run, bundle, format, err) &&
                    (cli->dry_run || write_out(bio, file, err));
    BIO_free(bio);
    if (ok && !is_stdout(file))
        cg_say(cli, "%s %s. It contains the private key: send it over a secure channel only.",
               cli->dry_run ? "Would write" : "Wrote", file);
    return ok;
}

static void warn_unusable(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_bundle *bundle)
{
    struct cg_index index = {0};
    int64_t end = 0;
    if (cg_index_load(&index, ca, NULL) && cg_index_status(&index, bundle->cert) == 'R')
        cg_warn(cli, "the certificate of %s is revoked. Issue a new one", bundle->name);
    else if (cg_time_seconds(X509_get0_notAfter(bundle->cert), &end) && end < cli->now)
        cg_warn(cli, "the certificate of %s has expired. Renew it: %s renew %s", bundle->name, cli->prefix,
                bundle->name);
    cg_index_free(&index);
}

static int export_all(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    const struct run *run = context;
    struct cg_bundle bundle;
    cJSON *result = cg_json_of("name", cli->args[0]);
    bool ok = cg_bundle_load(&bundle, ca, cli->args[0], err);
    if (ok)
        warn_unusable(cli, ca, &bundle);
    for (int format = 0; ok && format < FORMATS; format++)
        ok = !run->options->file[format] || cg_path_is_outside(run->options->file[format], ca->dir, err);
    for (int format = 0; ok && format < FORMATS; format++)
        if (run->options->file[format]) {
            ok = export_one(cli, run, &bundle, format, err);
            cg_json_add(result, words[format], run->options->file[format]);
        }
    cg_bundle_clear(&bundle);
    if (ok)
        cg_result_of_run(cli, result);
    else
        cJSON_Delete(result);
    return ok ? CG_EXIT_OK : CG_EXIT_FAILED;
}

static bool is_twice(const struct options *o)
{
    for (int i = 0; i < FORMATS; i++)
        for (int j = 0; j < i; j++)
            if (o->file[i] && o->file[j] && strcmp(o->file[i], o->file[j]) == 0)
                return true;
    return false;
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    const struct options *o = values;
    const bool outputs = is_stdout(o->file[P12]) || is_stdout(o->file[PEM]) || is_stdout(o->file[HEADER]);
    if (!o->file[P12] && !o->file[PEM] && !o->file[HEADER])
        return cg_fail_text(err, "no file given; use --p12 FILE, --pem FILE or --header FILE");
    if (!o->file[P12] && (o->p12_passphrase_file || o->legacy))
        return cg_fail_text(err, "--p12-passphrase-file and --legacy need --p12 FILE");
    if (is_twice(o))
        return cg_fail_text(err, "a file has room for one format; name a file for each");
    if (outputs && cli->json)
        return cg_fail_text(err, "with --json, standard output is the result; name a file");
    if (outputs && isatty(STDOUT_FILENO))
        return cg_fail_text(err, "a private key is not shown on a terminal; name a file, or use a pipe");
    return cg_ca_name_valid(cli->args[0], err);
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct run run = {.options = values};
    struct cg_error err = {""};
    int code = CG_EXIT_OK;
    if (run.options->file[P12] && !cg_passphrase_new(run.options->p12_passphrase_file, "p12-passphrase-file",
                                                     "Passphrase for the PKCS#12 file", run.secret, &err))
        code = cg_fail(cli, CG_EXIT_FAILED, &err);
    else
        code = cg_verb_with_ca(cli, CG_CA_READ, export_all, &run);
    OPENSSL_cleanse(run.secret, sizeof run.secret);
    return code;
}

const struct cg_verb cg_verb_export = {
    .name = "export",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("NAME", 1, 1),
    .completes = CG_WORD_NAME,
    .summary = "write key and certificate for a phone, a program or a microcontroller",
    .description =
        "Writes the current key and certificate of NAME into one file that only you can read. An existing file is\n"
        "replaced. FILE can be - for standard output, if that is not a terminal. Several formats can be given.\n\n"
        "--p12 is encrypted with AES-256, and the passphrase is needed to import it. Old versions of Android,\n"
        "Windows and macOS cannot read that and report a wrong password: use --legacy (triple DES and SHA-1), with\n"
        "a long passphrase. --header defines three strings: ca_pem, to verify the broker, cert_pem, with the "
        "intermediate\n"
        "if there is one, and key_pem.",
    .examples = "certguard export anna-phone --p12 anna.p12\n"
                "certguard export sensor1 --header certificates.h\n"
                "certguard export gateway --pem - | ssh gateway 'umask 077; cat >client.pem'",
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run,
};
