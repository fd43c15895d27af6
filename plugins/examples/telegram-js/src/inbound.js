// From an update to events. An update holds one thing under one key; keys that are not read here are ignored.

import { contentOf, nobody, personOf, serviceOf } from './content.js';
import { callbackId, messageId, threadOf } from './ids.js';
import { bytes, text } from './requests.js';

const READERS = {
  message: (message) => [messageEvent(message)],
  edited_message: (message) => [editEvent(message)],
  callback_query: (query, at) => [tapEvent(query, at)],
  message_reaction: (change) => [reactionEvent(change)],
  my_chat_member: (change) => [memberEvent(change)],
};

/// The events of an update. What cannot be an update at all is an error, which keeps the webhook aside; one of an unknown
/// shape is ignored.
export function eventsOf(body, receivedAt) {
  const update = JSON.parse(body);
  if (!isObject(update) || !Number.isSafeInteger(update.update_id)) throw new Error('the webhook is not an update');
  const key = Object.keys(READERS).find((known) => isObject(update[known]));
  if (key) {
    try {
      return READERS[key](update[key], receivedAt);
    } catch (error) {
      return [ignored(`update of ${key} that cannot be read: ${error.message}`)];
    }
  }
  return [ignored(`update of ${Object.keys(update).filter((name) => name !== 'update_id').join(', ') || 'nothing'}`)];
}

/// What Telegram is answered. Empty, because Telegram carries out what an answer with a method in it says; which is how a
/// tap on a button is answered, that waits for it.
export function replyTo({ body }) {
  const empty = { status: 200, headers: [], body: new Uint8Array() };
  const query = callbackOf(body);
  if (query === undefined) return empty;
  const answer = JSON.stringify({ method: 'answerCallbackQuery', callback_query_id: query });
  return { ...empty, headers: [{ name: 'content-type', value: 'application/json' }], body: bytes(answer) };
}

function callbackOf(body) {
  try {
    const id = JSON.parse(text(body)).callback_query?.id;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function ignored(reason) {
  return { tag: 'ignored', val: reason };
}

function milliseconds(seconds) {
  if (!Number.isSafeInteger(seconds) || seconds < 0) throw new Error(`${seconds} is no time`);
  return BigInt(seconds) * 1000n;
}

/// Ids are numbers, and everything hangs on them.
function identified(message) {
  if (!Number.isSafeInteger(message.chat?.id) || !Number.isSafeInteger(message.message_id)) {
    throw new Error('a message without chat or id');
  }
  return message;
}

function messageEvent(message) {
  identified(message);
  if (message.migrate_to_chat_id !== undefined) {
    // The same group under another number.
    const group = { ...nobody(String(message.migrate_to_chat_id)), name: message.chat.title };
    return { tag: 'contact', val: { ...group, aliases: [String(message.chat.id)] } };
  }
  // Contacts are people; an administrator who writes as the group does so by a bot of Telegram's.
  if (message.from?.is_bot === true && !message.sender_chat) return ignored('a message of a bot');
  const service = serviceOf(message);
  if (service) return ignored(`service message: ${service}`);
  const sender = message.from ?? message.sender_chat ?? message.chat;
  return {
    tag: 'message',
    val: {
      id: messageId(message),
      thread: threadOf(message),
      group: message.chat.type !== 'private',
      sender: known(message, personOf(sender)),
      echo: false,
      correlation: undefined,
      sentAt: milliseconds(message.date),
      content: contentOf(message),
      replyTo: answered(message),
      metadata: JSON.stringify(metadataOf(message)),
    },
  };
}

function answered({ chat, reply_to_message: before }) {
  return Number.isSafeInteger(before?.message_id) ? messageId({ chat, ...before }) : undefined;
}

/// Who shares a card with the own number has told it.
function known({ contact, from }, sender) {
  if (!contact?.phone_number || contact.user_id !== from?.id) return sender;
  const phone = String(contact.phone_number);
  return { ...sender, phone: phone.startsWith('+') ? phone : `+${phone}` };
}

function metadataOf(message) {
  const { forward_origin, media_group_id, quote, external_reply, reply_to_story, business_connection_id } = message;
  const { text, from } = message;
  const start = /^\/start (\S+)$/.exec(text ?? '')?.[1];
  const metadata = { forward_origin, media_group_id, quote, external_reply, reply_to_story, business_connection_id, start };
  if (from?.language_code) metadata.language_code = from.language_code;
  return metadata;
}

function editEvent(message) {
  identified(message);
  const reference = { thread: threadOf(message), id: messageId(message) };
  const at = milliseconds(message.edit_date ?? message.date);
  return { tag: 'message-edited', val: { message: reference, content: contentOf(message), at } };
}

/// A tap on a button of ours: the message inside is the one that has the button.
function tapEvent(query, receivedAt) {
  if (!isObject(query.from)) throw new Error('a tap by nobody');
  const { message, data } = query;
  const chat = message?.chat ?? { id: query.from.id, type: 'private' };
  if (data === undefined) return ignored('a tap on a game');
  const buttons = message?.reply_markup?.inline_keyboard?.flat() ?? [];
  const title = buttons.find((button) => button?.callback_data === data)?.text ?? data;
  const detail = { tag: 'choice', val: { id: data, title, description: undefined } };
  return {
    tag: 'message',
    val: {
      id: callbackId(query),
      thread: message ? threadOf(message) : String(chat.id),
      group: chat.type !== 'private',
      sender: personOf(query.from),
      echo: false,
      correlation: undefined,
      // A tap carries no time of its own.
      sentAt: receivedAt,
      content: { text: title, attachments: [], detail },
      replyTo: message?.message_id === undefined ? undefined : messageId(message),
      metadata: '{}',
    },
  };
}

function reactionEvent(change) {
  const sender = change.user ?? change.actor_chat;
  if (!isObject(sender)) return ignored('a reaction of nobody');
  const chosen = (change.new_reaction ?? []).find((reaction) => reaction.type === 'emoji');
  if (!chosen && change.new_reaction?.length) return ignored('a reaction without an emoji');
  const message = { thread: threadOf(change), id: messageId(change) };
  const at = milliseconds(change.date);
  return { tag: 'reaction', val: { message, sender: personOf(sender), emoji: chosen?.emoji, at } };
}

/// In a private chat: the contact has blocked the bot, or lets it in again.
function memberEvent({ chat, new_chat_member: now }) {
  if (chat?.type !== 'private') return ignored('the bot’s place in a group changed');
  if (now?.status === 'kicked') return { tag: 'opt-out', val: personOf(chat) };
  if (now?.status === 'member') return { tag: 'opt-in', val: personOf(chat) };
  return ignored(`the bot became ${now?.status}`);
}
