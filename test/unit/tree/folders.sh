#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Every folder of the source uses only the folders that the table "folders" allows, and neither folders nor files depend on each
# other in a loop. A file (x.c with x.h) uses another file if it includes its header or uses its functions or data.
#   folders.sh SOURCE_DIR BUILD_DIR
set -u
unset CDPATH
table=$(cd "$(dirname "$0")" && pwd)/folders
build=$(cd "$2" && pwd) || exit 2
cd "$1" || exit 2
scratch=$(mktemp -d "${CG_TEST_TMP:-/tmp}/folders.XXXXXX") || exit 2
trap 'rm -rf "$scratch"' EXIT
bad=0
fail() { echo "FAILED: $*" >&2; bad=1; }

find plugin tools -name '*.[ch]' | sort >"$scratch/files"

# --- uses: lines "user used verb" ---
# includes LIST: prints the includes of the files in LIST. A header is in the folder of the including file, or is named from
# plugin/ or tools/, also as <HEADER>.
includes() {
    # shellcheck disable=SC2046
    awk '
    function unit(file) { sub(/\.[ch]$/, "", file); return file }
    NR == FNR { known[$0]; next }
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "") {
        angled = /^</
        header = $0; sub(/^["<]/, "", header); sub(/[">].*/, "", header)
        folder = FILENAME; sub(/[^\/]*$/, "", folder)
        if (!angled && folder header in known) header = folder header
        else if ("plugin/" header in known) header = "plugin/" header
        else if ("tools/" header in known) header = "tools/" header
        else if (angled) next
        else { print FILENAME " includes " header ", which does not exist" >"/dev/stderr"; next }
        if (unit(header) != unit(FILENAME)) print unit(FILENAME), unit(header), "includes"
    }' "$1" $(cat "$1")
}

# A test of this function
mkdir -p "$scratch/plugin/a" "$scratch/plugin/b"
: >"$scratch/plugin/a/near.h" >"$scratch/plugin/b/far.h"
printf '#include <stdio.h>\n#include "x.h"\n# include "near.h"\n#include <b/far.h>\n#include "../b/far.h"\n' >"$scratch/plugin/a/x.c"
printf '#include "b/far.h" /* a word */\n' >"$scratch/plugin/a/x.h"
found=$(cd "$scratch" && find plugin -type f | sort >probe && includes probe 2>missing)
[ "$found" = "plugin/a/x plugin/a/near includes
plugin/a/x plugin/b/far includes
plugin/a/x plugin/b/far includes" ] && grep -q '^plugin/a/x.c includes ../b/far.h' "$scratch/missing" || fail "includes finds: $found"

includes "$scratch/files" >"$scratch/uses" 2>"$scratch/missing"
[ ! -s "$scratch/missing" ] || fail "$(cat "$scratch/missing")"
(cd "$build" && find plugin tools -name '*.c.o' | sort | xargs nm -A -P) | awk '
    NR == FNR { if (sub(/\.c$/, "")) known[$0]; next } # skips objects of files that were deleted
    { file = $1; sub(/CMakeFiles\/[^\/]*\//, "", file); sub(/\.c\.o:$/, "", file) }
    !(file in known) { next }
    $3 == "U" { user[++n] = file; name[n] = $2 }
    $3 ~ /^[A-TV-Z]$/ { home[$2] = file }
    END { for (i = 1; i <= n; i++) if (name[i] in home && home[name[i]] != user[i]) print user[i], home[name[i]], "calls" }' \
    "$scratch/files" - >"$scratch/calls"
[ "$(wc -l <"$scratch/calls")" -gt 1000 ] || fail "too few object files in $build; build it first"
cat "$scratch/calls" >>"$scratch/uses"

# --- files have no loop ---
cut -d ' ' -f 1,2 "$scratch/uses" | sort -u | tsort >/dev/null 2>"$scratch/loops" ||
    fail "files use each other in a loop: $(sed -n 's/^tsort: \([a-z]*\/.*\)/\1/p' "$scratch/loops" | paste -sd ' ')"

# --- folders follow the table ---
grep -v '^#' "$table" | awk -F ':' 'NF { print $1; split($2, used, " "); for (i in used) print $1, used[i] }' >"$scratch/folders"
awk 'NF == 2' "$scratch/folders" | tsort >/dev/null || fail "the folders in $table have a loop"
awk 'NR == FNR { allowed[$0]; next }
    {
        from = $1; sub(/\/[^\/]*$/, "", from)
        to = $2; sub(/\/[^\/]*$/, "", to)
        if (!(from in allowed)) print "the table has no line for the folder " from
        else if (from != to && !(from " " to in allowed)) print $1 " " $3 " " $2 ": " from " may not use " to
    }' "$scratch/folders" "$scratch/uses" | sort -u >"$scratch/wrong"
[ ! -s "$scratch/wrong" ] || fail "$(cat "$scratch/wrong")"
while read -r folder used; do
    [ -d "$folder" ] || fail "$table names the folder $folder, which does not exist"
    [ -z "$used" ] || awk -v from="$folder" -v to="$used" '
        { a = $1; b = $2; sub(/\/[^\/]*$/, "", a); sub(/\/[^\/]*$/, "", b) }
        a == from && b == to { found = 1; exit } END { exit !found }' "$scratch/uses" ||
        fail "$table allows $folder to use $used, but it does not use it"
done <"$scratch/folders"

[ "$bad" = 0 ] && echo "$(wc -l <"$scratch/files") files, $(awk 'NF == 1' "$scratch/folders" | wc -l) folders, no loop"
exit "$bad"
