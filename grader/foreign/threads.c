/* A correct solution to lab 01: a thread for each client, in C. */

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static sem_t slots;

static int write_all(int client, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(client, bytes, count);
        if (written < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        bytes += written;
        count -= (size_t)written;
    }
    return 0;
}

static void *handle(void *argument)
{
    int client = (int)(long)argument;
    char buffer[16384];
    for (;;) {
        ssize_t count = read(client, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0 || write_all(client, buffer, (size_t)count) < 0)
            break;
    }
    close(client);
    sem_post(&slots);
    return NULL;
}

int main(int argc, char **argv)
{
    const char *address = "127.0.0.1:9999";
    unsigned limit = 1024;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--addr") == 0)
            address = argv[i + 1];
        else if (strcmp(argv[i], "--max-connections") == 0)
            limit = (unsigned)atoi(argv[i + 1]);
    }
    char host[64];
    const char *colon = strrchr(address, ':');
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    signal(SIGPIPE, SIG_IGN);
    sem_init(&slots, 0, limit);

    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(colon + 1))};
    inet_pton(AF_INET, host, &name.sin_addr);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = sizeof name;
    if (bind(listener, (struct sockaddr *)&name, length) < 0 || listen(listener, 128) < 0) {
        fprintf(stderr, "error: %s\n", strerror(errno));
        return 1;
    }
    getsockname(listener, (struct sockaddr *)&name, &length);
    printf("listening on %s:%d\n", host, ntohs(name.sin_port));
    fflush(stdout);

    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (;;) {
        while (sem_wait(&slots) < 0)
            ;
        int client = accept(listener, NULL, NULL);
        pthread_t thread;
        if (client < 0 || pthread_create(&thread, &detached, handle, (void *)(long)client) != 0) {
            if (client >= 0)
                close(client);
            sem_post(&slots);
            usleep(20000);
        }
    }
}
