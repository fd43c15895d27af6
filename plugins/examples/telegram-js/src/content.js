// What a message says.

// In this order: an animation also comes as a document, a live photo as a photo, a venue as a location.
const MEDIA = [
  ['animation', 'video', 'video/mp4'],
  ['video', 'video', 'video/mp4'],
  ['video_note', 'video', 'video/mp4'],
  ['live_photo', 'video', 'video/mp4'],
  ['voice', 'voice', 'audio/ogg'],
  ['audio', 'audio', undefined],
  ['sticker', 'sticker', undefined],
  ['document', 'document', undefined],
];

// What is about the chat rather than said in it.
const SERVICE = [
  'new_chat_members', 'left_chat_member', 'new_chat_title', 'new_chat_photo', 'delete_chat_photo', 'group_chat_created',
  'supergroup_chat_created', 'channel_chat_created', 'message_auto_delete_timer_changed', 'migrate_from_chat_id',
  'pinned_message', 'successful_payment', 'refunded_payment', 'users_shared', 'chat_shared', 'connected_website',
  'write_access_allowed', 'passport_data', 'proximity_alert_triggered', 'boost_added', 'chat_background_set',
  'forum_topic_created', 'forum_topic_edited', 'forum_topic_closed', 'forum_topic_reopened',
  'general_forum_topic_hidden', 'general_forum_topic_unhidden', 'giveaway_created', 'giveaway', 'giveaway_winners',
  'giveaway_completed', 'video_chat_scheduled', 'video_chat_started', 'video_chat_ended',
  'video_chat_participants_invited', 'web_app_data',
];

const EMPTY = { text: undefined, attachments: [], detail: undefined };

/// The kind of service message that this is, if it is one.
export function serviceOf(message) {
  return SERVICE.find((kind) => message[kind] !== undefined);
}

export function contentOf(message) {
  const attachment = attachmentOf(message);
  if (attachment) return { ...EMPTY, attachments: [attachment] };
  if (typeof message.text === 'string') return { ...EMPTY, text: message.text };
  const detail = placeOf(message) ?? cardOf(message);
  if (detail) return { ...EMPTY, detail };
  return { ...EMPTY, text: message.caption, detail: { tag: 'unsupported', val: JSON.stringify(said(message)) } };
}

function attachmentOf(message) {
  const photo = largest(message.photo);
  for (const [field, kind, mimeType] of MEDIA) {
    const file = message[field];
    if (file?.file_id) return attachment(kind, file, message.caption, mimeType ?? stickerType(field, file));
  }
  return photo && attachment('image', photo, message.caption, 'image/jpeg');
}

function attachment(kind, file, caption, mimeType) {
  return {
    kind,
    source: { tag: 'platform', val: String(file.file_id) },
    mimeType: file.mime_type ?? mimeType,
    fileName: file.file_name,
    size: Number.isSafeInteger(file.file_size) && file.file_size >= 0 ? BigInt(file.file_size) : undefined,
    caption: caption ?? file.emoji,
    publicUrl: undefined,
  };
}

function stickerType(field, file) {
  if (field !== 'sticker') return undefined;
  if (file.is_animated) return 'application/x-tgsticker';
  return file.is_video ? 'video/webm' : 'image/webp';
}

/// The sizes are of one picture.
function largest(sizes) {
  if (!Array.isArray(sizes)) return undefined;
  const area = (size) => (size?.width ?? 0) * (size?.height ?? 0);
  const known = sizes.filter((size) => size?.file_id);
  return known.reduce((best, size) => (area(size) > area(best) ? size : best), known[0]);
}

function placeOf({ venue, location }) {
  const place = venue?.location ?? location;
  if (typeof place?.latitude !== 'number' || typeof place?.longitude !== 'number') return undefined;
  const { latitude, longitude } = place;
  return { tag: 'location', val: { latitude, longitude, name: venue?.title, address: venue?.address } };
}

function cardOf({ contact }) {
  if (!contact?.phone_number) return undefined;
  const phone = String(contact.phone_number);
  const number = phone.startsWith('+') ? phone : `+${phone}`;
  return {
    tag: 'contacts',
    val: [{
      ...nobody(String(contact.user_id ?? number)),
      name: nameOf(contact),
      phone: /^\+\d{7,15}$/.test(number) ? number : undefined,
    }],
  };
}

/// What is left of a message without its envelope.
function said(message) {
  const { message_id, from, sender_chat, chat, date, edit_date, message_thread_id, is_topic_message, ...rest } = message;
  return rest;
}

export function nameOf({ first_name, last_name, title }) {
  const name = [first_name, last_name].filter(Boolean).join(' ');
  return name || title || undefined;
}

export function nobody(id) {
  return {
    id, aliases: [], name: undefined, phone: undefined, email: undefined, username: undefined, avatarUrl: undefined,
  };
}

/// A person, a bot, or a chat that speaks for itself.
export function personOf(user) {
  return { ...nobody(String(user.id)), name: nameOf(user), username: user.username };
}
