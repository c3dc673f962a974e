#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Plain English: words.sh SOURCE BUILD. Pages, manuals, help texts, messages, configuration files and comments use none of the
# words in the list "words".
set -u
. "$(dirname "$0")/../lib/harness.sh"
at_failure=continue
source=$1 build=$2
begin

# find_word EXPRESSION FILE...: prints the lines that contain it, but for the table of old names in CHANGELOG.md
find_word() {
    expression=$1
    shift
    grep -nwiE -- "$expression" "$@" /dev/null | grep -v '/CHANGELOG.md:[0-9]*:| '
}

# ---- the search works ----
printf 'The policy before TELLS you.\n' >sample
for word in tells 'the (policy|file) before' 'tells?|told'; do
    find_word "$word" sample >found || fail "the search does not find: $word"
done
find_word tell sample >found && fail "the search finds parts of words"

# ---- the words ----
grep -v '^#' "$here/words" >rows
count=$(wc -l <rows)
[ "$count" -gt 20 ] || fail "the list has only $count rows"
files=$(find "$source"/plugin "$source"/tools "$source"/conf "$source"/docs "$source"/*.md -type f ! -name '*.svg')
pages=$(ls "$build"/docs/*.[1-8] "$build"/tools/*.1)
while read -r line; do
    # shellcheck disable=SC2086 # names without spaces
    if find_word "${line% | *}" $files $pages >found; then
        sed "s|^$source/||" found >&2
        fail "$(wc -l <found) lines above: write \"${line##* | }\" or similar in place of: ${line% | *}"
    fi
done <rows
[ "$failures" = 0 ]
