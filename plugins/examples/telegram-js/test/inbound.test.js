// Every recorded update, with the events that it means. `UPDATE=1 npm test` writes what there is; review the difference.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { eventsOf, replyTo } from '../src/inbound.js';

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
  for (const body of ['', 'null', '[]', '{}', '{"update_id":"1","message":{}}']) {
    assert.throws(() => eventsOf(body, RECEIVED_AT), body);
  }
  assert.deepEqual(eventsOf('{"update_id":1,"poll":{}}', RECEIVED_AT), [{ tag: 'ignored', val: 'update of poll' }]);
});

const heard = (message) => {
  const chat = { id: 7, type: 'private' };
  const update = { update_id: 1, message: { message_id: 3, date: 1, chat, from: { id: 7, is_bot: false }, text: 'x', ...message } };
  return eventsOf(JSON.stringify(update), RECEIVED_AT)[0];
};

test('an update of an unknown shape is ignored', () => {
  for (const wrong of [{ date: 'soon' }, { chat: {} }, { message_id: null }]) {
    const { tag, val } = heard(wrong);
    assert.equal(tag, 'ignored');
    assert.match(val, /^update of message that cannot be read: /);
  }
  assert.equal(heard({}).tag, 'message');
});

test('a tap is answered at once, and nothing else', () => {
  const answer = (update) => new TextDecoder().decode(replyTo({ body: new TextEncoder().encode(update) }).body);
  const tap = '{"update_id":1,"callback_query":{"id":"42","from":{"id":7}}}';
  assert.deepEqual(JSON.parse(answer(tap)), { method: 'answerCallbackQuery', callback_query_id: '42' });
  for (const other of ['', 'null', '{"update_id":1,"message":{}}', '{"callback_query":{"id":7}}']) assert.equal(answer(other), '');
});

test('a bot is no contact', () => {
  assert.deepEqual(heard({ from: { id: 9, is_bot: true } }), { tag: 'ignored', val: 'a message of a bot' });
  assert.equal(heard({ from: { id: 9, is_bot: true }, sender_chat: { id: -5, title: 'Group' } }).tag, 'message');
});

test('a reaction that is taken back has no emoji', () => {
  const { body } = JSON.parse(readFileSync(new URL('reaction.json', FOLDER)));
  body.message_reaction.new_reaction = [];
  const [{ tag, val }] = eventsOf(JSON.stringify(body), RECEIVED_AT);
  assert.deepEqual([tag, val.emoji], ['reaction', undefined]);
});
