"""A correct solution to lab 03 with another design: callbacks, with asyncio's transports and protocols."""

import argparse
import asyncio
import sys


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    # Stop reading from a client that does not read (back-pressure).
    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()

    # By default, the transport writes what is left at the end of the input, then closes.


async def serve(address):
    host, port = address.rsplit(":", 1)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, host, int(port), backlog=128)
    print("listening on %s:%d" % server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()


class Input(asyncio.Protocol):
    def __init__(self, server):
        self.server = server

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.server.write(data)

    def eof_received(self):
        if self.server.can_write_eof() and not self.server.is_closing():
            self.server.write_eof()


class Output(asyncio.Protocol):
    def __init__(self, over):
        self.over = over
        self.input = None

    def data_received(self, data):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def pause_writing(self):
        if self.input:
            self.input.pause_reading()

    def resume_writing(self):
        if self.input:
            self.input.resume_reading()

    def connection_lost(self, error):
        if error:
            self.over.set_exception(error)
        else:
            self.over.set_result(None)


async def connect(address):
    host, port = address.rsplit(":", 1)
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    server, output = await loop.create_connection(lambda: Output(over), host, int(port))
    output.input, _ = await loop.connect_read_pipe(lambda: Input(server), sys.stdin)
    await over


parser = argparse.ArgumentParser()
commands = parser.add_subparsers(dest="command", required=True)
commands.add_parser("serve").add_argument("--addr", default="127.0.0.1:9999")
commands.add_parser("connect").add_argument("addr")
flags = parser.parse_args()
try:
    asyncio.run(serve(flags.addr) if flags.command == "serve" else connect(flags.addr))
except OSError as error:
    sys.exit(f"error: {error}")
