// A solution to lab 08 in another language. Its server is correct; its client is not, because Node reports a bare FIN
// and close_notify with the same event.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import tls from "node:tls";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    addr: { type: "string", default: "127.0.0.1:9999" },
    cert: { type: "string" },
    key: { type: "string" },
    "client-ca": { type: "string" },
    "handshake-timeout-ms": { type: "string", default: "2000" },
    ca: { type: "string" },
    "server-name": { type: "string" },
  },
});

function fail(error) {
  console.error(`error: ${error.message}`);
  process.exit(1);
}

function split(address) {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

// A file without a certificate is an error: Node would treat it as an empty list.
function authorities(path) {
  const pem = path && readFileSync(path);
  if (pem) new X509Certificate(pem);
  return pem;
}

function identity() {
  return flags.cert ? { cert: readFileSync(flags.cert), key: readFileSync(flags.key) } : {};
}

function echo(socket) {
  socket.on("error", () => {}); // Node closes the socket itself
  socket.pipe(socket);
}

function serve() {
  const ca = authorities(flags["client-ca"]);
  const options = {
    ...identity(),
    ca,
    requestCert: ca !== undefined,
    minVersion: "TLSv1.2",
    handshakeTimeout: Number(flags["handshake-timeout-ms"]),
    allowHalfOpen: true,
  };
  const server = tls.createServer(options, echo);
  server.on("tlsClientError", (_, socket) => socket.destroy());
  server.on("error", fail);
  server.listen({ ...split(flags.addr), backlog: 128 }, () => {
    const { address, port } = server.address();
    console.log(`listening on ${address}:${port}`);
  });
}

function connect(address) {
  const options = {
    ...split(address),
    ...identity(),
    ca: authorities(flags.ca),
    servername: flags["server-name"],
    minVersion: "TLSv1.2",
    allowHalfOpen: true,
  };
  const socket = tls.connect(options, () => {
    process.stdin.pipe(socket); // the server has been verified
    socket.pipe(process.stdout);
  });
  socket.on("error", fail);
  socket.on("end", () => process.exit(0));
}

try {
  const [command, address] = positionals;
  if (command === "connect") connect(address);
  else serve();
} catch (error) {
  fail(error);
}
