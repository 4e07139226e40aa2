"""A correct solution to lab 08 in another language: OpenSSL and threads."""

import argparse
import os
import socket
import ssl
import sys
import threading
import time

AT_ONCE = 16384


def strict(context):
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    # With OpenSSL 3, Python before 3.11.4 sets this option, which hides a FIN without close_notify (gh-95494).
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context


def server_context(flags):
    context = strict(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    context.load_cert_chain(flags.cert, flags.key)
    if flags.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(flags.client_ca)
    return context


def client_context(flags):
    context = strict(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    context.load_verify_locations(flags.ca)
    if flags.cert:
        context.load_cert_chain(flags.cert, flags.key)
    return context


def echo(secured):
    while data := secured.recv(AT_ONCE):
        secured.sendall(data)
    # The client's close_notify has arrived, so this only sends ours.
    secured.unwrap()


def converse(client, context, deadline):
    try:
        # In a handshake, this timeout limits the total time, not each call.
        client.settimeout(max(deadline - time.monotonic(), 0.001))
        with context.wrap_socket(
            client, server_side=True, suppress_ragged_eofs=False
        ) as secured:
            secured.settimeout(None)
            echo(secured)
    except OSError:
        client.close()


def listen(address):
    host, port = address.rsplit(":", 1)
    listener = socket.create_server((host, int(port)), backlog=128)
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    return listener


def serve(flags):
    context = server_context(flags)
    listener = listen(flags.addr)
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            time.sleep(0.02)
            continue
        deadline = time.monotonic() + flags.handshake_timeout_ms / 1000
        arguments = (client, context, deadline)
        threading.Thread(target=converse, args=arguments, daemon=True).start()


class Tunnel:
    """TLS without a socket, so that two threads can each use one direction.

    OpenSSL allows one call at a time, so there is a lock. No thread waits for the network while it holds the lock."""

    def __init__(self, stream, context, name):
        self.stream = stream
        self.received, self.to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.received, self.to_send, server_hostname=name)
        self.lock = threading.Lock()

    def flush(self):
        self.stream.sendall(self.to_send.read())

    def fill(self):
        data = self.stream.recv(4 * AT_ONCE)
        with self.lock:
            if data:
                self.received.write(data)
            else:
                self.received.write_eof()

    def handshake(self):
        while True:
            try:
                return self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.flush()
                self.fill()
            finally:
                self.flush()  # the last message, or an alert

    def send(self, data):
        """Sends `data`, or close_notify if it is empty."""
        with self.lock:
            try:
                self.tls.write(data) if data else self.tls.unwrap()
            except ssl.SSLWantReadError:
                pass  # Our close_notify is written; the peer's has not arrived yet.
            ready = self.to_send.read()
        self.stream.sendall(ready)

    def pieces(self):
        """Yields data until close_notify. A FIN without it raises SSLEOFError."""
        while True:
            try:
                with self.lock:
                    data = self.tls.read(AT_ONCE)
                if not data:
                    return
                yield data
            except ssl.SSLZeroReturnError:
                return  # How Python reports the peer's close_notify after our own.
            except ssl.SSLWantReadError:
                self.fill()


def give(tunnel):
    try:
        while data := os.read(sys.stdin.fileno(), AT_ONCE):
            tunnel.send(data)
        tunnel.send(b"")
    except OSError:
        pass  # The reading thread sees the error, too, and reports it.


def connect(flags):
    context = client_context(flags)
    host, port = flags.addr.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as stream:
        tunnel = Tunnel(stream, context, flags.server_name)
        tunnel.handshake()
        threading.Thread(target=give, args=(tunnel,), daemon=True).start()
        for data in tunnel.pieces():
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()


def main(serve=serve):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve")
    server.add_argument("--addr", default="127.0.0.1:9999")
    server.add_argument("--cert", required=True)
    server.add_argument("--key", required=True)
    server.add_argument("--client-ca")
    server.add_argument("--handshake-timeout-ms", type=int, default=2000)
    client = commands.add_parser("connect")
    client.add_argument("addr")
    client.add_argument("--ca", required=True)
    client.add_argument("--server-name", required=True)
    client.add_argument("--cert")
    client.add_argument("--key")
    flags = parser.parse_args()
    try:
        serve(flags) if flags.command == "serve" else connect(flags)
    except OSError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
