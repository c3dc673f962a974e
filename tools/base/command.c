/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "command.h"
#include "clock.h"
#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_MS    INT64_C(5000)
#define FD_MAX      65536 /* without close_range() */
#define NOT_STARTED 126   /* as sh: found, but cannot be run */
#define READS_MAX   16    /* at once: a command that writes without end must not hold up its own limit */

/* ---- the child */

static void close_others(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, STDERR_FILENO + 1U, ~0U, 0U) == 0)
        return;
#endif
    for (int fd = STDERR_FILENO + 1; fd < FD_MAX; fd++)
        close(fd);
}

static bool become(const struct cg_command_user *user)
{
    if (!user->is_set)
        return true;
    const int groups = user->name ? initgroups(user->name, user->gid) : setgroups(1, &user->gid);
    return groups == 0 && setresgid(user->gid, user->gid, user->gid) == 0 &&
           setresuid(user->uid, user->uid, user->uid) == 0 && getuid() == user->uid && geteuid() == user->uid;
}

_Noreturn static void run_child(const struct cg_command *command, int output)
{
    const char *const words[] = {"sh", "-c", command->text, NULL};
    sigset_t none;
    const int input = open("/dev/null", O_RDONLY);
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    if (input >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0 && chdir("/") == 0 && become(&command->user)) {
        close_others();
        sigprocmask(SIG_SETMASK, &none, NULL);
        execve("/bin/sh", (char *const *)(uintptr_t)words, command->environment);
    }
    _exit(NOT_STARTED);
}

bool cg_command_start(struct cg_command *command, struct cg_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return cg_fail_errno(err, "start", "/bin/sh");
    (void)fcntl(ends[1], F_SETFL, 0); /* the command expects output that blocks */
    signal(SIGCHLD, SIG_DFL);         /* an ignored one would lose the exit code */
    command->output = ends[0];
    command->end = cg_monotonic_ms() + command->seconds * 1000;
    command->child = fork();
    if (command->child == 0)
        run_child(command, ends[1]);
    close(ends[1]);
    if (command->child > 0)
        return true;
    cg_fail_errno(err, "start", "/bin/sh");
    close(ends[0]);
    return false;
}

/* ---- its output */

static void end_line(struct cg_command *command)
{
    command->part[command->len] = '\0';
    if (command->len) {
        memmove(command->tail[1], command->tail[0], sizeof command->tail - sizeof command->tail[0]);
        memcpy(command->tail[0], command->part, command->len + 1);
        if (command->line && command->lines++ < CG_COMMAND_SHOWN)
            command->line(command->context, command->lines < CG_COMMAND_SHOWN ? command->part : "(more is not shown)");
    }
    command->len = 0;
}

static void read_output(struct cg_command *command)
{
    char buffer[4096];
    ssize_t n;
    for (size_t reads = 0; reads < READS_MAX && (n = read(command->output, buffer, sizeof buffer)) > 0; reads++)
        for (ssize_t i = 0; i < n; i++)
            if (buffer[i] == '\n')
                end_line(command);
            else if (buffer[i] && command->len < sizeof command->part - 1)
                command->part[command->len++] = buffer[i];
}

/* ---- its end */

void cg_command_stop(struct cg_command *command, const char *why)
{
    if (command->is_ending)
        return;
    snprintf(command->why, sizeof command->why, "%s", why);
    command->is_ending = true;
    command->end = cg_monotonic_ms() + GRACE_MS;
    kill(-command->child, SIGTERM);
}

static void check_limit(struct cg_command *command)
{
    char why[sizeof command->why];
    if (cg_monotonic_ms() < command->end || command->is_killed)
        return;
    if (command->is_ending) {
        command->is_killed = true;
        kill(-command->child, SIGKILL);
        return;
    }
    snprintf(why, sizeof why, "it did not end within %lld s", (long long)command->seconds);
    cg_command_stop(command, why);
}

static void take_status(struct cg_command *command, int status)
{
    if (command->is_ending || status == 0)
        return;
    if (WIFSIGNALED(status))
        snprintf(command->why, sizeof command->why, "killed by signal %d", WTERMSIG(status));
    else
        snprintf(command->why, sizeof command->why, "exit code %d", WEXITSTATUS(status));
}

bool cg_command_poll(struct cg_command *command)
{
    siginfo_t info = {0};
    int status = 0;
    read_output(command);
    check_limit(command);
    /* not reaped yet, so that no other process group can have its number */
    if (waitid(P_PID, (id_t)command->child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0)
        return false;
    if (command->is_ending)
        kill(-command->child, SIGKILL);
    if (waitpid(command->child, &status, 0) != command->child)
        status = -1;
    take_status(command, status);
    read_output(command);
    end_line(command);
    close(command->output);
    return true;
}
