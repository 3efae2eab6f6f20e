import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { keyIdOf, keyText } from '../../../src/ledger/log/key-name.ts';
import { noteSignature } from '../../../src/ledger/log/note-signature.ts';
import { parseTlogPolicy } from '../../../src/ledger/log/tlog-policy.ts';
import { audited, forgedLog, shortEntries, shortEntry, told } from './forged.ts';

// Whoever has the key can write and sign everything anew; not what witnesses have cosigned.

const NAME = 'witness.example/w';

function witness() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const keyId = keyIdOf(NAME, 'cosignature/v1', raw);
  const vkey = keyText(NAME, keyId, 'cosignature/v1', raw);
  const cosign = (note: string, time = 1_700_000_000) => {
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    const seconds = Buffer.alloc(8);
    seconds.writeBigUInt64BE(BigInt(time));
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), privateKey);
    return `${note}${noteSignature(NAME, keyId, Buffer.concat([seconds, signature])).line}\n`;
  };
  return { cosign, policy: parseTlogPolicy(`witness w ${vkey}\nquorum w\n`) };
}

test('a checkpoint that its witnesses cosigned, itself or up to an earlier size', async () => {
  const log = forgedLog(shortEntries(300));
  const { cosign, policy } = witness();
  log.files.set('cosigned', Buffer.from(cosign(log.checkpoint(200))));
  const older = await audited(log, { witnesses: policy });
  expect(told(older)).toEqual([]);
  expect(told(older, 'note')).toEqual(['told cosignatures 200..200']);
  expect(older.logs[0]?.cosigned).toEqual({ met: true, witnesses: [{ name: 'w', time: 1_700_000_000 }] });
  log.files.set('checkpoint', Buffer.from(cosign(log.checkpoint())));
  const newest = await audited(log, { witnesses: policy });
  expect(newest.findings).toEqual([]);
});

test('no cosignature at all, one of another witness, and one that does not verify', async () => {
  const log = forgedLog(shortEntries(300));
  const [one, other] = [witness(), witness()];
  expect(told(await audited(log, { witnesses: one.policy }))).toEqual(['policy cosignatures']);
  log.files.set('checkpoint', Buffer.from(other.cosign(log.checkpoint())));
  expect(told(await audited(log, { witnesses: one.policy }))).toEqual(['policy cosignatures']);
  // Of the same witness, over another text.
  const [, , line] =
    one
      .cosign(log.checkpoint(200))
      .split('\n\n')[1]
      ?.split('\n')
      .map((_, i, all) => all[i - 1] ?? '') ?? [];
  log.files.set('checkpoint', Buffer.from(`${log.checkpoint()}${line}\n`));
  expect(told(await audited(log, { witnesses: one.policy }))).toContain('signature cosignatures');
});

test('everything written anew under the same key: the cosigned checkpoint is not contained', async () => {
  const log = forgedLog(shortEntries(300));
  const { cosign, policy } = witness();
  const cosigned = Buffer.from(cosign(log.checkpoint(200)));
  log.write(log.entries.with(7, shortEntry(9000)));
  log.files.set('cosigned', cosigned);
  // Without a policy, too: it is signed by the log's own key.
  expect(told(await audited(log))).toEqual(['inconsistent cosignatures 0..199']);
  log.files.delete('cosigned');
  expect(told(await audited(log, { witnesses: policy }))).toEqual(['policy cosignatures']);
});

test('a checkpoint that is older than the cosigned one', async () => {
  const log = forgedLog(shortEntries(300));
  const { cosign } = witness();
  const cosigned = Buffer.from(cosign(log.checkpoint()));
  log.files.clear();
  log.write(log.entries.slice(0, 256));
  log.files.set('cosigned', cosigned);
  expect(told(await audited(log))).toEqual(['future cosignatures 256..299']);
});

test('a policy that names another log', async () => {
  const log = forgedLog(shortEntries(3));
  const { cosign, policy } = witness();
  log.files.set('checkpoint', Buffer.from(cosign(log.checkpoint())));
  const other = parseTlogPolicy(`log ${forgedLog([]).vkey}\n${policy.text}`);
  expect(told(await audited(log, { witnesses: other }))).toEqual(['policy cosignatures']);
});
