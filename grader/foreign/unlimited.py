"""A wrong solution to lab 04: it reads lines as asyncio's documentation does, with no time limit."""

import argparse
import asyncio
import re

NUMBERED = re.compile(r"(SLEEP|WORK) (\d{1,5}) (.*)", re.ASCII | re.DOTALL)

parser = argparse.ArgumentParser()
parser.add_argument("--addr", default="127.0.0.1:9999")
flags, _ = parser.parse_known_args()


async def reply(line):
    request = NUMBERED.fullmatch(line)
    if request and int(request[2]) <= 60000:
        await asyncio.sleep(int(request[2]) / 1000)
        return f"ECHO: {request[3]}\n"
    return "ERR bad sleep\n" if line.startswith("SLEEP ") else f"ECHO: {line}\n"


async def handle(reader, writer):
    try:
        while line := await reader.readline():
            if line.endswith(b"\n"):
                line = line[:-1].removesuffix(b"\r")
            if len(line) > 8192:
                raise ValueError
            writer.write((await reply(line.decode())).encode())
            await writer.drain()
    except UnicodeDecodeError:
        writer.write(b"ERR not utf-8\n")
    except ValueError:
        writer.write(b"ERR line too long\n")
    except OSError:
        pass
    writer.close()


async def main():
    host, port = flags.addr.rsplit(":", 1)
    # readline's limit includes the line ending.
    server = await asyncio.start_server(handle, host, int(port), limit=8194, backlog=128)
    print("listening on %s:%d" % server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()


asyncio.run(main())
