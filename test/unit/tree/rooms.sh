#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The house has rooms: every folder of the source uses only the folders that "rooms" allows it, those have no loop, and no
# more have the files. A file is x.c with x.h; it uses another one whose header it includes, or whose functions or data.
#   rooms.sh SOURCE_DIR BUILD_DIR
set -u
unset CDPATH
rooms=$(cd "$(dirname "$0")" && pwd)/rooms
build=$(cd "$2" && pwd) || exit 2
cd "$1" || exit 2
scratch=$(mktemp -d "${CG_TEST_TMP:-/tmp}/rooms.XXXXXX") || exit 2
trap 'rm -rf "$scratch"' EXIT
bad=0
fail() { echo "FAILED: $*" >&2; bad=1; }

find plugin tools -name '*.[ch]' | sort >"$scratch/files"

# --- who uses whom: "user used why" ---
# includes LIST: of the files in it. A header stands in the folder of who includes it, or is named from plugin/ or tools/; the
# latter also as <HEADER>.
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
        else { print FILENAME " includes " header ", which there is not" >"/dev/stderr"; next }
        if (unit(header) != unit(FILENAME)) print unit(FILENAME), unit(header), "includes"
    }' "$1" $(cat "$1")
}

# It finds what it is for, and nothing else.
mkdir -p "$scratch/plugin/a" "$scratch/plugin/b"
: >"$scratch/plugin/a/near.h" >"$scratch/plugin/b/far.h"
printf '#include <stdio.h>\n#include "x.h"\n# include "near.h"\n#include <b/far.h>\n#include "../b/far.h"\n' >"$scratch/plugin/a/x.c"
printf '#include "b/far.h" /* a word */\n' >"$scratch/plugin/a/x.h"
found=$(cd "$scratch" && find plugin -type f | sort >probe && includes probe 2>lost)
[ "$found" = "plugin/a/x plugin/a/near includes
plugin/a/x plugin/b/far includes
plugin/a/x plugin/b/far includes" ] && grep -q '^plugin/a/x.c includes ../b/far.h' "$scratch/lost" || fail "it finds: $found"

includes "$scratch/files" >"$scratch/uses" 2>"$scratch/lost"
[ ! -s "$scratch/lost" ] || fail "$(cat "$scratch/lost")"
(cd "$build" && find plugin tools -name '*.c.o' | sort | xargs nm -A -P) | awk '
    NR == FNR { if (sub(/\.c$/, "")) known[$0]; next } # an object may be left of a file that is gone
    { file = $1; sub(/CMakeFiles\/[^\/]*\//, "", file); sub(/\.c\.o:$/, "", file) }
    !(file in known) { next }
    $3 == "U" { user[++n] = file; name[n] = $2 }
    $3 ~ /^[A-TV-Z]$/ { home[$2] = file }
    END { for (i = 1; i <= n; i++) if (name[i] in home && home[name[i]] != user[i]) print user[i], home[name[i]], "calls" }' \
    "$scratch/files" - >"$scratch/calls"
[ "$(wc -l <"$scratch/calls")" -gt 1000 ] || fail "no objects in $build: is it built?"
cat "$scratch/calls" >>"$scratch/uses"

# --- files have no loop ---
cut -d ' ' -f 1,2 "$scratch/uses" | sort -u | tsort >/dev/null 2>"$scratch/loops" ||
    fail "files use each other in a loop: $(sed -n 's/^tsort: \([a-z]*\/.*\)/\1/p' "$scratch/loops" | paste -sd ' ')"

# --- folders: FOLDER: FOLDER...  what a line may use; a name alone stands beside, others below plugin/ or tools/ ---
grep -v '^#' "$rooms" | awk -F ':' 'NF { print $1; split($2, used, " "); for (i in used) print $1, used[i] }' >"$scratch/rooms"
awk 'NF == 2' "$scratch/rooms" | tsort >/dev/null || fail "the folders of $rooms have a loop"
awk 'NR == FNR { allowed[$0]; next }
    {
        from = $1; sub(/\/[^\/]*$/, "", from)
        to = $2; sub(/\/[^\/]*$/, "", to)
        if (!(from in allowed)) print "no line for the folder " from
        else if (from != to && !(from " " to in allowed)) print $1 " " $3 " " $2 ": " from " may not use " to
    }' "$scratch/rooms" "$scratch/uses" | sort -u >"$scratch/wrong"
[ ! -s "$scratch/wrong" ] || fail "$(cat "$scratch/wrong")"
while read -r folder used; do
    [ -d "$folder" ] || fail "$rooms names $folder, which there is not"
    [ -z "$used" ] || awk -v from="$folder" -v to="$used" '
        { a = $1; b = $2; sub(/\/[^\/]*$/, "", a); sub(/\/[^\/]*$/, "", b) }
        a == from && b == to { found = 1; exit } END { exit !found }' "$scratch/uses" ||
        fail "$rooms lets $folder use $used, which it does not"
done <"$scratch/rooms"

[ "$bad" = 0 ] && echo "$(wc -l <"$scratch/files") files, $(awk 'NF == 1' "$scratch/rooms" | wc -l) folders, no loop"
exit "$bad"
