// Commands: each is a short conversation, of which `state` remembers how far it has come.

import { failure, refusal, transport } from './errors.js';
import { nobody, personOf } from './content.js';
import { chatOf, messageId, numberOf, queryOf } from './ids.js';
import { piecesOf } from './pieces.js';
import { bytes, call, download, text } from './requests.js';

export const ALLOWED_UPDATES = ['message', 'edited_message', 'callback_query', 'my_chat_member', 'message_reaction'];

const done = (outcome) => ({ tag: 'done', val: outcome });
const failed = (why) => ({ tag: 'failed', val: why });
const asks = (request) => ({ tag: 'request', val: request });
const OK = done({ tag: 'ok' });

/// How far a send has come: what was accepted, and what was learned of the chat on the way.
const BEGUN = { sent: [], chat: undefined, alone: false, again: false, pauses: 0 };

/// How often, and how long, a send waits between two of its messages.
const PAUSES = 2;
const LONGEST_PAUSE_MS = 10_000n;

/// Commands of one call that may be repeated, and the outcome of its result.
const SIMPLE = {
  'react': ({ message, emoji }) => ['setMessageReaction', {
    ...placed(message), reaction: emoji ? [{ type: 'emoji', emoji }] : [],
  }],
  'edit': ({ message, content }) => {
    if (content.detail) throw failure('unsupported', 'only the text of a message can be edited');
    if (content.attachments.length) return ['editMessageCaption', { ...placed(message), caption: captionOf(content) }];
    return ['editMessageText', { ...placed(message), text: content.text ?? '' }];
  },
  'delete': (message) => ['deleteMessage', placed(message)],
  'mark-read': (messages) => {
    // Bots cannot mark messages as read; a tap on a button, though, waits for an answer.
    const query = messages.map(({ id }) => queryOf(id)).find(Boolean);
    return query && ['answerCallbackQuery', { callback_query_id: query }];
  },
  'set-typing': ({ thread, on }) => on ? ['sendChatAction', { ...chatOf(thread), action: 'typing' }] : undefined,
  'test-connection': () => ['getMe', {}],
  'fetch-profile': (id) => ['getChat', chatOf(id)],
};

export function perform(channel, command, webhookSecret) {
  const { tag, val } = command;
  if (tag === 'send') return next(channel, val, BEGUN);
  if (tag === 'fetch-media') return asks(call(channel, 'getFile', { file_id: val }, { idempotent: true }));
  if (tag === 'register-webhook') return asks(call(channel, 'setWebhook', webhook(channel, webhookSecret), { idempotent: true }));
  const simple = SIMPLE[tag];
  if (!simple) return failed(failure('unsupported', `this connector cannot ${tag.replaceAll('-', ' ')}`));
  const wanted = simple(val);
  return wanted ? asks(call(channel, ...wanted, { idempotent: true })) : OK;
}

export function resume(channel, command, state, response) {
  if (command.tag === 'send') return sent(channel, command.val, JSON.parse(text(state)), response);
  if (command.tag === 'fetch-media' && state.length) return saved(response);
  const { result, why } = resultOf(response, true);
  if (why) return harmless(why) ? OK : failed(why);
  switch (command.tag) {
    case 'fetch-media':
      if (!result.file_path) return failed(failure('rejected', 'the file is larger than bots may fetch'));
      return asks(download(channel, result.file_path, { state: bytes('file') }));
    case 'fetch-profile':
      return done({ tag: 'profile', val: Number.isSafeInteger(result?.id) ? personOf(result) : nobody(command.val) });
    default:
      return OK;
  }
}

function webhook({ webhookUrl }, secret) {
  return { url: webhookUrl, secret_token: secret, allowed_updates: ALLOWED_UPDATES };
}

function placed({ thread, id }) {
  return { chat_id: chatOf(thread).chat_id, message_id: numberOf(id) };
}

