import { afterAll, beforeAll, expect, test } from 'vitest';
import { asking, openPlace, type Place, queryOf } from '../api/place.ts';
import { decision } from '../ledger/fixtures/drafts.ts';

// What an auditor who means harm can ask: no question breaks an answer, holds the house up, or is told more than there is.

let place: Place;
let ask: ReturnType<typeof asking>['ask'];
beforeAll(async () => {
  place = await openPlace();
  await place.append(decision({ name: 'foo_bar', version: '1.0.0', file: 'foo_bar-1.0.0.tgz' }));
  ({ ask } = asking(place.ports));
});
afterAll(() => place?.close());

/** Blanks of Unicode beyond the space, which a pattern's `\s` is, too. */
const BLANKS = ['\u00a0', '\u2028', '\u2029', '\u3000', '\ufeff', '\u1680'];

test('a note is a header that HTTP can carry, whatever blanks stand in the question', async () => {
  for (const blank of BLANKS) {
    for (const name of [`foo_bar${blank}==1.0.0`, `foo_bar==${blank}1.0.0`, `foo_bar@1.0.0${blank}`]) {
      const answer = await ask(`entries?${queryOf({ package: name })}`, { accept: 'application/jsonl' });
      expect(answer.headers['x-sallyport-note'] ?? '', JSON.stringify(name)).toMatch(/^[\x20-\x7e]*$/);
    }
  }
  const plain = await ask(`entries?${queryOf({ package: 'foo_bar == 1.0.0' })}`, {
    accept: 'application/jsonl',
  });
  expect(plain.headers['x-sallyport-note']).toContain('foo-bar@1.0.0');
});

/** Texts that make a pattern with two neighbours of one kind try every way of sharing them. */
const LONG = 500;
const PATTERNS: [word: string, text: string][] = [
  ['package', `a${' '.repeat(LONG)}=x`],
  ['package', `${'a@'.repeat(LONG / 2)}`],
  ['package', `${'=='.repeat(LONG / 2)}`],
  ['package', `pkg:npm/${'%40/'.repeat(LONG / 4)}`],
  ['package', `pkg:npm/a@${'1.'.repeat(LONG / 2)}`],
  ['package', `a==${'1'.repeat(LONG)}!`],
  ['package', `a==${'1-'.repeat(LONG / 2)}`],
  ['versions', `${'1 - '.repeat(LONG / 4)}1`],
  ['versions', '1||'.repeat(LONG / 3).concat('1')],
  ['versions', `>${' '.repeat(LONG)}1`],
  ['versions', `${'>=1,'.repeat(LONG / 4)}!=1`],
  ['versions', `~=${'1.'.repeat(LONG / 2)}1`],
];

test.each(PATTERNS.map(([word, text]) => [word, text.slice(0, 12), text]))(
  'no pattern is slow: %s %j…',
  async (word, _, text) => {
    const began = performance.now();
    const asked: Record<string, string> =
      word === 'versions' ? { package: 'foo_bar', versions: text } : { [word]: text };
    await ask(`entries?${queryOf(asked)}`);
    expect(performance.now() - began).toBeLessThan(1000);
  },
);

test.each([
  `after=${Number.MAX_SAFE_INTEGER}`,
  `before=${Number.MAX_SAFE_INTEGER}`,
  'before=0',
  'after=9007199254740992',
  'after=1e3',
  'after=-1',
  '__proto__=1',
  'constructor=1',
  'agent=__proto__',
  'rule=__proto__',
  'code=constructor',
  'waiver=%25',
  'limit=1001',
  'cursor=AAAA',
  'since=%2B275760-09-13',
  'since=0000-01-01&until=9999-12-31',
  'package=__proto__',
  'package=pkg:npm/__proto__@1.0.0',
  'package=pkg:npm/%00',
  'rule=%27%20OR%201=1--',
])('entries?%s is answered or refused', async (query) => {
  for (const accept of ['application/json', 'application/jsonl']) {
    const answer = await ask(`entries?${query}`, { accept });
    expect([null, 'BAD_REQUEST']).toContain(answer.code);
  }
  const answer = await ask(`stats?by=rule&${query}`);
  expect([null, 'BAD_REQUEST']).toContain(answer.code);
});

test('a cursor that was made up, of places that no ledger has', async () => {
  const page = await ask('entries?limit=1');
  const [entry] = page.json().entries;
  for (const place of ['999999999999999', '0', '00', '-1', '1e3', '9007199254740993']) {
    const text = `1.${place}.${entry.leaf.slice(0, 16)}.${'0'.repeat(16)}`;
    const answer = await ask(`entries?cursor=${Buffer.from(text).toString('base64url')}`);
    expect(answer.code).toBe('BAD_REQUEST');
  }
});
