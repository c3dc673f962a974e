/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Mutations of DER as a tree: an element is changed, removed, repeated or replaced by another one, and the lengths of the
 * enclosing elements are corrected, so that most results can still be parsed. Linked into libFuzzer targets with DER input.
 * libFuzzer calls the two functions at the end of this file, and provides LLVMFuzzerMutate. */
#include "crl_maker.h"
#include "fuzz.h"

#include <string.h>

#define NESTING_MAX 24
#define ELEMENT_MAX 4096

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out,
                                 size_t max_out_size, unsigned seed);

struct element {
    const uint8_t *at, *content;
    size_t len, content_len; /* of the whole element, of its content */
};

/* A preorder walk over a tree. For element number target, edit writes the replacement, and found is set to the element. */
struct walk {
    size_t seen, target;
    void (*edit)(struct walk *walk, const struct element *element, struct piece *out);
    struct element found;
    const struct element *other;
    unsigned random;
};

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

/* Supports low tag numbers and definite lengths of up to two octets. */
static bool read_element(const uint8_t *p, size_t len, struct element *out)
{
    if (len < 2 || (p[0] & 0x1f) == 0x1f)
        return false;
    size_t octets = p[1] & 0x80 ? p[1] & 0x7f : 0, content = octets ? 0 : p[1];
    if (octets > 2 || (p[1] == 0x80) || len < 2 + octets)
        return false;
    for (size_t i = 0; i < octets; i++)
        content = content << 8 | p[2 + i];
    if (content > len - 2 - octets)
        return false;
    *out = (struct element){p, p + 2 + octets, 2 + octets + content, content};
    return true;
}

/* The number of octets before the inner elements; SIZE_MAX: no inner elements. Strings may contain DER, as in extensions. */
static size_t inner_offset(const struct element *element)
{
    struct element inner;
    size_t skip = element->at[0] == 0x03 ? 1 : 0;
    if (element->at[0] & 0x20)
        return 0;
    if ((element->at[0] != 0x03 && element->at[0] != 0x04) || element->content_len < skip ||
        !read_element(element->content + skip, element->content_len - skip, &inner))
        return SIZE_MAX;
    return inner.len == element->content_len - skip ? skip : SIZE_MAX;
}

static void walk_elements(struct walk *walk, const uint8_t *p, size_t len, struct piece *out, int depth);

static void walk_inside(struct walk *walk, const struct element *element, struct piece *out, int depth)
{
    size_t before = walk->seen, offset = depth < NESTING_MAX ? inner_offset(element) : SIZE_MAX;
    struct piece inner = {0};
    if (offset != SIZE_MAX) {
        piece_add(&inner, element->content, offset);
        walk_elements(walk, element->content + offset, element->content_len - offset, &inner, depth + 1);
        piece_wrap(&inner, element->at[0]);
    }
    if (walk->target >= before && walk->target < walk->seen)
        piece_add(out, inner.data, inner.len);
    else
        piece_add(out, element->at, element->len); /* unchanged, including non-minimal lengths */
    piece_free(&inner);
}

static void walk_elements(struct walk *walk, const uint8_t *p, size_t len, struct piece *out, int depth)
{
    struct element element;
    for (; len > 0 && read_element(p, len, &element); p += element.len, len -= element.len) {
        if (walk->seen++ != walk->target) {
            walk_inside(walk, &element, out, depth);
            continue;
        }
        walk->found = element;
        if (walk->edit)
            walk->edit(walk, &element, out);
    }
    piece_add(out, p, len);
}

static void change_bytes(struct walk *walk, const struct element *element, struct piece *out)
{
    uint8_t bytes[ELEMENT_MAX + 64];
    struct piece changed = {0};
    size_t len = element->content_len < ELEMENT_MAX ? element->content_len : ELEMENT_MAX;
    (void)walk;
    memcpy(bytes, element->content, len);
    piece_add(&changed, bytes, LLVMFuzzerMutate(bytes, len, len + 64));
    piece_wrap(&changed, element->at[0]);
    piece_join(out, &changed);
}

static void change_tag(struct walk *walk, const struct element *element, struct piece *out)
{
    static const uint8_t tags[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1c, 0x1e,
                                   0x30, 0x31, 0x80, 0x81, 0x82, 0x84, 0x86, 0x87, 0x88, 0xa0, 0xa1, 0xa3, 0xa4};
    uint8_t tag = tags[next_random(&walk->random) % sizeof tags];
    piece_add(out, &tag, 1);
    piece_add(out, element->at + 1, element->len - 1);
}

static void change_length(struct walk *walk, const struct element *element, struct piece *out)
{
    piece_add(out, element->at, 1);
    uint8_t length = (uint8_t)(element->at[1] + (next_random(&walk->random) & 1 ? 1 : -1));
    piece_add(out, &length, 1);
    piece_add(out, element->at + 2, element->len - 2);
}

static void remove_element(struct walk *walk, const struct element *element, struct piece *out)
{
    (void)walk, (void)element, (void)out;
}

static void repeat(struct walk *walk, const struct element *element, struct piece *out)
{
    unsigned times = next_random(&walk->random) % 8 ? 2 : 20;
    while (times-- > 0)
        piece_add(out, element->at, element->len);
}

static void replace(struct walk *walk, const struct element *element, struct piece *out)
{
    (void)element;
    piece_add(out, walk->other->at, walk->other->len);
}

static void insert(struct walk *walk, const struct element *element, struct piece *out)
{
    replace(walk, element, out);
    piece_add(out, element->at, element->len);
}

static struct element pick(const uint8_t *data, size_t size, unsigned *random, size_t *index)
{
    struct piece ignored = {0};
    struct walk count = {.target = SIZE_MAX};
    walk_elements(&count, data, size, &ignored, 0);
    struct walk choose = {.target = count.seen ? next_random(random) % count.seen : 0};
    *index = choose.target;
    ignored.len = 0;
    walk_elements(&choose, data, size, &ignored, 0);
    piece_free(&ignored);
    return choose.found;
}

/* Returns the length of the result; 0: it is empty or too long. */
static size_t edit_one(struct walk *walk, const uint8_t *data, size_t size, uint8_t *out, size_t max_size)
{
    struct piece made = {0};
    size_t len = 0;
    walk_elements(walk, data, size, &made, 0);
    if (made.len > 0 && made.len <= max_size) {
        len = made.len;
        memcpy(out, made.data, len);
    }
    piece_free(&made);
    return len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static void (*const edits[])(struct walk *, const struct element *, struct piece *) = {
        change_bytes, change_bytes, change_bytes, change_tag, change_length, remove_element, repeat, replace, insert};
    unsigned random = seed;
    size_t target, ignored;
    if (next_random(&random) % 16 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    struct element here = pick(data, size, &random, &target), other = pick(data, size, &random, &ignored);
    if (!here.at || !other.at)
        return LLVMFuzzerMutate(data, size, max_size);
    struct walk walk = {.target = target,
                        .edit = edits[next_random(&random) % (sizeof edits / sizeof *edits)],
                        .other = &other,
                        .random = random};
    size_t len = edit_one(&walk, data, size, data, max_size);
    return len ? len : LLVMFuzzerMutate(data, size, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out,
                                 size_t max_out_size, unsigned seed)
{
    unsigned random = seed;
    size_t target, ignored;
    struct element here = pick(one, one_size, &random, &target), other = pick(two, two_size, &random, &ignored);
    if (!here.at || !other.at)
        return 0;
    struct walk walk = {
        .target = target, .edit = next_random(&random) & 1 ? replace : insert, .other = &other, .random = random};
    return edit_one(&walk, one, one_size, out, max_out_size);
}
