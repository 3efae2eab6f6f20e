import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '../../src/cli/program.ts';
import { entryBytes } from '../../src/ledger/canonical.ts';
import { openCheckpoint } from '../../src/ledger/log/checkpoint.ts';
import { verifierKey } from '../../src/ledger/log/note.ts';
import { proveEntry, tlogProofText } from '../../src/ledger/log/tlog-proof.ts';
import { verifyProof } from '../../src/ledger-commands/verify-proof.ts';
import { type ForgedLog, forgedLog, shortEntries } from '../ledger/audit/forged.ts';

// Proofs that somebody made to be believed.

const odd = Buffer.from(entryBytes({ type: 'stop', id: '\u009b31m\u202e', time: 7, code: 'signal' }));
const log = forgedLog([...shortEntries(6), odd]);

async function proofOf(of: ForgedLog, index: number, size?: number): Promise<string> {
  const open = openCheckpoint(of.checkpoint(size), verifierKey(of.vkey));
  return tlogProofText(await proveEntry(of, open, index));
}

async function asked(text: string, json = false): Promise<{ code: number; printed: string }> {
  const file = join(mkdtempSync(join(tmpdir(), 'proof-')), 'entry.tlog-proof');
  writeFileSync(file, text);
  const lines: string[] = [];
  const out = { print: (line: string) => void lines.push(line), say: () => {} };
  const given = {
    env: {},
    version: '0',
    now: Date.now,
    configured: () => {
      throw new Error('no configuration is needed');
    },
    orSay: (work: () => Promise<number>) => work(),
    out,
  };
  const code = await verifyProof(given, file, { key: log.vkey, ...(json && { json }) });
  return { code, printed: lines.join('\n') };
}

test('what a proven entry holds moves no cursor, as JSON neither', async () => {
  for (const json of [false, true]) {
    const { code, printed } = await asked(await proofOf(log, 6), json);
    expect(code).toBe(EXIT.ok);
    expect(printed).toContain('\\u009b31m\\u202e');
    expect(printed).toMatch(/^[\n -~]*$/);
  }
});

test('of another entry, place, size, log or key, and with more in it than belongs there', async () => {
  const good = await proofOf(log, 3);
  expect((await asked(good)).code).toBe(EXIT.ok);
  const other = forgedLog(log.entries, log.signer.name);
  const line = (text: string, start: string) => text.split('\n').find((one) => one.startsWith(start)) ?? '';
  const [head = '', note = ''] = good.split(/\n\n(.*)/s);
  const signature = line(good, '— ');
  const made = {
    'the entry of another place': good.replace(line(good, 'extra '), line(await proofOf(log, 4), 'extra ')),
    'an entry without one': good.replace(`${line(good, 'extra ')}\n`, ''),
    'another place': good.replace('index 3', 'index 2'),
    'a place beyond': good.replace('index 3', 'index 9007199254740991'),
    'a place that is spelled otherwise': good.replace('index 3', 'index 03'),
    'another size': good.replace('\n7\n', '\n8\n'),
    'the checkpoint of an earlier size': `${head}\n\n${log.checkpoint(5)}`,
    'the same origin, another key': await proofOf(other, 3),
    'the signature twice': `${good}${signature}\n`,
    'a second checkpoint': `${head}\n\n${other.checkpoint()}\n${note}`,
    'more behind it': `${good}more\n`,
    'another line end': good.replaceAll('\n', '\r\n'),
    'a hash more': good.replace('index 3\n', `index 3\n${log.root().toString('base64')}\n`),
    'no hash': good.replace(/index 3\n[\s\S]*?\n\n/, 'index 3\n\n'),
  };
  for (const [what, text] of Object.entries(made)) {
    expect(text, what).not.toBe(good);
    expect(await asked(text), what).toEqual({ code: EXIT.refused, printed: '' });
  }
});
