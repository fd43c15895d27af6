// Commands against answers of the Bot API.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { perform, resume } from '../src/outbound.js';
import { split } from '../src/pieces.js';

const channel = { id: '1', channelType: 'TELEGRAM', config: '{}', webhookUrl: 'https://patchbay.example/webhook/1' };
const empty = { text: undefined, attachments: [], detail: undefined };

function send(content, more = {}) {
  return { tag: 'send', val: { id: 'out-1', thread: '1111111', to: { id: '1111111' }, content: { ...empty, ...content }, ...more } };
}

function response(status, body, more = {}) {
  const data = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
  return { tag: 'ok', val: { status, headers: [], body: data, saved: undefined, ...more } };
}

function recorded(name) {
  const { status, body } = JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url)));
  return response(status, body);
}

function refused(description, parameters) {
  return response(400, { ok: false, error_code: 400, description, parameters });
}

/// The calls of a command as method and parameters, and how it ended.
function run(command, ...answers) {
  const calls = [];
  let step = perform(channel, command, 's3cret');
  while (step.tag === 'request') {
    calls.push([step.val.url.replace('https://api.telegram.org', ''), parametersOf(step.val)]);
    const answer = answers.shift();
    assert.ok(answer, `no answer to ${step.val.url}`);
    step = resume(channel, command, step.val.state, answer);
  }
  assert.equal(answers.length, 0);
  return { calls, ...(step.tag === 'done' ? { outcome: step.val } : { failure: step.val }) };
}

function parametersOf({ body }) {
  if (body.tag === 'bytes') return JSON.parse(new TextDecoder().decode(body.val));
  if (body.tag === 'empty') return undefined;
  return Object.fromEntries(body.val.map(({ name, content }) => [
    name, content.tag === 'media' ? { media: content.val } : new TextDecoder().decode(content.val),
  ]));
}

const accepted = (id) => response(200, { ok: true, result: { message_id: id, chat: { id: 1111111 } } });

test('a text is sent with the token in the path', () => {
  const { val } = perform(channel, send({ text: 'Hello' }));
  assert.deepEqual([val.url, val.auth], ['https://api.telegram.org/bot{secret}/sendMessage', { tag: 'path', val: 'token' }]);
  const { calls, outcome } = run(send({ text: 'Hello' }), recorded('resp_send_message_ok'));
  assert.deepEqual(calls[0][1], { chat_id: 1111111, text: 'Hello' });
  assert.deepEqual(outcome, { tag: 'sent', val: ['1111111:1381'] });
});

test('a reply names the message, and goes without it when that is gone', () => {
  const reply = send({ text: 'Hello' }, { replyTo: '1111111:1365' });
  const { calls, outcome } = run(reply, refused('Bad Request: message to be replied not found'), accepted(7));
  assert.deepEqual(calls[0][1].reply_parameters, { message_id: 1365, allow_sending_without_reply: true });
  assert.equal(calls[1][1].reply_parameters, undefined);
  assert.deepEqual(outcome.val, ['1111111:7']);
});

test('a group that moved is followed once', () => {
  const moved = () => refused('Bad Request: group chat was upgraded to a supergroup chat', { migrate_to_chat_id: -1009 });
  assert.equal(run(send({ text: 'x' }), moved(), accepted(1)).calls[1][1].chat_id, -1009);
  assert.equal(run(send({ text: 'x' }), moved(), moved()).failure.kind, 'rejected');
});

test('a topic of a group is part of the conversation', () => {
  const { calls } = run(send({ text: 'x' }, { thread: '-1001234567890/7' }), accepted(1));
  assert.deepEqual(calls[0][1], { chat_id: -1001234567890, message_thread_id: 7, text: 'x' });
});

