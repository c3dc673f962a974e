#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What every shell script of the tree keeps to:  scripts.sh SOURCE_DIR
# A user may export CDPATH; then `cd` of a relative folder may go elsewhere, and prints where, so that $(cd FOLDER && pwd)
# gives two lines. So each script that changes the folder unsets it before.
set -u
unset CDPATH
. "$(dirname "$0")/../../lib/harness.sh"
root=$(cd "$1" && pwd) || exit 2
begin

# check FILE...: the places where a script changes the folder, and has not unset CDPATH before
check()
{
    awk '
        FNR == 1 { unset = 0; told = 0 }
        /^ *unset ([A-Z_]+ )*CDPATH/ { unset = 1 }
        /^ *#/ || unset || told { next }
        /(^|[;&|({`]|then|do|else)[ \t]*cd[ \t]+["$.\/~a-z-]/ { print FILENAME ":" FNR ": " $0; told = 1 }' "$@"
}

# The check finds what it is for, and nothing else.
# shellcheck disable=SC2016 # a line of a script
printf '#!/bin/sh\nhere=$(cd "$(dirname "$0")" && pwd)\n' >bad1
printf '#!/bin/sh\nset -eu\nif true; then cd ..; fi\n' >bad2
printf '#!/bin/sh\ncd /tmp\nunset CDPATH\n' >bad3
# shellcheck disable=SC2016
printf '#!/bin/sh\nunset CDPATH\ncd "$1"\n' >good1
printf '#!/bin/sh\n# cd there\necho "abcd ef"\nunset A CDPATH\n(cd x)\n' >good2
found=$(check bad1 bad2 bad3 good1 good2 | cut -d: -f1 | tr '\n' ' ')
[ "$found" = "bad1 bad2 bad3 " ] || fail "the check finds: $found"

cd "$root" || exit 2
find . \( -name build -o -name .git \) -prune -o -type f -exec awk '
    FNR == 1 && (/^#!.*[\/ ](ba|da)?sh( |$)/ || FILENAME ~ /[.]sh$/) { print FILENAME }
    { nextfile }' {} + >"$scratch/list"
[ "$(wc -l <"$scratch/list")" -gt 80 ] || fail "where are the scripts?"
# shellcheck disable=SC2046 # names of ours, without blanks
check $(sort "$scratch/list") >"$scratch/found"
[ ! -s "$scratch/found" ] || fail "write \"unset CDPATH\" in these scripts, before the first cd: $(cat "$scratch/found")"
