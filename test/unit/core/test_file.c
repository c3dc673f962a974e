/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The file reader: what it refuses, that the words name the fix, that keys stay private. */
#include "core/file/file.h"
#include "core/file/file_access.h"
#include "lib/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY      65531 /* a number without a name, and its group too */
#define OTHER_GROUP 65533 /* a group that nobody is in */

static const char *folder;

static const char *make(const char *name, const char *text, mode_t mode)
{
    unlink(cg_scratch_path(name));
    const char *path = cg_scratch_write(name, text);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    folder = cg_scratch_open("file");
    return chmod(folder, 0755); /* another user enters it */
}

static int remove_folder(void **state)
{
    (void)state;
    cg_scratch_close();
    return 0;
}

static void expect_refused(const char *path, enum cg_file_kind kind, size_t limit, const char *words)
{
    struct cg_bytes bytes = {(unsigned char *)1, 1};
    struct cg_error err = {""};
    if (cg_file_read(path, kind, limit, &bytes, &err))
        fail_msg("%s was read", path);
    if (!strstr(err.text, words))
        fail_msg("expected \"%s\", found \"%s\"", words, err.text);
    assert_null(bytes.data);
    assert_int_equal(bytes.len, 0);
}

static void reads_whole_files(void **state)
{
    (void)state;
    struct cg_bytes bytes;
    assert_true(cg_file_read(make("a", "hello", 0644), CG_FILE_PUBLIC, 5, &bytes, NULL));
    assert_int_equal(bytes.len, 5);
    assert_string_equal((char *)bytes.data, "hello");
    cg_bytes_free(&bytes);
    assert_null(bytes.data);
    assert_true(cg_file_read(make("empty", "", 0644), CG_FILE_PUBLIC, 5, &bytes, NULL));
    assert_int_equal(bytes.len, 0);
    cg_bytes_wipe(&bytes);
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    expect_refused(make("a", "hello", 0644), CG_FILE_PUBLIC, 4, "at most 4 bytes, found 5");
    expect_refused(folder, CG_FILE_PUBLIC, 100, "found a folder");
    expect_refused("/dev/zero", CG_FILE_PUBLIC, 100, "found a device");
    assert_int_equal(mkfifo(cg_scratch_path("pipe"), 0644), 0);
    expect_refused(cg_scratch_path("pipe"), CG_FILE_PUBLIC, 100, "pipe"); /* and it does not hang */
    expect_refused("", CG_FILE_PUBLIC, 100, "no such file");
}

static void names_the_missing_part_of_a_path(void **state)
{
    (void)state;
    char words[512];
    expect_refused(cg_scratch_path("none"), CG_FILE_PUBLIC, 100, "no such file (its folder exists)");
    snprintf(words, sizeof words, "(%s is the nearest folder that exists)", folder);
    expect_refused(cg_scratch_path("x/y/z"), CG_FILE_PUBLIC, 100, words);
    assert_int_equal(symlink("nowhere", cg_scratch_path("link")), 0);
    expect_refused(cg_scratch_path("link"), CG_FILE_PUBLIC, 100, "symbolic link to a missing file");
    make("plain", "", 0644);
    expect_refused(cg_scratch_path("plain/child"), CG_FILE_PUBLIC, 100, "no such file or folder");
}

static void keeps_keys_private(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        mode_t mode;
        bool fits;
    } rows[] = {
        {"the owner's alone", 0600, true},     {"read-only", 0400, true},
        {"read by our own group", 0640, true}, {"written by the group", 0660, false},
        {"read by everyone", 0644, false},     {"read by everyone but the group", 0604, false},
        {"entered by everyone", 0601, false},  {"written by everyone", 0602, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_bytes bytes;
        struct cg_error err = {""};
        const char *path = make("key", "secret", rows[i].mode);
        bool ok = cg_file_read(path, CG_FILE_PRIVATE_KEY, 100, &bytes, &err);
        if (ok != rows[i].fits)
            fail_msg("%s: %s", rows[i].sentence, ok ? "accepted" : err.text);
        if (!ok && !strstr(err.text, "fix: chmod 06"))
            fail_msg("%s: no fix in \"%s\"", rows[i].sentence, err.text);
        cg_bytes_wipe(&bytes);
    }
}

