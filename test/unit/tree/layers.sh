#!/bin/sh
# The layers keep their promises: what each may call. Which folder may use which is held by rooms.sh.
#   layers.sh SOURCE_DIR [PLUGIN.so TOOL]
set -u
unset CDPATH
cd "$1" || exit 2
bad=0

# refuse WHAT PATTERN FILES...: no line of the files may match.
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
ca=$(find tools/store tools/ca tools/deploy tools/import -name '*.[ch]')

# shellcheck disable=SC2086
{
    refuse "the core knows libssl or Mosquitto" '#include <(openssl/ssl|mosquitto)' $core
    refuse "the core prints or exits" '[^a-z_](printf|puts|fprintf|exit|abort)\(' $core
    refuse "the core reads the clock" '[^a-z_](time|clock_gettime|gettimeofday|localtime)\((NULL|CLOCK|&)' $core
    refuse "tls knows Mosquitto" '#include <mosquitto' $tls
    refuse "the broker layer signs" '[^a-z_](X509_sign|X509_CRL_sign|X509_REQ_sign)' $core $broker
    refuse "the CA prints or exits" '[^a-z_](printf|puts|putchar|perror|exit|abort)\(|[( ](stdout|stderr)\>' $ca
    refuse "the tool is a plugin" '#include <mosquitto_(broker|plugin)' $tools
}

# Moments are 64 bits, whatever time_t has: dates are reckoned in one place. Times of files and of the system's own calls
# need none of these names.
# shellcheck disable=SC2086
refuse "a date is reckoned outside moment.c" \
    '[^a-z_](time_t|struct tm|timegm|mktime|gmtime(_r)?|localtime(_r)?|strptime|strftime|difftime)\>' \
    $core $tls $broker $tools
# shellcheck disable=SC2086
refuse "OpenSSL reckons with time_t" \
    '\<(X509_cmp_(current_time|time|timeframe)|X509_time_adj(_ex)?|X509_gmtime_adj|X509_VERIFY_PARAM_set_time|ASN1_(UTC|GENERALIZED)?TIME_(set|adj|cmp_time_t|to_tm|diff))\>' \
    $core $tls $broker $tools

# Text that others wrote goes to the terminal by print.c: the verbs have no printf of strings.
# shellcheck disable=SC2046
refuse "a verb prints past print.c" '[^a-z_]f?printf\((stderr|stdout|"[^"]*%[-.*0-9]*s)' \
    $(find tools -name '*.c' ! -path tools/cli/print.c ! -path tools/pages.c ! -path tools/cli/help.c ! -path tools/log/view.c \
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
    # What the broker's image has without us; libgcc_s is not among it. glibc's C library is libc.so.6, musl's libc.so or
    # libc.musl-x86_64.so.1.
    libraries='libssl\.so\.[34]|libcrypto\.so\.[34]|libcjson\.so\.1|libc(\.musl-.*)?\.so(\.[0-9]+)?|libpthread\.so\.0|ld-linux.*'
    # needs WHAT FILE OTHERS: the shared objects that it names; a sanitizer's run time is the build's own wish
    needs() {
        needed=$(readelf -d "$2" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
            grep -vE "^($libraries|$3)\$" | grep -vE '^lib(asan|ubsan|tsan)\.so')
        [ -z "$needed" ] || { echo "$1 needs: $needed"; bad=1; }
    }
    needs "the plugin" "$2" ''
    needs "the tool" "$3" 'libarchive\.so\.13|libmosquitto\.so\.1'
fi
[ "$bad" = 0 ] && echo "the layers hold"
exit "$bad"
