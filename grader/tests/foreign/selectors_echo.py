"""An echo server on one thread over the module `selectors`: select, poll or epoll, as --backend says."""

import argparse
import selectors
import socket

parser = argparse.ArgumentParser()
parser.add_argument("--addr", default="127.0.0.1:9999")
parser.add_argument("--backend", choices=["epoll", "poll", "select"], default="epoll")
flags = parser.parse_args()
host, port = flags.addr.rsplit(":", 1)
selector = {
    "epoll": selectors.EpollSelector,
    "poll": selectors.PollSelector,
    "select": selectors.SelectSelector,
}[flags.backend]()


def accept(listener):
    client, _ = listener.accept()
    client.setblocking(False)
    selector.register(client, selectors.EVENT_READ, bytearray())


def move(client, pending):
    try:
        if not pending:
            data = client.recv(16384)
            if not data:
                raise ConnectionResetError
            pending += data
        del pending[: client.send(pending)]
    except BlockingIOError:
        pass
    except OSError:
        selector.unregister(client)
        client.close()
        return
    # Nothing is read while something waits to be written (back-pressure).
    selector.modify(client, selectors.EVENT_WRITE if pending else selectors.EVENT_READ, pending)


with socket.create_server((host, int(port)), backlog=128) as listener:
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ)
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                accept(listener)
            else:
                move(key.fileobj, key.data)
