"""A correct solution to lab 04 in another language: asyncio's streams, with a time limit for each wait."""

import argparse
import asyncio
import re
import time

LONGEST = 8192
NUMBERED = re.compile(r"(?:SLEEP|WORK) (\d{1,5}) (.*)", re.ASCII | re.DOTALL)

parser = argparse.ArgumentParser()
parser.add_argument("--addr", default="127.0.0.1:9999")
for name, default in [("idle", 30000), ("line", 10000), ("write", 10000)]:
    parser.add_argument(f"--{name}-timeout-ms", type=int, default=default)
flags = parser.parse_args()
idle, line_limit, write = (
    limit / 1000 for limit in (flags.idle_timeout_ms, flags.line_timeout_ms, flags.write_timeout_ms)
)


class Refused(Exception):
    """The text is the last line sent to the client."""


class Gone(Exception):
    """The client has stopped reading."""


class Lines:
    def __init__(self, reader):
        self.reader, self.buffer = reader, bytearray()

    async def more(self):
        data = await self.reader.read(16384)
        self.buffer += data
        return bool(data)

    async def begins(self):
        return bool(self.buffer) or await self.more()

    async def rest(self):
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > LONGEST + (self.buffer[LONGEST : LONGEST + 1] == b"\r"):
                raise Refused("ERR line too long")
            if not await self.more():
                line, self.buffer = bytes(self.buffer), bytearray()
                return text_of(line)
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 1]
        return text_of(line[:-1] if line.endswith(b"\r") else line)


def text_of(line):
    if len(line) > LONGEST:
        raise Refused("ERR line too long")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise Refused("ERR not utf-8") from None


def compute(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def reply(line):
    numbered = NUMBERED.fullmatch(line)
    if numbered and int(numbered[1]) <= 60000:
        seconds = int(numbered[1]) / 1000
        if line.startswith("SLEEP"):
            await asyncio.sleep(seconds)
        else:
            await asyncio.to_thread(compute, seconds)
        return f"ECHO: {numbered[2]}\n"
    return "ERR bad sleep\n" if line.startswith("SLEEP ") else f"ECHO: {line}\n"


async def answer(writer, text):
    writer.write(text.encode())
    while True:
        before = writer.transport.get_write_buffer_size()
        try:
            return await asyncio.wait_for(writer.drain(), write)
        except TimeoutError:
            # Any progress restarts the timeout.
            if writer.transport.get_write_buffer_size() >= before:
                raise Gone from None


async def converse(lines, writer):
    while True:
        try:
            if not await asyncio.wait_for(lines.begins(), idle):
                return
        except TimeoutError:
            raise Refused("ERR idle timeout") from None
        try:
            line = await asyncio.wait_for(lines.rest(), line_limit)
        except TimeoutError:
            raise Refused("ERR line timeout") from None
        await answer(writer, await reply(line))


async def handle(reader, writer):
    try:
        try:
            await converse(Lines(reader), writer)
        except Refused as reason:
            await answer(writer, f"{reason}\n")
        writer.close()
        await asyncio.wait_for(writer.wait_closed(), write)
    except (OSError, Gone, TimeoutError):
        writer.transport.abort()


async def main():
    host, port = flags.addr.rsplit(":", 1)
    server = await asyncio.start_server(handle, host, int(port), backlog=128)
    print("listening on %s:%d" % server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()


asyncio.run(main())
