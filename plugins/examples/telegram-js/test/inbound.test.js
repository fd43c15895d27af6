// Every recorded update, with the events that it means. `UPDATE=1 npm test` writes what there is; review the difference.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { eventsOf } from '../src/inbound.js';

const FOLDER = new URL('../fixtures/', import.meta.url);
const EVENTS = new URL('./events.json', import.meta.url);
const RECEIVED_AT = 1_749_407_983_000n;

function shown(value) {
  const plain = (_, item) => (typeof item === 'bigint' ? Number(item) : item);
  return JSON.parse(JSON.stringify(value, plain));
}

const events = {};
for (const file of readdirSync(FOLDER).sort()) {
  const { kind, body } = JSON.parse(readFileSync(new URL(file, FOLDER)));
  if (kind === 'webhook') events[file.replace('.json', '')] = shown(eventsOf(JSON.stringify(body), RECEIVED_AT));
}
if (process.env.UPDATE) writeFileSync(EVENTS, `${JSON.stringify(events, null, 1)}\n`);

const expected = JSON.parse(readFileSync(EVENTS));

test('every recorded update is expected', () => assert.deepEqual(Object.keys(events), Object.keys(expected)));

for (const [name, found] of Object.entries(events)) {
  test(`the events of ${name}`, () => assert.deepEqual(found, expected[name]));
}

test('what cannot be an update is an error, and an unknown one is ignored', () => {
  for (const body of ['', 'null', '[]', '{}', '{"update_id":1,"message":{}}', '{"update_id":"1","message":{}}']) {
    assert.throws(() => eventsOf(body, RECEIVED_AT), body);
  }
  assert.deepEqual(eventsOf('{"update_id":1,"poll":{}}', RECEIVED_AT), [{ tag: 'ignored', val: 'update of poll' }]);
});

test('a reaction that is taken back has no emoji', () => {
  const { body } = JSON.parse(readFileSync(new URL('reaction.json', FOLDER)));
  body.message_reaction.new_reaction = [];
  const [{ tag, val }] = eventsOf(JSON.stringify(body), RECEIVED_AT);
  assert.deepEqual([tag, val.emoji], ['reaction', undefined]);
});
