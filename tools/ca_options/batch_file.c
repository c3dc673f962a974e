/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "batch_file.h"
#include "base/failure.h"
#include "core/file/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LIMIT ((size_t)256 << 20)
#define MARK  "\xEF\xBB\xBF" /* that the text is UTF-8 */

static bool is_stdin(const char *file)
{
    return strcmp(file, "-") == 0;
}

bool cg_batch_file_check(const struct cg_cli *cli, const struct cg_list *given, struct cg_error *err)
{
    if (given->count > 1)
        return cg_fail_text(err,
                            "--batch is given twice; put both lists into one, for example: cat ONE TWO | certguard %s "
                            "... --batch -",
                            cli->verb->name);
    if (given->count && is_stdin(given->item[0]) && cli->passphrase_fd.given && !cli->passphrase_fd.value)
        return cg_fail_text(err,
                            "--batch - and --passphrase-fd 0 both read standard input; use a file for one of them");
    return true;
}

static bool read_stdin(struct cg_bytes *bytes, struct cg_error *err)
{
    if (!(bytes->data = malloc(LIMIT + 1)))
        return cg_fail_memory(err);
    bytes->len = fread(bytes->data, 1, LIMIT + 1, stdin);
    if (ferror(stdin))
        return cg_fail_errno(err, "read", "standard input");
    if (bytes->len > LIMIT)
        return cg_fail_text(err, "cannot read standard input: more than %zu MB. Split the list", LIMIT >> 20);
    bytes->data[bytes->len] = '\0';
    return true;
}

static bool read_file(const char *file, struct cg_bytes *bytes, struct cg_error *err)
{
    struct stat st;
    if (stat(file, &st) == 0 && S_ISFIFO(st.st_mode)) /* also "<(...)" of a shell */
        return cg_fail_text(err, "cannot read %s: it is a pipe. Pass the list on standard input, with --batch -", file);
    return cg_file_read(file, CG_FILE_PUBLIC, LIMIT, bytes, err);
}

bool cg_batch_file_read(const char *file, struct cg_bytes *bytes, struct cg_error *err)
{
    const size_t mark = strlen(MARK);
    if (!(is_stdin(file) ? read_stdin(bytes, err) : read_file(file, bytes, err)))
        return false;
    if (bytes->len >= mark && memcmp(bytes->data, MARK, mark) == 0) {
        bytes->len -= mark;
        memmove(bytes->data, bytes->data + mark, bytes->len + 1);
    }
    return true;
}
