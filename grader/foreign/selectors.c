/* A correct solution to lab 02 in another language: one thread over epoll, poll or select, as --backend says. With
 * --trigger edge, each client is registered once, for all events. Clients are indexed by descriptor. An echo is one
 * read and one write; bytes that are not written are kept. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER 65536
#define BATCH 256

enum backend { EPOLL, POLL, SELECT };

struct client {
    char *left; /* read but not yet written */
    size_t begin, end;
    int is_open, wants_write;
};

static enum backend backend = EPOLL;
static int edge, set = -1, listener, listening = 1;
static struct client *clients; /* indexed by descriptor */
static int most, highest;
static struct pollfd *polled; /* also indexed by descriptor */
static fd_set reading, writing;

static int fail(const char *what) {
    fprintf(stderr, "error: %s: %s\n", what, strerror(errno));
    return 1;
}

/* Sets the events to wait for on `fd`. */
static void watch(int fd, int read, int write, int is_new) {
    if (backend == EPOLL) {
        unsigned events = (read ? EPOLLIN : 0) | (write ? EPOLLOUT : 0);
        if (edge && fd != listener) events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        if (edge && fd != listener && !is_new) return;
        struct epoll_event event = {.events = events, .data = {.fd = fd}};
        epoll_ctl(set, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    } else if (backend == POLL) {
        polled[fd].fd = fd;
        polled[fd].events = (read ? POLLIN : 0) | (write ? POLLOUT : 0);
    } else {
        if (read) FD_SET(fd, &reading);
        else FD_CLR(fd, &reading);
        if (write) FD_SET(fd, &writing);
        else FD_CLR(fd, &writing);
    }
    if (fd > highest) highest = fd;
}

static void leave(int fd) {
    if (backend == POLL) polled[fd].fd = -1;
    if (backend == SELECT) watch(fd, 0, 0, 0);
    free(clients[fd].left);
    memset(&clients[fd], 0, sizeof clients[fd]);
    close(fd); /* also removes it from the epoll set */
    if (!listening) watch(listener, listening = 1, 0, 0);
}

static void take(void) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EAGAIN) return;
            if (errno == EINTR || errno == ECONNABORTED) continue;
            watch(listener, listening = 0, 0, 0); /* until a client leaves */
            return;
        }
        if (fd >= most || (backend == SELECT && fd >= FD_SETSIZE)) {
            close(fd);
            continue;
        }
        clients[fd].is_open = 1;
        watch(fd, 1, 0, 1);
    }
}

/* Serves a ready client: until it would block if edge-triggered, otherwise one step. */
static void serve(int fd) {
    static char buffer[BUFFER];
    struct client *client = &clients[fd];
    do {
        if (client->left) {
            ssize_t count = write(fd, client->left + client->begin, client->end - client->begin);
            if (count < 0 && errno == EAGAIN) return;
            if (count < 0) return leave(fd);
            client->begin += count;
            if (client->begin < client->end) continue;
            free(client->left);
            client->left = NULL;
            watch(fd, 1, 0, 0);
            continue;
        }
        ssize_t count = read(fd, buffer, sizeof buffer);
        if (count < 0 && errno == EAGAIN) return;
        if (count <= 0) return leave(fd);
        ssize_t written = write(fd, buffer, count);
        if (written < 0 && errno == EAGAIN) written = 0;
        if (written < 0) return leave(fd);
        if (written == count) continue;
        client->left = malloc(count - written);
        memcpy(client->left, buffer + written, count - written);
        client->begin = 0;
        client->end = count - written;
        watch(fd, 0, 1, 0);
    } while (edge);
}

static void handle(int fd) {
    if (fd == listener) take();
    else if (clients[fd].is_open) serve(fd);
}

static void wait_with_epoll(void) {
    struct epoll_event events[BATCH];
    int count = epoll_wait(set, events, BATCH, -1);
    for (int index = 0; index < count; index++) handle(events[index].data.fd);
}

static void wait_with_poll(void) {
    int end = highest + 1;
    if (poll(polled, end, -1) < 0) return;
    for (int fd = 0; fd < end; fd++) {
        int found = polled[fd].fd == fd ? polled[fd].revents : 0;
        polled[fd].revents = 0; /* a new client with this number was not polled in this round */
        if (found) handle(fd);
    }
}

static void wait_with_select(void) {
    fd_set readable = reading, writable = writing;
    int end = highest + 1;
    if (select(end, &readable, &writable, NULL, NULL) < 0) return;
    for (int fd = 0; fd < end; fd++)
        if (FD_ISSET(fd, &readable) || FD_ISSET(fd, &writable)) handle(fd);
}

int main(int count, char **words) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9999)};
    socklen_t length = sizeof address;
    struct rlimit limit;
    int on = 1;
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    for (int index = 1; index + 1 < count; index += 2) {
        const char *flag = words[index], *value = words[index + 1];
        if (!strcmp(flag, "--addr")) address.sin_port = htons(atoi(strrchr(value, ':') + 1));
        if (!strcmp(flag, "--backend"))
            backend = !strcmp(value, "select") ? SELECT : !strcmp(value, "poll") ? POLL : EPOLL;
        if (!strcmp(flag, "--trigger")) edge = !strcmp(value, "edge");
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    most = limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
    clients = calloc(most, sizeof *clients);
    polled = calloc(most, sizeof *polled);
    if (!clients || !polled) return fail("memory");
    for (int fd = 0; fd < most; fd++) polled[fd].fd = -1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128))
        return fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    if (backend == EPOLL && (set = epoll_create1(0)) < 0) return fail("epoll_create1");
    watch(listener, 1, 0, 1);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        if (backend == EPOLL) wait_with_epoll();
        else if (backend == POLL) wait_with_poll();
        else wait_with_select();
    }
}
