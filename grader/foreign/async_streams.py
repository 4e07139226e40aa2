"""A correct solution to lab 03 in another language: asyncio's streams."""

import argparse
import asyncio
import sys


async def echo(reader, writer):
    try:
        while data := await reader.read(16384):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(address, handle=echo):
    host, port = address.rsplit(":", 1)
    server = await asyncio.start_server(handle, host, int(port), backlog=128)
    print("listening on %s:%d" % server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()


async def connect(address):
    host, port = address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    stdin = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)

    async def send():
        while data := await stdin.read(16384):
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    async def receive():
        while data := await reader.read(16384):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    sending, receiving = asyncio.create_task(send()), asyncio.create_task(receive())
    await asyncio.wait([sending, receiving], return_when=asyncio.FIRST_COMPLETED)
    await receiving
    if sending.done():
        sending.result()


def main(handle=echo):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve").add_argument("--addr", default="127.0.0.1:9999")
    commands.add_parser("connect").add_argument("addr")
    flags = parser.parse_args()
    try:
        asyncio.run(serve(flags.addr, handle) if flags.command == "serve" else connect(flags.addr))
    except OSError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
