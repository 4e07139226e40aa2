"""A solution to lab 08 with another design: nginx terminates TLS in front of a plain echo server. It is correct except
that nginx does not answer a client's close_notify with its own. The client is the one in tls.py.

nginx cannot choose a free port, so this program does. It passes the listening socket in the environment variable NGINX,
just as nginx passes its own sockets to the nginx that replaces it."""

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
worker_processes 1;
{user}
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
                # Otherwise the worker could not open the echo server's socket.
                user="user root;" if os.getuid() == 0 else "",
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
