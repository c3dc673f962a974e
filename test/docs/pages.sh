#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Manuals and pages against the source: pages.sh SOURCE BUILD. Nothing named that is not there, nothing left out, no link
# to nowhere, and the pages please their reader.
set -u
. "$(dirname "$0")/../lib/harness.sh"
at_failure=continue
source=$1 build=$2

# in_table FILE TERM: the first column of one of its tables names it
in_table() {
    grep -q "^| [^|]*\`$2[ \`]" "$source/docs/$1"
}

# ---- events: kinds and fields, both ways ----
names=$(sed -n 's/^ *\[CG_EVENT_[A-Z_]*\] = {"\([a-z_]*\)".*/\1/p' "$source/plugin/broker/event/event.c" | grep -vx none)
[ "$(echo "$names" | wc -l)" -gt 10 ] || fail "event.c has no table of events any more"
for name in $names; do
    in_table events.md "$name" || fail "docs/events.md lacks the event $name"
done
fields=$(sed -n 's/.*cg_json_[a-z_]*(&*json, "\([a-z_0-9]*\)".*/\1/p' "$source/plugin/broker/event/event_json.c" | sort -u)
[ "$(echo "$fields" | wc -l)" -gt 20 ] || fail "event_json.c writes no fields any more"
for field in $fields; do
    grep -q "\`$field\`" "$source/docs/events.md" || fail "docs/events.md lacks the field $field"
done
for term in $(sed -n '/^## Fields/,/^## Floods/s/^| \(`[^|]*\) *|.*/\1/p' "$source/docs/events.md" | tr -d '`,'); do
    echo "$names $fields" | tr ' ' '\n' | grep -qx -- "$term" || fail "docs/events.md tells of $term, which nothing writes"
done

# ---- options of the plugin ----
options=$(sed -n 's/^ *{"\([a-z_]*\)", offsetof.*/\1/p' "$source/plugin/broker/host/options.c")
[ -n "$options" ] || fail "options.c has no table of options any more"
for option in $options; do
    in_table plugin.md "plugin_opt_$option" || fail "docs/plugin.md lacks plugin_opt_$option"
done

# ---- reason codes that are named anywhere exist ----
for code in $(sed -n 's/.*(reasons.md#\([a-z_]*\)).*/\1/p' "$source"/docs/*.md "$source"/*.md); do
    grep -q "^### \`$code\`" "$source/docs/reasons.md" || fail "a manual names the reason $code, which there is not"
done

# ---- one version ----
version=$(sed -n 's/^project(certguard VERSION \([0-9.]*\).*/\1/p' "$source/CMakeLists.txt")
grep -q "^## $version\(,\|$\)" "$source/CHANGELOG.md" || fail "CHANGELOG.md has no section of version $version"
sed -n 1p "$source/debian/changelog" | grep -qF "certguard ($version) " ||
    fail "the first line of debian/changelog is not of version $version"

# ---- links inside the tree, to files and headings ----
# anchors FILE: the anchors that GitHub gives its headings
anchors() {
    sed -n '/^```/,/^```/!s/^#\{1,6\} //p' "$1" | tr '[:upper:]' '[:lower:]' | sed "s/[^a-z0-9 _-]//g; s/ /-/g"
}
# link FILE TARGET: FILE[#ANCHOR] as seen from the folder of FILE
link() {
    file=${2%%#*}
    file=$(dirname "$1")/${file:-$(basename "$1")}
    [ -e "$file" ] || { fail "$1 links to $2, which does not exist"; return; }
    case $2 in *'#'*) anchors "$file" | grep -qx -- "${2#*#}" || fail "$1 links to $2, but there is no such heading" ;; esac
}
for page in "$source"/*.md "$source"/docs/*.md; do
    for target in $(grep -o '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//' | grep -v '^[a-z]*:'); do
        link "$page" "$target"
    done
done

# ---- the pages ----
pages=$(ls "$build"/docs/*.[1-8] "$build"/tools/*.1)
[ "$(echo "$pages" | wc -l)" -ge 6 ] || fail "pages are missing below $build: $pages"
for page in $pages; do
    grep -q '^\.SH "*NAME' "$page" || fail "$page has no name"
    if command -v mandoc >/dev/null; then
        # pages carry the version, no date: the same source makes the same page on any day
        mandoc -T lint "$page" | grep -E 'WARNING|ERROR|UNSUPP' | grep -v 'missing date' && fail "$page: see above"
    fi
    if command -v man >/dev/null; then
        LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=120 man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null |
            grep -v "cannot adjust line\|can.t break line" && fail "$page: see above"
    fi
done
command -v mandoc >/dev/null || command -v man >/dev/null || echo "no reader of manual pages here: not read"
[ "$failures" = 0 ] && echo "done"
