"""A right answer to lab 03 of another design: Twisted's protocols, producers and consumers."""

import argparse
import sys

from twisted.internet import endpoints, interfaces, protocol, reactor, stdio
from twisted.internet.error import ConnectionDone
from zope.interface import implementer


@implementer(interfaces.IHalfCloseableProtocol)
class Echo(protocol.Protocol):
    def connectionMade(self):
        # What the client does not take stops the reading (back-pressure).
        self.transport.registerProducer(self.transport, streaming=True)

    def dataReceived(self, data):
        self.transport.write(data)

    def readConnectionLost(self):
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def writeConnectionLost(self):
        pass


class Server(protocol.Protocol):
    """The server, seen from the client."""

    error = None

    def connectionMade(self):
        stdio.StandardIO(Terminal(self.transport))

    def dataReceived(self, data):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def connectionLost(self, reason):
        if not reason.check(ConnectionDone):
            fail(reason)
        elif reactor.running:
            reactor.stop()


@implementer(interfaces.IHalfCloseableProtocol)
class Terminal(protocol.Protocol):
    def __init__(self, server):
        self.server = server

    def connectionMade(self):
        self.server.registerProducer(self.transport, streaming=True)

    def dataReceived(self, data):
        self.server.write(data)

    def readConnectionLost(self):
        self.server.unregisterProducer()
        self.server.loseWriteConnection()

    def writeConnectionLost(self):
        pass


status = 0


def fail(reason):
    global status
    status = 1
    print(f"error: {reason.getErrorMessage()}", file=sys.stderr)
    if reactor.running:
        reactor.stop()


def serve(host, port):
    factory = protocol.Factory.forProtocol(Echo)
    listener = reactor.listenTCP(port, factory, backlog=128, interface=host)
    address = listener.getHost()
    print(f"listening on {address.host}:{address.port}", flush=True)


def connect(host, port):
    endpoint = endpoints.TCP4ClientEndpoint(reactor, host, port)
    endpoints.connectProtocol(endpoint, Server()).addErrback(fail)


parser = argparse.ArgumentParser()
commands = parser.add_subparsers(dest="command", required=True)
commands.add_parser("serve").add_argument("--addr", default="127.0.0.1:9999")
commands.add_parser("connect").add_argument("addr")
flags = parser.parse_args()
host, port = flags.addr.rsplit(":", 1)
reactor.callWhenRunning(serve if flags.command == "serve" else connect, host, int(port))
reactor.run()
sys.exit(status)
