// A correct solution to lab 03 in another language: Node's streams, joined by pipe.

import net from "node:net";
import { pathToFileURL } from "node:url";

function echo(socket) {
  socket.on("error", () => {}); // Node closes the socket itself
  socket.pipe(socket);
}

function fail(error) {
  console.error(`error: ${error.message}`);
  process.exit(1);
}

function split(address) {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

function serve(address, handle) {
  const server = net.createServer({ allowHalfOpen: true }, handle);
  server.on("error", fail);
  server.listen({ ...split(address), backlog: 128 }, () => {
    const { address, port } = server.address();
    console.log(`listening on ${address}:${port}`);
  });
}

function connect(address) {
  const socket = net.connect({ ...split(address), allowHalfOpen: true });
  socket.on("error", fail);
  socket.on("end", () => process.exit(0));
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
}

export function main(handle = echo) {
  const [command, ...rest] = process.argv.slice(2);
  if (command === "connect") connect(rest[0]);
  else serve(rest[rest.indexOf("--addr") + 1] ?? "127.0.0.1:9999", handle);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main();
