import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyIdOf, keyText } from '../../../src/ledger/log/key-name.ts';
import { LogError } from '../../../src/ledger/log/log-error.ts';
import { generateKey } from '../../../src/ledger/log/note.ts';
import { cosignedBy, parseTlogPolicy } from '../../../src/ledger/log/tlog-policy.ts';
import { memoryLog } from './memory-log.ts';
import { testWitness } from './witness-world.ts';

const [x1, x2, x3, y1, y2, y3] = ['x1', 'x2', 'x3', 'y1', 'y2', 'y3'].map(
  (name) => testWitness(`${name}.example`).key.vkey,
);
const { vkey: LOG } = generateKey('log.example');

// The example of C2SP tlog-policy.
const EXAMPLE = `log ${LOG}

witness X1 ${x1}
witness X2 ${x2}
witness X3 ${x3}
group X-witnesses 2 X1 X2 X3

witness Y1 ${y1}
witness Y2 ${y2} https://y2.example/
\twitness  Y3\t${y3}
group Y-witnesses any Y1 Y2 Y3

# both of them
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;

test('the example of the specification', () => {
  const policy = parseTlogPolicy(EXAMPLE);
  expect(policy.text).toBe(EXAMPLE);
  expect(policy.logs.map(({ key, url }) => [key.vkey, url])).toEqual([[LOG, null]]);
  expect(policy.witnesses.map(({ name, url }) => [name, url])).toEqual([
    ['X1', null],
    ['X2', null],
    ['X3', null],
    ['Y1', null],
    ['Y2', 'https://y2.example/'],
    ['Y3', null],
  ]);
  fc.assert(
    fc.property(fc.subarray(['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3']), (by) => {
      const count = (group: string) => by.filter((name) => name.startsWith(group)).length;
      expect(policy.met(new Set(by))).toBe(count('X') >= 2 && count('Y') >= 1);
    }),
  );
});

test('the name of a group among the cosigners counts for nothing', () => {
  const policy = parseTlogPolicy(EXAMPLE);
  expect(policy.met(new Set(['X-and-Y']))).toBe(false);
  expect(policy.met(new Set(['X-witnesses', 'Y-witnesses']))).toBe(false);
  expect(policy.met(new Set(['Z', 'none']))).toBe(false);
});

test('a quorum of one witness, and of none', () => {
  const one = parseTlogPolicy(`witness w ${x1}\nwitness v ${x2}\nquorum w\n`);
  expect(one.met(new Set())).toBe(false);
  expect(one.met(new Set(['v']))).toBe(false);
  expect(one.met(new Set(['w']))).toBe(true);
  expect(parseTlogPolicy('quorum none\n').met(new Set())).toBe(true);
  expect(parseTlogPolicy(`quorum none\nwitness w ${x1}\n`).witnesses.length).toBe(1);
});

test('names are taken byte by byte', () => {
  const policy = parseTlogPolicy(`witness K ${x1}\nwitness \u212a ${x2}\nwitness é ${x3}\nquorum \u212a\n`);
  expect(policy.met(new Set(['K']))).toBe(false);
  expect(policy.met(new Set(['\u212a']))).toBe(true);
});

const raw = Buffer.from((x1 ?? '').split('+')[2] ?? '', 'base64').subarray(1);
const renamed = keyText(
  'other.example',
  keyIdOf('other.example', 'cosignature/v1', raw),
  'cosignature/v1',
  raw,
);
const asLog = keyText('x1.example', keyIdOf('x1.example', 'ed25519', raw), 'ed25519', raw);

test.each([
  ['no quorum', `witness w ${x1}\n`, 1],
  ['nothing at all', '', 0],
  ['two quorums', 'quorum none\nquorum none\n', 2],
  ['a quorum of nobody', 'quorum\n', 1],
  ['a quorum of two', `witness w ${x1}\nwitness v ${x2}\nquorum w v\n`, 3],
  ['an unknown quorum', 'quorum w\n', 1],
  ['a quorum before its witness', `quorum w\nwitness w ${x1}\n`, 1],
  ['a group before its member', `group g any w\nwitness w ${x1}\nquorum g\n`, 1],
  ['a group of itself', 'group g any g\nquorum g\n', 1],
  ['a group of none', 'group g any none\nquorum g\n', 1],
  ['a group without members', 'group g any\nquorum g\n', 1],
  ['a group without a count', 'group g\nquorum g\n', 1],
  ['a threshold of 0', `witness w ${x1}\ngroup g 0 w\nquorum g\n`, 2],
  ['a threshold above its members', `witness w ${x1}\ngroup g 2 w\nquorum g\n`, 2],
  ['a threshold with a zero before it', `witness w ${x1}\ngroup g 01 w\nquorum g\n`, 2],
  ['a threshold with a sign', `witness w ${x1}\ngroup g +1 w\nquorum g\n`, 2],
  ['a threshold of another word', `witness w ${x1}\ngroup g most w\nquorum g\n`, 2],
  [
    'a threshold by the name of an inherited property',
    `witness w ${x1}\ngroup g constructor w\nquorum g\n`,
    2,
  ],
  ['a member twice in one group', `witness w ${x1}\ngroup g 2 w w\nquorum g\n`, 2],
  ['a member in two groups', `witness w ${x1}\ngroup g any w\ngroup h any w\nquorum g\n`, 3],
  ['one name twice', `witness w ${x1}\nwitness w ${x2}\nquorum w\n`, 2],
  ['a group by the name of a witness', `witness w ${x1}\ngroup w any w\nquorum w\n`, 2],
  ['a witness by the name none', `witness none ${x1}\nquorum none\n`, 1],
  ['a witness twice', `witness w ${x1}\nwitness v ${x1}\nquorum w\n`, 2],
  ['one key under two key names', `witness w ${x1}\nwitness v ${renamed}\nquorum w\n`, 2],
  ['a log twice', `log ${LOG}\nlog ${LOG}\nquorum none\n`, 2],
  ["a witness's key for a log", `log ${x1}\nquorum none\n`, 1],
  ["a log's key for a witness", `witness w ${asLog}\nquorum w\n`, 1],
  ['a key that is none', 'witness w w+00000000+AAAA\nquorum w\n', 1],
  ['a witness without a key', 'witness w\nquorum none\n', 1],
  ['a word too many', `witness w ${x1} https://w.example/ more\nquorum w\n`, 1],
  ['a log with a word too many', `log ${LOG} https://l.example/ more\nquorum none\n`, 1],
  ['an unknown word', `log ${LOG}\nquorums none\n`, 2],
  ['a capital', 'Quorum none\n', 1],
  ['carriage returns', 'quorum none\r\n', 1],
  ['a null byte', 'quorum none\0\n', 1],
  ['a delete character', '# \u007f\nquorum none\n', 1],
  ['a no-break space for a space', `witness\u00a0w ${x1}\nquorum none\n`, 1],
  ['no newline at the end', 'quorum none', 1],
])('a policy with %s is refused, with its line', (_, text, line) => {
  expect(() => parseTlogPolicy(text)).toThrow(LogError);
  expect(() => parseTlogPolicy(text)).toThrow(new RegExp(`^line ${line}: `));
});

