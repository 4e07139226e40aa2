"""A correct solution to lab 03 with another design: trio's nurseries."""

import argparse
import os
import sys

import trio


async def echo(client):
    try:
        async for data in client:
            await client.send_all(data)
    except trio.BrokenResourceError:
        pass  # only this client is affected


async def serve(address):
    host, port = address.rsplit(":", 1)
    listeners = await trio.open_tcp_listeners(int(port), host=host, backlog=128)
    print("listening on %s:%d" % listeners[0].socket.getsockname(), flush=True)
    await trio.serve_listeners(echo, listeners)


async def send(server, failed):
    try:
        async for data in trio.lowlevel.FdStream(os.dup(0)):
            await server.send_all(data)
        await server.send_eof()
    except trio.BrokenResourceError:
        failed.set()


async def connect(address):
    host, port = address.rsplit(":", 1)
    server = await trio.open_tcp_stream(host, int(port))
    stdout = trio.lowlevel.FdStream(os.dup(1))
    failed = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, server, failed)
        async for data in server:
            await stdout.send_all(data)
        # The kernel reports a reset once: if the sending task gets the error, this task sees only EOF.
        with trio.move_on_after(0.1):
            await failed.wait()
            raise trio.BrokenResourceError("the server reset the connection")
        nursery.cancel_scope.cancel()


parser = argparse.ArgumentParser()
commands = parser.add_subparsers(dest="command", required=True)
commands.add_parser("serve").add_argument("--addr", default="127.0.0.1:9999")
commands.add_parser("connect").add_argument("addr")
flags = parser.parse_args()
try:
    trio.run(serve if flags.command == "serve" else connect, flags.addr)
# Newer versions of trio raise exception groups.
except* (OSError, trio.BrokenResourceError) as errors:
    sys.exit(f"error: {errors.exceptions[0]!r}")
