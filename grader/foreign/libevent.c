/* A solution to lab 02 in another language: libevent's bufferevents over epoll, poll or select. It is correct except
 * for --trigger edge, because bufferevents are level-triggered. */

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_UNSENT 65536

static struct evconnlistener *listener;
static int max_descriptor = INT_MAX; /* the highest that the backend can watch */

static void leave(struct bufferevent *client) {
    bufferevent_free(client);
    evconnlistener_enable(listener); /* in case descriptors had run out */
}

static size_t unsent(struct bufferevent *client) {
    return evbuffer_get_length(bufferevent_get_output(client));
}

static void on_read(struct bufferevent *client, void *data) {
    (void)data;
    bufferevent_write_buffer(client, bufferevent_get_input(client));
    /* Stop reading from a client that does not read (back-pressure). */
    if (unsent(client) > MAX_UNSENT) bufferevent_disable(client, EV_READ);
}

/* Everything has been written. */
static void on_drained(struct bufferevent *client, void *data) {
    (void)data;
    bufferevent_enable(client, EV_READ);
}

static void on_last_drained(struct bufferevent *client, void *data) {
    (void)data;
    leave(client);
}

static void on_event(struct bufferevent *client, short events, void *data) {
    (void)data;
    if ((events & BEV_EVENT_EOF) && unsent(client) > 0)
        bufferevent_setcb(client, NULL, on_last_drained, on_event, NULL);
    else
        leave(client);
}

static void on_accept(struct evconnlistener *from, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *base) {
    (void)from, (void)address, (void)length;
    if (fd > max_descriptor) {
        close(fd);
        return;
    }
    struct bufferevent *client = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(client, on_read, on_drained, on_event, NULL);
    bufferevent_enable(client, EV_READ | EV_WRITE);
}

/* Out of descriptors: accepts no more clients until one leaves. */
static void on_accept_error(struct evconnlistener *from, void *base) {
    (void)base;
    evconnlistener_disable(from);
}

static struct event_base *base_with(const char *backend) {
    static const char *const backends[] = {"epoll", "poll", "select"};
    struct event_config *config = event_config_new();
    for (int index = 0; index < 3; index++)
        if (strcmp(backends[index], backend)) event_config_avoid_method(config, backends[index]);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

int main(int count, char **words) {
    const char *where = "127.0.0.1:9999", *backend = "epoll";
    for (int index = 1; index + 1 < count; index += 2) {
        if (!strcmp(words[index], "--addr")) where = words[index + 1];
        if (!strcmp(words[index], "--backend")) backend = words[index + 1];
    }
    signal(SIGPIPE, SIG_IGN);
    if (!strcmp(backend, "select")) max_descriptor = FD_SETSIZE - 1;
    struct event_base *base = base_with(backend);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE;
    address.sin_port = htons(atoi(strrchr(where, ':') + 1));
    if (base)
        listener = evconnlistener_new_bind(base, on_accept, base, flags, 128,
                                           (struct sockaddr *)&address, sizeof address);
    if (!listener) {
        fprintf(stderr, "error: %s: %s\n", where, strerror(errno));
        return 1;
    }
    evconnlistener_set_error_cb(listener, on_accept_error);
    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &length);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return event_base_dispatch(base);
}
