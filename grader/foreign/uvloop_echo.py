"""A right answer to lab 03 of another design: asyncio's streams on uvloop, which is libuv."""

import async_streams
import uvloop

uvloop.install()
async_streams.main()
