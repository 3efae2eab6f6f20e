import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyIdOf, keyText } from '../../../src/ledger/log/key-name.ts';
import { LogError } from '../../../src/ledger/log/log-error.ts';
import {
  generateKey,
  isKeyName,
  noteBytes,
  parseNote,
  signerKey,
  verifierKey,
} from '../../../src/ledger/log/note.ts';
import { noteSignature } from '../../../src/ledger/log/note-signature.ts';
import { testWitness } from './witness-world.ts';

// The example of C2SP signed-note.
const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const NOTE =
  'This is an example message.\n\n' +
  '— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
// The example of Go's sumdb/note.
const GO_VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_NOTE =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n\n" +
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

const only = (note: string) => {
  const { text, signatures } = parseNote(note);
  const [signature] = signatures;
  if (signature === undefined) throw new Error('no signature');
  return { text, signature };
};

test.each([
  [VKEY, NOTE],
  [GO_VKEY, GO_NOTE],
])('a published note verifies under its published key', (vkey, bytes) => {
  const key = verifierKey(vkey);
  const { text, signature } = only(bytes);
  expect(key).toMatchObject({ type: 'ed25519', vkey, name: signature.name, keyId: signature.keyId });
  expect(key.verify(text, signature)).toEqual({ time: null });
  expect(noteBytes(parseNote(bytes))).toBe(bytes);
  expect(noteBytes(parseNote(Buffer.from(bytes)))).toBe(bytes);
});

test('a signature over other words, with another bit, of another name or id, does not verify', () => {
  const key = verifierKey(VKEY);
  const { text, signature } = only(NOTE);
  expect(key.verify(`${text}\n`, signature)).toBeNull();
  expect(key.verify(text.trimEnd(), signature)).toBeNull();
  expect(key.verify(text, { ...signature, name: 'example.com/fop' })).toBeNull();
  expect(key.verify(text, { ...signature, keyId: signature.keyId + 1 })).toBeNull();
  expect(key.verify(text, { ...signature, signature: signature.signature.subarray(1) })).toBeNull();
  expect(key.verify(text, { ...signature, signature: Buffer.alloc(0) })).toBeNull();
  for (let bit = 0; bit < 512; bit++) {
    const other = Buffer.from(signature.signature);
    other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(key.verify(text, { ...signature, signature: other })).toBeNull();
  }
});

const words = (minLength: number) =>
  fc
    .array(fc.constantFrom('a', '/', '.', '-', '—', 'é', 'ключ', '😀', '\u007f'), {
      minLength,
      maxLength: 12,
    })
    .map((parts) => parts.join(''));

test('a key that is made signs, and its public half verifies', () => {
  fc.assert(
    fc.property(words(1), fc.array(words(0).map((word) => `${word} — ${word}`)), (name, lines) => {
      const { skey, vkey } = generateKey(name);
      const [signer, verifier] = [signerKey(skey), verifierKey(vkey)];
      expect(signer).toMatchObject({ name, vkey });
      const text = `${lines.map((line) => `${line}\n`).join('')}last\n`;
      const bytes = noteBytes({ text, signatures: [signer.sign(text)] });
      const read = parseNote(Buffer.from(bytes));
      expect(read.text).toBe(text);
      expect(noteBytes(read)).toBe(bytes);
      const [signature] = read.signatures;
      expect(signature && verifier.verify(read.text, signature)).toEqual({ time: null });
      expect(signature && verifier.verify(`${read.text}x\n`, signature)).toBeNull();
    }),
    { numRuns: 60 },
  );
});

test('text with empty lines is told from the signatures by the last of them', () => {
  const { skey } = generateKey('k');
  for (const text of ['\n', '\n\n', 'a\n\n\nb\n', 'a\n\n', '— k abcd\n', 'x\n\n— k abcd\n']) {
    const note = { text, signatures: [signerKey(skey).sign(text)] };
    expect(parseNote(noteBytes(note))).toEqual(note);
  }
});

const line = NOTE.slice(NOTE.indexOf('—'), -1);
const with64 = (base64: string) => `text\n\n— k ${base64}\n`;

