// Names of things: a message is unique only within its chat, so its identifier names both.

/// The conversation: a chat, or a topic of one.
export function threadOf(message) {
  const topic = message.is_topic_message ? message.message_thread_id : undefined;
  return topic === undefined ? String(message.chat.id) : `${message.chat.id}/${topic}`;
}

export function chatOf(thread) {
  const [chat, topic] = thread.split('/');
  const place = { chat_id: /^-?\d+$/.test(chat) ? Number(chat) : chat };
  return topic === undefined ? place : { ...place, message_thread_id: Number(topic) };
}

export function messageId(message) {
  return `${message.chat.id}:${message.message_id}`;
}

/// The number of a message within its chat.
export function numberOf(id) {
  return Number(id.slice(id.lastIndexOf(':') + 1));
}

const CALLBACK = 'callback:';

export function callbackId(query) {
  return `${CALLBACK}${query.id}`;
}

/// The query behind the identifier of a message that was a tap on a button.
export function queryOf(id) {
  return id.startsWith(CALLBACK) ? id.slice(CALLBACK.length) : undefined;
}
