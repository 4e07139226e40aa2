// A correct solution to lab 03 in another language: one thread and a selector. The client has two threads.

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

public class EchoSelector {
    static final int BUFFER = 16384;
    static final int BACKOFF_MS = 20;

    static InetSocketAddress parse(String address) {
        int colon = address.lastIndexOf(':');
        int port = Integer.parseInt(address.substring(colon + 1));
        return new InetSocketAddress(address.substring(0, colon), port);
    }

    static void serve(InetSocketAddress address) throws IOException {
        Selector selector = Selector.open();
        ServerSocketChannel listener = ServerSocketChannel.open().bind(address, 128);
        listener.configureBlocking(false);
        SelectionKey accepting = listener.register(selector, SelectionKey.OP_ACCEPT);
        int port = listener.socket().getLocalPort();
        System.out.println("listening on " + address.getAddress().getHostAddress() + ":" + port);
        while (true) {
            boolean paused = accepting.interestOps() == 0;
            selector.select(paused ? BACKOFF_MS : 0);
            if (paused) accepting.interestOps(SelectionKey.OP_ACCEPT);
            for (SelectionKey key : selector.selectedKeys()) {
                if (key == accepting) accept(listener, accepting);
                else if (key.isValid()) advance(key);
            }
            selector.selectedKeys().clear();
        }
    }

    static void accept(ServerSocketChannel listener, SelectionKey accepting) {
        try {
            for (SocketChannel client; (client = listener.accept()) != null;) {
                client.configureBlocking(false);
                client.register(accepting.selector(), SelectionKey.OP_READ, ByteBuffer.allocate(BUFFER));
            }
        } catch (IOException error) {
            accepting.interestOps(0); // out of descriptors: try again later
        }
    }

    /** Reads once and writes as much as the socket accepts. Reads no more until all of it is written. */
    static void advance(SelectionKey key) {
        SocketChannel client = (SocketChannel) key.channel();
        ByteBuffer buffer = (ByteBuffer) key.attachment();
        try {
            if (key.isReadable()) {
                if (client.read(buffer) < 0) {
                    client.close();
                    return;
                }
                buffer.flip();
            }
            client.write(buffer);
            if (buffer.hasRemaining()) {
                key.interestOps(SelectionKey.OP_WRITE);
            } else {
                buffer.clear();
                key.interestOps(SelectionKey.OP_READ);
            }
        } catch (IOException error) {
            close(client);
        }
    }

    static void close(SocketChannel client) {
        try {
            client.close();
        } catch (IOException error) {
            // The socket is closed anyway.
        }
    }

    static void connect(InetSocketAddress address) throws IOException {
        try (Socket server = new Socket(address.getAddress(), address.getPort())) {
            Sender sender = new Sender(server);
            sender.setDaemon(true);
            sender.start();
            server.getInputStream().transferTo(new FileOutputStream(FileDescriptor.out));
            sender.check();
        }
    }

    static class Sender extends Thread {
        private final Socket server;
        private IOException failure;

        Sender(Socket server) {
            this.server = server;
        }

        @Override
        public void run() {
            FileInputStream input = new FileInputStream(FileDescriptor.in);
            byte[] buffer = new byte[BUFFER];
            try {
                for (int count; (count = input.read(buffer)) > 0;) send(buffer, count);
                server.shutdownOutput();
            } catch (IOException error) {
                // send has stored any error of its own for check.
            }
        }

        private synchronized void send(byte[] buffer, int count) throws IOException {
            try {
                server.getOutputStream().write(buffer, 0, count);
            } catch (IOException error) {
                failure = error;
                throw error;
            }
        }

        /** The kernel reports a reset once. If the sender gets the error, the reading thread sees only EOF. */
        synchronized void check() throws IOException {
            if (failure != null) throw failure;
        }
    }

    public static void main(String[] arguments) {
        try {
            if (arguments[0].equals("connect")) connect(parse(arguments[1]));
            else serve(parse(arguments.length > 2 ? arguments[2] : "127.0.0.1:9999"));
        } catch (IOException error) {
            System.err.println("error: " + error.getMessage());
            System.exit(1);
        }
    }
}