test.each([
  ['nothing', ''],
  ['no signatures', 'text\n'],
  ['no signatures after the empty line', 'text\n\n'],
  ['no text', `\n${line}\n`],
  ['no empty line', `text\n${line}\n`],
  ['no newline at the end', `text\n\n${line}`],
  ['an empty line at the end', `text\n\n${line}\n\n`],
  ['carriage returns', `text\r\n\r\n${line}\r\n`],
  ['a carriage return in a signature', `text\n\n${line}\r\n`],
  ['a tab', `te\txt\n\n${line}\n`],
  ['a null byte', `te\0xt\n\n${line}\n`],
  ['an escape', `te\u001bxt\n\n${line}\n`],
  ['a hyphen for the dash', `text\n\n- k ${Buffer.alloc(68).toString('base64')}\n`],
  ['an en dash', `text\n\n– k ${Buffer.alloc(68).toString('base64')}\n`],
  ['a space before the dash', `text\n\n ${line}\n`],
  ['two spaces', `text\n\n${line.replace('foo ', 'foo  ')}\n`],
  ['a space at the end', `text\n\n${line} \n`],
  ['no name', 'text\n\n— AAAAAAAA\n'],
  ['an empty name', 'text\n\n—  AAAAAAAA\n'],
  ['a name with a plus', 'text\n\n— a+b AAAAAAAA\n'],
  ['a name with a no-break space', 'text\n\n— a\u00a0b AAAAAAAA\n'],
  ['a name with a line separator', 'text\n\n— a\u2028b AAAAAAAA\n'],
  ['no base64', with64('')],
  ['a key id and nothing more', with64('AAAAAA==')],
  ['base64 without its padding', with64('AAAAAAA')],
  ['base64 with bits to spare', with64('AAAAAAB=')],
  ['base64 with too much padding', with64('AAAAAAA==')],
  ['base64url', with64('AAAAA-_-')],
  ['base64 with a newline', with64('AAAA\nAAAA')],
  ['base64 with something behind it', with64('AAAAAAAA AAAA')],
  ['text among the signatures', `text\n\n${line}\nmore\n${line}\n`],
])('a note with %s is none', (_, bytes) => {
  expect(() => parseNote(bytes)).toThrow(LogError);
  expect(() => parseNote(Buffer.from(bytes))).toThrow(LogError);
});

test('bytes that are not UTF-8, and a mark before them, are no note', () => {
  const good = Buffer.from(NOTE);
  const bad = Buffer.from(NOTE);
  bad[3] = 0xff;
  expect(() => parseNote(bad)).toThrow(LogError);
  expect(() => parseNote(good.subarray(0, 30))).toThrow(LogError);
  // Overlong: another spelling of "T".
  expect(() => parseNote(Buffer.concat([Buffer.from([0xc1, 0x94]), good]))).toThrow(LogError);
  const marked = parseNote(Buffer.concat([Buffer.from('\ufeff'), good]));
  expect(marked.text.startsWith('\ufeff')).toBe(true);
  const [signature] = marked.signatures;
  expect(signature && verifierKey(VKEY).verify(marked.text, signature)).toBeNull();
});

test('text that UTF-8 cannot write is no note', () => {
  expect(() => parseNote(`te\ud800xt\n\n${line}\n`)).toThrow(LogError);
});

test('a note has a bound in bytes and in signatures', () => {
  const many = (count: number) => `text\n\n${`${line}\n`.repeat(count)}`;
  expect(parseNote(many(16)).signatures.length).toBe(16);
  expect(parseNote(many(100)).signatures.length).toBe(100);
  expect(() => parseNote(many(101))).toThrow(LogError);
  const large = `${'x'.repeat(1024 * 1024)}\n\n${line}\n`;
  expect(() => parseNote(large)).toThrow('too large');
  expect(() => parseNote(Buffer.from(large))).toThrow('too large');
});

test('anything is read as a note or refused, and what is read is written the same', () => {
  const piece = fc.constantFrom('— ', 'k', ' ', '\n', '\n\n', 'AAAAAAA=', 'AAAAAAAA', '+', '\r', 'é', '—');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const bytes = pieces.join('');
      try {
        expect(noteBytes(parseNote(bytes))).toBe(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(LogError);
      }
    }),
    { numRuns: 3000 },
  );
});

test('names of keys', () => {
  for (const name of ['k', 'example.com/log/1', 'sallyport-0123', 'ключ', 'a.b:c@d', '😀'])
    expect(isKeyName(name)).toBe(true);
  const spaces = [
    ' ',
    '\t',
    '\n',
    '\v',
    '\f',
    '\r',
    '\u0085',
    '\u00a0',
    '\u1680',
    '\u2003',
    '\u2028',
    '\u3000',
  ];
  for (const space of [...spaces, '+', '\0', '\u001f', '\ud800']) {
    expect(isKeyName(`a${space}b`)).toBe(false);
    expect(() => generateKey(`a${space}b`)).toThrow(LogError);
  }
  expect(isKeyName('')).toBe(false);
  expect(() => generateKey('')).toThrow(LogError);
});

