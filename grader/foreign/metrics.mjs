// A correct solution to lab 06 in another language: Node's sockets, and the page in Prometheus' text format.

import http from "node:http";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const LONGEST = 8192;
const NEWLINE = 10;
const RETURN = 13;
const BOUNDS = [0.001, 0.01, 0.1, 1, Infinity];

const { values: flags } = parseArgs({
  options: {
    addr: { type: "string", default: "127.0.0.1:9999" },
    "metrics-addr": { type: "string", default: "127.0.0.1:0" },
  },
});
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const counts = { connections: 0, active: 0, requests: 0, received: 0, sent: 0 };
const errors = { line_too_long: 0, not_utf8: 0, bad_sleep: 0, io: 0, panic: 0 };
const buckets = BOUNDS.map(() => 0);
let seconds = 0;

// The message is the last line sent to the client.
class Refused extends Error {
  constructor(message, kind) {
    super(message);
    this.kind = kind;
  }
}

class Panic extends Error {}

function page() {
  const lines = [];
  const metric = (name, type, help, samples) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [suffix, value] of samples) lines.push(`${name}${suffix} ${value}`);
  };
  const kinds = Object.entries(errors).map(([kind, count]) => [`{kind="${kind}"}`, count]);
  let total = 0;
  const cumulative = BOUNDS.map((bound, index) => {
    total += buckets[index];
    return [`_bucket{le="${bound === Infinity ? "+Inf" : bound}"}`, total];
  });
  metric("echo_connections_total", "counter", "Clients accepted.", [["", counts.connections]]);
  metric("echo_connections_active", "gauge", "Clients connected now.", [["", counts.active]]);
  metric("echo_requests_total", "counter", "Lines answered.", [["", counts.requests]]);
  metric("echo_received_bytes_total", "counter", "Bytes read.", [["", counts.received]]);
  metric("echo_sent_bytes_total", "counter", "Bytes written.", [["", counts.sent]]);
  metric("echo_errors_total", "counter", "Errors, by kind.", kinds);
  metric("echo_request_duration_seconds", "histogram", "From a line to its answer.", [
    ...cumulative,
    ["_sum", seconds],
    ["_count", total],
  ]);
  return lines.join("\n") + "\n";
}

function observe(duration) {
  counts.requests += 1;
  seconds += duration;
  buckets[BOUNDS.findIndex((bound) => duration <= bound)] += 1;
}

function textOf(line) {
  if (line.length > LONGEST) throw new Refused("ERR line too long", "line_too_long");
  try {
    return utf8.decode(line);
  } catch {
    throw new Refused("ERR not utf-8", "not_utf8");
  }
}

async function* linesOf(socket) {
  let buffer = Buffer.alloc(0);
  for await (const data of socket.iterator({ destroyOnReturn: false })) {
    counts.received += data.length;
    buffer = Buffer.concat([buffer, data]);
    for (let end; (end = buffer.indexOf(NEWLINE)) >= 0; buffer = buffer.subarray(end + 1)) {
      yield textOf(buffer.subarray(0, buffer[end - 1] === RETURN ? end - 1 : end));
    }
    if (buffer.length > LONGEST + (buffer[LONGEST] === RETURN ? 1 : 0)) {
      throw new Refused("ERR line too long", "line_too_long");
    }
  }
  if (buffer.length > 0) yield textOf(buffer);
}

async function answer(line) {
  if (line === "PANIC") throw new Panic();
  const [, milliseconds, text] = /^SLEEP (\d{1,5}) (.*)$/s.exec(line) ?? [];
  if (milliseconds <= 60000) {
    await sleep(Number(milliseconds));
    return `ECHO: ${text}\n`;
  }
  if (!line.startsWith("SLEEP ")) return `ECHO: ${line}\n`;
  errors.bad_sleep += 1;
  return "ERR bad sleep\n";
}

// Resolves once the kernel has accepted the text.
function send(socket, text) {
  return new Promise((resolve, reject) => {
    socket.write(text, (error) => {
      if (error) return reject(error);
      counts.sent += Buffer.byteLength(text);
      resolve();
    });
  });
}

async function converse(socket) {
  try {
    for await (const line of linesOf(socket)) {
      const begin = performance.now();
      await send(socket, await answer(line));
      observe((performance.now() - begin) / 1000);
    }
  } catch (error) {
    errors[error instanceof Refused ? error.kind : error instanceof Panic ? "panic" : "io"] += 1;
    if (error instanceof Refused) await send(socket, `${error.message}\n`).catch(() => {});
  }
}

async function serve(socket) {
  socket.on("error", () => {}); // The pending read or write fails with it.
  counts.connections += 1;
  counts.active += 1;
  await converse(socket);
  counts.active -= 1;
  socket.destroySoon();
}

function scrape(request, response) {
  const found = request.method === "GET" && request.url === "/metrics";
  const type = found ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain";
  response.writeHead(found ? 200 : 404, { "Content-Type": type });
  response.end(found ? page() : "no such page\n");
}

function listen(server, what, address) {
  const colon = address.lastIndexOf(":");
  const where = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  return new Promise((resolve) => {
    server.listen({ ...where, backlog: 128 }, () => {
      const { address, port } = server.address();
      console.log(`${what} on ${address}:${port}`);
      resolve();
    });
  });
}

await listen(net.createServer({ allowHalfOpen: true }, serve), "listening", flags.addr);
await listen(http.createServer(scrape), "metrics", flags["metrics-addr"]);
