# Ratios of two servers that were measured in the same rounds. a, b: one value per round, separated by commas.

# Sets med, low and high to the median and the quartiles of the ratios a/b of each round; false without a round in common
function pair(a, b,    i, j, n, x, y, r, v) {
    n = split(a, x, ","); i = split(b, y, ",")
    n = n < i ? n : i
    for (i = 1; i <= n; i++) {
        if (y[i] <= 0)
            return 0
        v = x[i] / y[i]
        for (j = i - 1; j > 0 && r[j] > v; j--)
            r[j + 1] = r[j]
        r[j + 1] = v
    }
    med = quantile(r, n, 0.5); low = quantile(r, n, 0.25); high = quantile(r, n, 0.75)
    return n > 0
}

function quantile(sorted, n, share,    at, i) {
    at = 1 + share * (n - 1); i = int(at)
    return i < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[n]
}

function median(values,    ones) {
    ones = values
    gsub(/[^,]+/, "1", ones)
    return pair(values, ones) ? med : 0
}

# "90.1 % (89.4-91.0)"
function percent() { return sprintf("%.1f %% (%.1f-%.1f)", 100 * med, 100 * low, 100 * high) }

function paired(a, b) { return pair(a, b) ? percent() : "-" }

function human(n) { return n >= 1e6 ? n / 1e6 " M" : n >= 1e3 ? n / 1e3 " k" : n }