test('files are sent by address, by id or as bytes, each as a message of its own', () => {
  const file = (kind, source, caption) => ({ kind, source, caption, fileName: 'a.jpg', mimeType: 'image/jpeg' });
  const files = [
    file('image', { tag: 'stored', val: 'media-1' }, 'one'),
    file('document', { tag: 'url', val: 'https://x/y.pdf' }),
    file('sticker', { tag: 'platform', val: 'CAAC' }),
  ];
  const { calls, outcome } = run(send({ text: 'first', attachments: files }), accepted(1), accepted(2), accepted(3), accepted(4));
  assert.deepEqual(calls.map(([url]) => url.split('/')[2]), ['sendMessage', 'sendPhoto', 'sendDocument', 'sendSticker']);
  assert.deepEqual(calls[1][1], { chat_id: '1111111', photo: { media: 'media-1' }, caption: 'one' });
  assert.deepEqual(calls[2][1], { chat_id: 1111111, document: 'https://x/y.pdf' });
  assert.equal(outcome.val.length, 4);
  const captioned = run(send({ text: 'a caption', attachments: [file('video', { tag: 'url', val: 'https://x' })] }), accepted(1));
  assert.equal(captioned.calls[0][1].caption, 'a caption');
});

test('what was sent in part is for a person to decide', () => {
  const long = send({ text: `${'a'.repeat(4000)} ${'b'.repeat(4000)}` });
  const limited = (seconds) => response(429, { ok: false, error_code: 429, description: 'x', parameters: { retry_after: seconds } });
  const { failure } = run(long, accepted(1), limited(60));
  assert.deepEqual([failure.kind, failure.code], ['unknown', '429']);
  assert.deepEqual(run(long, accepted(1), limited(3), limited(3), accepted(2)).outcome.val.length, 2);
  assert.equal(run(long, accepted(1), limited(3), limited(3), limited(3)).failure.kind, 'unknown');
  const gone = response(403, { ok: false, error_code: 403, description: 'Forbidden: bot was blocked by the user' });
  assert.equal(run(long, accepted(1), gone).failure.kind, 'blocked');
});

test('a long text is cut between words and never within a character', () => {
  assert.deepEqual(split(`${'a'.repeat(4090)} ${'b'.repeat(20)}`), ['a'.repeat(4090), 'b'.repeat(20)]);
  const faces = split('😀'.repeat(3000));
  assert.equal(faces.join(''), '😀'.repeat(3000));
  assert.ok(faces.every((part) => part.length <= 4096 && !/[\ud800-\udbff]$/.test(part)));
});

test('choices are buttons, places and people have their own methods', () => {
  const choices = { items: [{ id: 'yes', title: 'Yes' }], header: 'H', footer: undefined };
  const { calls } = run(send({ text: 'Sure?', detail: { tag: 'choices', val: choices } }), accepted(1));
  assert.deepEqual(calls[0][1].reply_markup, { inline_keyboard: [[{ text: 'Yes', callback_data: 'yes' }]] });
  assert.equal(calls[0][1].text, 'H\n\nSure?');
  const long = { items: [{ id: 'ü'.repeat(33), title: 'x' }] };
  assert.throws(() => perform(channel, send({ text: 'x', detail: { tag: 'choices', val: long } })), { kind: 'rejected' });
  const place = { latitude: 1.5, longitude: 2.5, name: 'Office', address: 'Main Street' };
  assert.match(run(send({ detail: { tag: 'location', val: place } }), accepted(1)).calls[0][0], /sendVenue$/);
  const card = [{ name: 'Ada', phone: '+1' }];
  assert.match(run(send({ detail: { tag: 'contacts', val: card } }), accepted(1)).calls[0][0], /sendContact$/);
  const template = { tag: 'template', val: {} };
  assert.throws(() => perform(channel, send({ detail: template })), { kind: 'unsupported' });
});

