// A plain WebSocket client: `node ws.mjs ADDRESS TOKEN EVERY`. After every so many frames it loses its connection, and comes
// back with the cursor of the last one.
import WebSocket from "ws";

import { obey, tell } from "./control.mjs";

const [address, token, every] = process.argv.slice(2);
let frames = 0;

function open(cursor) {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${address.replace(/^http/, "ws")}/ws/conversations?cursor=${cursor}`, { headers });
  let last = cursor;
  let dropped = false;
  socket.on("message", (data) => {
    if (dropped) return;
    const frame = JSON.parse(data);
    last = frame.cursor;
    tell(["frame", frame]);
    frames += 1;
    if (frames % Number(every) === 0) {
      dropped = true;
      socket.terminate();
      open(last);
    }
  });
  socket.on("error", (error) => tell(["failure", error.message]));
}

open("");
obey({});
