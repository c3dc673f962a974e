# Markdown tables from the tab-separated numbers of the benchmarks, with one block of rules per benchmark

function ratio(value, base) { return base > 0 ? sprintf("%.1f %%", 100 * value / base) : "-" }

# connect: a table for each TLS version, key, chain and CRL, with the ratios to two stock rows. first: the same, without CRL
$1 == "connect" || $1 == "first" {
    table = $2 "\t" $3 "\t" $4 "\t" $5 "\t" $1
    if (!(table in rows)) order[++tables] = table
    if ($5 == 0 && seen[table, $6]++) { # the run with an empty CRL: only for the CRL table
        crl_first[$6] = $7
        next
    }
    rows[table]++
    name[table, rows[table]] = $6
    cpu[table, $6] = $7; p50[table, $6] = $8; p99[table, $6] = $9; rss[table, $6] = $10; turns[table, $6] = $11
    if ($5 > 0) {
        if (!($5 in crl_seen)) { crl_seen[$5] = 1; crl_size[++crl_sizes] = $5 }
        if (!($6 in crl_name_seen)) { crl_name_seen[$6] = 1; crl_name[++crl_names] = $6 }
    }
}

function connect_table(table,    parts, i, n, base, base2) {
    split(table, parts, "\t")
    base = turns[table, "stock, nodelay"]
    base2 = turns[table, "stock, nodelay, no tickets"]
    printf "\n| %sTLS %s, %s, chain of %d | CPU per connection, ms | vs. stock, nodelay | vs. stock without tickets | p50, ms | p99, ms | resident, MiB |\n", parts[5] == "first" ? "first contact, " : "", parts[1], parts[2], parts[3]
    print "|---|---|---|---|---|---|---|"
    for (i = 1; i <= rows[table]; i++) {
        n = name[table, i]
        printf "| %s | %.3f | %s | %s | %.2f | %.2f | %.1f |\n", n, cpu[table, n], paired(turns[table, n], base), paired(turns[table, n], base2), p50[table, n], p99[table, n], rss[table, n] / 1024
    }
}

function crl_tables(    i, j, line, rule, t) {
    if (!crl_sizes)
        return
    line = "| CPU per connection, ms (resident, MiB) | no entry |"; rule = "|---|---|"
    for (j = 1; j <= crl_sizes; j++) { line = line " " human(crl_size[j]) " entries |"; rule = rule "---|" }
    printf "\n%s\n%s\n", line, rule
    for (i = 1; i <= crl_names; i++) {
        line = sprintf("| %s | %.3f |", crl_name[i], crl_first[crl_name[i]])
        for (j = 1; j <= crl_sizes; j++) {
            t = "1.3\tP-256\t2\t" crl_size[j] "\tconnect"
            line = line ((t, crl_name[i]) in cpu ? sprintf(" %.3f (%.0f) |", cpu[t, crl_name[i]], rss[t, crl_name[i]] / 1024) : " - |")
        }
        print line
    }
}

$1 == "instructions" {
    if (!instructions++) {
        print "\n| one connection under callgrind | instructions, thousands | vs. stock, nodelay | vs. stock without tickets |"
        print "|---|---|---|---|"
    }
    if ($2 $6 != last_client) { last_client = $2 $6; stock = plain = 0 }
    if ($4 == "stock, nodelay") stock = $5
    if ($4 == "stock, nodelay, no tickets") plain = $5
    client = $6 == "first" ? "first contact" : $6 == "known" ? "known device" : "refused, " $6
    printf "| TLS %s, %s, %s: %s | %d | %s | %s |\n", $2, $3, client, $4, $5, ratio($5, stock), ratio($5, plain)
}

# refused: TLS, kind, server, share accepted, CPU ms, rounds; a row for each kind, when its last server is read
$1 == "refused" {
    kind = $2 "\t" $3
    ms[kind, $4] = $6; turns[kind, $4] = $7
    lets_in[kind] = lets_in[kind] || $5 > 0
    if ($4 != "certguard, default")
        next
    if (!refusals++) {
        print "\n| refused client | TLS | stock, CPU ms | certguard, CPU ms | vs. stock, nodelay | vs. stock without tickets |"
        print "|---|---|---|---|---|---|"
    }
    printf "| %s%s | %s | %.3f | %.3f | %s | %s |\n", $3, lets_in[kind] ? " (stock accepts it)" : "", $2, ms[kind, "stock, nodelay"], $6, paired($7, turns[kind, "stock, nodelay"]), paired($7, turns[kind, "stock, nodelay, no tickets"])
}

