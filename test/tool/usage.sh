#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Wrong usage ends with 64, whichever verb it is and wherever the mistake is found, and changes nothing. needs-renewal ends
# with 255, because ExecCondition of systemd takes 64 for "not due". The verbs and their options come from --help.
. "$(dirname "$0")/lib.sh"
unset CDPATH

ok cg -C ca init --no-passphrase
ok cg -C ca issue client one
ok cg -C ca backup ca.tar
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=three -keyout three.key -out three.csr 2>/dev/null
find . -type f ! -name out ! -name err ! -name files | sort >files

# the arguments with which a verb runs, and which one it lacks
arguments()
{
    case $1 in
    issue) echo "client two" ;;
    sign) echo three.csr ;;
    renew | rotate | deploy | revoke | show | inspect | needs-renewal) echo one ;;
    export) echo "one --pem one.pem" ;;
    backup) echo new.tar ;;
    restore) echo ca.tar ;;
    import) echo nowhere ;;
    check) echo "ca/live/one/cert.pem --trust ca/ca.pem" ;;
    lint) echo ca/ca.pem ;;
    log | report) echo log.jsonl ;;
    status) echo broker.lan --as one ;;
    esac
}

# wrong VERB ARGUMENT...
wrong()
{
    case $1 in
    needs-renewal) code=255 ;;
    *) code=64 ;;
    esac
    expect $code cg -C ca "$@"
    says "See: certguard"
    mistakes=$((mistakes + 1))
}

# a value that an option with this argument does not take; none: every text is one
bad_value()
{
    case $1 in
    DURATION) echo soon ;;
    TIME) echo yesterday ;;
    N | NUMBER | SECONDS | PORT) echo many ;;
    PERCENT) echo most ;;
    CODE) echo no_such_reason ;;
    HOST:PORT) echo '[::1' ;;
    TYPE:NAME) echo nonsense ;;
    OID) echo 1.x ;;
    URL) echo http://example.org ;;
    CC) echo Germany ;;
    DOMAIN) echo no_domain- ;;
    NETWORK) echo 300.1.1.1/99 ;;
    MODE) echo 0777 ;;
    *'|'*) echo none-of-them ;;
    esac
}

mistakes=0 values=0
cg --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' >verbs
[ "$(wc -l <verbs)" -gt 20 ] || fail "too few verbs"
while read -r verb; do
    args=$(arguments "$verb")
    wrong "$verb" --no-such-option
    wrong "$verb" -x
    cg "$verb" --help | grep ^Usage | grep -q '\.\.\.' || wrong "$verb" a b c d e
    case $verb in
    init | crl | config | passwd | list | prune | install-units | doctor | help | version | log | report) ;; # need none
    *) wrong "$verb" ;;
    esac
    cg "$verb" --help | sed -n 's/^  \(-.,\|   \) --\([a-z0-9-]*\) *\([^ ]*\).*/\2 \3/p' >options
    [ "$(wc -l <options)" -gt 8 ] || fail "$verb: too few options"
    cg "$verb" --help | sed -n 's/^  \(-.,\|   \) --\([a-z0-9-]*\) [^ ].*/\2/p' >with_value
    while read -r option argument; do
        if ! grep -qx -- "$option" with_value; then
            # shellcheck disable=SC2086 # the words of the arguments
            wrong "$verb" $args --"$option"=x
            continue
        fi
        # shellcheck disable=SC2086
        wrong "$verb" $args --"$option"
        value=$(bad_value "$argument")
        [ -n "$value" ] || continue
        values=$((values + 1))
        # shellcheck disable=SC2086
        wrong "$verb" $args --"$option" "$value"
    done <options
done <verbs
wrong no-such-verb
wrong issue client "no name"
wrong issue client two --cps https://example.org # needs --policy-oid
wrong sign three.csr --name -x
for verb in "renew ../x" "renew one .x" "rotate ../x" "deploy a/b" "export ../x --pem x.pem"; do
    # shellcheck disable=SC2086 # verb and arguments
    wrong $verb
done
wrong export one --pem=
wrong export one --pem same --header same
wrong list -C ''
wrong status '[::1'
find . -type f ! -name out ! -name err ! -name files ! -name verbs ! -name options ! -name with_value | sort |
    diff files - || fail "wrong usage changed something"
# an unknown name is no wrong usage
expect 1 cg -C ca revoke nobody
expect 2 cg -C ca needs-renewal nobody
[ $mistakes -gt 400 ] && [ $values -gt 60 ] || fail "only $mistakes mistakes, $values values"
echo "$mistakes mistakes, $values of them values"
