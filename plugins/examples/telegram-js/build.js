// Makes the component: node build.js [FILE.wasm]. Without WASI, because connectors have no clock, files or sockets.

import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { componentize } from '@bytecodealliance/componentize-js';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? `${here}/telegram-js.wasm`);

const { component } = await componentize({
  sourcePath: `${here}/src/connector.js`,
  witPath: `${here}/../../../plugin-sdk/wit`,
  worldName: 'connector',
  disableFeatures: ['random', 'stdio', 'clocks', 'http', 'fetch-event'],
});

// In one go, because an engine may be watching the folder.
await mkdir(dirname(out), { recursive: true });
await writeFile(`${out}.unfinished`, component);
await rename(`${out}.unfinished`, out);
console.log(`${out} ${Math.ceil(component.length / 1000)} kB`);
