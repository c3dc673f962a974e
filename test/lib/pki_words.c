/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pki_parts.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pki_die(const struct recipe *recipe, const char *what, const char *value)
{
    fprintf(stderr, "pki_maker: %s: %s: %s\n", recipe ? recipe->name : "-", what, value ? value : "");
    ERR_print_errors_fp(stderr);
    abort();
}

/* Words are separated by spaces or tabs. Quotes '...' protect spaces and are removed. */
static char *next_word(char **at)
{
    char *in = *at + strspn(*at, " \t");
    if (!*in)
        return NULL;
    char *start = in, *out = in;
    bool quoted = false;
    for (; *in && (quoted || !strchr(" \t", *in)); in++) {
        if (*in == '\'')
            quoted = !quoted;
        else
            *out++ = *in;
    }
    *at = *in ? in + 1 : in;
    *out = '\0';
    return start;
}

void recipe_parse(struct recipe *recipe, const char *line, size_t len)
{
    *recipe = (struct recipe){.text = strndup(line, len), .name = "?"};
    char *at = recipe->text, *word = next_word(&at);
    if (!word || word[strlen(word) - 1] != ':')
        pki_die(recipe, "expected \"NAME: words\"", line);
    word[strlen(word) - 1] = '\0';
    recipe->name = word;
    while ((word = next_word(&at))) {
        if (recipe->count == WORDS_MAX)
            pki_die(recipe, "more than 48 words", word);
        char *equals = strchr(word, '=');
        if (equals)
            *equals = '\0';
        recipe->word[recipe->count++] = (struct word){.key = word, .value = equals ? equals + 1 : ""};
    }
}

void recipe_finish(struct recipe *recipe)
{
    for (size_t i = 0; i < recipe->count; i++)
        if (!recipe->word[i].used)
            pki_die(recipe, "unknown word", recipe->word[i].key);
    free(recipe->text);
    recipe->text = NULL;
}

const char *recipe_next(struct recipe *recipe, const char *key, size_t *at)
{
    for (; *at < recipe->count; ++*at) {
        struct word *word = &recipe->word[*at];
        if (strcmp(word->key, key) == 0) {
            word->used = true;
            ++*at;
            return word->value;
        }
    }
    return NULL;
}

const char *recipe_get(struct recipe *recipe, const char *key, const char *otherwise)
{
    size_t at = 0;
    for (const char *value; (value = recipe_next(recipe, key, &at));)
        otherwise = value;
    return otherwise;
}

bool recipe_has(struct recipe *recipe, const char *key)
{
    return recipe_get(recipe, key, NULL) != NULL;
}

const char *value_critical(const char *value, bool *critical)
{
    static const char word[] = "critical,";
    *critical = strncmp(value, word, sizeof word - 1) == 0;
    return *critical ? value + sizeof word - 1 : value;
}

unsigned char *value_bytes(const struct recipe *recipe, const char *text, size_t len, size_t *out_len)
{
    unsigned char *out = malloc(len + 1);
    size_t n = 0;
    if (!out)
        pki_die(recipe, "no memory", text);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        if (i + 3 < len && text[i] == '\\' && text[i + 1] == 'x' && sscanf(text + i + 2, "%2x", &byte) == 1) {
            out[n++] = (unsigned char)byte;
            i += 3;
        } else {
            out[n++] = (unsigned char)text[i];
        }
    }
    out[n] = '\0';
    *out_len = n;
    return out;
}

/* If OpenSSL refuses the text (too long, not UTF-8), the bytes are added unchanged. */
static void add_attribute(const struct recipe *recipe, X509_NAME *name, const char *field, size_t len)
{
    const char *equals = memchr(field, '=', len);
    if (!equals)
        pki_die(recipe, "expected /ATTRIBUTE=value", field);
    char *type = strndup(field, (size_t)(equals - field));
    size_t n;
    unsigned char *bytes = value_bytes(recipe, equals + 1, len - (size_t)(equals + 1 - field), &n);
    if (!X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, bytes, (int)n, -1, 0) &&
        !X509_NAME_add_entry_by_txt(name, type, V_ASN1_UTF8STRING, bytes, (int)n, -1, 0))
        pki_die(recipe, "bad attribute", field);
    ERR_clear_error();
    free(bytes);
    free(type);
}

X509_NAME *value_name(const struct recipe *recipe, const char *text)
{
    X509_NAME *name = X509_NAME_new();
    if (!name || *text != '/')
        pki_die(recipe, "expected /ATTRIBUTE=value...", text);
    while (*text == '/' && text[1]) {
        size_t len = strcspn(++text, "/");
        add_attribute(recipe, name, text, len);
        text += len;
    }
    return name;
}

void value_times(struct recipe *recipe, int64_t now, const char *days, int64_t *from, int64_t *to)
{
    const char *secs = recipe_get(recipe, "secs", NULL);
    const char *text = secs ? secs : recipe_get(recipe, "days", days);
    const char *dots = strstr(text, "..");
    if (!dots)
        pki_die(recipe, "expected FROM..TO", text);
    double first = strtod(text, NULL), last = strtod(dots + 2, NULL);
    double unit = secs ? 1 : 86400;
    *from = now + (int64_t)(first * unit);
    *to = now + (int64_t)(last * unit);
}

/* In days and seconds: time_t may have 32 bits. */
ASN1_TIME *value_time(int64_t seconds)
{
    return ASN1_TIME_adj(NULL, 0, (int)(seconds / 86400), (long)(seconds % 86400));
}

ASN1_INTEGER *value_integer(const struct recipe *recipe, const char *text)
{
    BIGNUM *number = NULL;
    bool hex = strncmp(text, "0x", 2) == 0;
    int digits = hex ? BN_hex2bn(&number, text + 2) : BN_dec2bn(&number, text);
    ASN1_INTEGER *integer = digits ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
    if (!integer)
        pki_die(recipe, "expected a number", text);
    BN_free(number);
    return integer;
}

const EVP_MD *value_digest(struct recipe *recipe, EVP_PKEY *key)
{
    const char *text = recipe_get(recipe, "digest", "sha256");
    if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
        return NULL;
    const EVP_MD *digest = EVP_get_digestbyname(text);
    if (!digest)
        pki_die(recipe, "unknown digest", text);
    return digest;
}

void pki_break_signature(const ASN1_BIT_STRING *signature)
{
    unsigned char *octets = (unsigned char *)ASN1_STRING_get0_data(signature);
    octets[ASN1_STRING_length(signature) - 1] ^= 1;
}
