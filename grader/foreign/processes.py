"""A correct solution to lab 01 with another design: a process for each client."""

import argparse
import os
import select
import signal
import socket
import time


def handle(client):
    try:
        while data := client.recv(16384):
            client.sendall(data)
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--addr", default="127.0.0.1:9999")
    parser.add_argument("--max-connections", type=int, default=1024)
    flags = parser.parse_args()
    host, port = flags.addr.rsplit(":", 1)
    children = 0
    # When a child exits, this pipe wakes the loop.
    wake, ended = os.pipe()
    os.set_blocking(ended, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ended, warn_on_full_buffer=False)
    with socket.create_server((host, int(port)), backlog=128) as listener:
        listener.setblocking(False)
        print("listening on %s:%d" % listener.getsockname(), flush=True)
        while True:
            watched = [wake] + ([listener] if children < flags.max_connections else [])
            ready, _, _ = select.select(watched, [], [])
            if wake in ready:
                os.read(wake, 4096)
                while children:
                    pid, _ = os.waitpid(-1, os.WNOHANG)
                    if pid == 0:
                        break
                    children -= 1
            if listener not in ready:
                continue
            try:
                client, _ = listener.accept()
            except BlockingIOError:
                continue
            except OSError:
                time.sleep(0.02)
                continue
            if os.fork() == 0:
                listener.close()
                client.setblocking(True)
                handle(client)
                os._exit(0)
            client.close()
            children += 1


main()
