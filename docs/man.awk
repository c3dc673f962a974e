# Makes a manual page from one of the manuals in Markdown, of which it knows what they use: headings, paragraphs, lists,
# tables, fenced code, `code`, **bold** and links. The text has one source; the page is made at build time.
#   awk -f man.awk -v name=certguard-events -v section=5 -v what="..." -v version=0.1.0 \
#       -v pages="policy.md:certguard-policy:5 ..." events.md

# In roff a backslash, a hyphen, and a dot or a quote at the start of a line mean something else.
function roff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    return text
}

function at_start(text) {
    return text ~ /^[.']/ ? "\\&" text : text
}

# A link to a manual of this folder is a reference to its page; any other keeps its words.
function link(text, target) {
    sub(/#.*/, "", target)
    if (target in page)
        return "\\fB" roff(page[target]) "\\fR(" number[target] ")"
    return target ~ /^https?:/ ? roff(text) " <" roff(target) ">" : roff(text)
}

function inline(text,   out, token) {
    out = ""
    # a manual that is named by its path in the tree
    while (match(text, /docs\/[a-z]+\.md/) && substr(text, RSTART + 5, RLENGTH - 5) in page) {
        token = substr(text, RSTART + 5, RLENGTH - 5)
        text = substr(text, 1, RSTART - 1) "[" token "](" token ")" substr(text, RSTART + RLENGTH)
    }
    while (match(text, /`[^`]+`|\*\*[^*]+\*\*|\[[^][]*\]\([^()]*\)/)) {
        token = substr(text, RSTART, RLENGTH)
        out = out roff(substr(text, 1, RSTART - 1))
        text = substr(text, RSTART + RLENGTH)
        if (token ~ /^`/)
            out = out "\\fB" roff(substr(token, 2, length(token) - 2)) "\\fR"
        else if (token ~ /^\*/)
            out = out "\\fB" roff(substr(token, 3, length(token) - 4)) "\\fR"
        else
            out = out link(substr(token, 2, index(token, "](") - 2), \
                           substr(token, index(token, "](") + 2, length(token) - index(token, "](") - 2))
    }
    return out roff(text)
}

# What was gathered of a paragraph or list item, a sentence's line each, as the source breaks it.
function flush(   lines, n, i) {
    if (block == "")
        return
    n = split(inline(block), lines, "\n")
    for (i = 1; i <= n; i++)
        print at_start(lines[i])
    block = ""
}

# "`term`: text" is an entry of a table of terms, anything else has a bullet.
function begin_item(text,   end) {
    flush()
    end = text ~ /^`[^`]+`: / ? index(text, "`: ") : 0
    print end ? ".TP\n" at_start(inline(substr(text, 1, end))) : ".IP \\(bu 2"
    block = end ? substr(text, end + 3) : text
    fresh = 0
}

# Capitals are the custom, but not for what must be spelled as it is.
function heading(macro, text) {
    flush()
    if (macro == ".SH" && text !~ /`/)
        text = toupper(text)
    gsub(/`/, "", text)
    gsub(/"/, "\\(dq", text)
    print macro " \"" roff(text) "\""
    fresh = 1
}

# Text below a heading or an entry begins without a separate paragraph.
function paragraph(macro) {
    if (!fresh)
        print macro
    fresh = 0
}

# Lines that are shown as they are.
function open_code() {
    flush()
    paragraph(".PP")
    print ".RS 4\n.nf"
}

# A row: the first column is the term, the others are its text. The heading and the line below it go.
function row(line,   cells, n, i, text) {
    gsub(/\\\|/, "\001", line)
    sub(/^\| */, "", line)
    sub(/ *\|$/, "", line)
    n = split(line, cells, / *\| */)
    text = ""
    for (i = 2; i <= n; i++)
        text = text (text == "" || cells[i] == "" ? "" : "; ") cells[i]
    gsub("\001", "|", cells[1])
    gsub("\001", "|", text)
    print ".TP\n" at_start(inline(cells[1]))
    print at_start(inline(text))
}

BEGIN {
    n = split(pages, list, " ")
    for (i = 1; i <= n; i++) {
        split(list[i], part, ":")
        page[part[1]] = part[2]
        number[part[1]] = part[3]
    }
    printf ".TH %s %s \"\" \"certguard %s\"\n.SH NAME\n%s \\- %s\n", toupper(roff(name)), section, version, roff(name), \
        roff(what)
    heading(".SH", "DESCRIPTION")
}

/^ *```/ {
    if (code)
        print ".fi\n.RE"
    else
        open_code()
    code = !code
    margin = match($0, /[^ ]/)
    next
}
code { print at_start(roff(substr($0, margin))); next }
(indented && /^    /) || (/^    [^ ]/ && block == "" && !item) {
    if (!indented)
        open_code()
    indented = 1
    print at_start(roff(substr($0, 5)))
    next
}
indented { indented = 0; print ".fi\n.RE" }
/^\|/ { flush(); if (++rows > 2) row($0); next }
{ rows = 0 }
# the title stands above; how the text is made is for those who change it
/^# / || /^This file is made from / { next }
/^## / { heading(".SH", substr($0, 4)); item = 0; next }
/^### / { heading(".SS", substr($0, 5)); item = 0; next }
/^- / { begin_item(substr($0, 3)); item = 1; next }
/^[0-9]+\. / { flush(); print ".IP " $1 " 4"; block = substr($0, length($1) + 2); item = 1; fresh = 0; next }
/^ *$/ { flush(); next }
/^[^ ]/ && block == "" { paragraph(".PP"); item = 0 }
{
    sub(/^ +/, "")
    if (block == "" && item)
        paragraph(".IP")
    block = block (block == "" ? "" : "\n") $0
}

END {
    flush()
    if (indented)
        print ".fi\n.RE"
    print ".SH SEE ALSO\n.BR certguard (1),"
    n = split(pages, list, " ")
    for (i = 1; i <= n; i++) {
        split(list[i], part, ":")
        if (part[2] != name)
            printf ".BR %s (%s),\n", roff(part[2]), part[3]
    }
    print ".BR mosquitto (8),\n.BR mosquitto.conf (5)"
}
