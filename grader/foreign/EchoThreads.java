// A correct solution to lab 01 in another language: a thread for each client, and a semaphore as the limit.

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.Semaphore;

public class EchoThreads {
    static void echo(Socket client, Semaphore slots) {
        try (client) {
            client.getInputStream().transferTo(client.getOutputStream());
        } catch (IOException error) {
            // Only this client is affected.
        } finally {
            slots.release();
        }
    }

    public static void main(String[] arguments) throws Exception {
        String address = "127.0.0.1:9999";
        int limit = 1024;
        for (int index = 0; index + 1 < arguments.length; index += 2) {
            if (arguments[index].equals("--addr")) address = arguments[index + 1];
            if (arguments[index].equals("--max-connections")) limit = Integer.parseInt(arguments[index + 1]);
        }
        int colon = address.lastIndexOf(':');
        InetAddress host = InetAddress.getByName(address.substring(0, colon));
        int port = Integer.parseInt(address.substring(colon + 1));
        Semaphore slots = new Semaphore(limit);
        try (ServerSocket listener = new ServerSocket(port, 128, host)) {
            System.out.println("listening on " + host.getHostAddress() + ":" + listener.getLocalPort());
            while (true) {
                slots.acquire();
                try {
                    Socket client = listener.accept();
                    new Thread(() -> echo(client, slots)).start();
                } catch (IOException error) {
                    slots.release();
                    Thread.sleep(20);
                }
            }
        }
    }
}
