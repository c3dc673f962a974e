/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What idle brokers cost: memory per live session, and CPU time per second:  bench_idle quick|full
 * Stock Mosquitto and Mosquitto with certguard run at the same time. Memory: sessions are added to both in turns, in batches.
 * CPU: both are idle, and each window of some seconds is one sample of both. Prints tab-separated lines:
 *   held, server, TLS version, certificates in the chain, sessions, KiB per session: median, first and third quartile
 *   idle, server, sessions, listeners, files, CPU us per second of the main thread: median, first and third quartile,
 *     the same three of all other threads */
#include "lib/process.h"
#include "lib/scratch.h"
#include "lib/tls_client.h"
#include "load.h"

#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCHES     5
#define WINDOWS_MAX 9
#define WINDOW_MS   5000  /* the broker checks all keep-alive times every five seconds */
#define PER_HOST    20000 /* connections from one loopback address */
#define SPARE       200   /* descriptors of a broker without sessions */
#define BASE_FILES  3     /* that certguard reads: policy, anchors, CRL */

enum { STOCK = 0, CERTGUARD, SERVERS };
static const char *const names[SERVERS] = {"stock, nodelay", "certguard"};

struct scene {
    int version;
    bool three;
    size_t sessions, listeners, files; /* sessions: of each broker */
    size_t windows;                    /* 0: only memory is measured */
    bool full_only;
};

static const struct scene scenes[] = {
    {.version = TLS1_3_VERSION, .listeners = 1, .files = 3, .windows = 9},
    {.version = TLS1_3_VERSION, .sessions = 1000, .listeners = 1, .files = 3, .windows = 9},
    {.version = TLS1_3_VERSION, .sessions = 10000, .listeners = 1, .files = 3, .windows = 9, .full_only = true},
    {.version = TLS1_3_VERSION, .sessions = 19000, .listeners = 1, .files = 3, .windows = 9, .full_only = true},
    {.version = TLS1_3_VERSION, .listeners = 50, .files = 3, .windows = 9},
    {.version = TLS1_3_VERSION, .listeners = 1, .files = 100, .windows = 9},
    {.version = TLS1_3_VERSION, .three = true, .sessions = 5000, .listeners = 1, .files = 3, .full_only = true},
    {.version = TLS1_2_VERSION, .sessions = 5000, .listeners = 1, .files = 3, .full_only = true},
    {.version = TLS1_2_VERSION, .three = true, .sessions = 5000, .listeners = 1, .files = 3, .full_only = true},
};

/* Both brokers of a scene. The client's side of TLS is freed when a session is live. Its socket stays open in a child process, so
 * that the limit of open files of one process is enough. */
struct pair {
    const struct scene *scene;
    struct cg_pki *pki;
    char *policy;
    struct peer_setup setup;
    STACK_OF(X509) *chain;
    struct peer peer[SERVERS];
    int *fd; /* of the batch that is being added */
    size_t nfd, made;
    pid_t holder[SERVERS * BATCHES];
    size_t nholders;
};

/* A policy that names one file for each additional CA. */
static char *make_policy(const struct pair *pair)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        abort();
    fprintf(out, "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\", \"intermediates\": [");
    if (pair->scene->three)
        fprintf(out, "\"inter.pem\"");
    for (size_t i = BASE_FILES; i < pair->scene->files; i++) {
        char recipe[100], name[40];
        snprintf(name, sizeof name, "ca-%zu", i);
        snprintf(recipe, sizeof recipe, "%s: ca issuer=root cn=%s", name, name);
        cg_pki_make(pair->pki, recipe);
        cg_pki_write(pair->pki, cg_scratch_folder(), name, name);
        fprintf(out, "%s\"%s\"", i > BASE_FILES ? ", " : "", cg_scratch_path(name));
    }
    fprintf(out, "]}}");
    fclose(out);
    return text;
}

static bool pair_start(struct pair *pair, const struct scene *scene)
{
    *pair = (struct pair){.scene = scene, .pki = bench_pki()};
    cg_scratch_open("idle");
    if (scene->three)
        cg_pki_make(pair->pki, "inter: ca issuer=root cn=inter\nserver: server issuer=inter\ndev: issuer=inter\n"
                               "inter-crl: crl issuer=inter number=1");
    pair->chain = cg_pki_stack(pair->pki, scene->three ? "inter" : "");
    pair->policy = make_policy(pair);
    pair->setup = (struct peer_setup){
        .pki = pair->pki, .three = scene->three, .policy = pair->policy, .listeners = scene->listeners - 1};
    pair->fd = calloc(scene->sessions + 1, sizeof *pair->fd);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max; /* the brokers inherit it */
    setrlimit(RLIMIT_NOFILE, &limit);
    bool ok = pair->fd && limit.rlim_max >= scene->sessions + SPARE;
    if (!ok)
        fprintf(stderr, "%zu sessions are not measured: the limit of open files is %ju\n", scene->sessions,
                (uintmax_t)limit.rlim_max);
    for (int i = 0; ok && i < SERVERS; i++)
        ok = peer_start(&pair->peer[i], peer_row(names[i]), &pair->setup);
    return ok;
}

static void pair_stop(struct pair *pair)
{
    for (size_t i = 0; i < pair->nholders; i++) {
        kill(pair->holder[i], SIGKILL);
        waitpid(pair->holder[i], NULL, 0);
    }
    free(pair->fd);
    for (int i = 0; i < SERVERS; i++)
        if (pair->peer[i].broker)
            peer_stop(&pair->peer[i]);
    sk_X509_pop_free(pair->chain, X509_free);
    cg_pki_free(pair->pki);
    free(pair->policy);
    cg_scratch_close();
}

