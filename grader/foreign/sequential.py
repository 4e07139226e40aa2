"""A wrong solution to lab 01: one client after another."""

import socket
import time

with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            time.sleep(0.02)
            continue
        try:
            with client:
                while data := client.recv(16384):
                    client.sendall(data)
        except OSError:
            pass
