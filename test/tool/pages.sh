#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The manual page and the completions: every verb and option is in them, and their readers accept them.
. "$(dirname "$0")/lib.sh"

for kind in man bash zsh fish; do
    ok "$PAGES" $kind
    mv out "page.$kind"
done
sed 's/\\-/-/g' page.man >plain.man
for verb in $(cg --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p'); do
    grep -q "certguard $verb " plain.man || fail "the manual lacks the verb $verb"
    for kind in bash zsh fish; do
        grep -q -w -- "$verb" page.$kind || fail "$kind lacks the verb $verb"
    done
    for option in $(cg "$verb" --help | sed -n 's/^  .* --\([a-z0-9-]*\).*/\1/p'); do
        grep -q -- "--$option" plain.man || fail "the manual lacks --$option of $verb"
        grep -q -- "--$option\[" page.zsh || fail "zsh lacks --$option of $verb"
        grep -q -- "--$option" page.bash || fail "bash lacks --$option of $verb"
        grep -q -- "-l $option " page.fish || fail "fish lacks --$option of $verb"
    done
done
if command -v man >/dev/null; then
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 page.man >/dev/null 2>warnings
    grep -v 'cannot adjust line\|can.t break line' warnings && fail "the manual page has errors"
fi
if command -v bash >/dev/null; then
    # what a person sees after the Tab key
    ok bash -c 'source ./page.bash; COMP_WORDS=(certguard re); COMP_CWORD=1; _certguard; echo "${COMPREPLY[@]}"'
    says "renew revoke"
    ok bash -c 'source ./page.bash; COMP_WORDS=(certguard issue client x --key-type p); COMP_CWORD=5; _certguard; echo "${COMPREPLY[@]}"'
    says "p256 p384"
    ok bash -c 'source ./page.bash; COMP_WORDS=(certguard issue br); COMP_CWORD=2; _certguard; echo "${COMPREPLY[@]}"'
    says "broker bridge"
    ok bash -c 'source ./page.bash; COMP_WORDS=(certguard help ro); COMP_CWORD=2; _certguard; echo "${COMPREPLY[@]}"'
    says "^rotate$"
fi
# ---- help and version, as verbs and as options ----
ok cg help
mv out verb
ok cg --help
cmp out verb || fail "help and --help differ"
ok cg help rotate
mv out verb
ok cg rotate --help
cmp out verb || fail "help rotate and rotate --help differ"
expect 64 cg help rotat
says 'did you mean "rotate"'
expect 64 cg help issue sign
ok cg version
mv out verb
ok cg --version
cmp out verb || fail "version and --version differ"
ok cg --json version
says '^{"version":"[0-9.]*","openssl_built":"[0-9.]*","openssl":"[0-9.]*"}$'
for shell in zsh fish; do
    command -v $shell >/dev/null && ok $shell -n page.$shell
done
echo "done"