#ifdef CG_COVERAGE /* what the child did counts too */
#include <gcov.h>
#else
#define __gcov_dump() (void)0 /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#endif

/* Runs as another user in a child where this process may; 0 is success. */
static int as_nobody(int (*run)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (setgroups(0, NULL) != 0 || setegid(NOBODY) != 0 || seteuid(NOBODY) != 0)
            _exit(9);
        int result = run();
        if (seteuid(0) == 0)
            __gcov_dump();
        _exit(result);
    }
    int status = -1;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int read_forbidden_file(void)
{
    struct cg_bytes bytes;
    struct cg_error err = {""};
    if (cg_file_read(cg_scratch_path("secret"), CG_FILE_PUBLIC, 100, &bytes, &err))
        return 1;
    bool named = strstr(err.text, "user 65531 may not read it");
    int out = open(cg_scratch_path("fix"), O_WRONLY | O_CLOEXEC | O_TRUNC);
    const char *fix = strstr(err.text, "fix: ");
    return named && fix && write(out, fix + strlen("fix: "), strlen(fix) - strlen("fix: ")) > 0 ? 0 : 2;
}

static int read_in_forbidden_folder(void)
{
    struct cg_bytes bytes;
    struct cg_error err = {""};
    char words[512];
    snprintf(words, sizeof words, "may not enter the folder %s; fix: ", cg_scratch_path("closed"));
    if (cg_file_read(cg_scratch_path("closed/inner/file"), CG_FILE_PUBLIC, 100, &bytes, &err))
        return 1;
    int out = open(cg_scratch_path("fix"), O_WRONLY | O_CLOEXEC | O_TRUNC);
    const char *fix = strstr(err.text, "fix: ");
    return strstr(err.text, words) && write(out, fix + strlen("fix: "), strlen(fix) - strlen("fix: ")) > 0 ? 0 : 2;
}

static int read_foreign_group_key(void)
{
    struct cg_bytes bytes;
    return cg_file_read(cg_scratch_path("shared"), CG_FILE_PRIVATE_KEY, 100, &bytes, NULL) ? 0 : 1;
}

/* Our own key, which a group that we are not in may read. */
static int read_key_of_other_group(void)
{
    struct cg_bytes bytes;
    struct cg_error err = {""};
    if (cg_file_read(cg_scratch_path("lent"), CG_FILE_PRIVATE_KEY, 100, &bytes, &err))
        return 1;
    return strstr(err.text, "fix: setfacl ") ? 0 : 2;
}

static int read_open_key(void)
{
    struct cg_bytes bytes;
    struct cg_error err = {""};
    int out = open(cg_scratch_path("fix"), O_WRONLY | O_CLOEXEC);
    if (cg_file_read(cg_scratch_path("open"), CG_FILE_PRIVATE_KEY, 100, &bytes, &err))
        return 1;
    const char *fix = strstr(err.text, "fix: ");
    return fix && write(out, fix + strlen("fix: "), strlen(fix) - strlen("fix: ")) > 0 ? 0 : 2;
}

static int read_fixed_key(void)
{
    struct cg_bytes bytes;
    return cg_file_read(cg_scratch_path("open"), CG_FILE_PRIVATE_KEY, 100, &bytes, NULL) ? 0 : 1;
}

/* Runs the fix as root, without the words in brackets. It must begin with these words. */
static void follow_fix(const char *sentence, const char *words)
{
    char command[1024];
    FILE *f = fopen(cg_scratch_path("fix"), "r");
    assert_non_null(f);
    assert_non_null(fgets(command, sizeof command, f));
    fclose(f);
    if (strncmp(command, words, strlen(words)) != 0)
        fail_msg("%s: expected '%s', found '%s'", sentence, words, command);
    char *package = strstr(command, " (package acl)");
    if (package)
        *package = '\0';
    if (system(command) != 0)
        fail_msg("%s: the fix cannot be followed: %s", sentence, command);
}