# publish: client, server, ms, connections
$1 == "publish" {
    if (!clients++) {
        print "\n| client | server | median, ms | vs. stock |"
        print "|---|---|---|---|"
    }
    if ($3 == "stock") stock_turns = $5
    printf "| %s | %s | %s | %s |\n", $2, $3, $4, paired($5, stock_turns)
}

# rules: part of the policy, CPU ms, p50 ms, KiB, rounds; the first row is the base of the ratios
$1 == "rules" {
    if (!nrules++) {
        print "\n| policy contains | CPU per connection, ms | vs. first row | p50, ms | resident, MiB |"
        print "|---|---|---|---|---|"
        least = $6
    }
    printf "| %s | %.3f | %s | %.2f | %.1f |\n", $2, $3, paired($6, least), $4, $5 / 1024
}

$1 == "reload" {
    if (!reloads++) {
        print "\n| new certificate | rotations | time until served, median, ms | maximum, ms | longest round trip while idle, ms | while reloading, ms |"
        print "|---|---|---|---|---|---|"
    }
    printf "| %s | %d | %s | %s | %s | %s |\n", $2 ($2 ~ /stock/ ? " and SIGHUP" : ", automatic reload"), $3, $4, $5, $6, $7
}
$1 == "session" { sessions[++nsessions] = sprintf("| %s | %s |", $2, $3); kib[nsessions] = $3 }

$1 == "sessions" {
    if (!rounds++) {
        print "\n| live sessions | event | sessions ended | time, ms | longest round trip during that time, ms |"
        print "|---|---|---|---|---|"
    }
    printf "| %d | %s | %d | %s | %s |\n", $2, $3, $4, $5, $6
}

# crl_live: server, entries, MB of DER, s, round trips ms, peak, bytes per entry, CPU ms with and without entries
$1 == "crl_live" {
    if (!ncrl_live++) {
        print "\n| broker | entries | DER, MB | effective after, s | longest round trip while loading, ms | while idle, ms | peak memory / DER size | memory kept, bytes per entry | CPU per connection, ms | vs. empty CRL |"
        print "|---|---|---|---|---|---|---|---|---|---|"
    }
    printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", $2, human($3), $4, $5, $6, $7, $8, $9, $10, ratio($10, $11)
}

$1 == "resumption" {
    if (!resumptions++) {
        print "\n| tls.resumption | CPU per connection, ms | vs. off | p50, ms | p99, ms | resumed |"
        print "|---|---|---|---|---|---|"
    }
    if ($4 == "off") off = $5
    printf "| TLS %s, %s, %s | %.3f | %s | %.2f | %.2f | %d of %d |\n", $2, $3, $4, $5, ratio($5, off), $6, $7, $8, $9
}

# storm: see bench_storm.c. Medians of the rounds
$1 == "storm" {
    storm_clients = $3
    if (!(($2, $4) in storm_rounds)) storm_row[++nstorm] = $2 SUBSEP $4
    k = ++storm_rounds[$2, $4]
    for (i = 6; i <= NF; i++) storm[$2, $4, i, k] = $i
}

function storm_median(row, field,    n, i, j, x, v) {
    n = storm_rounds[row]
    for (i = 1; i <= n; i++) {
        x = storm[row, field, i]
        for (j = i; j > 1 && v[j - 1] > x; j--) v[j] = v[j - 1]
        v[j] = x
    }
    return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

function storm_table(    i, r, parts, what, all, over, base) {
    printf "\n| %d clients | server | all are back after, s | vs. stock | p50, s | p99, s | CPU of the servers, s | CPU of the clients, s | retries | failed | dropped SYNs | resumed | peak memory, MiB |\n", storm_clients
    print "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= nstorm; i++) {
        r = storm_row[i]
        split(r, parts, SUBSEP)
        what = parts[1] == "cut" ? "connections cut" : "broker restarted"
        all = storm_median(r, 6)
        over = storm_median(r, 12) ? " (limit)" : ""
        base = storm_median(parts[1] SUBSEP "stock", 6)
        printf "| %s | %s | %.1f%s | %s | %.1f | %.1f | %.1f | %.1f |", what, parts[2], all, over, ratio(all, base), storm_median(r, 7), storm_median(r, 8), storm_median(r, 9), storm_median(r, 10)
        printf " %d | %d | %d | %d | %.0f |\n", storm_median(r, 11), storm_median(r, 12), storm_median(r, 13), storm_median(r, 14), storm_median(r, 15) / 1024
    }
}