function captionOf({ text: words, attachments }) {
  return attachments[0].caption ?? words;
}

/// What was asked for is so already, or nobody waits for it any more.
function harmless({ message }) {
  const said = message.toLowerCase();
  return said.includes('message is not modified') || said.includes('query is too old');
}

/// The `result` of an answer, or why there is none.
function resultOf({ tag, val }, repeatable) {
  if (tag === 'err') return { why: transport(val, repeatable) };
  let answer;
  try {
    answer = JSON.parse(text(val.body));
  } catch {
    // Not of the Bot API: what stands before it answered.
  }
  if (val.status < 300 && answer?.ok === true) return { result: answer.result };
  return { why: refusal(val, answer, repeatable), answer };
}

function saved({ tag, val }) {
  if (tag === 'err') return failed(transport(val, true));
  if (val.status < 300 && val.saved) return done({ tag: 'media', val: val.saved });
  return failed(val.status === 404 ? failure('rejected', 'the file is gone') : refusal(val, undefined, true));
}

function next(channel, outgoing, progress, pause) {
  const pieces = piecesOf(outgoing.content);
  const piece = pieces[progress.sent.length];
  if (!piece) return done({ tag: 'sent', val: progress.sent });
  const [method, parameters] = piece;
  const chat = progress.chat === undefined ? chatOf(outgoing.thread || outgoing.to.id) : { chat_id: progress.chat };
  const answers = outgoing.replyTo && progress.sent.length === 0 && !progress.alone && !queryOf(outgoing.replyTo);
  const reply = answers
    ? { reply_parameters: { message_id: numberOf(outgoing.replyTo), allow_sending_without_reply: true } }
    : {};
  const request = call(channel, method, { ...chat, ...parameters, ...reply }, { state: bytes(JSON.stringify(progress)) });
  if (pause === undefined) return asks(request);
  return asks({ ...request, headers: [...request.headers, { name: 'patchbay-wait-ms', value: String(pause) }] });
}

function sent(channel, outgoing, progress, response) {
  const { result, why, answer } = resultOf(response, false);
  if (!why) {
    if (!Number.isSafeInteger(result?.message_id) || !result.chat) {
      return failed(failure('unknown', 'the answer names no message'));
    }
    return next(channel, outgoing, { ...progress, sent: [...progress.sent, messageId(result)] });
  }
  const changed = remedy(progress, why.message.toLowerCase(), answer);
  if (changed) return next(channel, outgoing, changed);
  const pause = pauseOf(why, progress);
  if (pause === undefined) return failed(partial(why, progress.sent.length));
  return next(channel, outgoing, { ...progress, pauses: progress.pauses + 1 }, pause);
}

/// How long to wait before the rest is sent, where some is out: beginning anew would repeat that.
function pauseOf({ kind, retryAfterMs }, { sent: before, pauses }) {
  if (kind !== 'rate-limited' || before.length === 0 || pauses >= PAUSES) return undefined;
  return retryAfterMs === undefined || retryAfterMs > LONGEST_PAUSE_MS ? undefined : retryAfterMs;
}

/// What to change before trying once more, for refusals that say what would help.
function remedy(progress, said, answer) {
  const moved = answer?.parameters?.migrate_to_chat_id;
  if (moved !== undefined && progress.chat === undefined) return { ...progress, chat: moved };
  if (said.includes('to be replied not found') && !progress.alone) return { ...progress, alone: true };
  if (said.includes('file is temporarily unavailable') && !progress.again) return { ...progress, again: true };
  return undefined;
}

/// Once something was sent, sending it all again would repeat it: that is for a person to decide.
function partial(why, sent) {
  if (sent === 0) return why;
  // What it tells of the recipient holds all the same.
  const kind = why.kind === 'blocked' || why.kind === 'unreachable' ? why.kind : 'unknown';
  return failure(kind, `${sent} messages were sent, then: ${why.message}`, { code: why.code });
}