static bool add_session(struct pair *pair, int server)
{
    char id[32];
    struct cg_client_result result;
    snprintf(id, sizeof id, "device-%zu", pair->made);
    const struct cg_client_spec spec = {.port = pair->peer[server].port,
                                        .host = (unsigned)(pair->made++ / PER_HOST),
                                        .leaf = cg_pki_cert(pair->pki, "dev"),
                                        .chain = pair->chain,
                                        .key = cg_pki_key(pair->pki, "dev"),
                                        .version = pair->scene->version,
                                        .client_id = id,
                                        .no_keep_alive = true};
    cg_client_connect(&spec, &result);
    if (!result.accepted) {
        fprintf(stderr, "%s: alert %d, %s\n", names[server], result.alert, result.error);
        return false;
    }
    pair->fd[pair->nfd++] = SSL_get_fd(result.ssl);
    SSL_free(result.ssl); /* leaves the socket open */
    return true;
}

/* Passes the sockets of a batch to a child process. */
static void hold(struct pair *pair)
{
    fflush(NULL);
    pid_t holder = fork();
    if (holder == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    if (holder > 0)
        pair->holder[pair->nholders++] = holder;
    while (pair->nfd > 0)
        close(pair->fd[--pair->nfd]);
}

/* The KiB that each of count more sessions adds; -1: one was refused. */
static double add_batch(struct pair *pair, int server, size_t count)
{
    long before = cg_process_private_kib(pair->peer[server].pid);
    for (size_t i = 0; i < count; i++)
        if (!add_session(pair, server))
            return -1;
    hold(pair);
    cg_pause_ms(100);
    return (double)(cg_process_private_kib(pair->peer[server].pid) - before) / (double)count;
}

/* The first batch also fills the free memory that the start and the first handshakes left. */
static bool fill(struct pair *pair)
{
    const struct scene *scene = pair->scene;
    double kib[SERVERS][BATCHES];
    for (int batch = 0; scene->sessions > 0 && batch < BATCHES; batch++)
        for (int i = 0; i < SERVERS; i++)
            if ((kib[i][batch] = add_batch(pair, i, scene->sessions / BATCHES)) < 0)
                return false;
    for (int i = 0; scene->sessions > 0 && i < SERVERS; i++)
        printf("held\t%s\t%s\t%d\t%zu\t%.3f\t%.3f\t%.3f\n", names[i], scene->version == TLS1_3_VERSION ? "1.3" : "1.2",
               scene->three ? 3 : 2, scene->sessions, cg_percentile(kib[i] + 1, BATCHES - 1, 0.5),
               cg_percentile(kib[i] + 1, BATCHES - 1, 0.25), cg_percentile(kib[i] + 1, BATCHES - 1, 0.75));
    return true;
}

/* CPU time in ns of the main thread and of all others, from /proc/PID/task/TID/schedstat. */
static void cpu_ns(int pid, int64_t *main_thread, int64_t *others)
{
    char path[100];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    *main_thread = *others = 0;
    for (const struct dirent *task; tasks && (task = readdir(tasks));) {
        char text[64] = "";
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, task->d_name);
        FILE *in = task->d_name[0] == '.' ? NULL : fopen(path, "re");
        if (!in)
            continue;
        if (fgets(text, sizeof text, in))
            *(strtol(task->d_name, NULL, 10) == pid ? main_thread : others) += strtoll(text, NULL, 10);
        fclose(in);
    }
    if (tasks)
        closedir(tasks);
}

struct usage {
    double main_us[WINDOWS_MAX], other_us[WINDOWS_MAX]; /* per second */
};

static void watch(const struct pair *pair, int window_ms)
{
    struct usage usage[SERVERS];
    const struct scene *scene = pair->scene;
    cg_pause_ms(3000); /* the brokers finish what the sessions caused */
    for (size_t i = 0; i < scene->windows; i++) {
        int64_t main_ns[SERVERS][2], other_ns[SERVERS][2];
        for (int k = 0; k < SERVERS; k++)
            cpu_ns(pair->peer[k].pid, &main_ns[k][0], &other_ns[k][0]);
        cg_pause_ms(window_ms);
        for (int k = 0; k < SERVERS; k++) {
            cpu_ns(pair->peer[k].pid, &main_ns[k][1], &other_ns[k][1]);
            usage[k].main_us[i] = (double)(main_ns[k][1] - main_ns[k][0]) / window_ms;
            usage[k].other_us[i] = (double)(other_ns[k][1] - other_ns[k][0]) / window_ms;
        }
    }
    for (int k = 0; scene->windows > 0 && k < SERVERS; k++) {
        printf("idle\t%s\t%zu\t%zu\t%zu", names[k], scene->sessions, scene->listeners, scene->files);
        for (int i = 0; i < 3; i++)
            printf("\t%.1f", cg_percentile(usage[k].main_us, scene->windows, (const double[]){0.5, 0.25, 0.75}[i]));
        for (int i = 0; i < 3; i++)
            printf("\t%.1f", cg_percentile(usage[k].other_us, scene->windows, (const double[]){0.5, 0.25, 0.75}[i]));
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    bool quick = bench_start(argc, argv, ""), ok = true;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        struct pair pair;
        if (quick && scenes[i].full_only)
            continue;
        bool started = pair_start(&pair, &scenes[i]) && fill(&pair);
        if (started && scenes[i].windows > 0)
            watch(&pair, quick ? 1000 : WINDOW_MS);
        fflush(stdout);
        pair_stop(&pair);
        ok = ok && started;
    }
    return !ok;
}
