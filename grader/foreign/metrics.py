"""A correct solution to lab 06 in another language: a thread for each client, one lock for all numbers, and a page in
Prometheus' text format from the standard library's HTTP server."""

import argparse
import re
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST = 8192
SLEEP = re.compile(r"SLEEP (\d{1,5}) (.*)", re.ASCII | re.DOTALL)
BOUNDS = 0.001, 0.01, 0.1, 1.0, float("inf")
KINDS = "line_too_long", "not_utf8", "bad_sleep", "io", "panic"

parser = argparse.ArgumentParser()
parser.add_argument("--addr", default="127.0.0.1:9999")
parser.add_argument("--metrics-addr", default="127.0.0.1:0")
flags = parser.parse_args()


class Refused(Exception):
    """The first argument is the last line sent to the client, the second the kind of error."""


class Metrics:
    def __init__(self):
        self.lock = threading.Lock()
        self.connections = self.active = self.requests = self.received = self.sent = 0
        self.errors = dict.fromkeys(KINDS, 0)
        self.buckets = [0] * len(BOUNDS)
        self.seconds = 0.0

    def add(self, name, number=1):
        with self.lock:
            setattr(self, name, getattr(self, name) + number)

    def error(self, kind):
        with self.lock:
            self.errors[kind] += 1

    def observe(self, seconds):
        with self.lock:
            self.requests += 1
            self.seconds += seconds
            self.buckets[next(i for i, bound in enumerate(BOUNDS) if seconds <= bound)] += 1

    def page(self):
        with self.lock:
            lines = []

            def metric(name, kind, text, *samples):
                lines.extend((f"# HELP {name} {text}", f"# TYPE {name} {kind}"))
                lines.extend(f"{name}{suffix} {value}" for suffix, value in samples)

            metric("echo_connections_total", "counter", "Clients accepted.", ("", self.connections))
            metric("echo_connections_active", "gauge", "Clients connected now.", ("", self.active))
            metric("echo_requests_total", "counter", "Lines answered.", ("", self.requests))
            metric("echo_received_bytes_total", "counter", "Bytes read.", ("", self.received))
            metric("echo_sent_bytes_total", "counter", "Bytes written.", ("", self.sent))
            errors = ((f'{{kind="{kind}"}}', number) for kind, number in self.errors.items())
            metric("echo_errors_total", "counter", "Errors, by kind.", *errors)
            buckets, all_of_them = [], 0
            for bound, number in zip(BOUNDS, self.buckets):
                all_of_them += number
                le = "+Inf" if bound == float("inf") else f"{bound:g}"
                buckets.append((f'_bucket{{le="{le}"}}', all_of_them))
            total = ("_sum", repr(self.seconds)), ("_count", all_of_them)
            name = "echo_request_duration_seconds"
            metric(name, "histogram", "From the line to its answer.", *buckets, *total)
        return "\n".join(lines) + "\n"


metrics = Metrics()


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = self.path == "/metrics"
        body = metrics.page().encode() if found else b"no such page\n"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Pages(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A scraper that disconnects is not worth reporting.
        pass


def text_of(line):
    if len(line) > LONGEST:
        raise Refused("ERR line too long", "line_too_long")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise Refused("ERR not utf-8", "not_utf8") from None


def lines_of(connection):
    buffer = bytearray()
    while True:
        while (end := buffer.find(b"\n")) >= 0:
            line = bytes(buffer[:end])
            del buffer[: end + 1]
            yield text_of(line[:-1] if line.endswith(b"\r") else line)
        if len(buffer) > LONGEST + (buffer[LONGEST : LONGEST + 1] == b"\r"):
            raise Refused("ERR line too long", "line_too_long")
        data = connection.recv(16384)
        if not data:
            if buffer:
                yield text_of(bytes(buffer))
            return
        metrics.add("received", len(data))
        buffer += data


def send(connection, text):
    data = text.encode()
    while data:
        count = connection.send(data)
        metrics.add("sent", count)
        data = data[count:]


def answer(line):
    if line == "PANIC":
        raise RuntimeError("a client asked for this")
    request = SLEEP.fullmatch(line)
    if request and int(request[1]) <= 60000:
        time.sleep(int(request[1]) / 1000)
        return f"ECHO: {request[2]}\n"
    if line.startswith("SLEEP "):
        metrics.error("bad_sleep")
        return "ERR bad sleep\n"
    return f"ECHO: {line}\n"


def serve(connection):
    with connection:
        try:
            for line in lines_of(connection):
                begin = time.monotonic()
                send(connection, answer(line))
                metrics.observe(time.monotonic() - begin)
        except Refused as reason:
            metrics.error(reason.args[1])
            try:
                send(connection, f"{reason.args[0]}\n")
            except OSError:
                pass
        except OSError:
            metrics.error("io")
        except RuntimeError:
            metrics.error("panic")
        finally:
            metrics.add("active", -1)


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


threading.stack_size(256 * 1024)
listener = socket.create_server(address(flags.addr), backlog=128)
pages = Pages(address(flags.metrics_addr), Page)
print("listening on %s:%d" % listener.getsockname())
print("metrics on %s:%d" % pages.server_address, flush=True)
threading.Thread(target=pages.serve_forever, kwargs={"poll_interval": 3600}, daemon=True).start()
while True:
    try:
        connection, _ = listener.accept()
    except OSError as error:
        print(f"accept: {error}", file=sys.stderr)
        time.sleep(0.02)
        continue
    metrics.add("connections")
    metrics.add("active")
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
