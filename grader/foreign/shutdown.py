"""A correct solution to lab 05 in another language: asyncio's streams, signal handlers, and a drain with a deadline."""

import argparse
import asyncio
import os
import re
import signal
import socket
import sys

LONGEST = 8192
SLEEP = re.compile(r"SLEEP (\d{1,5}) (.*)", re.ASCII | re.DOTALL)
LINGER = 0.1

parser = argparse.ArgumentParser()
parser.add_argument("--addr", default="127.0.0.1:9999")
parser.add_argument("--grace-ms", type=int, default=5000)
flags = parser.parse_args()


class Refused(Exception):
    """The text is the last line sent to the client."""


def text_of(line):
    if len(line) > LONGEST:
        raise Refused("ERR line too long")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise Refused("ERR not utf-8") from None


async def next_line(reader, buffer):
    while (end := buffer.find(b"\n")) < 0:
        if len(buffer) > LONGEST + (buffer[LONGEST : LONGEST + 1] == b"\r"):
            raise Refused("ERR line too long")
        data = await reader.read(16384)
        if not data:
            rest = bytes(buffer)
            buffer.clear()
            return text_of(rest) if rest else None
        buffer += data
    line = bytes(buffer[:end])
    del buffer[: end + 1]
    return text_of(line[:-1] if line.endswith(b"\r") else line)


async def reply(line):
    request = SLEEP.fullmatch(line)
    if request and int(request[1]) <= 60000:
        await asyncio.sleep(int(request[1]) / 1000)
        return f"ECHO: {request[2]}\n"
    return "ERR bad sleep\n" if line.startswith("SLEEP ") else f"ECHO: {line}\n"


class Server:
    def __init__(self):
        self.stopping = asyncio.Event()
        self.clients = set()
        self.under_way = 0

    async def converse(self, reader, writer):
        buffer = bytearray()
        while not self.stopping.is_set():
            line = asyncio.ensure_future(next_line(reader, buffer))
            stop = asyncio.ensure_future(self.stopping.wait())
            await asyncio.wait([line, stop], return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            if not line.done():
                line.cancel()
                return
            text = line.result()
            if text is None:
                return
            self.under_way += 1
            try:
                writer.write((await reply(text)).encode())
                await writer.drain()
            finally:
                self.under_way -= 1

    async def handle(self, reader, writer):
        # Once drain returns, the data is in the kernel, not in a buffer that is lost when this process ends.
        writer.transport.set_write_buffer_limits(high=0)
        task = asyncio.current_task()
        self.clients.add(task)
        try:
            try:
                await self.converse(reader, writer)
            except Refused as reason:
                writer.write(f"{reason}\n".encode())
            await writer.drain()
            writer.write_eof()
            # Read what still arrives, so that the close causes no reset.
            async with asyncio.timeout(LINGER):
                while await reader.read(65536):
                    pass
        except (OSError, TimeoutError):
            pass
        finally:
            writer.close()
            self.clients.discard(task)


async def main():
    server, loop = Server(), asyncio.get_running_loop()
    signals = asyncio.Queue()
    for number in signal.SIGTERM, signal.SIGINT:
        loop.add_signal_handler(number, signals.put_nowait, number)
    host, port = flags.addr.rsplit(":", 1)
    listener = socket.create_server((host, int(port)), backlog=128)
    accepting = await asyncio.start_server(server.handle, sock=listener)
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    await signals.get()
    accepting.close()
    server.stopping.set()
    second = asyncio.ensure_future(signals.get())
    end = loop.time() + flags.grace_ms / 1000
    # The task of a client that has just been accepted starts in the loop's next iteration.
    await asyncio.sleep(0)
    while server.clients:
        left = end - loop.time()
        if left <= 0:
            print(f"forced: {server.under_way} connections aborted", file=sys.stderr, flush=True)
            return 1
        waited = {second, *server.clients}
        await asyncio.wait(waited, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if second.done():
            return 130
    return 0


loop = asyncio.new_event_loop()
status = loop.run_until_complete(main())
sys.stdout.flush()
# Do not wait for any task: all output has been written.
os._exit(status)
