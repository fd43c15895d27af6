// A client is told what to do by lines on its input, and tells what happens by lines on its output. Each is JSON.
import { createInterface } from "node:readline";

export function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

// Does as it is told until nobody tells it any more.
export function obey(commands) {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const [name, ...rest] = JSON.parse(line);
    commands[name](...rest);
  });
  lines.on("close", () => process.exit(0));
}
