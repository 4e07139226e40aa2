"""A wrong answer to lab 08: the listening socket is wrapped, as the example of Python's documentation
does it, so that `accept` makes the handshake."""

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
