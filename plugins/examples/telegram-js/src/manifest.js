// Who this connector is.

export const API = 'https://api.telegram.org';
export const TOKEN = 'token';
export const WEBHOOK_SECRET = 'webhookSecret';

export function manifest() {
  return {
    id: 'telegram',
    name: 'Telegram',
    version: '0.1.0',
    channelTypes: ['TELEGRAM'],
    configSchema: JSON.stringify(schema()),
    hosts: ['api.telegram.org', '{config.apiBaseUrl}'],
    capabilities: [
      'text', 'media', 'location', 'contacts', 'reactions', 'interactive', 'edits', 'deletes', 'typing', 'profiles',
      'media-download', 'webhook-registration',
    ],
    // Thirty messages a second for the bot; one a second to one chat, of which a few may come at once. Twenty a minute
    // is the limit of groups; a limit cannot tell them from other chats, where nobody writes as much.
    limits: [
      { scope: 'channel', permits: 30, perMs: 1000n, burst: undefined },
      { scope: 'recipient', permits: 1, perMs: 1000n, burst: 5 },
      { scope: 'recipient', permits: 20, perMs: 60_000n, burst: 20 },
    ],
    replyWindowMs: undefined,
    addressField: undefined,
    pollEveryMs: undefined,
    oauth2: undefined,
  };
}

function schema() {
  const secret = (description) => ({ type: 'string', writeOnly: true, minLength: 1, description });
  const count = { type: 'integer', minimum: 1, maximum: 4294967295 };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      [TOKEN]: secret('The token that @BotFather gave you'),
      [WEBHOOK_SECRET]: secret('What webhooks prove themselves with: set by register-webhook, or by you as secret_token'),
      apiBaseUrl: { type: 'string', pattern: '^https?://[^/]', description: 'A Bot API server of your own' },
      limits: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            scope: { enum: ['channel', 'recipient'] },
            permits: count,
            perMs: { type: 'integer', minimum: 1 },
            burst: { ...count, type: ['integer', 'null'] },
          },
          required: ['scope', 'permits', 'perMs'],
          additionalProperties: false,
        },
      },
      onUnknownOutcome: { enum: ['hold', 'resend'], default: 'hold' },
    },
    required: [TOKEN, WEBHOOK_SECRET],
    additionalProperties: false,
  };
}
