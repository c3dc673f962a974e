#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# certguard report in a real browser, headless: nothing of hostile names becomes markup or runs, the page is readable in
# light and dark, and nowhere wider than a phone's screen. Skipped (77) where there is no Chromium.
# CG_KEEP_SHOTS=FOLDER keeps pictures of it.
. "$(dirname "$0")/report_lib.sh"
chromium=$(command -v chromium) || skip "no chromium (sh tools/install-deps browser)"

sample
ok cg --at "$at" -q -C ca report -o report.html --policy policy.json log.1.gz log

# A page that shows the report at five widths, and then tells what it sees in it.
cat >look.html <<'HTML'
<!DOCTYPE html><meta charset="utf-8"><pre id="told"></pre>
<script>
const told = [];
let waiting = 0;
for (const width of [320, 360, 768, 900, 1280]) {
    const frame = document.createElement("iframe");
    frame.style = "border:0;height:700px;width:" + width + "px";
    frame.src = "report.html";
    waiting++;
    frame.onload = () => {
        const page = frame.contentDocument, root = page.documentElement;
        for (const part of page.querySelectorAll("details")) part.open = true;
        const all = [...page.querySelectorAll("*")];
        const outside = all.filter(e => e.closest("caption,thead,svg") === null && e.getBoundingClientRect().right > width + 0.5);
        told.push(width, "overflow", Math.max(root.scrollWidth, page.body.scrollWidth) - width, "outside", outside.length,
            "scripts", page.scripts.length, "loaded", page.querySelectorAll("img,iframe,object,embed,link,video,audio,[src],[href]").length,
            "handlers", all.filter(e => [...e.attributes].some(a => a.name.startsWith("on"))).length,
            "hit", String(window.hit), "charts", page.querySelectorAll("svg[role=img] > title + desc").length,
            "bars", page.querySelectorAll("svg rect[width]").length > 3, "tables", page.querySelectorAll("details table").length,
            "background", getComputedStyle(page.body).backgroundColor, "title", page.title, "\n");
        if (--waiting === 0) document.getElementById("told").textContent = told.join(" ");
    };
    document.body.append(frame);
}
</script>
HTML
browse() # FLAGS... PAGE
{
    HOME=$work XDG_CONFIG_HOME=$work/config XDG_CACHE_HOME=$work/cache timeout 120 "$chromium" --headless --no-sandbox \
        --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update \
        --disable-sync --user-data-dir="$work/profile" --allow-file-access-from-files --hide-scrollbars "$@" 2>browser.err
}
look() # FLAGS: what was told is in the file told
{
    browse "$@" --dump-dom "file://$work/look.html" >dom || fail "the browser: $(tail -n 3 browser.err)"
    sed -n '/<pre id="told">/,/<\/pre>/p' dom | sed 's/<[^>]*>//g' | grep '[0-9]' >told
}
expected="overflow 0 outside 0 scripts 0 loaded 0 handlers 0 hit undefined charts 2 bars true tables 2 background"

look
[ "$(grep -c "$expected rgb(246, 247, 249) title certguard report" told)" = 5 ] || fail "light: $(cat told)"
look --blink-settings=preferredColorScheme=0
[ "$(grep -c "$expected rgb(18, 22, 29) title" told)" = 5 ] || fail "dark: $(cat told)"

if [ -n "${CG_KEEP_SHOTS:-}" ]; then
    for width in 360 1280; do
        printf '<body style="margin:0"><iframe src="report.html" style="border:0;width:%spx;height:6000px"></iframe>' $width >shot.html
        browse --window-size=1280,6000 --screenshot="$CG_KEEP_SHOTS/light-$width.png" "file://$work/shot.html" >/dev/null
        browse --window-size=1280,6000 --blink-settings=preferredColorScheme=0 \
            --screenshot="$CG_KEEP_SHOTS/dark-$width.png" "file://$work/shot.html" >/dev/null
    done
fi
echo "done"