/* Not every machine has setfacl, and not every file system has ACLs. */
static bool acls_work(void)
{
    char command[512];
    make("probe", "x", 0600);
    snprintf(command, sizeof command, "setfacl -m u:%d:r %s 2>/dev/null", NOBODY, cg_scratch_path("probe"));
    return system(command) == 0;
}

static bool cannot_be_followed(const char *fix)
{
    return strncmp(fix, "setfacl", strlen("setfacl")) == 0 && !acls_work();
}

/* Root runs the fix as it is printed; then the key can be read. The fix removes only the access that a key forbids: a
 * group of ours keeps its access. */
static void its_fix_makes_the_key_readable(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uid_t owner;
        gid_t group;
        const char *fix;
    } rows[] = {
        {"root's key", 0, 0, "setfacl "},
        {"root's key in our group", 0, NOBODY, "chmod 0640 "},
        {"our key", NOBODY, NOBODY, "chmod 0640 "},
        {"our key in the group of others", NOBODY, OTHER_GROUP, "setfacl "},
        {"somebody's key in our group", OTHER_GROUP, NOBODY, "chmod 0640 "},
        {"somebody's key", OTHER_GROUP, OTHER_GROUP, "setfacl "},
        {"root's key, which a group of others reads", 0, OTHER_GROUP, "setfacl "},
    };
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (cannot_be_followed(rows[i].fix))
            continue;
        make("open", "x", 0644);
        assert_int_equal(chown(cg_scratch_path("open"), rows[i].owner, rows[i].group), 0);
        make("fix", "", 0666);
        assert_int_equal(chmod(cg_scratch_path("fix"), 0666), 0);
        assert_int_equal(as_nobody(read_open_key), 0);
        follow_fix(rows[i].sentence, rows[i].fix);
        if (as_nobody(read_fixed_key) != 0)
            fail_msg("%s: the fix does not help", rows[i].sentence);
    }
}

static int read_fixed_file(void)
{
    struct cg_bytes bytes;
    return cg_file_read(cg_scratch_path("secret"), CG_FILE_PUBLIC, 100, &bytes, NULL) ? 0 : 1;
}

static int read_fixed_folder(void)
{
    struct cg_bytes bytes;
    return cg_file_read(cg_scratch_path("closed/inner/file"), CG_FILE_PUBLIC, 100, &bytes, NULL) ? 0 : 1;
}

/* The service of another user, which could read the file through its group. */
static int read_as_other_user(const char *path)
{
    pid_t child = fork();
    if (child == 0)
        _exit(setgroups(0, NULL) == 0 && setgid(OTHER_GROUP) == 0 && setuid(OTHER_GROUP) == 0 && access(path, R_OK) == 0
                  ? 0
                  : 1);
    int status = -1;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* It gives us access, and nobody loses access. */
static void its_fix_keeps_the_access_of_others(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uid_t owner;
        gid_t group;
        mode_t mode;
        const char *fix;
    } rows[] = {
        {"root's alone", 0, 0, 0600, "chgrp "},
        {"root's, and a group of others reads it", 0, OTHER_GROUP, 0640, "setfacl "},
        {"root's, and a group of others may enter it", 0, OTHER_GROUP, 0710, "setfacl "},
        {"somebody's", OTHER_GROUP, OTHER_GROUP, 0600, "chgrp "},
        {"somebody's, and his group reads it", OTHER_GROUP, OTHER_GROUP, 0640, "setfacl "},
        {"ours, not even we may read it", NOBODY, OTHER_GROUP, 0040, "chmod u+"},
        {"our group's, who may not", 0, NOBODY, 0604, "chmod g+"},
    };
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int of_folder = 0; of_folder < 2 && !cannot_be_followed(rows[i].fix); of_folder++) {
            const char *name = of_folder ? "closed" : "secret";
            mode_t mode = of_folder ? rows[i].mode | (rows[i].mode & 0444) >> 2 : rows[i].mode;
            cg_scratch_remove("secret");
            cg_scratch_remove("closed");
            assert_int_equal(mkdir(cg_scratch_path("closed"), 0755), 0);
            assert_int_equal(mkdir(cg_scratch_path("closed/inner"), 0755), 0);
            make("closed/inner/file", "x", 0644);
            make("secret", "x", 0600);
            assert_int_equal(chown(cg_scratch_path(name), rows[i].owner, rows[i].group), 0);
            assert_int_equal(chmod(cg_scratch_path(name), mode), 0);
            make("fix", "", 0666);
            assert_int_equal(chmod(cg_scratch_path("fix"), 0666), 0);
            const char *theirs = cg_scratch_path(of_folder ? "closed/inner/file" : "secret");
            int before = read_as_other_user(theirs);
            assert_int_equal(as_nobody(of_folder ? read_in_forbidden_folder : read_forbidden_file), 0);
            follow_fix(rows[i].sentence, rows[i].fix);
            if (as_nobody(of_folder ? read_fixed_folder : read_fixed_file) != 0)
                fail_msg("%s, %s: the fix does not help", rows[i].sentence, name);
            if (before == 0 && read_as_other_user(theirs) != 0)
                fail_msg("%s, %s: the fix shuts out who could read it", rows[i].sentence, name);
        }
    }
}

