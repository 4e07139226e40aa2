"""A wrong solution to lab 03, as in many tutorials: one read, one write, close."""

import async_streams


async def echo(reader, writer):
    data = await reader.read(100)
    writer.write(data)
    await writer.drain()
    writer.close()


async_streams.main(echo)
