"""A wrong solution to lab 09, as in many tutorials: it treats what one read returns as a message."""

import struct

import frames


async def handle(reader, writer, _):
    while data := await reader.read(65536):
        try:
            (length,) = struct.unpack(">I", data[:4])
        except struct.error:
            break
        writer.write(frames.frame(frames.answer(data[4 : 4 + length])))
        await writer.drain()


frames.main(handle)
