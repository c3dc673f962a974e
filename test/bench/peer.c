/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "peer.h"

#include "lib/process.h"
#include "lib/tls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS  120000 /* a proxy loads a CRL of ten million entries slowly */
#define WORDS_MAX 2000

#define NODELAY "set_tcp_nodelay true\n"

static const struct peer_row rows[] = {
    {"bare OpenSSL server", PEER_BARE, NULL, NULL, NULL},
    {"stock", PEER_STOCK, NULL, "", NULL},
    {"stock, nodelay", PEER_STOCK, NULL, NODELAY, NULL},
    {"stock, nodelay, no tickets", PEER_STOCK, NULL, NODELAY,
     "openssl_conf = top\n[top]\nssl_conf = all\n[all]\nsystem_default = ssl\n[ssl]\nOptions = -SessionTicket\n"
     "num_tickets = 0\n"},
    {"certguard, default", PEER_CERTGUARD, "default.json", "", NULL},
    {"certguard, all rules", PEER_CERTGUARD, "rules.json", "", NULL},
    {"certguard", PEER_CERTGUARD, "own.json", "", NULL},
    {"HAProxy + stock", PEER_HAPROXY, NULL, NODELAY, NULL},
    {"stunnel + stock", PEER_STUNNEL, NULL, NODELAY, NULL},
    {"nginx + stock", PEER_NGINX, NULL, NODELAY, NULL},
};

static const char
    all_rules[] = "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"%s},"
                  " \"log\": {\"file\": \"events.jsonl\", \"accepted\": true},"
                  " \"identity\": {\"username\": \"san.uri\", \"client_id\": \"equal\", \"one_client\": true, "
                  "\"authenticates\": true},"
                  " \"client\": {\"max_lifetime\": \"365d\", \"min_remaining\": \"1d\", \"san_required\": [\"uri\"],"
                  " \"subject\": [{\"attribute\": \"CN\", \"pattern\": \"dev*\"}]},"
                  " \"deny\": [{\"issuer\": \"CN=root\", \"serial\": \"2a\"}]}";

const struct peer_row *peer_row(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static uint16_t listen_on_free_port(int *fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(*fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(*fd, 64) != 0 ||
        getsockname(*fd, (struct sockaddr *)&address, &len) != 0)
        exit(1);
    return ntohs(address.sin_port);
}

static void start_bare(struct peer *peer)
{
    int fd;
    peer->port = listen_on_free_port(&fd);
    fflush(NULL);
    peer->front = fork();
    if (peer->front == 0)
        bare_serve(fd, cg_broker_folder(peer->broker));
    close(fd);
}

static void write_haproxy(const struct peer *peer, const struct peer_setup *setup)
{
    const char *folder = cg_broker_folder(peer->broker);
    char conf[2048], crl[700] = "", *both;
    if (setup->crl_file)
        snprintf(crl, sizeof crl, "crl-file %s", setup->crl_file);
    char *chain = cg_pki_pem(setup->pki, setup->three ? "server inter" : "server"),
         *key = cg_pki_key_pem(setup->pki, "server");
    if (asprintf(&both, "%s%s", chain, key) < 0)
        exit(1);
    cg_broker_write(peer->broker, "both.pem", both);
    free(both);
    free(chain);
    free(key);
    snprintf(conf, sizeof conf,
             "global\n nbthread 1\n tune.ssl.cachesize 0\n"
             "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
             "frontend f\n bind 127.0.0.1:%u ssl crt %s/both.pem ca-file %s/ca.pem %s verify required no-tls-tickets\n"
             " default_backend b\nbackend b\n server s 127.0.0.1:%u\n",
             peer->port, folder, folder, crl, cg_broker_plain_port(peer->broker));
    cg_broker_write(peer->broker, "front.conf", conf);
}

static void write_stunnel(const struct peer *peer, const struct peer_setup *setup)
{
    const char *folder = cg_broker_folder(peer->broker);
    char conf[2048], crl[700] = "";
    if (setup->crl_file)
        snprintf(crl, sizeof crl, "CRLfile = %s\n", setup->crl_file);
    snprintf(conf, sizeof conf,
             "foreground = yes\npid =\ndebug = err\nsocket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n"
             "[mqtt]\naccept = 127.0.0.1:%u\nconnect = 127.0.0.1:%u\ncert = %s/chain.pem\nkey = %s/key.pem\n"
             "CAfile = %s/ca.pem\n%sverifyChain = yes\nrequireCert = yes\n",
             peer->port, cg_broker_plain_port(peer->broker), folder, folder, folder, crl);
    cg_broker_write(peer->broker, "front.conf", conf);
}

/* The module is Debian's; an nginx with the module built in does not start. */
static void write_nginx(const struct peer *peer, const struct peer_setup *setup)
{
    const char *folder = cg_broker_folder(peer->broker);
    char conf[3072], crl[700] = "";
    if (setup->crl_file)
        snprintf(crl, sizeof crl, "ssl_crl %s; ", setup->crl_file);
    snprintf(conf, sizeof conf,
             "daemon off;\nmaster_process off;\nerror_log stderr;\npid %s/nginx.pid;\n"
             "load_module modules/ngx_stream_module.so;\nevents { worker_connections 16000; }\n"
             "stream { server {\n listen 127.0.0.1:%u ssl;\n proxy_pass 127.0.0.1:%u;\n"
             " ssl_certificate %s/chain.pem;\n ssl_certificate_key %s/key.pem;\n ssl_client_certificate %s/ca.pem;\n"
             " %sssl_verify_client on;\n ssl_verify_depth 3;\n ssl_protocols TLSv1.2 TLSv1.3;\n ssl_session_tickets "
             "off;\n}}\n",
             folder, peer->port, cg_broker_plain_port(peer->broker), folder, folder, folder, crl);
    cg_broker_write(peer->broker, "front.conf", conf);
}

static const struct front {
    enum peer_kind kind;
    const char *program;
    void (*write)(const struct peer *peer, const struct peer_setup *setup);
    const char *arguments[4]; /* before the name of the configuration file */
} fronts[] = {
    {PEER_HAPROXY, "haproxy", write_haproxy, {"-db", "-f"}},
    {PEER_STUNNEL, "stunnel4", write_stunnel, {NULL}},
    {PEER_NGINX, "nginx", write_nginx, {"-e", "stderr", "-c"}},
};

/* NULL: no proxy. */
static const struct front *front_of(const struct peer *peer)
{
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++)
        if (fronts[i].kind == peer->row->kind)
            return &fronts[i];
    return NULL;
}

