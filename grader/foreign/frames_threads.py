"""A correct solution to lab 09 with another design: a thread for each client, a buffer that is split into frames, and
a socket timeout that is set before each read."""

import argparse
import json
import socket
import struct
import sys
import threading
import time

HEADER = struct.Struct(">I")
LINGER = 0.1

parser = argparse.ArgumentParser()
parser.add_argument("--addr", default="127.0.0.1:9999")
parser.add_argument("--max-frame", type=int, default=1 << 20)
parser.add_argument("--frame-timeout-ms", type=int, default=5000)
flags = parser.parse_args()
if flags.max_frame < 1 or flags.frame_timeout_ms < 0:
    parser.exit(1, "error: a limit is too small\n")


class Refused(Exception):
    """The text is the last answer."""


class Bad(Exception):
    """The text is the reason."""


def take(buffer):
    """Removes the first frame from the buffer and returns its body; None if it is incomplete."""
    if len(buffer) < HEADER.size:
        return None
    (length,) = HEADER.unpack_from(buffer)
    if length > flags.max_frame:
        raise Refused("frame too large")
    end = HEADER.size + length
    if len(buffer) < end:
        return None
    body = bytes(buffer[HEADER.size : end])
    del buffer[:end]
    return body


def frames(stream):
    """Yields each frame's body until the input ends, which may be within a frame."""
    buffer, end = bytearray(), None
    while True:
        if (body := take(buffer)) is not None:
            end = None
            yield body
            continue
        if buffer and end is None:
            end = time.monotonic() + flags.frame_timeout_ms / 1000
        try:
            # A timeout of 0 would mean no waiting.
            stream.settimeout(None if end is None else max(end - time.monotonic(), 0.0001))
            data = stream.recv(65536)
        except TimeoutError:
            raise Refused("frame timeout") from None
        if not data:
            return
        buffer += data


def sum_of(value):
    if not isinstance(value, list) or not all(type(term) in (int, float) for term in value):
        raise Bad("bad value")
    total = sum(value)
    if not abs(total) <= sys.float_info.max:
        raise Bad("bad value")
    return total


def reversed_text(value):
    if not isinstance(value, str):
        raise Bad("bad value")
    return "".join(reversed(value))


OPS = {"echo": lambda value: value, "sum": sum_of, "reverse": reversed_text}


def constant(text):
    raise ValueError(f"{text} is not JSON")


def answer(body):
    name = None
    try:
        if not body:
            raise Bad("empty frame")
        try:
            request = json.loads(str(body, "utf-8"), parse_constant=constant)
        except (ValueError, RecursionError):
            raise Bad("bad json") from None
        if not isinstance(request, dict):
            raise Bad("bad json")
        name, op = request.get("id"), request.get("op")
        if not isinstance(op, str) or op not in OPS:
            raise Bad("unknown op")
        return {"id": name, "ok": OPS[op](request.get("value"))}
    except Bad as bad:
        return {"id": name, "error": str(bad)}


def send(stream, content):
    body = json.dumps(content, ensure_ascii=False).encode()
    # The client may take as long as it likes to read the answer.
    stream.settimeout(None)
    stream.sendall(HEADER.pack(len(body)) + body)


def serve(stream):
    with stream:
        try:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for body in frames(stream):
                    send(stream, answer(body))
            except Refused as refused:
                send(stream, {"id": None, "error": str(refused)})
                stream.shutdown(socket.SHUT_WR)
                # Read what still arrives, so that the close causes no reset.
                end = time.monotonic() + LINGER
                while (left := end - time.monotonic()) > 0:
                    stream.settimeout(left)
                    if not stream.recv(65536):
                        break
        except OSError:
            pass


def main():
    host, port = flags.addr.rsplit(":", 1)
    listener = socket.create_server((host, int(port)), backlog=1024)
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    while True:
        try:
            stream, _ = listener.accept()
        except OSError:
            time.sleep(0.02)
            continue
        threading.Thread(target=serve, args=(stream,), daemon=True).start()


main()
