# SVG charts from the numbers of bench_connect: bars of the CPU time per connection of all servers, and lines of the CPU time over
# the number of CRL entries. The colors follow the reader's light or dark theme.

$1 == "connect" && $2 == "1.3" && $3 == "P-256" && $4 == 2 {
    if ($5 == 0 && !($6 in bar)) { bar[$6] = $7; names[++n] = $6 }
    if ($5 == 0 || $5 > 0) {
        if (!(($6, $5) in line) && ($5 > 0 || ($6 in bar))) line[$6, $5] = $7
        if ($5 > 0 && !($5 in size_seen)) { size_seen[$5] = 1; size[++sizes] = $5 }
        if ($5 > 0 && !($6 in series_seen)) { series_seen[$6] = 1; series[++nseries] = $6 }
    }
    if ($7 > most && $5 == 0) most = $7
    if ($7 > most_crl) most_crl = $7
}

function log10(x) { return log(x) / log(10) }
function text(x, y, class, anchor, words) {
    gsub(/&/, "\\&amp;", words)
    printf "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">%s</text>\n", x, y, class, anchor, words
}
function human(x) { return x >= 1e6 ? x / 1e6 " M" : x >= 1e3 ? x / 1e3 " k" : x }

function bars(    i, y, w, ours) {
    text(20, 28, "head", "start", "CPU per connection, ms (TLS 1.3, P-256, all server processes)")
    for (i = 1; i <= n; i++) {
        y = 28 + 26 * i
        w = 420 * bar[names[i]] / most
        ours = names[i] ~ /certguard/ ? "ours" : "peer"
        text(210, y + 4, "label", "end", names[i])
        printf "<rect x=\"220\" y=\"%.1f\" width=\"%.1f\" height=\"16\" rx=\"2\" class=\"%s\"/>\n", y - 8, w, ours
        text(226 + w, y + 4, "label", "start", sprintf("%.2f", bar[names[i]]))
    }
}

function px(entries) { return 70 + 560 * (log10(entries) - 3) / 4 }
function py(ms) { return top + 220 - 220 * (log10(ms) - log10(0.5)) / (log10(most_crl * 1.3) - log10(0.5)) }

function lines(    i, j, d, c, tick, last) {
    top = 28 + 26 * n + 80
    text(20, top - 24, "head", "start", "CPU per connection, ms, over CRL entries (both axes logarithmic)")
    for (tick = 1; tick <= most_crl * 1.3; tick *= 10) {
        printf "<line x1=\"70\" x2=\"630\" y1=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>\n", py(tick), py(tick)
        text(62, py(tick) + 4, "label", "end", tick)
    }
    for (j = 1; j <= sizes; j++)
        text(px(size[j]), top + 242, "label", "middle", human(size[j]))
    for (i = 1; i <= nseries; i++) {
        c = series[i] ~ /certguard/ ? "ours" : "s" i
        d = ""
        for (j = 1; j <= sizes; j++)
            if ((series[i], size[j]) in line) {
                d = d sprintf("%s%.1f %.1f", d == "" ? "M" : " L", px(size[j]), py(line[series[i], size[j]]))
                last = size[j]
                printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" class=\"dot %s\"/>\n", px(last), py(line[series[i], last]), c
            }
        printf "<path d=\"%s\" class=\"line %s\"/>\n", d, c
        printf "<circle cx=\"%d\" cy=\"%.1f\" r=\"4\" class=\"dot %s\"/>\n", 20 + 165 * (i - 1), top + 266, c
        text(30 + 165 * (i - 1), top + 270, "label", "start", series[i])
    }
}

END {
    if (n == 0)
        exit
    height = 28 + 26 * n + 30 + (sizes > 1 ? 340 : 0)
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 %d\" width=\"720\" height=\"%d\" role=\"img\" aria-label=\"CPU per connection, certguard and its peers\">\n", height, height
    print "<style>"
    print "text { font: 12px system-ui, sans-serif; fill: #24292f } .head { font-weight: 600; font-size: 13px }"
    print ".peer { fill: #8c959f } .ours { fill: #0969da; stroke: #0969da } .grid { stroke: #d0d7de }"
    print ".line { fill: none; stroke-width: 2 } .s1 { fill: #8c959f; stroke: #8c959f } .s3 { fill: #bf8700; stroke: #bf8700 }"
    print ".s4 { fill: #8250df; stroke: #8250df } rect { stroke: none } path.line { fill: none }"
    print "@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } .ours { fill: #58a6ff; stroke: #58a6ff }"
    print ".peer, .s1 { fill: #7d8590; stroke: #7d8590 } .s3 { fill: #d29922; stroke: #d29922 } .s4 { fill: #a371f7; stroke: #a371f7 } path.line { fill: none } rect { stroke: none } }"
    print "</style>"
    bars()
    if (sizes > 1)
        lines()
    print "</svg>"
}
