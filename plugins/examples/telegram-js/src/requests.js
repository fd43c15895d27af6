// Requests to the Bot API. The token is in the path: only its name is written here, the engine puts the value in.

import { API, TOKEN } from './manifest.js';

export function server(channel) {
  const { apiBaseUrl } = JSON.parse(channel.config);
  return (apiBaseUrl ?? API).replace(/\/+$/, '');
}

/// A method with parameters; a file of the engine among them makes it a form.
export function call(channel, method, parameters, more = {}) {
  const file = Object.entries(parameters).find(([, value]) => value?.media);
  const { headers, body } = file ? form(parameters) : json(parameters);
  return request('POST', `${server(channel)}/bot{secret}/${method}`, { headers, body, ...more });
}

/// The bytes of a file, which the engine keeps.
export function download(channel, path, more) {
  const safe = String(path).split('/').map(encodeURIComponent).join('/');
  return request('GET', `${server(channel)}/file/bot{secret}/${safe}`, { saveBody: true, idempotent: true, ...more });
}

function request(method, url, more) {
  return {
    method,
    url,
    headers: [],
    auth: { tag: 'path', val: TOKEN },
    body: { tag: 'empty' },
    timeoutMs: undefined,
    saveBody: false,
    idempotent: false,
    state: new Uint8Array(),
    ...more,
  };
}

function json(parameters) {
  const headers = [{ name: 'content-type', value: 'application/json' }];
  return { headers, body: { tag: 'bytes', val: bytes(JSON.stringify(parameters)) } };
}

function form(parameters) {
  const parts = Object.entries(parameters).filter(([, value]) => value !== undefined).map(([name, value]) => {
    if (value?.media) {
      const content = { tag: 'media', val: value.media };
      return { name, content, fileName: value.fileName, mimeType: value.mimeType };
    }
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return { name, content: { tag: 'bytes', val: bytes(text) }, fileName: undefined, mimeType: undefined };
  });
  return { headers: [], body: { tag: 'multipart', val: parts } };
}

export function bytes(text) {
  return new TextEncoder().encode(text);
}

export function text(data) {
  return new TextDecoder('utf-8', { fatal: true }).decode(data);
}
