# The table at the top of docs/performance.md, from the numbers of all benchmarks that were run

function line(what, ours, theirs, ratio, part) {
    lines[++nlines] = sprintf("| %s | %s | %s | %s | `sh test/bench/run %s` |", what, ours, theirs, ratio, part)
}
function ms(value) { return value == "" ? "-" : value >= 100 ? sprintf("%.0f ms", value) : sprintf("%.3g ms", value) }
function share(value, base) { return base > 0 ? sprintf("%.1f %%", 100 * value / base) : "-" }

# connect, first: known and new devices, and the CRL
($1 == "connect" || $1 == "first") && $2 == "1.3" && $3 == "P-256" && $4 == 2 && !(($1, $5, $6) in cpu) {
    cpu[$1, $5, $6] = $7; turns[$1, $5, $6] = $11
}
function connection(what, kind, entries, server, base) {
    if ((kind, entries, server) in cpu && (kind, entries, base) in cpu)
        line("CPU per connection, " what, ms(cpu[kind, entries, server]), ms(cpu[kind, entries, base]), paired(turns[kind, entries, server], turns[kind, entries, base]), "connect")
}
function connections(    tickets) {
    tickets = "stock, nodelay, no tickets"
    connection("known device, default policy", "connect", 0, "certguard, default", tickets)
    connection("known device, all rules", "connect", 0, "certguard, all rules", tickets)
    connection("first contact, default policy", "first", 0, "certguard, default", tickets)
    connection("first contact, all rules", "first", 0, "certguard, all rules", tickets)
    connection("known device, default policy; stock with its tickets", "connect", 0, "certguard, default", "stock, nodelay")
    connection("CRL of a million entries", "connect", 1000000, "certguard, default", "stock, nodelay")
}

# instructions: known and new devices
$1 == "instructions" && $2 == "1.3" && $3 == "P-256" { counted[$6, $4] = $5 }
function instructions(what, kind, server,    base) {
    base = counted[kind, "stock, nodelay, no tickets"]
    if (base && counted[kind, server])
        line("Instructions per connection, " what, counted[kind, server] " thousand", base " thousand", share(counted[kind, server], base), "instructions")
}

# refused: the kinds in the order of their ratios
$1 == "refused" { refusal[$2, $3, $4] = $6; refusal_turns[$2, $3, $4] = $7 }
$1 == "refused" && $4 == "certguard, default" && pair($7, refusal_turns[$2, $3, "stock, nodelay"]) {
    for (i = ++kinds; i > 1 && kind_ratio[i - 1] > med; i--) { kind_ratio[i] = kind_ratio[i - 1]; kind[i] = kind[i - 1]; kind_text[i] = kind_text[i - 1] }
    kind_ratio[i] = med; kind_text[i] = percent(); kind[i] = $2 SUBSEP $3
}
function refused(what, i,    name) {
    split(kind[i], name, SUBSEP)
    line("CPU per refused client, " what ": " name[2] (name[1] == "-" ? "" : ", TLS " name[1]), ms(refusal[kind[i], "certguard, default"]), ms(refusal[kind[i], "stock, nodelay"]), kind_text[i], "refused")
}

$1 == "publish" { client[$3] = $4; client_turns[$3] = $5 }
$1 == "publish" && $3 == "certguard, default" && client["stock"] {
    publish[++npublish] = $2; publish_ours[npublish] = $4; publish_theirs[npublish] = client["stock"]
    publish_ratio[npublish] = paired($5, client_turns["stock"])
}

# storm: case, clients, server, round, s until the last client is back
$1 == "storm" { all_back[$2, $4] = all_back[$2, $4] (++storms_of[$2, $4] > 1 ? "," : "") $6; storm_clients = $3 }
function until_back(times,    s) { s = median(times); return sprintf("%s%.1f s", s < 60 ? "" : "over ", s) }
function storms(what, name,    ours, theirs) {
    ours = all_back[what, "certguard, default"]; theirs = all_back[what, "stock"]
    if (ours && theirs)
        line(storm_clients " clients reconnect at once, " name ", until the last one", until_back(ours), until_back(theirs), paired(ours, theirs), "storm")
}

$1 == "held" && $3 == "1.3" && $5 >= held_sessions { held_sessions = $5; held[$2 ~ /^stock/] = $6; held_text[$2 ~ /^stock/] = sprintf("%.2f KiB (%.2f-%.2f)", $6, $7, $8) }
$1 == "session" { session[$2 ~ /^stock/] = $3 }
$1 == "reload" { served[$2 ~ /^stock/] = $4 }
$1 == "sessions" && $3 ~ /one session/ && $2 >= live { live = $2; ended = $5 }
$1 == "idle" && $5 >= idle_files { idle_files = $5; idle_sessions = $3; idle[$2 ~ /^stock/] = $6 + $9 }

END {
    instructions("known device, default policy", "known", "certguard, default")
    instructions("known device, all rules", "known", "certguard, all rules")
    instructions("first contact, default policy", "first", "certguard, default")
    instructions("first contact, all rules", "first", "certguard, all rules")
    connections()
    if (kinds) { refused("median of all kinds", int((kinds + 1) / 2)); refused("worst kind", kinds) }
    for (i = 1; i <= npublish; i++) line("Median time of " publish[i], ms(publish_ours[i]), ms(publish_theirs[i]), publish_ratio[i], "publish")
    storms("cut", "connections cut"); storms("restart", "broker restarted")
    if (held[0]) line("Memory per live session", held_text[0], held_text[1], share(held[0], held[1]), "idle")
    else if (session[0]) line("Memory per live session", session[0] " KiB", session[1] " KiB", share(session[0], session[1]), "reload")
    if (served[0]) line("From the new file to the served certificate (stock: with SIGHUP)", ms(served[0]), ms(served[1]), share(served[0], served[1]), "reload")
    if (ended) line("From the revocation to the end of the session, " live " sessions", ms(ended), "never", "-", "sessions")
    if (idle[0] != "") line(sprintf("CPU of an idle broker, %d files, %d sessions", idle_files, idle_sessions), sprintf("%.3f %% of a core", idle[0] / 1e4), sprintf("%.3f %%", idle[1] / 1e4), "-", "idle")
    if (!nlines)
        exit
    print "\n| what | certguard | stock Mosquitto | certguard / stock | command |\n|---|---|---|---|---|"
    for (i = 1; i <= nlines; i++) print lines[i]
}
