"""A correct solution to lab 02 in another language: one thread over the module `select`, with epoll, poll or select
as --backend says. Clients are indexed by descriptor and forgotten completely when they leave."""

import argparse
import select
import socket

FD_SETSIZE = 1024


class Epoll:
    def __init__(self, edge):
        self.epoll = select.epoll()
        self.edge = select.EPOLLET if edge else 0
        self.known = set()

    def watch(self, fd, read, write):
        events = select.EPOLLIN * read | select.EPOLLOUT * write | self.edge
        if fd in self.known:
            self.epoll.modify(fd, events)
        else:
            self.epoll.register(fd, events)
            self.known.add(fd)

    def forget(self, fd):
        self.epoll.unregister(fd)
        self.known.remove(fd)

    def wait(self):
        return [fd for fd, _ in self.epoll.poll()]


class Poll:
    def __init__(self):
        self.poll = select.poll()

    def watch(self, fd, read, write):
        self.poll.register(fd, select.POLLIN * read | select.POLLOUT * write)

    def forget(self, fd):
        self.poll.unregister(fd)

    def wait(self):
        return [fd for fd, _ in self.poll.poll()]


class Select:
    def __init__(self):
        self.read, self.write = set(), set()

    def watch(self, fd, read, write):
        (self.read.add if read else self.read.discard)(fd)
        (self.write.add if write else self.write.discard)(fd)

    def forget(self, fd):
        self.watch(fd, False, False)

    def wait(self):
        readable, writable, _ = select.select(self.read, self.write, [])
        return {*readable, *writable}


parser = argparse.ArgumentParser()
parser.add_argument("--addr", default="127.0.0.1:9999")
parser.add_argument("--backend", choices=["epoll", "poll", "select"], default="epoll")
parser.add_argument("--trigger", choices=["level", "edge"], default="level")
flags = parser.parse_args()
host, port = flags.addr.rsplit(":", 1)
edge = flags.trigger == "edge"
selector = {"epoll": lambda: Epoll(edge), "poll": Poll, "select": Select}[flags.backend]()
clients = {}


def accept():
    while True:
        try:
            client, _ = listener.accept()
        except BlockingIOError:
            return
        except ConnectionAbortedError:
            continue
        except OSError:
            selector.watch(listener.fileno(), False, False)  # out of descriptors: wait until a client leaves
            return
        if flags.backend == "select" and client.fileno() >= FD_SETSIZE:
            client.close()
            continue
        client.setblocking(False)
        clients[client.fileno()] = client, bytearray()
        selector.watch(client.fileno(), True, False)


def step(client, pending):
    if not pending:
        data = client.recv(16384)
        if not data:
            raise ConnectionResetError
        pending += data
    del pending[: client.send(pending)]


def serve(fd):
    client, pending = clients[fd]
    try:
        step(client, pending)
        while edge:
            step(client, pending)
    except BlockingIOError:
        pass
    except OSError:
        selector.forget(fd)
        del clients[fd]
        client.close()
        selector.watch(listener.fileno(), True, False)
        return
    # Reads nothing while bytes are waiting to be written (back-pressure).
    selector.watch(fd, not pending, bool(pending))


with socket.create_server((host, int(port)), backlog=128) as listener:
    listener.setblocking(False)
    selector.watch(listener.fileno(), True, False)
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    while True:
        for fd in selector.wait():
            if fd == listener.fileno():
                accept()
            elif fd in clients:
                serve(fd)
