"""A correct solution to lab 03 with another design: asyncio's streams on uvloop (libuv)."""

import async_streams
import uvloop

uvloop.install()
async_streams.main()