test('each refusal has its meaning', () => {
  const cases = [
    [recorded('resp_err_429'), 'rate-limited'],
    [recorded('resp_err_403_blocked'), 'blocked'],
    [recorded('resp_err_400_chat_not_found'), 'unreachable'],
    [recorded('resp_err_401'), 'unauthorized'],
    [response(403, { ok: false, error_code: 403, description: 'Forbidden: bot was kicked from the group chat' }), 'unreachable'],
    [response(404, { ok: false, error_code: 404, description: 'Not Found' }), 'unauthorized'],
    [response(409, { ok: false, error_code: 409, description: 'Conflict' }), 'unauthorized'],
    [refused('Bad Request: not enough rights to send text messages to the chat'), 'unreachable'],
    [refused('Bad Request: message is too long'), 'rejected'],
    [response(413, { ok: false, error_code: 413, description: 'Request Entity Too Large' }), 'rejected'],
    [response(502, '<html>'), 'unknown'],
    [response(200, '<html>'), 'unknown'],
    [response(403, '<html>'), 'unknown'],
    [response(401, {}), 'unauthorized'],
    [response(200, {}), 'unknown'],
    [{ tag: 'err', val: { tag: 'unknown', val: 'lost' } }, 'unknown'],
    [{ tag: 'err', val: { tag: 'not-sent', val: 'refused' } }, 'temporary'],
    [{ tag: 'err', val: { tag: 'refused', val: 'not granted' } }, 'rejected'],
  ];
  for (const [answer, kind] of cases) assert.equal(run(send({ text: 'x' }), answer).failure.kind, kind);
  assert.equal(run(send({ text: 'x' }), recorded('resp_err_429')).failure.retryAfterMs, 35000n);
  const unavailable = () => refused('Bad Request: wrong file_id or the file is temporarily unavailable');
  assert.equal(run(send({ text: 'x' }), unavailable(), unavailable()).failure.kind, 'rejected');
});

test('a file is found by its id and kept', () => {
  const stored = response(200, '', { saved: 'media-9' });
  const { calls, outcome } = run({ tag: 'fetch-media', val: 'BQAC' }, recorded('resp_get_file'), stored);
  assert.deepEqual(calls[0], ['/bot{secret}/getFile', { file_id: 'BQAC' }]);
  assert.deepEqual(calls[1], ['/file/bot{secret}/documents/file_7.pdf', undefined]);
  assert.deepEqual(outcome, { tag: 'media', val: 'media-9' });
  const gone = run({ tag: 'fetch-media', val: 'BQAC' }, recorded('resp_get_file'), response(404, ''));
  assert.equal(gone.failure.kind, 'rejected');
});

test('reactions, edits, deletions, typing and taps are calls of their own', () => {
  const message = { thread: '1111111', id: '1111111:1365' };
  const ok = () => recorded('resp_bool_ok');
  const cases = [
    [{ tag: 'react', val: { message, emoji: '👍' } }, 'setMessageReaction', { reaction: [{ type: 'emoji', emoji: '👍' }] }],
    [{ tag: 'react', val: { message } }, 'setMessageReaction', { reaction: [] }],
    [{ tag: 'edit', val: { message, content: { ...empty, text: 'b' } } }, 'editMessageText', { text: 'b' }],
    [{ tag: 'delete', val: message }, 'deleteMessage', {}],
  ];
  for (const [command, method, parameters] of cases) {
    const { calls, outcome } = run(command, ok());
    assert.deepEqual(calls, [[`/bot{secret}/${method}`, { chat_id: 1111111, message_id: 1365, ...parameters }]]);
    assert.deepEqual(outcome, { tag: 'ok' });
  }
  const typing = run({ tag: 'set-typing', val: { thread: '1111111', on: true } }, ok());
  assert.deepEqual(typing.calls[0][1], { chat_id: 1111111, action: 'typing' });
  assert.deepEqual(run({ tag: 'set-typing', val: { thread: '1', on: false } }).calls, []);
  const tap = run({ tag: 'mark-read', val: [{ thread: '1', id: 'callback:42' }] }, refused('Bad Request: query is too old'));
  assert.deepEqual([tap.calls[0][1], tap.outcome], [{ callback_query_id: '42' }, { tag: 'ok' }]);
  assert.deepEqual(run({ tag: 'mark-read', val: [message] }).calls, []);
  const unchanged = run(cases[2][0], refused('Bad Request: message is not modified'));
  assert.deepEqual(unchanged.outcome, { tag: 'ok' });
});

test('the webhook is registered with a secret of its own', () => {
  const { calls } = run({ tag: 'register-webhook' }, recorded('resp_bool_ok'));
  assert.equal(calls[0][1].secret_token, 's3cret');
  assert.equal(calls[0][1].url, channel.webhookUrl);
  assert.ok(calls[0][1].allowed_updates.includes('message_reaction'));
  assert.equal(run({ tag: 'qr' }).failure.kind, 'unsupported');
});