test('a verifier key has one spelling', () => {
  const bytes = Buffer.from('AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k', 'base64');
  const wrong = [
    '',
    'example.com/foo',
    'example.com/foo+530d903a',
    ` ${VKEY}`,
    `${VKEY}\n`,
    `${VKEY}+`,
    VKEY.replace('530d903a', '530D903A'),
    VKEY.replace('530d903a', '530d903b'),
    VKEY.replace('530d903a', '30d903a'),
    VKEY.replace('example.com/foo', 'example.com/fop'),
    VKEY.replace('example.com/foo', ''),
    VKEY.replace('example.com/foo', 'example com'),
    VKEY.replace('U2k', 'U2l'),
    keyText('k', keyIdOf('k', 'ed25519', bytes.subarray(2)), 'ed25519', bytes.subarray(2)),
    // ML-DSA-44, ECDSA, none.
    ...[0, 2, 5, 6, 255].map(
      (type) => `k+00000000+${Buffer.concat([Buffer.from([type]), bytes.subarray(1)]).toString('base64')}`,
    ),
  ];
  for (const vkey of wrong) expect(() => verifierKey(vkey)).toThrow(LogError);
  // Its id is made over the type: one key of two types has two ids.
  const raw = bytes.subarray(1);
  const witness = keyText('k', keyIdOf('k', 'cosignature/v1', raw), 'cosignature/v1', raw);
  expect(verifierKey(witness).type).toBe('cosignature/v1');
  expect(keyIdOf('k', 'cosignature/v1', raw)).not.toBe(keyIdOf('k', 'ed25519', raw));
  expect(() => verifierKey(keyText('k', keyIdOf('k', 'ed25519', raw), 'cosignature/v1', raw))).toThrow(
    LogError,
  );
});

test('a private key is read strictly, and is in no message and no printed form', () => {
  const { skey, vkey } = generateKey('example.com/log');
  // The fifth part, to its end: base64 has plus signs of its own.
  const secret = skey.split('+').slice(4).join('+');
  const wrong = [
    '',
    secret,
    vkey,
    ` ${skey}`,
    `${skey}\n`,
    skey.toLowerCase(),
    skey.replace('PRIVATE', 'PUBLIC'),
    skey.replace('example.com', 'example.org'),
    skey.replace('+KEY+', '+KEY++'),
    skey.slice(0, -1),
    skey.slice(0, -4),
    `${skey}AAAA`,
    skey.replace(secret, Buffer.concat([Buffer.from([4]), Buffer.alloc(32)]).toString('base64')),
  ];
  for (const text of wrong) {
    let said: unknown;
    try {
      signerKey(text);
    } catch (error) {
      said = error;
    }
    expect(said).toBeInstanceOf(LogError);
    expect(inspect(said, { depth: 9, showHidden: true })).not.toContain(secret.slice(4, 20));
  }
  const key = signerKey(skey);
  const seed = Buffer.from(secret, 'base64').subarray(1);
  for (const printed of [inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key), String(key.sign)])
    for (const form of [secret.slice(4, 30), seed.toString('hex'), seed.toString('base64url').slice(0, 30)])
      expect(printed).not.toContain(form);
});

test('what is no text of a note is not signed', () => {
  const key = signerKey(generateKey('k').skey);
  for (const text of ['', 'text', 'te\rxt\n', 'te\0xt\n', '\ud800\n'])
    expect(() => key.sign(text)).toThrow(LogError);
});

test('bytes of other domains are signed, those of a checkpoint are not', () => {
  const { skey, vkey } = generateKey('example.com/log');
  const [key, verifier] = [signerKey(skey), verifierKey(vkey)];
  const signature = key.signBytes(Buffer.from('DSSEv1 1 t 1 b'));
  const asNote = noteSignature('example.com/log', verifier.keyId, signature);
  expect(verifier.verify('DSSEv1 1 t 1 b', asNote)).toEqual({ time: null });
  expect(key.publicKey.asymmetricKeyType).toBe('ed25519');
  expect(() => key.signBytes(Buffer.from('example.com/log\n1\n'))).toThrow(LogError);
  expect(() => key.signBytes(Buffer.from('example.com/log\n'))).toThrow(LogError);
  expect(() => key.signBytes(Buffer.from('example.com/lo'))).not.toThrow();
});

test('a cosignature says when', () => {
  const { key, cosign, bare } = testWitness('witness.example/w1');
  const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
  const signature = cosign(text, 1_679_315_147n);
  expect(key.verify(text, signature)).toEqual({ time: 1_679_315_147 });
  expect(key.verify(text, cosign(text, 2n ** 53n - 1n))).toEqual({ time: 2 ** 53 - 1 });
  // A time that is no number here, and beyond what the specification allows.
  for (const time of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])
    expect(key.verify(text, cosign(text, time))).toBeNull();
  const other = Buffer.from(signature.signature);
  other.writeBigUInt64BE(1_679_315_148n);
  expect(key.verify(text, { ...signature, signature: other })).toBeNull();
  expect(key.verify(`${text}x\n`, signature)).toBeNull();
  expect(key.verify(text, { ...signature, signature: signature.signature.subarray(8) })).toBeNull();
  for (const length of [1, 7, 8, 71])
    expect(key.verify(text, { ...signature, signature: signature.signature.subarray(0, length) })).toBeNull();
  // The bare signature of the text is none of a witness, and a witness's none of a log.
  expect(key.verify(text, bare(text))).toBeNull();
});

test('the cosignature in the example of the specification is read', () => {
  const { signature } = only(
    'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
      '— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n',
  );
  expect(signature.name).toBe('witness.example.com/w1');
  expect(signature.keyId.toString(16)).toBe('8d66cf3f');
  expect(signature.signature.length).toBe(72);
  expect(signature.signature.readBigUInt64BE()).toBe(1_679_315_147n);
});
