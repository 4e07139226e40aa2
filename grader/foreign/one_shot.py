"""A wrong solution to lab 01, as in many tutorials: one read, one write, close."""

import socket

with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    while True:
        client, _ = listener.accept()
        with client:
            client.sendall(client.recv(1024))
