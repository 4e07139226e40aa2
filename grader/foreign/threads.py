"""A correct solution to lab 01: a thread for each client."""

import argparse
import socket
import threading
import time


def handle(client):
    while data := client.recv(16384):
        client.sendall(data)


def serve_one(client, slots):
    try:
        with client:
            handle(client)
    except OSError:
        pass  # only this client is affected
    finally:
        slots.release()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--addr", default="127.0.0.1:9999")
    parser.add_argument("--max-connections", type=int, default=1024)
    flags = parser.parse_args()
    host, port = flags.addr.rsplit(":", 1)
    slots = threading.Semaphore(flags.max_connections)
    with socket.create_server((host, int(port)), backlog=5) as listener:
        print("listening on %s:%d" % listener.getsockname(), flush=True)
        while True:
            slots.acquire()
            try:
                client, _ = listener.accept()
            except OSError:
                slots.release()
                time.sleep(0.02)
                continue
            threading.Thread(target=serve_one, args=(client, slots)).start()


main()
