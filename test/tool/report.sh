#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# certguard report: what the page tells, that names cannot break out of it, that it is written whole, in constant memory.
. "$(dirname "$0")/report_lib.sh"

# a quiet page
: >empty
ok cg -C none report -o empty.html empty
grep -q 'No rejections in this time' empty.html || fail "an empty log is not told"

sample
ok cg --at "$at" -C ca report -o report.html --policy policy.json log.1.gz log
says 'Wrote report.html: 72 events, 61 rejections'
page_says() { grep -q -- "$1" report.html || fail "the page lacks: $1"; }
page_says '<b>61</b> rejected'
page_says '<b>7</b> accepted by audit mode only' # held back, and not refused
page_says '<code>expired</code></td><td class="n" data-label="Count">51</td>' # 10, and 41 that were held back
page_says '<code>certguard renew sensor1</code>'
page_says '>192.0.2.7</td>'
page_says '>2001:db8::1</td>'
page_says '<code>/etc/policy.json</code> at <time datetime="2026-11-20T08:00:00Z">'
page_says '>Act</span></td><td data-label="What">Changed files were rejected</td>'
page_says '>Broker: trust anchor</td>'
page_says 'lifetime_too_long' # the rule that the policy only audits
page_says '<summary>Text of the policy'
# the forecast: of sensor1 the newest certificate counts, not the one it replaced
[ "$(grep -c 'class="r" data-label="Renew"><code>certguard renew sensor1<' report.html)" = 1 ] || fail "sensor1 is not there once"
page_says '>device 1</td>' # who was seen connected

grep -q '<h2>Renewals' report.html && fail "renewals of nobody"

# renewals: what should have been renewed, what devices fetched, and what the last event of each shows
ok cg --at 2026-11-01T00:00:00Z -C late init --no-passphrase
for name in dev1 dev2 dev3 dev4; do ok cg --at 2026-11-01T00:00:00Z -C late issue client $name --lifetime 28d; done
for name in dev2 dev3 dev4; do ok cg --at 2026-11-01T00:00:00Z -C late renew $name; done
by_request late dev2 0002
by_request late dev3 0002 ',"confirmed":"2026-11-02T00:00:00Z"'
{
    event 2026-11-20T10:00:00.000Z renewal_requested '' 192.0.2.7:1 CN=waits waits
    event 2026-11-20T10:00:00.000Z renewal_requested '' 192.0.2.7:1 CN=refused refused
    event 2026-11-20T11:00:00.000Z renewal_refused renewal_key_not_new 192.0.2.7:1 CN=refused refused
    event 2026-11-20T10:00:00.000Z renewal_requested '' 192.0.2.7:1 CN=complete complete
    event 2026-11-20T11:00:00.000Z renewal_delivered '' 192.0.2.7:1 CN=complete complete
    event 2026-11-20T12:00:00.000Z renewal_confirmed '' 192.0.2.7:1 CN=complete complete
} >renewals
row_says() # NAME WORDS: in the row of this certificate
{
    tr -d '\n' <renewals.html | sed 's/<tr/\n&/g' | grep "State.*data-label=\"Certificate\">$1<" >row || fail "$1 is not in the report"
    [ "$(wc -l <row)" = 1 ] && grep -q -- "$2" row || fail "$1: expected $2: $(cat row)"
}
ok cg --at 2026-11-10T00:00:00Z -C late report -o renewals.html renewals
grep -q 'should have been renewed: 0. .*over MQTT: 2, 1 of them used' renewals.html || fail "the numbers are wrong"
row_says dev2 'The new certificate was not used yet'
for name in dev1 dev3 dev4 CN=complete; do
    grep -q "class=\"s\".*data-label=\"Certificate\">$name<" renewals.html && fail "$name is in the report"
done
row_says CN=waits 'class="watch".*The request waits for the CA.*<code>certguard requests<'
row_says CN=refused 'class="watch".*renewal_key_not_new.*make a new key'
ok cg --at 2026-11-27T00:00:00Z -C late report -o renewals.html renewals
grep -q 'should have been renewed: 4. .*over MQTT: 2, 1 of them used' renewals.html || fail "the numbers are wrong"
for name in dev2 dev3; do row_says $name 'class="act".*Should have been renewed. It ends on 2026-11-2[89].*Check that the device runs'; done
for name in dev1 dev4; do row_says $name '<code>certguard renew'; done

# no name is more than text: none of the markup that the logs try to bring in is there
tags=$(grep -o '<[a-zA-Z!/][^ >]*' report.html | sed 's/^<\/*//' | sort -u | tr '\n' ' ')
for tag in $tags; do
    case " !DOCTYPE html head meta title style body header main section footer h1 h2 h3 p ul li b span figure svg desc line text rect \
table caption thead tbody tr th td code pre time details summary " in
    *" $tag "*) ;;
    *) fail "the page has a tag <$tag>" ;;
    esac
done
[ "$(grep -o '<style' report.html | wc -l)" = 1 ] || fail "a style sheet was brought in"
grep -o '<[^>]*' report.html | grep -iE ' (on[a-z]+|src|href) *=' && fail "an attribute was brought in"
LC_ALL=C grep -q "$(printf '\342\200\256')" report.html && fail "a character that turns the direction of text"
page_says 'x\\xe2\\x80\\xaey' # it is shown escaped
grep -qE 'https?://' report.html && fail "the page names the network"
page_says "default-src 'none'; style-src 'unsafe-inline'"

# times: events outside are left out; wrong ones are told
ok cg --at "$at" -C none report -o day.html --since 2026-11-21 --until 2026-11-22 log
says ': 2 events, 2 rejections'
expect 64 cg report --since never log
expect 64 cg --json report log
ok cg -n -C none report -o never.html log
[ ! -e never.html ] || fail "a dry run wrote the page"
expect 1 cg -C none report -o kept.html missing
[ ! -e kept.html ] || fail "a page of a missing log"
cp report.html before.html
expect 1 cg -C none report -o report.html --policy missing log
cmp -s before.html report.html || fail "a failure changed the page"

# memory: many times the names cost hardly more than the bounded tables
many() # COUNT
{
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
        printf "{\"ts\":\"2026-11-2%d.000Z\",\"event\":\"handshake_rejected\",\"reason\":\"expired\",\"peer\":\"10.%d.%d.%d:1\",\"cert\":{\"subject\":\"CN=n%d\"}}\n",
            i % 10, i / 65536, i / 256 % 256, i % 256, i }' | sed 's/\.000Z/T10:00:00.000Z/'
}
many 60000 | cg -C none report -o many.html || fail "many names"
grep -q 'And [0-9]* rejections of more than 16[0-9]* others' many.html || fail "names beyond the table are not told"
[ "$(wc -c <many.html)" -lt 200000 ] || fail "the page grows with the log"
