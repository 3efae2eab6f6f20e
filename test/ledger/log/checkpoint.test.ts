import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkpointText,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../../src/ledger/log/checkpoint.ts';
import { emptyRoot } from '../../../src/ledger/log/hash.ts';
import { LogError } from '../../../src/ledger/log/log-error.ts';
import { generateKey, type Note, noteBytes, signerKey, verifierKey } from '../../../src/ledger/log/note.ts';
import { leafOf } from './naive.ts';
import { testWitness } from './witness-world.ts';

const ORIGIN = 'example.com/log/1';
const pair = (name = ORIGIN) => {
  const { skey, vkey } = generateKey(name);
  return { signer: signerKey(skey), verifier: verifierKey(vkey) };
};
const HEAD = { origin: ORIGIN, size: 3, root: leafOf(3), extensions: [] };

test('the example of the specification', () => {
  const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
  const checkpoint = parseCheckpoint(text);
  expect(checkpoint).toMatchObject({
    origin: 'example.com/behind-the-sofa',
    size: 20_852_163,
    extensions: [],
  });
  expect(checkpointText(checkpoint)).toBe(text);
  expect(parseCheckpoint(`${text}one\ntwo two\n`).extensions).toEqual(['one', 'two two']);
});

test('what is written is read again', () => {
  const lineOf = fc.string({ minLength: 1, maxLength: 30 }).filter((line) => !line.includes('\n'));
  fc.assert(
    fc.property(
      lineOf,
      fc.maxSafeNat(),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.array(lineOf, { maxLength: 3 }),
      (origin, size, bytes, extensions) => {
        const checkpoint = { origin, size, root: size === 0 ? emptyRoot() : Buffer.from(bytes), extensions };
        expect(parseCheckpoint(checkpointText(checkpoint))).toEqual(checkpoint);
      },
    ),
  );
});

const ROOT = leafOf(3).toString('base64');

test.each([
  ['nothing', ''],
  ['two lines', 'o\n3\n'],
  ['no newline at the end', `o\n3\n${ROOT}`],
  ['an empty origin', `\n3\n${ROOT}\n`],
  ['an empty line at the end', `o\n3\n${ROOT}\n\n`],
  ['an empty extension', `o\n3\n${ROOT}\n\nx\n`],
  ['a leading zero', `o\n03\n${ROOT}\n`],
  ['a plus', `o\n+3\n${ROOT}\n`],
  ['a minus', `o\n-3\n${ROOT}\n`],
  ['a point', `o\n3.0\n${ROOT}\n`],
  ['an exponent', `o\n3e1\n${ROOT}\n`],
  ['a space', `o\n3 \n${ROOT}\n`],
  ['hexadecimal', `o\n0x3\n${ROOT}\n`],
  ['digits of another script', `o\n٣\n${ROOT}\n`],
  ['2^53', `o\n9007199254740992\n${ROOT}\n`],
  ['2^64', `o\n18446744073709551616\n${ROOT}\n`],
  ['a thousand digits', `o\n${'9'.repeat(1000)}\n${ROOT}\n`],
  ['carriage returns', `o\r\n3\r\n${ROOT}\r\n`],
  ['a short root', `o\n3\n${Buffer.alloc(31).toString('base64')}\n`],
  ['a long root', `o\n3\n${Buffer.alloc(33).toString('base64')}\n`],
  ['a root in hex', `o\n3\n${leafOf(3).toString('hex')}\n`],
  ['a root without padding', `o\n3\n${ROOT.slice(0, -1)}\n`],
  ['a root of no empty log', `o\n0\n${ROOT}\n`],
])('a checkpoint with %s is none', (_, text) => {
  expect(() => parseCheckpoint(text)).toThrow(LogError);
});

test('the largest size is read, and an empty log', () => {
  expect(parseCheckpoint(`o\n9007199254740991\n${ROOT}\n`).size).toBe(Number.MAX_SAFE_INTEGER);
  expect(parseCheckpoint(`o\n0\n${emptyRoot().toString('base64')}\n`).size).toBe(0);
});

test('what would be read as something else is not written', () => {
  for (const wrong of [
    { size: -1 },
    { size: 0.5 },
    { size: 2 ** 53 },
    { size: Number.NaN },
    { size: 0 },
    { root: Buffer.alloc(31) },
    { origin: '' },
    { origin: 'a\nb' },
    { extensions: [''] },
    { extensions: ['a\nb'] },
  ])
    expect(() => checkpointText({ ...HEAD, ...wrong })).toThrow(LogError);
});

test('a checkpoint opens under its own key, as bytes and as text', () => {
  const { signer, verifier } = pair();
  const bytes = noteBytes(signCheckpoint(HEAD, signer));
  for (const read of [bytes, Buffer.from(bytes)]) {
    const { note, ...head } = openCheckpoint(read, verifier);
    expect(head).toEqual(HEAD);
    expect(noteBytes(note)).toBe(bytes);
  }
});

test('a key signs for its own origin only, and opens its own origin only', () => {
  const { signer, verifier } = pair();
  expect(() => signCheckpoint({ ...HEAD, origin: 'example.com/log/2' }, signer)).toThrow(LogError);
  const text = checkpointText({ ...HEAD, origin: 'example.com/log/2' });
  const note: Note = { text, signatures: [signer.sign(text)] };
  expect(() => openCheckpoint(noteBytes(note), verifier)).toThrow(LogError);
});

test('another key, an unsigned head, and a changed one do not open', () => {
  const { signer, verifier } = pair();
  const note = signCheckpoint(HEAD, signer);
  expect(() => openCheckpoint(noteBytes(note), pair().verifier)).toThrow(LogError);
  expect(() => openCheckpoint(note.text, verifier)).toThrow(LogError);
  expect(() => openCheckpoint(noteBytes({ ...note, signatures: [] }), verifier)).toThrow(LogError);
  expect(() =>
    openCheckpoint(noteBytes({ ...note, text: note.text.replace('\n3\n', '\n4\n') }), verifier),
  ).toThrow(LogError);
  const bytes = Buffer.from(noteBytes(note));
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => openCheckpoint(changed, verifier)).toThrow(LogError);
  }
});

test('signatures of others are left alone, a second of its own is not', () => {
  const { signer, verifier } = pair();
  const note = signCheckpoint(HEAD, signer);
  const [own] = note.signatures;
  const other = pair().signer.sign(note.text);
  const stranger = pair('stranger.example').signer.sign('something else\n');
  if (own === undefined) throw new Error('no signature');
  const opened = openCheckpoint(noteBytes({ ...note, signatures: [stranger, other, own] }), verifier);
  expect(opened.note.signatures.length).toBe(3);
  for (const signatures of [
    [own, own],
    [own, { ...own, line: signer.sign('other\n').line }],
    [{ ...own, line: signer.sign('other\n').line }],
  ])
    expect(() => openCheckpoint(noteBytes({ ...note, signatures }), verifier)).toThrow(LogError);
});

test("a witness's key is not the key of a log, whatever its name", () => {
  const witness = testWitness(ORIGIN);
  const text = checkpointText(HEAD);
  const note = noteBytes({ text, signatures: [witness.cosign(text, 1000)] });
  expect(() => openCheckpoint(note, witness.key)).toThrow(LogError);
});

test('a note that is signed and no checkpoint does not open', () => {
  const { signer, verifier } = pair();
  const text = `${ORIGIN}\nhello\n`;
  expect(() => openCheckpoint(noteBytes({ text, signatures: [signer.sign(text)] }), verifier)).toThrow(
    LogError,
  );
});
