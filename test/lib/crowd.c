/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crowd.h"

#include "pki_parts.h"
#include "process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define GROUPS      4
#define SPARE_FILES 100
#define EVENTS      256

struct member {
    struct cg_client_result session;
    int group;
    int code; /* of the DISCONNECT; -1: none was received */
};

struct cg_crowd {
    struct member *member;
    size_t size, count, live[GROUPS];
    int epoll;
};

struct cg_crowd *cg_crowd_new(size_t size)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < size + SPARE_FILES) {
        files.rlim_cur = size + SPARE_FILES;
        if (files.rlim_max < files.rlim_cur)
            files.rlim_max = files.rlim_cur;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            pki_die(NULL, "cannot raise the limit of open files. Run as root or with a higher hard limit (ulimit -Hn)",
                    "");
    }
    struct cg_crowd *crowd = calloc(1, sizeof *crowd);
    if (!crowd || !(crowd->member = calloc(size, sizeof *crowd->member)))
        pki_die(NULL, "no memory", "");
    crowd->size = size;
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    return crowd;
}

void cg_crowd_free(struct cg_crowd *crowd)
{
    if (!crowd)
        return;
    for (size_t i = 0; i < crowd->count; i++)
        cg_client_close(&crowd->member[i].session);
    close(crowd->epoll);
    free(crowd->member);
    free(crowd);
}

bool cg_crowd_add(struct cg_crowd *crowd, const struct cg_client_spec *spec, int group, const char *label, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char id[64];
        struct cg_client_spec one = *spec;
        if (crowd->count == crowd->size)
            pki_die(NULL, "the crowd is full", label);
        struct member *member = &crowd->member[crowd->count];
        snprintf(id, sizeof id, "%s-%zu", label, i);
        one.client_id = id;
        one.mqtt5 = true;
        cg_client_connect(&one, &member->session);
        if (!member->session.accepted) {
            fprintf(stderr, "%s: alert %d, %s\n", id, member->session.alert, member->session.error);
            return false;
        }
        member->group = group;
        member->code = -1;
        int fd = SSL_get_fd(member->session.ssl);
        fcntl(fd, F_SETFL, O_NONBLOCK); /* a readable socket may hold only part of a record */
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = member};
        epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, fd, &event);
        crowd->count++;
        crowd->live[group]++;
    }
    return true;
}

void cg_crowd_ping(const struct cg_crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++)
        if (crowd->member[i].session.ssl)
            SSL_write(crowd->member[i].session.ssl, "\xc0", 2);
}

size_t cg_crowd_live(const struct cg_crowd *crowd, int group)
{
    return crowd->live[group];
}

size_t cg_crowd_disconnected(const struct cg_crowd *crowd, int group, int code)
{
    size_t count = 0;
    for (size_t i = 0; i < crowd->count; i++)
        count += crowd->member[i].group == group && !crowd->member[i].session.ssl && crowd->member[i].code == code;
    return count;
}

static void read_packet(struct cg_crowd *crowd, struct member *member)
{
    unsigned char packet[256];
    SSL *ssl = member->session.ssl;
    int len = SSL_read(ssl, packet, sizeof packet);
    if (len >= 2 && packet[0] == 0xe0)
        member->code = len >= 3 && packet[1] > 0 ? packet[2] : 0;
    if (len > 0 || SSL_get_error(ssl, len) == SSL_ERROR_WANT_READ)
        return;
    epoll_ctl(crowd->epoll, EPOLL_CTL_DEL, SSL_get_fd(ssl), NULL);
    cg_client_close(&member->session);
    crowd->live[member->group]--;
}

double cg_crowd_wait(struct cg_crowd *crowd, int group, size_t left, int wait_ms)
{
    int64_t start = cg_now_us(), until = start + wait_ms * INT64_C(1000);
    struct epoll_event events[EVENTS];
    while (crowd->live[group] > left) {
        int64_t rest = until - cg_now_us();
        if (rest <= 0)
            return -1;
        int count = epoll_wait(crowd->epoll, events, EVENTS, (int)(rest / 1000) + 1);
        for (int i = 0; i < count; i++)
            read_packet(crowd, events[i].data.ptr);
    }
    return (double)(cg_now_us() - start) / 1000;
}
