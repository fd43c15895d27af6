// What to send, one call of the Bot API after the other: a long text is several messages, and so are several files.

import { failure } from './errors.js';

const TEXT = 4096;
const CAPTION = 1024;
const CALLBACK_BYTES = 64;

const METHODS = {
  image: ['sendPhoto', 'photo'],
  video: ['sendVideo', 'video'],
  audio: ['sendAudio', 'audio'],
  voice: ['sendVoice', 'voice'],
  document: ['sendDocument', 'document'],
  sticker: ['sendSticker', 'sticker'],
};

/// Methods with their parameters, without the chat.
export function piecesOf({ text, attachments, detail }) {
  if (detail) return detailed(detail, text);
  const captioned = attachments.length === 1 && text && !attachments[0].caption && text.length <= CAPTION
    && attachments[0].kind !== 'sticker';
  const texts = text && !captioned ? split(text).map((part) => ['sendMessage', { text: part }]) : [];
  const files = attachments.map((attachment) => filed(attachment, captioned ? text : attachment.caption));
  const pieces = [...texts, ...files];
  if (pieces.length === 0) throw failure('rejected', 'the message is empty');
  return pieces;
}

function filed(attachment, caption) {
  const [method, field] = METHODS[attachment.kind];
  if (caption && caption.length > CAPTION) throw failure('rejected', `a caption has at most ${CAPTION} characters`);
  const { tag, val } = attachment.source;
  const { fileName, mimeType } = attachment;
  const file = tag === 'stored' ? { media: val, fileName: fileName ?? 'file', mimeType } : val;
  return [method, attachment.kind === 'sticker' ? { [field]: file } : { [field]: file, caption: caption || undefined }];
}

function detailed({ tag, val }, text) {
  const before = text && tag !== 'choices' ? split(text).map((part) => ['sendMessage', { text: part }]) : [];
  switch (tag) {
    case 'location':
      return [...before, located(val)];
    case 'contacts':
      return [...before, ...val.map(card)];
    case 'choices':
      return [['sendMessage', { text: offered(val, text), reply_markup: { inline_keyboard: val.items.map(button) } }]];
    default:
      throw failure('unsupported', `Telegram has no ${tag}`);
  }
}

function located({ latitude, longitude, name, address }) {
  if (name && address) return ['sendVenue', { latitude, longitude, title: name, address }];
  return ['sendLocation', { latitude, longitude }];
}

function card({ name, phone }) {
  if (!phone) throw failure('rejected', 'a contact without a telephone number cannot be sent');
  return ['sendContact', { phone_number: phone, first_name: name ?? phone }];
}

function offered({ header, footer }, text) {
  const lines = [header, text, footer].filter(Boolean).join('\n\n');
  if (!lines) throw failure('rejected', 'choices need a text');
  if (lines.length > TEXT) throw failure('rejected', `a text with choices has at most ${TEXT} characters`);
  return lines;
}

function button({ id, title }) {
  if (new TextEncoder().encode(id).length > CALLBACK_BYTES) {
    throw failure('rejected', `the id of a choice has at most ${CALLBACK_BYTES} bytes`);
  }
  return [{ text: title, callback_data: id }];
}

/// Pieces that Telegram takes, cut between words where that is possible and never within a character.
export function split(text) {
  const parts = [];
  let rest = text;
  while (rest.length > TEXT) {
    const space = Math.max(rest.lastIndexOf('\n', TEXT), rest.lastIndexOf(' ', TEXT));
    let end = space > TEXT / 2 ? space : TEXT;
    if (/[\ud800-\udbff]/.test(rest[end - 1])) end -= 1;
    parts.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  if (rest.trim()) parts.push(rest);
  return parts;
}