/* ---- every fix in every known case: root runs it, and the access of many users is compared */

#define TEAM   65520 /* a group that has a file */
#define NAMED  65522 /* in the ACL */
#define SHARED 65525 /* a group that our user is in, and another one */
#define ODD    "it's $(an) \"odd\" one"

static const struct {
    uid_t uid;
    gid_t gid;
} people[] = {{OTHER_GROUP, OTHER_GROUP}, {65521, TEAM}, {65523, 0}, {NAMED, NAMED}, {65526, SHARED}, {65524, 65524}};

#define PEOPLE (sizeof people / sizeof *people)

static void become(uid_t uid, gid_t gid)
{
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setgroups(1, &gid), 0);
    assert_int_equal(setegid(gid), 0);
    assert_int_equal(seteuid(uid), 0);
}

static int rights_of(size_t person, const char *path)
{
    become(people[person].uid, people[person].gid);
    int rights = (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 ? R_OK : 0) |
                 (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? W_OK : 0) |
                 (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? X_OK : 0);
    become(0, 0);
    return rights;
}

/* What is read: the file itself, or the content of a folder. */
enum target { A_FILE, A_KEY, A_STATE_FILE, A_FOLDER, A_STATE_FOLDER };

struct one_case {
    enum target target;
    uid_t owner;
    gid_t group, our_group;
    mode_t mode;
    const char *acl; /* NULL: none; set before the mode */
};

static bool set_acl(const char *acl, const char *path)
{
    char command[512], word[256];
    assert_true(cg_file_shell_word(path, word, sizeof word));
    snprintf(command, sizeof command, "setfacl -n -m %s %s 2>/dev/null", acl, word);
    return system(command) == 0;
}

static bool try_it(const struct one_case *c, const char *path, struct cg_error *err)
{
    static const enum cg_file_kind kinds[] = {CG_FILE_PUBLIC, CG_FILE_PRIVATE_KEY, CG_FILE_STATE, CG_FILE_PUBLIC};
    struct cg_bytes bytes = {NULL, 0};
    char inner[512];
    snprintf(inner, sizeof inner, "%s/file", path);
    become(NOBODY, c->our_group);
    bool ok = c->target == A_STATE_FOLDER
                  ? cg_folder_is_safe(path, err)
                  : cg_file_read(c->target == A_FOLDER ? inner : path, kinds[c->target], 100, &bytes, err);
    become(0, 0);
    cg_bytes_free(&bytes);
    return ok;
}

