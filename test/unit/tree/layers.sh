#!/bin/sh
# Functions and headers that each layer must not use. folders.sh checks which folder uses which.
#   layers.sh SOURCE_DIR [PLUGIN.so TOOL]
set -u
unset CDPATH
cd "$1" || exit 2
bad=0

# refuse WHAT PATTERN FILE...: fails if a line of the files matches
refuse() {
    what=$1 pattern=$2
    shift 2
    [ $# -gt 0 ] || { echo "no files for: $what"; bad=1; return; }
    hits=$(grep -nE "$pattern" "$@" /dev/null)
    [ -z "$hits" ] || { printf '%s:\n%s\n' "$what" "$hits"; bad=1; }
}

core=$(find plugin/core -name '*.[ch]')
tls=$(find plugin/tls -name '*.[ch]')
broker=$(find plugin/broker -name '*.[ch]')
tools=$(find tools -name '*.[ch]')
# the CA is a library
ca=$(find tools/store tools/ca tools/deploy tools/device tools/import tools/requests -name '*.[ch]')

# shellcheck disable=SC2086
{
    refuse "the core uses libssl or Mosquitto" '#include <(openssl/ssl|mosquitto)' $core
    refuse "the core prints or exits" '[^a-z_](printf|puts|fprintf|exit|abort)\(' $core
    refuse "the core reads the clock" '[^a-z_](time|clock_gettime|gettimeofday|localtime)\((NULL|CLOCK|&)' $core
    refuse "the TLS layer uses Mosquitto" '#include <mosquitto' $tls
    refuse "the broker layer signs" '[^a-z_](X509_sign|X509_CRL_sign|X509_REQ_sign)' $core $broker
    refuse "the CA prints or exits" '[^a-z_](printf|puts|putchar|perror|exit|abort)\(|[( ](stdout|stderr)\>' $ca
    refuse "the tool uses the plugin interface" '#include <mosquitto_(broker|plugin)' $tools
}

# Times have 64 bits, even if time_t has 32. So dates are calculated in one place only, without time_t. File times and system calls
# need none of these names.
# shellcheck disable=SC2086
refuse "a file uses time_t or calendar functions" \
    '[^a-z_](time_t|struct tm|timegm|mktime|gmtime(_r)?|localtime(_r)?|strptime|strftime|difftime)\>' \
    $core $tls $broker $tools
# shellcheck disable=SC2086
refuse "a file uses an OpenSSL function with time_t" \
    '\<(X509_cmp_(current_time|time|timeframe)|X509_time_adj(_ex)?|X509_gmtime_adj|X509_VERIFY_PARAM_set_time|ASN1_(UTC|GENERALIZED)?TIME_(set|adj|cmp_time_t|to_tm|diff))\>' \
    $core $tls $broker $tools

# Untrusted text is printed by print.c, which escapes it. So verbs do not print strings with printf.
# shellcheck disable=SC2046
refuse "a verb prints strings without print.c" '[^a-z_]f?printf\((stderr|stdout|"[^"]*%[-.*0-9]*s)' \
    $(find tools -name '*.c' ! -path tools/cli/print.c ! -path 'tools/pages/*' ! -path tools/cli/help.c ! -path tools/log/view.c \
        ! -path tools/status/view.c ! -path tools/cli/tty.c ! -path tools/main.c ! -path tools/verbs/install_units.c)

# Files are read in one place of the core.
# shellcheck disable=SC2046
refuse "the core opens files outside file.c" '[^a-z_](open|fopen|opendir|scandir)\(' \
    $(find plugin/core -name '*.[ch]' ! -path 'plugin/core/file/file.[ch]')

if [ $# -gt 1 ]; then
    exported=$(nm -D --defined-only "$2" | awk '$2 ~ /[TDBRVW]/ { print $3 }' | grep -v '^__' | sort | tr '\n' ' ')
    [ "$exported" = "mosquitto_plugin_cleanup mosquitto_plugin_init mosquitto_plugin_version " ] ||
        { echo "the plugin exports: $exported"; bad=1; }
    readelf -d "$2" | grep -q NODELETE || { echo "the plugin is not linked with -z nodelete"; bad=1; }
    # Libraries that the broker's container image contains. libgcc_s is not one of them. The C library is libc.so.6 with glibc, and
    # libc.so or libc.musl-x86_64.so.1 with musl.
    libraries='libssl\.so\.[34]|libcrypto\.so\.[34]|libcjson\.so\.1|libc(\.musl-.*)?\.so(\.[0-9]+)?|libpthread\.so\.0|ld-linux.*'
    # needs WHAT FILE OTHERS: fails if the file needs other shared objects than these; a sanitizer's run time is allowed
    needs() {
        needed=$(readelf -d "$2" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
            grep -vE "^($libraries|$3)\$" | grep -vE '^lib(asan|ubsan|tsan)\.so')
        [ -z "$needed" ] || { echo "$1 needs: $needed"; bad=1; }
    }
    needs "the plugin" "$2" ''
    needs "the tool" "$3" 'libz\.so\.1|libarchive\.so\.13|libmosquitto\.so\.1'
fi
[ "$bad" = 0 ] && echo "no violations"
exit "$bad"