test('a policy has a bound, and ten thousand groups in one another are no depth', () => {
  expect(() => parseTlogPolicy(`#${'x'.repeat(300_000)}\nquorum none\n`)).toThrow(LogError);
  const groups = Array.from({ length: 10_000 }, (_, i) => `group ${i + 1} any ${i}\n`).join('');
  const policy = parseTlogPolicy(`witness 0 ${x1}\n${groups}quorum 10000\n`);
  expect(policy.met(new Set(['0']))).toBe(true);
  expect(policy.met(new Set())).toBe(false);
});

test('who cosigned a checkpoint, and whether they are enough', () => {
  const log = memoryLog();
  const { note } = log.publish(5);
  const [a, b, c] = [testWitness('a.example'), testWitness('b.example'), testWitness('c.example')];
  const policy = parseTlogPolicy(
    `witness a ${a.key.vkey}\nwitness b ${b.key.vkey}\ngroup both all a b\nquorum both\n`,
  );
  const by = (...more: typeof note.signatures) =>
    cosignedBy({ ...note, signatures: [...note.signatures, ...more] }, policy);
  expect(by()).toEqual({ witnesses: [], met: false });
  expect(by(a.cosign(note.text, 1000))).toEqual({ witnesses: [{ name: 'a', time: 1000 }], met: false });
  // Of another witness, of a's name with another key: nothing is said about them.
  expect(by(c.cosign(note.text, 1000), testWitness('a.example').cosign(note.text, 1)).witnesses).toEqual([]);
  const both = [b.cosign(note.text, 2000), a.cosign(note.text, 1000), a.cosign(note.text, 3000)];
  expect(by(...both)).toEqual({
    witnesses: [
      { name: 'a', time: 3000 },
      { name: 'b', time: 2000 },
    ],
    met: true,
  });
  // What claims to be a's and is not is no reason to overlook it.
  expect(() => by(...both, a.cosign('another\n', 1000))).toThrow(LogError);
  expect(() => by(a.cosign(`${note.text}x\n`, 1000))).toThrow(LogError);
});
