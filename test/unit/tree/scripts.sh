#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Checks all shell scripts of the tree:  scripts.sh SOURCE_DIR
# If a user exports CDPATH, `cd` with a relative folder may change to another folder. It also prints the folder, so
# $(cd FOLDER && pwd) gives two lines. Each script must therefore unset CDPATH before its first cd.
set -u
unset CDPATH
. "$(dirname "$0")/../../lib/harness.sh"
root=$(cd "$1" && pwd) || exit 2
begin

# check FILE...: prints the first cd of each script that has not unset CDPATH before
check()
{
    awk '
        FNR == 1 { unset = 0; printed = 0 }
        /^ *unset ([A-Z_]+ )*CDPATH/ { unset = 1 }
        /^ *#/ || unset || printed { next }
        /(^|[;&|({`]|then|do|else)[ \t]*cd[ \t]+["$.\/~a-z-]/ { print FILENAME ":" FNR ": " $0; printed = 1 }' "$@"
}

# A test of this function
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
[ "$(wc -l <"$scratch/list")" -gt 80 ] || fail "found fewer than 80 scripts"
# shellcheck disable=SC2046 # names without spaces
check $(sort "$scratch/list") >"$scratch/found"
[ ! -s "$scratch/found" ] || fail "write \"unset CDPATH\" in these scripts, before the first cd: $(cat "$scratch/found")"