static const char *make_case(const struct one_case *c)
{
    cg_scratch_remove(ODD);
    if (c->target < A_FOLDER)
        make(ODD, "x", 0600);
    else {
        assert_int_equal(mkdir(cg_scratch_path(ODD), 0755), 0);
        make(ODD "/file", "x", 0644);
    }
    const char *path = cg_scratch_path(ODD);
    assert_int_equal(chown(path, c->owner, c->group), 0);
    if (c->acl && !set_acl(c->acl, path))
        return NULL;
    assert_int_equal(chmod(path, c->mode), 0);
    return path;
}

/* Could this person read or enter it only as one of the others? The fix of a key removes that access. */
static bool had_access_as_others(const struct one_case *c, size_t person)
{
    return c->target == A_KEY && people[person].uid != c->owner && people[person].gid != c->group &&
           !(c->acl && strstr(c->acl, "65522") && (c->mode & 0070) && people[person].uid == NAMED);
}

static void expect_access(const struct one_case *c, const int *before, const int *after, const char *fix)
{
    int writes = c->target == A_FILE || c->target == A_FOLDER ? 0 : W_OK; /* these must have one writer */
    int of_use = c->target < A_FOLDER ? R_OK : R_OK | X_OK;
    for (size_t i = 0; i < PEOPLE; i++) {
        int gained = after[i] & ~before[i], lost = before[i] & ~after[i] & (of_use | W_OK) & ~writes;
        if (gained || (lost && !had_access_as_others(c, i)))
            fail_msg("target %d, %u:%u %04o, acl %s, our group %u: user %u had %d, has %d after: %s", (int)c->target,
                     (unsigned)c->owner, (unsigned)c->group, (unsigned)c->mode, c->acl ? c->acl : "none",
                     (unsigned)c->our_group, (unsigned)people[i].uid, before[i], after[i], fix);
    }
}

/* False if this file system has no ACLs, or setfacl is missing. */
static bool check_case(const struct one_case *c)
{
    int before[PEOPLE], after[PEOPLE];
    struct cg_error err = {""}, again = {""};
    const char *path = make_case(c);
    if (!path)
        return false;
    for (size_t i = 0; i < PEOPLE; i++)
        before[i] = rights_of(i, path);
    if (try_it(c, path, &err))
        return true;
    const char *fix = strstr(err.text, "fix: ");
    char command[sizeof err.text];
    /* Linux does not use an ACL whose mask is empty, so nobody knows who would get access when it is set. */
    bool inactive = c->acl && !(c->mode & 0070) && (c->mode & 0007);
    if (!fix && strstr(err.text, "No single command fits") && (inactive || !acls_work()))
        return true;
    if (!fix)
        fail_msg("no fix in: %s", err.text);
    snprintf(command, sizeof command, "%s", fix + strlen("fix: "));
    char *package = strstr(command, " (package acl)");
    if (package && !c->acl && system("command -v setfacl >/dev/null") != 0)
        return true;
    if (package)
        *package = '\0';
    if (system(command) != 0)
        fail_msg("cannot be followed: %s", command);
    for (size_t i = 0; i < PEOPLE; i++)
        after[i] = rights_of(i, path);
    if (!try_it(c, path, &again))
        fail_msg("%04o %u:%u, acl %s: '%s' does not help: %s", (unsigned)c->mode, (unsigned)c->owner,
                 (unsigned)c->group, c->acl ? c->acl : "none", command, again.text);
    expect_access(c, before, after, command);
    return true;
}

