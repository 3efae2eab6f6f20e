import { expect, test } from 'vitest';
import { LogError } from '../../../src/ledger/log/log-error.ts';
import { noteBytes } from '../../../src/ledger/log/note.ts';
import {
  addCheckpointBody,
  conflictSize,
  readCosignatures,
} from '../../../src/ledger/log/witness-request.ts';
import { memoryLog } from './memory-log.ts';
import { leafOf } from './naive.ts';
import { testWitness } from './witness-world.ts';

test('the body is the old size, the proof, an empty line and the checkpoint', () => {
  const checkpoint = noteBytes(memoryLog().publish(3).note);
  const [a, b] = [leafOf(0), leafOf(1)];
  expect(addCheckpointBody(2, [a, b], checkpoint)).toBe(
    `old 2\n${a.toString('base64')}\n${b.toString('base64')}\n\n${checkpoint}`,
  );
  expect(addCheckpointBody(0, [], checkpoint)).toBe(`old 0\n\n${checkpoint}`);
});

test('what a witness must refuse is not sent', () => {
  for (const size of [-1, 0.5, 2 ** 53, Number.NaN])
    expect(() => addCheckpointBody(size, [], 'x')).toThrow(LogError);
  expect(() => addCheckpointBody(0, [leafOf(0)], 'x')).toThrow(LogError);
  expect(() => addCheckpointBody(1, Array(64).fill(leafOf(0)), 'x')).toThrow(LogError);
  expect(() => addCheckpointBody(1, [Buffer.alloc(31)], 'x')).toThrow(LogError);
});

const text = memoryLog().publish(3).note.text;
const [w, v, stranger] = ['w.example', 'v.example', 'stranger.example'].map(testWitness) as [
  ReturnType<typeof testWitness>,
  ReturnType<typeof testWitness>,
  ReturnType<typeof testWitness>,
];
const keys = [w.key, v.key];

test('of an answer the cosignatures of the known keys are taken', () => {
  const [one, two] = [w.cosign(text, 10), v.cosign(text, 20)];
  expect(readCosignatures(`${one.line}\n`, text, keys)).toEqual([one]);
  const body = `${stranger.cosign('anything\n', 1).line}\n${two.line}\n${one.line}\n`;
  expect(readCosignatures(body, text, keys)).toEqual([two, one]);
});

test.each([
  ['nothing', ''],
  ['an empty line', '\n'],
  ['no newline at the end', w.cosign(text, 10).line],
  ['an empty line at the end', `${w.cosign(text, 10).line}\n\n`],
  ['words', 'ok\n'],
  ['a page', '<html></html>\n'],
  ['carriage returns', `${w.cosign(text, 10).line}\r\n`],
  ['only strangers', `${stranger.cosign(text, 10).line}\n`],
  ['another of its name', `${testWitness('w.example').cosign(text, 10).line}\n`],
  ['a cosignature of another checkpoint', `${w.cosign(`${text}x\n`, 10).line}\n`],
  ['a cosignature without a time', `${w.cosign(text, 0).line}\n`],
  ['one that is good and one that is not', `${w.cosign(text, 10).line}\n${v.cosign('else\n', 10).line}\n`],
  ['a hundred and one lines', `${w.cosign(text, 10).line}\n`.repeat(101)],
  ['two megabytes', `${w.cosign(text, 10).line}\n${'x'.repeat(2 * 1024 * 1024)}\n`],
])('an answer with %s is refused', (_, body) => {
  expect(() => readCosignatures(body, text, keys)).toThrow(LogError);
});

test('the size that a witness knows, in one spelling', () => {
  expect(conflictSize('20852163\n')).toBe(20_852_163);
  expect(conflictSize('0\n')).toBe(0);
  for (const body of [
    '',
    '\n',
    '1',
    '01\n',
    '1\r\n',
    ' 1\n',
    '1\n\n',
    '-1\n',
    '1.0\n',
    '9007199254740992\n',
    'old 1\n',
  ])
    expect(() => conflictSize(body)).toThrow(LogError);
});
