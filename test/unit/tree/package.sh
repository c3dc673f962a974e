#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# tools/package packages the files of the project and no others, and refuses what would make incomplete packages. The programs
# that build are replaced: dpkg-buildpackage only lists the source.  package.sh SOURCE_DIR
set -u
unset CDPATH
. "$(dirname "$0")/../../lib/harness.sh"
root=$(cd "$1" && pwd) || exit 2
begin
show_failure() { cat out; }
command -v git >/dev/null && git -c safe.directory="$root" -C "$root" ls-files -z >list || skip "not a git clone"

mkdir bin
for program in dpkg dpkg-shlibdeps dh file cmake ninja; do printf '#!/bin/sh\necho amd64\n' >"bin/$program"; done
printf '#!/bin/sh\necho 1\n' >bin/dpkg-parsechangelog
# shellcheck disable=SC2016
printf '#!/bin/sh\nfind . -type f | sort >"$CG_LIST"\nexit 1\n' >bin/dpkg-buildpackage
chmod +x bin/*
PATH=$PWD/bin:$PATH
export PATH CG_LIST="$scratch/packaged" CG_ROOT=1 # as in a clean root: nothing is installed

# The name contains a blank and a quote.
copy="$scratch/a b'c"
mkdir "$copy"
(cd "$root" && tar -c --null -T "$scratch/list") | tar -x -C "$copy"
(cd "$copy" && find . -type f | sort) >expected
mkdir -p "$copy/quickstart/ca" "$copy/build-release" "$copy/my ca"
for file in quickstart/ca/root.key build-release/broker.key "my ca/root.key" private.pem; do echo secret >"$copy/$file"; done

# package TEXT: it must fail with this text
package() {
    rm -f packaged
    if sh "$copy/tools/package" >out 2>&1; then fail "it succeeded"; fi
    grep -q "^package: $1" out || fail "no message: $1"
}
package 'the build failed; see .*/build/package/build.log'
cmp expected packaged >>out 2>&1 || fail "without git, the source is not the files of the project: $(diff expected packaged)"

if [ "$(id -u)" != 0 ]; then
    chmod 0 "$copy/docs"
    package 'cannot read all files of the project in docs'
    chmod 755 "$copy/docs"
fi

git -c init.defaultBranch=main init -q "$copy"
git -C "$copy" --literal-pathspecs add --pathspec-from-file=../list --pathspec-file-nul
package 'the build failed'
cmp expected packaged >>out 2>&1 || fail "in a clone, the source is not the files of the project: $(diff expected packaged)"

mv "$copy/LICENSE" .
package 'cannot read all files of the project'
[ ! -e packaged ] || fail "a source without a file was built"
mv LICENSE "$copy"

(flock 9 && package 'another run uses ') 9<"$copy/build/package" || exit 1
(export SOURCE_DATE_EPOCH=yesterday && package "SOURCE_DATE_EPOCH is 'yesterday'") || exit 1

rm "$copy/.git/HEAD"
package 'git cannot list the files'
[ ! -e packaged ] || fail "a source without a list of its files was built"
