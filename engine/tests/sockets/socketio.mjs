// socket.io-client, as front ends use it: `node socketio.mjs ADDRESS OPTIONS`. With `dropEvery` it loses its connection
// after every so many events, and comes back in turn by its own recovery and by the cursor it was told last.
import { io } from "socket.io-client";

import { obey, tell } from "./control.mjs";

const address = process.argv[2];
const { dropEvery, namespace = "", ...options } = JSON.parse(process.argv[3]);

let socket;
let cursor;
let events = 0;
let drops = 0;

function open(auth) {
  const opened = io(`${address}${namespace}`, { forceNew: true, reconnectionDelay: 20, ...options, auth });
  socket = opened;
  opened.io.on("open", () => opened.io.engine.on("upgrade", (transport) => tell(["upgrade", transport.name])));
  opened.on("connect", () => {
    tell(["connect", { recovered: opened.recovered, transport: opened.io.engine.transport.name }]);
  });
  opened.on("connect_error", (error) => tell(["connect_error", { message: error.message, data: error.data ?? null }]));
  opened.on("disconnect", (reason) => tell(["disconnect", reason]));
  opened.onAny((name, ...args) => {
    const place = args.at(-1);
    if (typeof place === "string") cursor = place;
    tell(["event", name, ...args]);
    events += 1;
    if (dropEvery && events % dropEvery === 0) setImmediate(() => drop(opened));
  });
}

function drop(opened) {
  drops += 1;
  if (drops % 2 === 0) {
    opened.disconnect();
    open({ ...options.auth, cursor });
  } else {
    lose(opened.io.engine);
  }
}

// As a network does it: between two things that the client does. Where it closes its engine while it takes something from
// it, as at the end of an upgrade, it keeps what it took and hands it out again when it is back.
function lose(engine) {
  if (engine.upgrading) engine.once("upgrade", () => setImmediate(() => lose(engine)));
  else engine.close();
}

open(options.auth);
obey({
  emit: (...args) => socket.emit(...args),
  ask: (...args) => socket.emit(...args, (answer) => tell(["answer", answer])),
  bytes: (name) => socket.emit(name, Buffer.from([1, 2, 3])),
  // It takes nothing any more of what comes.
  pause: () => socket.io.engine.transport.ws._socket.pause(),
  resume: () => socket.io.engine.transport.ws._socket.resume(),
});
