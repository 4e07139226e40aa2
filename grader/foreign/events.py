"""A correct solution to lab 01 with another design: one thread, asyncio's event loop."""

import argparse
import asyncio


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--addr", default="127.0.0.1:9999")
    parser.add_argument("--max-connections", type=int, default=1024)
    flags, _ = parser.parse_known_args()
    host, port = flags.addr.rsplit(":", 1)
    slots = asyncio.Semaphore(flags.max_connections)

    async def handle(reader, writer):
        async with slots:
            try:
                while data := await reader.read(16384):
                    writer.write(data)
                    await writer.drain()
            except OSError:
                pass
            finally:
                writer.close()

    server = await asyncio.start_server(handle, host, int(port), backlog=128)
    print("listening on %s:%d" % server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()


asyncio.run(main())
