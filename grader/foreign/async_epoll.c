/* A correct solution to lab 03 in another language: one thread that calls epoll directly. The client uses poll. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER 16384

struct client {
    int fd;
    size_t begin, end; /* the bytes read but not yet written */
    char buffer[BUFFER];
};

static int fail(const char *what) {
    fprintf(stderr, "error: %s: %s\n", what, strerror(errno));
    return 1;
}

static int parse(const char *text, struct sockaddr_in *address) {
    char host[64];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host) return -1;
    memcpy(host, text, colon - text);
    host[colon - text] = 0;
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_port = htons(atoi(colon + 1));
    return inet_pton(AF_INET, host, &address->sin_addr) == 1 ? 0 : -1;
}

static void watch(int set, int operation, int fd, unsigned events, void *data) {
    struct epoll_event event = {.events = events, .data = {.ptr = data}};
    epoll_ctl(set, operation, fd, &event);
}

/* Moves bytes until the socket would block; returns 0 once the client is done. */
static int move(int set, struct client *client) {
    for (;;) {
        if (client->begin < client->end) {
            ssize_t count =
                write(client->fd, client->buffer + client->begin, client->end - client->begin);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) {
                watch(set, EPOLL_CTL_MOD, client->fd, EPOLLOUT, client);
                return 1;
            }
            if (count < 0) return 0;
            client->begin += count;
        } else {
            ssize_t count = read(client->fd, client->buffer, BUFFER);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) {
                watch(set, EPOLL_CTL_MOD, client->fd, EPOLLIN, client);
                return 1;
            }
            if (count <= 0) return 0;
            client->begin = 0;
            client->end = count;
        }
    }
}

static int serve(const char *where) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int on = 1, full = 0, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (parse(where, &address) || bind(listener, (struct sockaddr *)&address, sizeof address) ||
        listen(listener, 128))
        return fail(where);
    getsockname(listener, (struct sockaddr *)&address, &length);
    int set = epoll_create1(0);
    watch(set, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(set, events, 64, -1);
        for (int index = 0; index < count; index++) {
            struct client *client = events[index].data.ptr;
            if (client) {
                if (move(set, client)) continue;
                close(client->fd);
                free(client);
                if (full) { /* a descriptor is free again */
                    watch(set, EPOLL_CTL_MOD, listener, EPOLLIN, NULL);
                    full = 0;
                }
                continue;
            }
            int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            if (fd >= 0) {
                client = calloc(1, sizeof *client);
                client->fd = fd;
                watch(set, EPOLL_CTL_ADD, fd, EPOLLIN, client);
            } else if (errno == EMFILE || errno == ENFILE) {
                watch(set, EPOLL_CTL_MOD, listener, 0, NULL);
                full = 1;
            }
        }
    }
}

static int connect_to(const char *where) {
    static char out[BUFFER], in[BUFFER];
    size_t begin = 0, end = 0;
    int input_open = 1;
    struct sockaddr_in address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (parse(where, &address) || connect(fd, (struct sockaddr *)&address, sizeof address))
        return fail(where);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        struct pollfd polled[2] = {
            {.fd = input_open && begin == end ? 0 : -1, .events = POLLIN},
            {.fd = fd, .events = POLLIN | (begin < end ? POLLOUT : 0)},
        };
        if (poll(polled, 2, -1) < 0) continue;
        if (polled[0].revents) {
            ssize_t count = read(0, out, BUFFER);
            if (count < 0) return fail("standard input");
            begin = 0;
            end = count;
            if (count == 0) {
                input_open = 0;
                shutdown(fd, SHUT_WR);
            }
        }
        if (polled[1].revents & (POLLIN | POLLHUP | POLLERR)) {
            ssize_t count = read(fd, in, BUFFER);
            if (count == 0) return 0;
            if (count < 0 && errno != EAGAIN) return fail(where);
            for (ssize_t done = 0; done < count;) {
                ssize_t written = write(1, in + done, count - done);
                if (written < 0) return fail("standard output");
                done += written;
            }
        }
        if (polled[1].revents & POLLOUT) {
            ssize_t count = write(fd, out + begin, end - begin);
            if (count < 0 && errno != EAGAIN) return fail(where);
            if (count > 0) begin += count;
        }
    }
}

int main(int count, char **words) {
    signal(SIGPIPE, SIG_IGN);
    if (count >= 3 && !strcmp(words[1], "connect")) return connect_to(words[2]);
    return serve(count >= 4 ? words[3] : "127.0.0.1:9999");
}
