"""A wrong solution to lab 08: it wraps the listening socket, as the example in Python's documentation
does, so that `accept` performs the handshake."""

import threading

from tls import echo, listen, main, server_context


def converse(client):
    try:
        with client:
            echo(client)
    except OSError:
        pass


def serve(flags):
    context = server_context(flags)
    listener = listen(flags.addr)
    listener = context.wrap_socket(listener, server_side=True, suppress_ragged_eofs=False)
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            continue
        threading.Thread(target=converse, args=(client,), daemon=True).start()


main(serve)
