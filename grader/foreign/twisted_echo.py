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
    """The server, as the client sees it."""

    def connectionMade(self):
        self.terminal = stdio.StandardIO(Terminal(self.transport))
        self.transport.registerProducer(self.terminal, streaming=True)
        self.terminal.registerProducer(self.transport, streaming=True)

    def dataReceived(self, data):
        self.terminal.write(data)

    def connectionLost(self, reason):
        if not reason.check(ConnectionDone):
            report(reason)
        self.terminal.unregisterProducer()
        self.terminal.loseConnection()


@implementer(interfaces.IHalfCloseableProtocol)
class Terminal(protocol.Protocol):
    """Standard input and output."""

    def __init__(self, server):
        self.server = server

    def dataReceived(self, data):
        self.server.write(data)

    def readConnectionLost(self):
        self.server.unregisterProducer()
        self.server.loseWriteConnection()

    def writeConnectionLost(self):
        pass

    def connectionLost(self, reason):
        reactor.stop()


status = 0


def report(reason):
    global status
    status = 1
    print(f"error: {reason.getErrorMessage()}", file=sys.stderr)


def not_connected(reason):
    report(reason)
    reactor.stop()


def serve(host, port):
    factory = protocol.Factory.forProtocol(Echo)
    listener = reactor.listenTCP(port, factory, backlog=128, interface=host)
    address = listener.getHost()
    print(f"listening on {address.host}:{address.port}", flush=True)


def connect(host, port):
    endpoint = endpoints.TCP4ClientEndpoint(reactor, host, port)
    endpoints.connectProtocol(endpoint, Server()).addErrback(not_connected)


parser = argparse.ArgumentParser()
commands = parser.add_subparsers(dest="command", required=True)
commands.add_parser("serve").add_argument("--addr", default="127.0.0.1:9999")
commands.add_parser("connect").add_argument("addr")
flags = parser.parse_args()
host, port = flags.addr.rsplit(":", 1)
reactor.callWhenRunning(serve if flags.command == "serve" else connect, host, int(port))
reactor.run()
sys.exit(status)