static void its_fix_opens_no_door(void **state)
{
    (void)state;
    static const struct one_case known[] = {
        {A_KEY, 0, 0, NOBODY, 0640, "u:65522:rw"}, /* the mask holds writing down */
        {A_KEY, 0, TEAM, NOBODY, 0660, NULL},
        {A_KEY, 0, TEAM, NOBODY, 0604, NULL},
        {A_KEY, OTHER_GROUP, TEAM, NOBODY, 0640, NULL},
        {A_KEY, OTHER_GROUP, TEAM, NOBODY, 0644, NULL},
        {A_KEY, NOBODY, TEAM, NOBODY, 0640, NULL},
        {A_KEY, NOBODY, TEAM, NOBODY, 0644, NULL},
        {A_KEY, NOBODY, TEAM, SHARED, 0640, "g:65525:rx"},
        {A_KEY, 0, NOBODY, NOBODY, 0640, "u:65531:-"}, /* an entry that shuts us out */
        {A_FILE, 0, SHARED, SHARED, 0600, NULL},       /* our group is not ours alone */
        {A_STATE_FILE, OTHER_GROUP, TEAM, NOBODY, 0600, NULL},
        {A_STATE_FOLDER, OTHER_GROUP, TEAM, NOBODY, 0770, NULL},
        {A_STATE_FOLDER, 0, NOBODY, NOBODY, 0770, NULL},
    };
    static const uid_t owners[] = {0, NOBODY, OTHER_GROUP};
    static const gid_t groups[] = {0, NOBODY, TEAM, SHARED};
    static const mode_t modes[] = {0600, 0640, 0660, 0644, 0604, 0666, 0040, 0710, 0750, 0755};
    static const char *const acls[] = {NULL, "u:65522:rw", "u:65531:-,u:65522:rx", "g:65520:rw,g::-",
                                       "u:65531:r,g::rw"};
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        check_case(&known[i]);
    /* One number encodes each combination. All of them take a minute. */
    const char *sample = getenv("CG_SAMPLE");
    const size_t step = sample && *sample ? 37 : 1;
    for (size_t i = step > 1 ? strtoul(sample, NULL, 10) % step : 0;; i += step) {
        size_t n = i;
        struct one_case c = {.owner = owners[n % 3]};
        c.group = groups[(n /= 3) % 4];
        c.mode = modes[(n /= 4) % 10];
        c.our_group = (n /= 10) % 2 ? SHARED : NOBODY;
        c.target = (enum target)((n /= 2) % 5);
        if ((n /= 5) >= sizeof acls / sizeof *acls)
            break;
        c.acl = acls[n];
        if (!check_case(&c))
            break;
    }
}

/* certbot's layout: the folder behind the link stops us. */
static void its_fix_follows_links(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    cg_scratch_remove("closed");
    assert_int_equal(mkdir(cg_scratch_path("closed"), 0700), 0);
    assert_int_equal(mkdir(cg_scratch_path("closed/inner"), 0755), 0);
    make("closed/inner/file", "x", 0644);
    assert_int_equal(mkdir(cg_scratch_path("live"), 0755), 0);
    assert_int_equal(symlink("../live/../closed/inner/file", cg_scratch_path("live/relative")), 0);
    assert_int_equal(symlink(cg_scratch_path("live/relative"), cg_scratch_path("absolute")), 0);
    static const char *const names[] = {"live/relative", "absolute", "live/./../absolute"};
    char words[512];
    snprintf(words, sizeof words, "may not enter the folder %s; fix: chgrp 65531 %s && chmod g+x %s",
             cg_scratch_path("closed"), cg_scratch_path("closed"), cg_scratch_path("closed"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        become(NOBODY, NOBODY);
        expect_refused(cg_scratch_path(names[i]), CG_FILE_PUBLIC, 100, words);
        become(0, 0);
    }
    assert_int_equal(chown(cg_scratch_path("closed"), 0, NOBODY), 0);
    assert_int_equal(chmod(cg_scratch_path("closed"), 0710), 0);
    struct one_case c = {.target = A_FILE, .our_group = NOBODY};
    assert_true(try_it(&c, cg_scratch_path("absolute"), NULL));
}

/* Files that each renewal writes again must not need a chmod each time. */
static void its_fix_is_not_all_where_files_are_renewed(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir(cg_scratch_path("archive"), 0700), 0);
    make("archive/key1.pem", "x", 0600);
    assert_true(mkdir(cg_scratch_path("live"), 0755) == 0 || errno == EEXIST);
    assert_int_equal(symlink("../archive/key1.pem", cg_scratch_path("live/key.pem")), 0);
    static const char *const words[] = {"/archive (each renewal writes new files there; ",
                                        "it (each renewal writes new files"};
    for (int i = 0; i < 2; i++) {
        become(NOBODY, NOBODY);
        expect_refused(cg_scratch_path("live/key.pem"), CG_FILE_PUBLIC, 100, words[i]);
        expect_refused(
            cg_scratch_path("live/key.pem"), CG_FILE_PUBLIC, 100,
            "use copies instead, from a deploy hook of certbot or certguard deploy NAME --to FOLDER); fix: ");
        become(0, 0);
        assert_int_equal(chmod(cg_scratch_path("archive"), 0755), 0);
    }
}

