# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The sample of the report's tests: a CA, a policy, and logs whose names try to be markup.
. "$(dirname "$0")/lib.sh"
at=2026-11-25T00:00:00Z

event() # TIME EVENT REASON PEER SUBJECT CLIENT [MEMBERS]
{
    printf '{"ts":"%s","event":"%s","reason":"%s","listener":8883,"peer":"%s","cert":{"subject":"%s",' "$1" "$2" "$3" "$4" "$5"
    printf '"issuer":"CN=Home CA","serial":"1","not_after":"2026-12-10T00:00:00Z"},"client_id":"%s"%s}\n' "$6" "${7:-}"
}

sample() # makes ca, policy.json, log.1.gz, log
{
    cg --at "$at" -q -C ca init --name "Home CA" --no-passphrase 2>/dev/null || fail "init"
    cg --at "$at" -q -C ca issue client sensor1 --lifetime 20d 2>/dev/null || fail "issue"
    cg --at "$at" -q -C ca issue client sensor2 --lifetime 40d 2>/dev/null || fail "issue"
    cg --at "$at" -q -C ca renew sensor1 --force 2>/dev/null || cg --at "$at" -q -C ca renew sensor1 2>/dev/null || fail "renew"
    printf 'V\t261231000000Z\t\t0AFF\tunknown\t/CN=<script>top.hit=1</script>\n' >>ca/index.txt
    cat >policy.json <<'JSON'
{"trust": {"anchors": ["ca/ca.pem"], "crls": ["ca/crl.pem"]}, "rules": {"lifetime_too_long": "audit"},
 "deny": [{"serial": "1", "issuer": "CN=x", "note": "</pre><script>top.hit=1</script>"}]}
JSON
    for day in 1 2 3 4 5; do
        event "2026-11-1${day}T10:00:00.000Z" handshake_rejected expired 192.0.2.7:5000 CN=sensor1 ''
        event "2026-11-1${day}T11:00:00.000Z" handshake_rejected expired '[2001:db8::1]:5000' CN=sensor2 ''
    done | gzip >log.1.gz
    {
        printf '{"ts":"2026-11-20T08:00:00.000Z","event":"snapshot_loaded","policy":"/etc/policy.json","snapshot":2,"anchors":1,"crls":1}\n'
        printf '{"ts":"2026-11-20T11:00:00.000Z","event":"suppressed","reason":"expired","peer":"192.0.2.7","count":41}\n'
        printf '{"ts":"2026-11-20T11:30:00.000Z","event":"suppressed","reason":"expired","audit":true,"peer":"others","count":7}\n'
        printf '{"ts":"2026-11-20T12:00:00.000Z","event":"snapshot_rejected","reason":"policy_invalid","detail":"<i>bad</i>","file":"<a href=x>"}\n'
        event 2026-11-20T13:00:00.000Z handshake_accepted '' 192.0.2.9:1 CN=device1 'device 1'
        event 2026-11-21T01:00:00.000Z handshake_rejected untrusted 192.0.2.8:1 '<script>top.hit=1</script>' '<img src=x onerror=top.hit=1>'
        event 2026-11-21T02:00:00.000Z connect_denied client_id_mismatch '<b>:1' 'x\u202ey' '\"><svg onload=top.hit=1>'
        event 2026-11-22T01:00:00.000Z handshake_rejected '<u>made up' "'\\\" onmouseover=top.hit=1 x='" 'CN=\u0007&lt;' ''
        event 2026-11-22T02:00:00.000Z handshake_accepted '' 192.0.2.9:1 '</td></table><style>*{display:none}</style>' '<iframe src=//x>'
        for i in 1 2 3 4 5 6 7; do
            event "2026-11-23T0$i:00:00.000Z" handshake_rejected revoked 192.0.2.8:1 \
                "CN=$(head -c 250 /dev/zero | tr '\0' W)$i" "$(head -c 200 /dev/zero | tr '\0' M)"
        done
    } >log
}
