// What Telegram's refusals mean. There is no code finer than the HTTP status, so the description decides; its words
// may change, so they are looked for in any case and anywhere.

export function failure(kind, message, more = {}) {
  return { kind, code: undefined, message, retryAfterMs: undefined, scope: undefined, ...more };
}

const BLOCKED = ['bot was blocked by the user', 'user is deactivated'];
const UNREACHABLE = ['chat not found', 'not enough rights'];

/// `repeatable` says that nothing is sent twice by asking again.
export function refusal(response, answer, repeatable) {
  const { status } = response;
  const description = String(answer?.description ?? `the platform answered ${status}`);
  const code = String(answer?.error_code ?? status);
  const says = (texts) => texts.some((text) => description.toLowerCase().includes(text));
  const of = (kind, more) => failure(kind, description, { code, ...more });
  if (status === 429) return of('rate-limited', { retryAfterMs: waitOf(response, answer) });
  // A page instead of JSON, whatever its status, is the answer of something on the way to Telegram.
  const isJson = typeof answer === 'object' && answer !== null;
  if (status >= 500 || !isJson || (status < 300 && answer.ok !== false)) return of(repeatable ? 'temporary' : 'unknown');
  if (status === 401 || status === 404 || status === 409) return of('unauthorized');
  if (status === 403) return of(says(BLOCKED) ? 'blocked' : 'unreachable');
  if (status === 400 && says(UNREACHABLE)) return of('unreachable');
  return of('rejected');
}

/// The request did not come back with an answer.
export function transport({ tag, val }, repeatable) {
  if (tag === 'not-sent' || (tag === 'unknown' && repeatable)) return failure('temporary', val);
  return failure(tag === 'unknown' ? 'unknown' : 'rejected', val);
}

function waitOf({ headers }, answer) {
  const header = headers.find(({ name }) => name.toLowerCase() === 'retry-after')?.value;
  const seconds = Number(answer?.parameters?.retry_after ?? header);
  return Number.isFinite(seconds) && seconds >= 0 ? BigInt(Math.ceil(seconds)) * 1000n : undefined;
}
