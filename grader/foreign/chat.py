"""A correct solution to lab 07 in another language: one event loop, so no lock, and for each client a queue of lines
and a task that writes them."""

import argparse
import asyncio
import collections
import json
import re
import socket

LONGEST = 4096
NAME = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
LAST_WORDS = 1
LINGER = 0.1

parser = argparse.ArgumentParser()
parser.add_argument("--addr", default="127.0.0.1:9999")
parser.add_argument("--queue", type=int, default=64)
flags = parser.parse_args()
if flags.queue < 1:
    parser.exit(1, "error: --queue has to be at least 1\n")

taken = set()
rooms = {}


class Refused(Exception):
    """Ends the connection; the text is the reason."""


def line_of(event, **fields):
    return json.dumps({"event": event, **fields}).encode() + b"\n"


class Client:
    def __init__(self, writer):
        self.writer = writer
        self.waiting = collections.deque()
        self.wake = asyncio.Event()
        self.closing = self.cut = False
        self.user = self.room = None

    def send(self, line):
        if not self.cut and len(self.waiting) >= flags.queue:
            self.cut = True
            self.writer.transport.abort()
        if not self.cut:
            self.waiting.append(line)
            self.wake.set()
        return not self.cut

    def error(self, reason):
        self.send(line_of("error", reason=reason))

    async def write(self):
        # Buffers nothing beyond the socket's own buffer: waiting lines stay in the queue.
        self.writer.transport.set_write_buffer_limits(high=0)
        while self.waiting or not self.closing:
            while self.waiting:
                self.writer.write(self.waiting.popleft())
                await self.writer.drain()
            if not self.closing:
                self.wake.clear()
                await self.wake.wait()
        self.writer.write_eof()

    def say_last(self, reason):
        """Makes the writer send the waiting lines, the reason, and EOF."""
        if reason:
            self.waiting.append(line_of("error", reason=reason))
        self.closing = True
        self.wake.set()


def announce(room, line):
    lines = collections.deque([line])
    while lines:
        line = lines.popleft()
        members = rooms.get(room, {})
        for client in list(members.values()):
            if not client.send(line):
                lines.append(remove(client))


def remove(client):
    """Removes the client from its room and returns the line for the others."""
    members = rooms[client.room]
    del members[client.user]
    if not members:
        del rooms[client.room]
    taken.discard(client.user)
    line = line_of("left", user_id=client.user)
    client.user = None
    return line


def leave(client):
    if client.user is not None:
        room = client.room
        announce(room, remove(client))


def join(client, user, room):
    if not NAME.fullmatch(user) or not NAME.fullmatch(room):
        raise Refused("bad name")
    if user in taken:
        raise Refused("user id already taken")
    taken.add(user)
    announce(room, line_of("joined", user_id=user))
    rooms.setdefault(room, {})[user] = client
    client.user, client.room = user, room
    client.send(line_of("welcome", room_id=room, users=sorted(rooms[room])))


def obey(client, line):
    try:
        command = json.loads(line.decode())
    except (ValueError, RecursionError):
        command = None
    match command:
        case {"user_id": str(user), "room_id": str(room), **rest} if not rest and client.user is None:
            join(client, user, room)
        case {"message": str(text), **rest} if not rest:
            if client.user is None:
                return client.error("join first")
            announce(client.room, line_of("message", user_id=client.user, message=text))
        case {"who": True, **rest} if not rest:
            if client.user is None:
                return client.error("join first")
            client.send(line_of("users", users=sorted(rooms[client.room])))
        case _:
            client.error("bad json")


async def converse(client, reader):
    buffer = bytearray()
    while not client.cut:
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > LONGEST + (buffer[LONGEST : LONGEST + 1] == b"\r"):
                raise Refused("line too long")
            data = await reader.read(16384)
            buffer += data
            if data:
                continue
            if not buffer:
                return
            line = bytes(buffer)
            buffer.clear()
        else:
            line = bytes(buffer[:end])
            del buffer[: end + 1]
            line = line[:-1] if line.endswith(b"\r") else line
        if len(line) > LONGEST:
            raise Refused("line too long")
        obey(client, line)
        # Let the writer run, so that lines that arrive together do not fill the queue.
        await asyncio.sleep(0)


async def handle(reader, writer):
    # asyncio does so by itself, but not for a socket created with protocol 0.
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client = Client(writer)
    writing = asyncio.ensure_future(client.write())
    try:
        reason = None
        try:
            await converse(client, reader)
        except Refused as refused:
            reason = str(refused)
        finally:
            leave(client)
        client.say_last(reason)
        async with asyncio.timeout(LAST_WORDS):
            await writing
        # Read what still arrives, so that the close causes no reset.
        async with asyncio.timeout(LINGER):
            while await reader.read(65536):
                pass
    except (OSError, TimeoutError):
        pass
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        writer.transport.abort()


async def main():
    host, port = flags.addr.rsplit(":", 1)
    listener = socket.create_server((host, int(port)), backlog=1024)
    server = await asyncio.start_server(handle, sock=listener)
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    await server.serve_forever()


asyncio.run(main())