# growth: what, number, CPU ms, p50 ms, KiB. The fit is the slope of log(value) over log(number): 0 is constant, 1 is linear
$1 == "growth" {
    if (!($2 in growth_count)) growth[++ngrowth] = $2
    k = ++growth_count[$2]
    gn[$2, k] = $3; gcpu[$2, k] = $4; gp50[$2, k] = $5; grss[$2, k] = $6
}

# held: server, TLS, chain, sessions, KiB per session: median, quartiles
$1 == "held" {
    key = sprintf("TLS %s, chain of %d, %d sessions", $3, $4, $5)
    if (!(key in held)) { held[key] = ++nheld; held_name[nheld] = key }
    held_kib[held[key], $2 ~ /^stock/] = $6
    held_cell[held[key], $2 ~ /^stock/] = sprintf("%.2f (%.2f to %.2f)", $6, $7, $8)
}

# idle: server, sessions, listeners, files, CPU us per second of the main thread and of the others: median, quartiles
$1 == "idle" {
    key = sprintf("%d | %d | %d", $3, $4, $5)
    if (!(key in idle)) { idle[key] = ++nidle; idle_name[nidle] = key }
    idle_us[idle[key], $2 ~ /^stock/] = $6
    idle_cell[idle[key], $2 ~ /^stock/] = sprintf("%.0f (%.0f to %.0f)", $6, $7, $8)
    if ($2 !~ /^stock/)
        idle_others[idle[key]] = sprintf("%.0f (%.0f to %.0f)", $9, $10, $11)
}

function idle_tables(    i) {
    if (nheld)
        print "\n| memory per live session, KiB (quartiles) | stock, nodelay | certguard | difference |\n|---|---|---|---|"
    for (i = 1; i <= nheld; i++)
        printf "| %s | %s | %s | %+.2f |\n", held_name[i], held_cell[i, 1], held_cell[i, 0], held_kib[i, 0] - held_kib[i, 1]
    if (nidle)
        print "\n| sessions | listeners | files | CPU of the main thread, us per second: stock (quartiles) | certguard | difference | of a core | other threads of certguard |\n|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= nidle; i++)
        printf "| %s | %s | %s | %+.0f | %.3f %% | %s |\n", idle_name[i], idle_cell[i, 1], idle_cell[i, 0], idle_us[i, 0] - idle_us[i, 1], (idle_us[i, 0] - idle_us[i, 1]) / 1e4, idle_others[i]
}

function slope(what, values,    i, x, y, n, sx, sy, sxx, sxy) {
    for (i = 1; i <= growth_count[what]; i++) {
        if (gn[what, i] <= 0 || values[what, i] <= 0)
            continue
        x = log(gn[what, i]); y = log(values[what, i])
        n++; sx += x; sy += y; sxx += x * x; sxy += x * y
    }
    return n > 1 && n * sxx > sx * sx ? sprintf("%.3f", (n * sxy - sx * sy) / (n * sxx - sx * sx)) : "-"
}

function growth_table(what,    i) {
    printf "\n| %s | CPU per connection, ms | p50, ms | resident, MiB |\n|---|---|---|---|\n", what
    for (i = 1; i <= growth_count[what]; i++)
        printf "| %s | %.3f | %.2f | %.1f |\n", gn[what, i], gcpu[what, i], gp50[what, i], grss[what, i] / 1024
    i = growth_count[what]
    printf "| fit | exponent %s | exponent %s | %s |\n", slope(what, gcpu), slope(what, gp50), (gn[what, i] > gn[what, 1] ? sprintf("%.0f bytes each", (grss[what, i] - grss[what, 1]) * 1024 / (gn[what, i] - gn[what, 1])) : "-")
}

END {
    for (i = 1; i <= tables; i++)
        if (split(order[i], parts, "\t") && parts[4] == 0)
            connect_table(order[i])
    crl_tables()
    if (nsessions) {
        print "\n| memory per live session | KiB |\n|---|---|"
        for (i = 1; i <= nsessions; i++) print sessions[i]
        if (nsessions == 2) printf "| added by the plugin | %.2f |\n", kib[2] - kib[1]
    }
    for (i = 1; i <= ngrowth; i++) growth_table(growth[i])
    if (nstorm) storm_table()
    idle_tables()
}
