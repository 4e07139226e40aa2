"""A right answer to lab 08 of another design: nginx ends TLS in front of an echo server without it.

This program chooses the port, since nginx does not, and hands nginx the listening socket as nginx hands it on to its
next version: by the variable NGINX. The client is tls.py."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile

import tls

CONFIGURATION = """
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid {folder}/pid;
events {{ worker_connections 2048; }}
stream {{
    server {{
        listen {host}:{port} ssl;
        ssl_certificate {cert};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_handshake_timeout {timeout}ms;
        {client_ca}
        proxy_pass unix:{folder}/echo;
        proxy_half_close on;
        proxy_timeout 1d;
    }}
}}
"""


async def echo(reader, writer):
    try:
        while data := await reader.read(16384):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve_echo(listener):
    server = await asyncio.start_unix_server(echo, sock=listener)
    await server.serve_forever()


def nginx(folder, *words):
    return ["nginx", "-e", "stderr", "-p", folder, "-c", f"{folder}/nginx.conf", *words]


def serve(flags):
    folder = tempfile.mkdtemp()
    host, port = flags.addr.rsplit(":", 1)
    listener = socket.create_server((host, int(port)), backlog=511)
    client_ca = flags.client_ca and f"ssl_client_certificate {flags.client_ca}; ssl_verify_client on;"
    with open(f"{folder}/nginx.conf", "w") as file:
        file.write(
            CONFIGURATION.format(
                folder=folder,
                host=host,
                port=listener.getsockname()[1],
                cert=os.path.abspath(flags.cert),
                key=os.path.abspath(flags.key),
                timeout=flags.handshake_timeout_ms,
                client_ca=client_ca or "",
            )
        )
    tested = subprocess.run(nginx(folder, "-q", "-t"), stderr=subprocess.PIPE, text=True)
    if tested.returncode:
        sys.exit(f"error: {tested.stderr.splitlines()[0]}")
    behind = socket.socket(socket.AF_UNIX)
    behind.bind(f"{folder}/echo")
    behind.listen(511)
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    if os.fork() == 0:
        listener.close()
        asyncio.run(serve_echo(behind))
    behind.close()
    listener.set_inheritable(True)
    words = nginx(folder)
    os.execvpe(words[0], words, {**os.environ, "NGINX": f"{listener.fileno()};"})


if __name__ == "__main__":
    tls.main(serve)
