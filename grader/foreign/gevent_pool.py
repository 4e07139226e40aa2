"""A correct solution to lab 01 with another design: gevent's greenlets, and a pool as the limit."""

import argparse

from gevent.pool import Pool
from gevent.server import StreamServer


def echo(client, _):
    try:
        while data := client.recv(16384):
            client.sendall(data)
    except OSError:
        pass  # only this client is affected


parser = argparse.ArgumentParser()
parser.add_argument("--addr", default="127.0.0.1:9999")
parser.add_argument("--max-connections", type=int, default=1024)
flags = parser.parse_args()
host, port = flags.addr.rsplit(":", 1)
# A server whose pool is full stops accepting.
server = StreamServer((host, int(port)), echo, backlog=128, spawn=Pool(flags.max_connections))
server.start()
print("listening on %s:%d" % server.address, flush=True)
server.serve_forever()
