/* Stands between the server and the kernel's syncs: while the file that SYNC_FAULT names holds a number, each sync fails
 * with it as errno; while it holds "hold", each sync waits, having made SYNC_FAULT.held. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void mark_held(const char *path) {
    char held[4096];
    snprintf(held, sizeof held, "%s.held", path);
    int fd = open(held, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
}

/* The errno to fail with, or 0. */
static int fault(void) {
    const char *path = getenv("SYNC_FAULT");
    const struct timespec pause = {0, 1000000};
    for (;;) {
        char order[16] = {0};
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0) return 0;
        ssize_t length = read(fd, order, sizeof order - 1);
        close(fd);
        if (length <= 0 || strncmp(order, "hold", 4) != 0) return atoi(order);
        mark_held(path);
        nanosleep(&pause, NULL);
    }
}

static int sync_by(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int error = fault();
    if (error == 0) return real(fd);
    errno = error;
    return -1;
}

int fsync(int fd) { return sync_by("fsync", fd); }
int fdatasync(int fd) { return sync_by("fdatasync", fd); }
