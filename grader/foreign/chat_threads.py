"""A correct solution to lab 07 in another language: for each client, a thread that reads, a thread that writes, and a
bounded queue of the lines to write."""

import argparse
import json
import queue
import re
import socket
import threading
import time

LONGEST = 4096
NAME = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
LAST_WORDS = 1
LINGER = 0.1


class Refused(Exception):
    """Ends the connection; the text is the reason."""


class BadJson(Exception):
    pass


def line_of(event, **fields):
    return json.dumps({"event": event, **fields}).encode() + b"\n"


class Client:
    def __init__(self, stream, size):
        self.stream = stream
        self.waiting = queue.Queue(size)
        self.cut = False

    def send(self, line):
        """Never waits. If the queue is full, disconnects the client, which wakes its two threads."""
        if not self.cut:
            try:
                self.waiting.put_nowait(line)
            except queue.Full:
                self.cut = True
                self.end()
        return not self.cut

    def end(self):
        try:
            self.stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the connection has ended already

    def write(self):
        try:
            while (line := self.waiting.get()) is not None:
                self.stream.sendall(line)
            self.stream.shutdown(socket.SHUT_WR)
        except OSError:
            # Wake the reader, and let no thread wait for queue space.
            self.cut = True
            self.end()

    def last_words(self, writer, reason):
        end = time.monotonic() + LAST_WORDS
        try:
            for line in ([line_of("error", reason=reason)] if reason else []) + [None]:
                self.waiting.put(line, timeout=max(0, end - time.monotonic()))
            writer.join(max(0, end - time.monotonic()))
        except queue.Full:
            pass


class Hall:
    """All rooms and their members, and the room of each user. No thread blocks while it holds the lock."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rooms = {}
        self.room_of = {}

    def announce(self, room, line):
        lines = [line]
        for line in lines:
            members = self.rooms.get(room, {})
            full = [user for user, client in members.items() if not client.send(line)]
            for user in full:
                self.remove(user)
                lines.append(line_of("left", user_id=user))

    def remove(self, user):
        room = self.room_of.pop(user)
        del self.rooms[room][user]
        if not self.rooms[room]:
            del self.rooms[room]
        return room

    def join(self, client, user, room):
        if not NAME.fullmatch(user) or not NAME.fullmatch(room):
            raise Refused("bad name")
        with self.lock:
            if user in self.room_of:
                raise Refused("user id already taken")
            self.announce(room, line_of("joined", user_id=user))
            self.room_of[user] = room
            members = self.rooms.setdefault(room, {})
            members[user] = client
            client.send(line_of("welcome", room_id=room, users=sorted(members)))

    def leave(self, client, user):
        with self.lock:
            # Another client may have the name by now.
            room = self.room_of.get(user)
            if room is not None and self.rooms[room][user] is client:
                self.remove(user)
                self.announce(room, line_of("left", user_id=user))

    def say(self, client, user, text):
        with self.lock:
            if not client.cut:
                self.announce(self.room_of[user], line_of("message", user_id=user, message=text))

    def who(self, client, user):
        with self.lock:
            if not client.cut:
                client.send(line_of("users", users=sorted(self.rooms[self.room_of[user]])))


def lines_of(stream):
    buffer = b""
    while True:
        line, newline, rest = buffer.partition(b"\n")
        if newline:
            line = line.removesuffix(b"\r")
            buffer = rest
        elif len(buffer) > LONGEST + (buffer[LONGEST : LONGEST + 1] == b"\r"):
            raise Refused("line too long")
        elif data := stream.recv(16384):
            buffer += data
            continue
        else:
            buffer = b""
        if len(line) > LONGEST:
            raise Refused("line too long")
        if not newline and not line:
            return
        yield line


def command_of(line):
    try:
        command = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise BadJson from None
    match command:
        case {"user_id": str(user), "room_id": str(room)} if len(command) == 2:
            return "join", user, room
        case {"message": str(text)} if len(command) == 1:
            return "say", text
        case {"who": True} if len(command) == 1:
            return ("who",)
    raise BadJson


def converse(hall, client):
    user = None
    try:
        for line in lines_of(client.stream):
            try:
                match command_of(line):
                    case "join", name, room if user is None:
                        hall.join(client, name, room)
                        user = name
                    case "join", *_:
                        raise BadJson
                    case _ if user is None:
                        client.send(line_of("error", reason="join first"))
                    case "say", text:
                        hall.say(client, user, text)
                    case _:
                        hall.who(client, user)
            except BadJson:
                client.send(line_of("error", reason="bad json"))
            if client.cut:
                return
    finally:
        if user is not None:
            hall.leave(client, user)


def handle(hall, client):
    writer = threading.Thread(target=client.write, daemon=True)
    writer.start()
    reason = None
    try:
        try:
            converse(hall, client)
        except Refused as refused:
            reason = str(refused)
        if not client.cut:
            client.last_words(writer, reason)
            # Read what still arrives, so that the close causes no reset.
            end = time.monotonic() + LINGER
            while (left := end - time.monotonic()) > 0:
                client.stream.settimeout(left)
                if not client.stream.recv(65536):
                    break
    except OSError:
        pass  # only this client is affected
    finally:
        client.end()
        # Wakes the writer in any case: its call fails now, or it gets this.
        try:
            client.waiting.put_nowait(None)
        except queue.Full:
            pass
        writer.join()
        client.stream.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--addr", default="127.0.0.1:9999")
    parser.add_argument("--queue", type=int, default=64)
    flags = parser.parse_args()
    if flags.queue < 1:
        parser.exit(1, "error: --queue has to be at least 1\n")
    hall = Hall()
    host, port = flags.addr.rsplit(":", 1)
    with socket.create_server((host, int(port)), backlog=1024) as listener:
        print("listening on %s:%d" % listener.getsockname(), flush=True)
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                time.sleep(0.02)
                continue
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = Client(stream, flags.queue)
            threading.Thread(target=handle, args=(hall, client), daemon=True).start()


main()
