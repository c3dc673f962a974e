/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "question.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Questions that begin with a word and end in a number. */
static const struct {
    const char *word;
    enum cg_question_kind kind;
} numbered[] = {
    {"chain ", CG_QUESTION_CHAIN},
    {"anchor ", CG_QUESTION_ANCHOR},
};

/* Decimal, without leading zeros. 0 if it is malformed or above CG_RENEW_NUMBER_MAX. */
static unsigned read_number(const char *text, size_t len)
{
    unsigned number = 0;
    if (len == 0 || *text == '0')
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        number = number * 10 + (unsigned)(text[i] - '0');
        if (number > CG_RENEW_NUMBER_MAX)
            return 0;
    }
    return number;
}

static struct cg_question of_word(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++) {
        const size_t word = strlen(numbered[i].word);
        if (len <= word || memcmp(text, numbered[i].word, word) != 0)
            continue;
        const unsigned number = read_number(text + word, len - word);
        if (number)
            return (struct cg_question){numbered[i].kind, number};
    }
    return (struct cg_question){CG_QUESTION_UNKNOWN, 0};
}

struct cg_question cg_question_of(const void *payload, size_t len)
{
    const char *text = payload;
    if (len == 0)
        return (struct cg_question){CG_QUESTION_DUE, 0};
    if (*text == 0x30 && len <= CG_RENEW_REQUEST_MAX)
        return (struct cg_question){CG_QUESTION_REQUEST, 0};
    if (*text == 'M' && len <= CG_RENEW_PAYLOAD_MAX) /* 0x30 and a length in base64 */
        return (struct cg_question){CG_QUESTION_BASE64, 0};
    return of_word(text, len);
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct decoder {
    unsigned char *out;
    size_t size, len;
    uint32_t bits;
    unsigned digits; /* of the group of four */
    unsigned padding;
};

/* Three octets of a group of four. Bits that the padding cuts off must be 0: one octet string has one encoding. */
static bool end_group(struct decoder *decoder)
{
    const unsigned octets = 3 - decoder->padding;
    if (decoder->padding > 2 || decoder->size - decoder->len < octets ||
        (decoder->bits & ((UINT32_C(1) << 8 * decoder->padding) - 1)) != 0)
        return false;
    for (unsigned i = 0; i < octets; i++)
        decoder->out[decoder->len++] = (unsigned char)(decoder->bits >> (16 - 8 * i));
    decoder->bits = decoder->digits = 0;
    return true;
}

static bool take_digit(struct decoder *decoder, char c)
{
    const int value = sextet(c);
    if (c == '\n')
        return true;
    if (c == '=' ? decoder->digits < 2 : value < 0 || decoder->padding)
        return false;
    decoder->padding += c == '=';
    decoder->bits = decoder->bits << 6 | (c == '=' ? 0 : (uint32_t)value);
    return ++decoder->digits < 4 || end_group(decoder);
}

size_t cg_renewal_decode(const char *text, size_t len, unsigned char *out, size_t size)
{
    struct decoder decoder = {.out = out, .size = size};
    for (size_t i = 0; i < len; i++)
        if (!take_digit(&decoder, text[i]))
            return 0;
    return decoder.digits == 0 ? decoder.len : 0;
}
