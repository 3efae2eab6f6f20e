import { describe, expect, test } from 'vitest';
import { makeZip, recorded, wheelEntries } from '../archives.ts';
import { lookAtWheel, UNSAFE, whyUnsafe } from '../looking.ts';

const INFO = 'demo-1.2.3.dist-info';
const VERSION = 'Wheel-Version: 1.0';
const PURE = 'Root-Is-Purelib: true';
const TAG = 'Tag: py3-none-any';

/** The wheel with another WHEEL. */
function wheel(...lines: readonly string[]): Uint8Array {
  return raw(`${lines.join('\n')}\n`);
}

function raw(bytes: string): Uint8Array {
  const entries = wheelEntries({ name: 'demo', version: '1.2.3' });
  return makeZip(
    recorded(entries.map((entry) => (entry.path === `${INFO}/WHEEL` ? { ...entry, bytes } : entry))),
  );
}

const MISMATCH = [{ code: 'METADATA_MISMATCH', place: `${INFO}/WHEEL` }];

describe('refused, because installers refuse it or each reads its own', () => {
  test.each<[what: string, bytes: Uint8Array, why: string]>([
    ['no Wheel-Version', wheel(PURE, TAG), 'wheel of another format'],
    ['version 2', wheel('Wheel-Version: 2.0', PURE, TAG), 'wheel of another format'],
    ['version 10', wheel('Wheel-Version: 10', PURE, TAG), 'wheel of another format'],
    ['a version that is none', wheel('Wheel-Version: 1.x', PURE, TAG), 'wheel of another format'],
    ['two versions', wheel(VERSION, 'wheel-version: 2.0', PURE, TAG), 'wheel of another format'],
    ['no Root-Is-Purelib', wheel(VERSION, TAG), 'unreadable WHEEL'],
    ['Root-Is-Purelib of another word', wheel(VERSION, 'Root-Is-Purelib: yes', TAG), 'unreadable WHEEL'],
    ['two of them', wheel(VERSION, PURE, 'Root-Is-Purelib: false', TAG), 'unreadable WHEEL'],
    ['a line that is no field', wheel(VERSION, 'x', PURE, TAG), 'unreadable WHEEL'],
    ['a field that goes on', wheel(VERSION, PURE, TAG, ' x'), 'unreadable WHEEL'],
    ['an empty line between', wheel(VERSION, '', PURE, TAG), 'unreadable WHEEL'],
    ['a byte order mark', wheel(`\ufeff${VERSION}`, PURE, TAG), 'unreadable WHEEL'],
    ['nothing', raw(''), 'unreadable WHEEL'],
    ['too much', raw(`${VERSION}\n${PURE}\n${TAG}\n${'X: 1\n'.repeat(20_000)}`), 'document too large'],
  ])('%s', async (_, bytes, why) => {
    expect(await whyUnsafe(bytes, 'wheel')).toBe(why);
    expect(await lookAtWheel(bytes)).toMatchObject(UNSAFE);
  });
});

const many = 'demo-1.2.3-py2.py3-none-a.b.whl';

describe('not what its name says', () => {
  test.each<[what: string, lines: readonly string[], filename?: string]>([
    ['no tag', []],
    ['another tag', ['Tag: py2-none-any']],
    ['one more tag', [TAG, 'Tag: py2-none-any']],
    ['a tag of a wider set', ['Tag: py2.py3-none-any']],
    ['a tag of two parts', ['Tag: py3-none']],
    ['a tag of four parts', ['Tag: py3-none-any-x']],
    ['not all tags', ['Tag: py2-none-a', 'Tag: py3-none-a', 'Tag: py2-none-b'], many],
    ['a build that the name does not have', [TAG, 'Build: 1']],
    ['another build', [TAG, 'Build: 1'], 'demo-1.2.3-2-py3-none-any.whl'],
    ['two builds', [TAG, 'Build: 1', 'Build: 2'], 'demo-1.2.3-2-py3-none-any.whl'],
    ["a name that is no wheel's", [TAG], 'demo-py3-none-any.whl'],
  ])('%s', async (_, lines, filename) => {
    const looked = await lookAtWheel(
      wheel(VERSION, PURE, ...lines),
      filename === undefined ? {} : { filename },
    );
    expect(looked.findings).toEqual(MISMATCH);
  });

  test('more tags than any platform has are not counted', async () => {
    const words = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i)).join('.');
    const options = { filename: `demo-1.2.3-${words}-${words}-${words}.whl` };
    const tag = `Tag: ${words}-${words}-${words}`;
    expect((await lookAtWheel(wheel(VERSION, PURE, tag), options)).findings).toEqual(MISMATCH);
  });
});

test.each<[what: string, bytes: Uint8Array, filename?: string]>([
  ['as most are', wheel(VERSION, 'Generator: x', PURE, TAG)],
  ['with other ends of lines', raw(`${[VERSION, 'Root-Is-Purelib: False', TAG].join('\r\n')}\r\n\r\n`)],
  ['of a later minor version', wheel('Wheel-Version: 1.9', PURE, TAG)],
  [
    'with each tag',
    wheel(VERSION, PURE, ...['2-none-a', '3-none-a', '2-none-b', '3-none-b'].map((t) => `Tag: py${t}`)),
    many,
  ],
  ['with its tags in one', wheel(VERSION, PURE, 'Tag: py3.py2-none-b.a'), many],
  ['with its build', wheel(VERSION, PURE, TAG, 'Build: 2'), 'demo-1.2.3-2-py3-none-any.whl'],
  ['without its build', wheel(VERSION, PURE, TAG), 'demo-1.2.3-2-py3-none-any.whl'],
])('a good one, %s', async (_, bytes, filename) => {
  expect((await lookAtWheel(bytes, filename === undefined ? {} : { filename })).findings).toEqual([]);
});
