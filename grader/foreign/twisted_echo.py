"""A correct solution to lab 03 with another design: Twisted's protocols, producers and consumers. The client is the one
in async_streams.py, because Twisted's epoll reactor sometimes reports a reset as a clean end."""

import argparse
import asyncio
import sys

import async_streams
from twisted.internet import interfaces, protocol, reactor
from zope.interface import implementer


@implementer(interfaces.IHalfCloseableProtocol)
class Echo(protocol.Protocol):
    def connectionMade(self):
        # Stop reading from a client that does not read (back-pressure).
        self.transport.registerProducer(self.transport, streaming=True)

    def dataReceived(self, data):
        self.transport.write(data)

    def readConnectionLost(self):
        self.transport.unregisterProducer()
        self.transport.loseConnection()  # once everything is written

    def writeConnectionLost(self):
        pass


def serve(address):
    host, port = address.rsplit(":", 1)
    factory = protocol.Factory.forProtocol(Echo)
    listener = reactor.listenTCP(int(port), factory, backlog=128, interface=host)
    address = listener.getHost()
    print(f"listening on {address.host}:{address.port}", flush=True)
    reactor.run()


parser = argparse.ArgumentParser()
commands = parser.add_subparsers(dest="command", required=True)
commands.add_parser("serve").add_argument("--addr", default="127.0.0.1:9999")
commands.add_parser("connect").add_argument("addr")
flags = parser.parse_args()
try:
    serve(flags.addr) if flags.command == "serve" else asyncio.run(async_streams.connect(flags.addr))
except OSError as error:
    sys.exit(f"error: {error}")
