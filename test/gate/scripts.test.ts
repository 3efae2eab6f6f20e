import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Answer, Asked } from '../../src/admission/admission.ts';
import { ETAG, file, page, refusal, ScriptedAdmission } from './fakes.ts';
import { parseAnswer, type RunningGate, sendRaw, startGate } from './harness.ts';

/**
 * Runs scripts/*.http.txt. A conversation is a title after `==`, a request, a line of dashes and what is
 * expected: the status line, headers (`!name`: not there), an empty line, the body; `asked:` lines before
 * the status say what admission was asked, none that it was asked nothing. A body that begins with `{` is
 * compared key by key, `...` is any. `HOST` stands for our host and port, `ETAG` for the served tag.
 */
const folder = new URL('./scripts/', import.meta.url);

function answerFor({ route, encodings, validators, body }: Asked): Answer {
  if (route.kind === 'fixed') return page(route.body(''), { etag: null, vary: false });
  if (route.kind === 'audit') return page(Buffer.from(body ?? []).toString(), { etag: null });
  if (route.kind === 'redirect') return { kind: 'redirect', to: route.to };
  if (route.kind === 'artifact') return file(Buffer.from('the bytes of a tarball'));
  if (route.kind !== 'index') return page('[]');
  if (route.name === 'left-pad')
    return { kind: 'refusal', refusal: refusal('NOT_ALLOWLISTED', { package: 'pkg:npm/left-pad' }) };
  if (route.name === 'down')
    return { kind: 'refusal', refusal: refusal('UPSTREAM_TIMEOUT', { retryAfter: 30 }) };
  if (route.name === 'gone') return page('{}', { status: 404, etag: null });
  if (validators.etags?.includes(ETAG)) return { kind: 'not-modified', etag: ETAG };
  const encoding = encodings[0] === 'gzip' ? 'gzip' : null;
  return page(`{"name":"${route.name}"}`, { encoding });
}

function askedLine({ method, ecosystem, route, base }: Asked): string {
  const { kind, ...rest } = route;
  const fields = Object.values(rest).map((value) => (typeof value === 'function' ? value(base) : value));
  return `asked: ${method} ${ecosystem.id} ${kind} ${fields.join(' ')} under ${base}`;
}

async function run(gate: RunningGate, conversation: string): Promise<void> {
  const [request = '', expected = ''] = conversation
    .replaceAll('HOST', gate.host)
    .replaceAll('ETAG', ETAG)
    .split(/\n-{5,}\n/);
  const blank = `${request}\n\n`.indexOf('\n\n');
  const body = request.slice(blank + 2).trimEnd();
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = [...request.slice(0, blank).split('\n'), 'Connection: close', ...length].join('\r\n');
  const answer = parseAnswer(await sendRaw(gate.port, `${head}\r\n\r\n${body}`));

  const lines = expected.split('\n');
  const end = lines.indexOf('');
  const above = end < 0 ? lines : lines.slice(0, end);
  const asked = above.filter((line) => line.startsWith('asked: '));
  const [status = '', ...headers] = above.filter((line) => !line.startsWith('asked: '));
  expect(`${answer.status} ${answer.phrase}`).toBe(status);
  expect(gate.admission.asked.map(askedLine)).toEqual(asked);
  for (const line of headers) {
    if (line.startsWith('!')) expect(answer.headers.has(line.slice(1)), line).toBe(false);
    else expect(`${line.split(':')[0]}: ${answer.headers.get(line.split(':')[0] ?? '')}`).toBe(line);
  }
  const wanted =
    end < 0
      ? ''
      : lines
          .slice(end + 1)
          .join('\n')
          .trimEnd();
  const got = answer.body.toString().trimEnd();
  if (wanted === '...') expect(got).not.toBe('');
  else if (wanted.startsWith('{')) expect(JSON.parse(got)).toMatchObject(JSON.parse(wanted));
  else expect(got).toBe(wanted);
}

describe.each(readdirSync(folder).filter((name) => name.endsWith('.http.txt')))('%s', (name) => {
  const conversations = readFileSync(new URL(name, folder), 'utf8').split(/^== /m).slice(1);
  test.each(
    conversations.map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n') + 1)]),
  )('%s', async (_title, conversation) => {
    const leaf = 'ab'.repeat(32);
    const why = async (asked: string) => (asked === leaf ? { leaf, reasons: ['NOT_ALLOWLISTED'] } : null);
    const gate = await startGate({ admission: new ScriptedAdmission(answerFor), why });
    await run(gate, conversation.trimEnd()).finally(() => gate.app.close());
  });
});
