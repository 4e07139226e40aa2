// A wrong solution to lab 03: it writes in the data event, so nothing slows down a client that does not read.

import { main } from "./pipe.mjs";

main((socket) => {
  socket.on("error", () => {});
  socket.on("data", (data) => socket.write(data));
  socket.on("end", () => socket.end());
});
