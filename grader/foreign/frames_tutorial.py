"""A wrong answer to lab 09, as many a tutorial has it: what one read returns is a message."""

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