static bool read_only;

#if defined _FILE_OFFSET_BITS && defined __GLIBC__ /* then the C library's name is another */
#define __real_statvfs __real_statvfs64
#define __wrap_statvfs __wrap_statvfs64
#endif
int __real_statvfs(const char *path, struct statvfs *out);
int __wrap_statvfs(const char *path, struct statvfs *out);
int __wrap_statvfs(const char *path, struct statvfs *out)
{
    int rc = __real_statvfs(path, out);
    out->f_flag |= read_only ? ST_RDONLY : 0;
    return rc;
}

/* No command could run on it. */
static void its_fix_on_a_read_only_file_system_is_at_the_source(void **state)
{
    (void)state;
    struct cg_bytes bytes;
    struct cg_error err = {""};
    char words[64];
    const char *key = make("key", "x", 0644);
    snprintf(words, sizeof words, "defaultMode: 0440 of the volume and securityContext.fsGroup: %u ",
             (unsigned)getegid());
    read_only = true;
    assert_false(cg_file_read(key, CG_FILE_PRIVATE_KEY, 100, &bytes, &err));
    read_only = false;
    if (!strstr(err.text, words) || strstr(err.text, "fix: "))
        fail_msg("%s", err.text);
}

/* A path that is too long for a fix, or cannot be shown, gets none. */
static void its_fix_is_complete_or_absent(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        size_t len;
        int depth; /* how often the name is in the path */
        const char *words;
    } rows[] = {
        {"named twice", 10, 1, " && chmod g+r /"},
        {"named once", 180, 1, "\"$f\" && chmod g+r \"$f\""},
        {"not at the front", 230, 2, "\"$f\" && chmod g+r \"$f\""},
        {"not at all", 240, 4, "Its path is too long for a command"},
        {"a newline", 10, 1, "Its path is too long for a command"},
    };
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[2048], name[256];
        bool last = i + 1 == sizeof rows / sizeof *rows;
        memset(name, (int)('a' + i), rows[i].len);
        snprintf(name + rows[i].len, sizeof name - rows[i].len, "%s", last ? "\n" : "");
        size_t used = (size_t)snprintf(path, sizeof path, "%s/%s", folder, name);
        for (int depth = 1; depth < rows[i].depth; depth++) {
            assert_int_equal(mkdir(path, 0755), 0);
            used += (size_t)snprintf(path + used, sizeof path - used, "/%s", name);
        }
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fclose(f);
        assert_int_equal(chmod(path, 0600), 0);
        become(NOBODY, NOBODY);
        expect_refused(path, CG_FILE_PUBLIC, 100, rows[i].words);
        become(0, 0);
    }
}