_Noreturn static void become_front(const struct front *front, char *path)
{
    char *argv[8] = {(char *)(uintptr_t)front->program};
    int argc = 1;
    for (int i = 0; i < 4 && front->arguments[i]; i++)
        argv[argc++] = (char *)(uintptr_t)front->arguments[i];
    argv[argc] = path;
    execvp(front->program, argv);
    fprintf(stderr, "cannot run %s: %s. Install it.\n", front->program, strerror(errno));
    _exit(127);
}

static void start_front(struct peer *peer, const struct peer_setup *setup)
{
    char path[700], log[700];
    int fd;
    peer->port = listen_on_free_port(&fd);
    close(fd);
    front_of(peer)->write(peer, setup);
    snprintf(path, sizeof path, "%s/front.conf", cg_broker_folder(peer->broker));
    snprintf(log, sizeof log, "%s/front.log", cg_broker_folder(peer->broker));
    fflush(NULL);
    peer->front = fork();
    if (peer->front != 0)
        return;
    if (!freopen(log, "w", stdout) || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        _exit(127);
    become_front(front_of(peer), path);
}

static bool front_listens(struct peer *peer)
{
    for (int waited = 0; waited < START_MS; waited += 20) {
        uint16_t ignored;
        int fd = cg_raw_open(peer->port, &ignored);
        if (fd >= 0) {
            close(fd);
            return true;
        }
        if (waitpid(peer->front, NULL, WNOHANG) == peer->front) {
            peer->front = 0;
            return false;
        }
        cg_pause_ms(20);
    }
    return false;
}

static void write_files(const struct peer *peer, const struct peer_setup *setup)
{
    const char *folder = cg_broker_folder(peer->broker), *crl = setup->crl_file ? setup->crl_file : "crl.pem";
    char text[1200], rules[1200];
    if (setup->three)
        cg_pki_write(setup->pki, folder, "inter.pem", "inter");
    cg_pki_write_folder(setup->pki, folder, "root", setup->three ? "server inter" : "server",
                        setup->three ? "crl inter-crl" : "crl");
    snprintf(text, sizeof text, "{\"trust\": {\"anchors\": \"ca.pem\"%s%s%s}}", setup->crl_file ? ", \"crls\": \"" : "",
             setup->crl_file ? crl : "", setup->crl_file ? "\"" : "");
    cg_broker_write(peer->broker, "default.json", text);
    snprintf(rules, sizeof rules, all_rules, setup->three ? ", \"intermediates\": \"inter.pem\"" : "");
    cg_broker_write(peer->broker, "rules.json", rules);
    cg_broker_write(peer->broker, "own.json", setup->policy ? setup->policy : text);
    if (peer->row->openssl)
        cg_broker_write(peer->broker, "openssl.cnf", peer->row->openssl);
}

/* Lines of mosquitto.conf for the TLS listener, and further listeners. The caller frees them. */
static char *listener_lines(const struct peer *peer, const struct peer_setup *setup)
{
    const char *folder = cg_broker_folder(peer->broker);
    char *text = NULL;
    size_t len;
    int fd;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        exit(1);
    if (peer->row->kind == PEER_STOCK && setup->crl_file)
        fprintf(out, "crlfile %s\n", setup->crl_file);
    uint16_t port = listen_on_free_port(&fd);
    close(fd);
    for (size_t i = 0; i < setup->listeners; i++)
        fprintf(out,
                "listener %u 127.0.%zu.%zu\ncafile %s/ca.pem\ncertfile %s/chain.pem\nkeyfile %s/key.pem\n"
                "require_certificate true\n",
                port, 1 + i / 250, 1 + i % 250, folder, folder, folder);
    fclose(out);
    return text;
}

static bool start_broker(struct peer *peer, const struct peer_setup *setup)
{
    bool front = front_of(peer);
    char options[200], conf[700], *lines = listener_lines(peer, setup);
    snprintf(options, sizeof options, "plugin_opt_policy FOLDER/%s", peer->row->policy ? peer->row->policy : "");
    const struct cg_broker_spec spec = {.options = options,
                                        .global = peer->row->global,
                                        .listener = lines,
                                        .stock = peer->row->kind != PEER_CERTGUARD,
                                        .plain = front};
    if (peer->row->openssl) {
        snprintf(conf, sizeof conf, "%s/openssl.cnf", cg_broker_folder(peer->broker));
        setenv("OPENSSL_CONF", conf, 1);
    }
    bool ok = cg_broker_start(peer->broker, &spec);
    unsetenv("OPENSSL_CONF");
    free(lines);
    peer->port = cg_broker_port(peer->broker);
    peer->pid = cg_broker_pid(peer->broker);
    if (!ok || !front)
        return ok;
    start_front(peer, setup);
    return front_listens(peer);
}

bool peer_start(struct peer *peer, const struct peer_row *row, const struct peer_setup *setup)
{
    *peer = (struct peer){.row = row, .broker = cg_broker_new("bench")};
    write_files(peer, setup);
    if (row->kind == PEER_BARE) {
        start_bare(peer);
    } else if (!start_broker(peer, setup)) {
        fprintf(stderr, "%s does not start:\n", row->name);
        peer_explain(peer, stderr);
        peer_stop(peer);
        return false;
    }
    return true;
}

void peer_explain(struct peer *peer, FILE *out)
{
    int status = 0;
    char *log = cg_broker_read(peer->broker, peer->front ? "front.log" : CG_BROKER_LOG);
    size_t len = log ? strlen(log) : 0, from = len > WORDS_MAX ? len - WORDS_MAX : 0;
    fprintf(out, "%s is not measured", peer->row->name);
    if (peer->front > 0 && waitpid(peer->front, &status, WNOHANG) == peer->front) {
        peer->front = 0;
        fprintf(out, WIFSIGNALED(status) ? ", its front was ended by signal %d" : ", its front ended with %d",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    fprintf(out, ":\n%s\n", log ? log + from : "");
    free(log);
}

void peer_stop(struct peer *peer)
{
    if (peer->front > 0) {
        kill(peer->front, SIGTERM);
        waitpid(peer->front, NULL, 0);
    }
    cg_broker_free(peer->broker, false);
    *peer = (struct peer){0};
}

int64_t peer_cpu_us(const struct peer *peer)
{
    return (peer->pid ? cg_process_cpu_us(peer->pid) : 0) + (peer->front ? cg_process_cpu_us(peer->front) : 0);
}

long peer_rss_kib(const struct peer *peer)
{
    return (peer->pid ? cg_process_rss_kib(peer->pid) : 0) + (peer->front ? cg_process_rss_kib(peer->front) : 0);
}

long peer_peak_kib(const struct peer *peer)
{
    return (peer->pid ? cg_process_peak_kib(peer->pid) : 0) + (peer->front ? cg_process_peak_kib(peer->front) : 0);
}
