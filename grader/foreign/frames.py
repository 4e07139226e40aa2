"""A correct solution to lab 09 in another language: asyncio's streams, whose readexactly grows its buffer only as
data arrives."""

import argparse
import asyncio
import json
import socket
import sys

HEADER = 4
LINGER = 0.1


class Refused(Exception):
    """The text is the last answer."""


def no_number(text):
    raise ValueError(f"{text} is not JSON")


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def compute(op, value):
    match op:
        case "echo":
            return "ok", value
        case "sum" if isinstance(value, list) and all(map(is_number, value)):
            total = sum(value)
            is_number_again = abs(total) <= sys.float_info.max
            return ("ok", total) if is_number_again else ("error", "bad value")
        case "reverse" if isinstance(value, str):
            return "ok", value[::-1]
        case "sum" | "reverse":
            return "error", "bad value"
    return "error", "unknown op"


def answer(body):
    if not body:
        return {"id": None, "error": "empty frame"}
    try:
        request = json.loads(body.decode(), parse_constant=no_number)
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict):
        return {"id": None, "error": "bad json"}
    outcome, result = compute(request.get("op"), request.get("value"))
    return {"id": request.get("id"), outcome: result}


def frame(content):
    body = json.dumps(content).encode()
    return len(body).to_bytes(HEADER, "big") + body


async def next_frame(reader, flags):
    """Returns the next frame's body. The timeout starts when its first byte arrives."""
    header = await reader.readexactly(1)
    try:
        async with asyncio.timeout(flags.frame_timeout_ms / 1000):
            header += await reader.readexactly(HEADER - 1)
            length = int.from_bytes(header, "big")
            if length > flags.max_frame:
                raise Refused("frame too large")
            return await reader.readexactly(length)
    except TimeoutError:
        raise Refused("frame timeout") from None


async def handle(reader, writer, flags):
    # asyncio does so by itself, but not for a socket created with protocol 0.
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while True:
            body = await next_frame(reader, flags)
            writer.write(frame(answer(body)))
            await writer.drain()
    except Refused as refused:
        writer.write(frame({"id": None, "error": str(refused)}))
        await writer.drain()
        writer.write_eof()
        # Read what still arrives, so that the close causes no reset.
        async with asyncio.timeout(LINGER):
            while await reader.read(65536):
                pass


async def serve(flags, converse):
    async def serve_one(reader, writer):
        try:
            await converse(reader, writer, flags)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client has left, perhaps in the middle of a frame
        finally:
            writer.close()

    host, port = flags.addr.rsplit(":", 1)
    listener = socket.create_server((host, int(port)), backlog=1024)
    server = await asyncio.start_server(serve_one, sock=listener)
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    await server.serve_forever()


def main(converse=handle):
    parser = argparse.ArgumentParser()
    parser.add_argument("--addr", default="127.0.0.1:9999")
    parser.add_argument("--max-frame", type=int, default=1 << 20)
    parser.add_argument("--frame-timeout-ms", type=int, default=5000)
    flags = parser.parse_args()
    if flags.max_frame < 1 or flags.frame_timeout_ms < 0:
        parser.exit(1, "error: a limit is too small\n")
    asyncio.run(serve(flags, converse))


if __name__ == "__main__":
    main()