static void writes_paths_for_sh(void **state)
{
    (void)state;
    static const struct {
        const char *path, *word;
    } rows[] = {
        {"/etc/cg/a-b_c.pem", "/etc/cg/a-b_c.pem"},
        {"/a@b,c:d=e+f%g", "/a@b,c:d=e+f%g"},
        {"/my certs/key", "'/my certs/key'"},
        {"/it's", "'/it'\\''s'"},
        {"/$(x)`y`\\z", "'/$(x)`y`\\z'"},
        {"~/key", "'~/key'"},
        {"-k", "./-k"},
        {"-k k", "'./-k k'"},
        {"", "''"},
        {"/sch\xc3\xb6n", "'/sch\xc3\xb6n'"},
        {"/two\nlines", NULL},
        {"/\xff", NULL},
        {"/a path that is much too long for it", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char word[24] = "x";
        assert_int_equal(cg_file_shell_word(rows[i].path, word, sizeof word), rows[i].word != NULL);
        assert_string_equal(word, rows[i].word ? rows[i].word : "");
    }
}

static void names_user_and_fix(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make("secret", "x", 0600);
    assert_int_equal(mkdir(cg_scratch_path("closed"), 0700), 0);
    assert_int_equal(mkdir(cg_scratch_path("closed/inner"), 0755), 0);
    make("closed/inner/file", "x", 0644);
    make("fix", "", 0666);
    assert_int_equal(chmod(cg_scratch_path("fix"), 0666), 0);
    assert_int_equal(as_nobody(read_forbidden_file), 0);
    assert_int_equal(as_nobody(read_in_forbidden_folder), 0);
    /* How a package gives root's key to the broker: 0640 root:mosquitto */
    make("shared", "x", 0640);
    assert_int_equal(chown(cg_scratch_path("shared"), 0, NOBODY), 0);
    assert_int_equal(as_nobody(read_foreign_group_key), 0);
    make("lent", "x", 0640);
    assert_int_equal(chown(cg_scratch_path("lent"), NOBODY, OTHER_GROUP), 0);
    if (acls_work())
        assert_int_equal(as_nobody(read_key_of_other_group), 0);
}

static void makes_paths_beside(void **state)
{
    (void)state;
    static const struct {
        const char *base, *name, *path;
    } rows[] = {
        {"/etc/cg/policy.json", "ca.pem", "/etc/cg/ca.pem"},
        {"/etc/cg/policy.json", "/x/ca.pem", "/x/ca.pem"},
        {"policy.json", "ca.pem", "ca.pem"},
        {"/policy.json", "pki/ca.pem", "/pki/ca.pem"},
        {"a/b", "../c", "a/../c"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *path = cg_file_relative_to(rows[i].base, rows[i].name);
        assert_string_equal(path, rows[i].path);
        free(path);
    }
}

static bool collect(void *context, const char *path, struct cg_error *err)
{
    (void)err;
    char *out = context;
    snprintf(out + strlen(out), 256 - strlen(out), "%s ", strrchr(path, '/') + 1);
    return true;
}

static void visits_folders_in_order(void **state)
{
    (void)state;
    static const char *const suffixes[] = {".crl", ".pem", NULL};
    char names[256] = "";
    struct cg_error err = {""};
    assert_int_equal(mkdir(cg_scratch_path("crls"), 0755), 0);
    make("crls/b.crl", "", 0644);
    make("crls/a.pem", "", 0644);
    make("crls/.hidden.crl", "", 0644);
    make("crls/c.txt", "", 0644);
    make("crls/.crl", "", 0644);
    assert_true(cg_folder_visit(cg_scratch_path("crls"), suffixes, collect, names, &err));
    assert_string_equal(names, "a.pem b.crl ");
    assert_false(cg_folder_visit(cg_scratch_path("absent"), suffixes, collect, names, &err));
    assert_non_null(strstr(err.text, "cannot list the folder"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_files),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(names_the_missing_part_of_a_path),
        cmocka_unit_test(keeps_keys_private),
        cmocka_unit_test(names_user_and_fix),
        cmocka_unit_test(its_fix_makes_the_key_readable),
        cmocka_unit_test(its_fix_keeps_the_access_of_others),
        cmocka_unit_test(its_fix_opens_no_door),
        cmocka_unit_test(its_fix_follows_links),
        cmocka_unit_test(its_fix_is_not_all_where_files_are_renewed),
        cmocka_unit_test(its_fix_on_a_read_only_file_system_is_at_the_source),
        cmocka_unit_test(its_fix_is_complete_or_absent),
        cmocka_unit_test(writes_paths_for_sh),
        cmocka_unit_test(makes_paths_beside),
        cmocka_unit_test(visits_folders_in_order),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
