// A correct solution to lab 09 in another language: Node's sockets, and a buffer for each client.

import net from "node:net";
import { parseArgs } from "node:util";

const HEADER = 4;
const LINGER_MS = 100;

const { values: flags } = parseArgs({
  options: {
    addr: { type: "string", default: "127.0.0.1:9999" },
    "max-frame": { type: "string", default: String(1 << 20) },
    "frame-timeout-ms": { type: "string", default: "5000" },
  },
});
const maxFrame = Number(flags["max-frame"]);
const frameTimeout = Number(flags["frame-timeout-ms"]);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function compute(op, value) {
  if (op === "echo") return { ok: value };
  if (op === "sum" && Array.isArray(value) && value.every((term) => typeof term === "number")) {
    const total = value.reduce((sum, term) => sum + term, 0);
    return Number.isFinite(total) ? { ok: total } : { error: "bad value" };
  }
  if (op === "reverse" && typeof value === "string") return { ok: [...value].reverse().join("") };
  return { error: op === "sum" || op === "reverse" ? "bad value" : "unknown op" };
}

function frame(content) {
  const body = Buffer.from(JSON.stringify(content));
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

function refusal(error) {
  return frame({ id: null, error });
}

function answer(body) {
  if (body.length === 0) return refusal("empty frame");
  try {
    const request = JSON.parse(utf8.decode(body));
    if (request === null || typeof request !== "object" || Array.isArray(request)) {
      return refusal("bad json");
    }
    const { id = null, op, value = null } = request;
    return frame({ id, ...compute(op, value) });
  } catch {
    return refusal("bad json"); // not UTF-8, not JSON, or nested too deeply
  }
}

function serve(socket) {
  let buffer = Buffer.alloc(0);
  let deadline;
  let [refused, ended] = [false, false];

  // Sends a last answer and reads what still arrives, so that the close causes no reset.
  function refuse(error) {
    refused = true;
    clearTimeout(deadline);
    socket.end(refusal(error));
    socket.resume();
    setTimeout(() => socket.destroy(), LINGER_MS);
  }

  // Answers the complete frames in the buffer, as long as the client reads the answers.
  function advance() {
    while (buffer.length >= HEADER && !socket.writableNeedDrain) {
      const length = buffer.readUInt32BE();
      if (length > maxFrame) return refuse("frame too large");
      if (buffer.length < HEADER + length) break;
      clearTimeout(deadline);
      deadline = undefined;
      socket.write(answer(buffer.subarray(HEADER, HEADER + length)));
      buffer = buffer.subarray(HEADER + length);
    }
    if (socket.writableNeedDrain) return socket.pause();
    if (ended) return socket.end();
    // The timer runs from a frame's first byte to its last.
    if (buffer.length > 0) deadline ??= setTimeout(refuse, frameTimeout, "frame timeout");
    socket.resume();
  }

  socket.on("data", (data) => {
    if (refused) return;
    buffer = Buffer.concat([buffer, data]);
    advance();
  });
  socket.on("drain", () => refused || advance());
  socket.on("end", () => {
    ended = true;
    if (!refused) advance();
  });
  socket.on("error", () => {}); // Node closes the socket itself
  socket.on("close", () => clearTimeout(deadline));
}

if (!(maxFrame >= 1 && frameTimeout >= 0)) {
  console.error("error: a limit is too small");
  process.exit(1);
}
const colon = flags.addr.lastIndexOf(":");
const server = net.createServer({ allowHalfOpen: true, noDelay: true }, serve);
const host = flags.addr.slice(0, colon);
server.listen({ host, port: Number(flags.addr.slice(colon + 1)), backlog: 1024 }, () => {
  const { address, port } = server.address();
  console.log(`listening on ${address}:${port}`);
});
