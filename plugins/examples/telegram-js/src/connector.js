// Telegram bots: channel type TELEGRAM. The functions of wit/connector.wit; nothing here remembers anything.
//
// - manifest: what a channel needs
// - inbound, content: updates into events
// - outbound, pieces, requests, errors: commands into calls of the Bot API, answers into outcomes
// - ids: how messages and conversations are named
//
// What is thrown at the end of an exported function is its error, as the contract types it.

import { equal, hmac, matches } from 'patchbay:connector/crypto@0.1.0';

import { eventsOf, replyTo } from './inbound.js';
import { manifest, WEBHOOK_SECRET } from './manifest.js';
import * as outbound from './outbound.js';
import { bytes, text } from './requests.js';

const HEADER = 'x-telegram-bot-api-secret-token';

export function describe() {
  return manifest();
}

export function addresses() {
  return [];
}

export function accept(channel, webhook) {
  const token = webhook.headers.find(({ name }) => name.toLowerCase() === HEADER)?.value ?? '';
  if (!matches(token, WEBHOOK_SECRET) && !isRegistered(channel, token)) {
    throw { tag: 'unauthentic', val: 'X-Telegram-Bot-Api-Secret-Token is missing or wrong' };
  }
  return { tag: 'keep', val: replyTo(webhook) };
}

export function parse(_channel, webhook) {
  try {
    return eventsOf(text(webhook.body), webhook.receivedAt);
  } catch (error) {
    throw String(error?.message ?? error);
  }
}

export function perform(channel, command) {
  const secret = command.tag === 'register-webhook' ? registered(channel) : undefined;
  return stepOf(() => outbound.perform(channel, command, secret));
}

export function resume(channel, command, state, response) {
  return stepOf(() => outbound.resume(channel, command, state, response));
}

/// What Telegram is told to send back: made from the secret, which itself stays with the engine.
function registered(channel) {
  const mac = hmac('sha256', [WEBHOOK_SECRET], bytes(`webhook of ${channel.id}`));
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function isRegistered(channel, token) {
  try {
    return equal(bytes(token), bytes(registered(channel)));
  } catch {
    // The channel has no secret yet.
    return false;
  }
}

/// A failure that was thrown on the way ends the command; anything else is a mistake of this connector.
function stepOf(work) {
  try {
    return work();
  } catch (error) {
    if (typeof error?.kind === 'string') return { tag: 'failed', val: error };
    throw error;
  }
}
