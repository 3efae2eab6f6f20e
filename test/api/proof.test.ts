import { afterAll, beforeAll, expect, test } from 'vitest';
import { ANSWERS } from '../../src/api/answers.ts';
import type { AuditPorts } from '../../src/api/ports.ts';
import { openCheckpoint } from '../../src/ledger/log/checkpoint.ts';
import { verifierKey } from '../../src/ledger/log/note.ts';
import { parseTlogPolicy, type TlogPolicy } from '../../src/ledger/log/tlog-policy.ts';
import { parseTlogProof, verifyTlogProof } from '../../src/ledger/log/tlog-proof.ts';
import type { LogRow } from '../../src/ledger/published/published.ts';
import { decision } from '../ledger/fixtures/drafts.ts';
import { memoryLog } from '../ledger/log/memory-log.ts';
import { cosigner } from '../witness/fake-witness.ts';
import { asking, openPlace, type Place } from './place.ts';

let place: Place;
let ask: ReturnType<typeof asking>['ask'];
beforeAll(async () => {
  place = await openPlace();
  await place.append(...Array.from({ length: 300 }, (_, i) => decision({ id: `r${i}` })));
  ({ ask } = asking(place.ports));
});
afterAll(() => place?.close());

const ENDED = new TextEncoder();

/** A door to the same ledger, whose logs are others. */
function withLogs(
  logs: [row: Partial<LogRow>, files: Record<string, Uint8Array>][],
  witnesses: TlogPolicy | null = null,
) {
  const rows = logs.map(([row]) => ({ ...place.log.current, ...row }));
  const ports: AuditPorts = {
    ...place.ports,
    logs: {
      rows: async () => rows,
      files: (number) => {
        const files = logs[rows.findIndex((row) => row.number === number)]?.[1] ?? {};
        return { read: async (path) => files[path] ?? null };
      },
      witnesses,
    },
  };
  return asking(ports);
}

test.each([0, 1, 255, 256, 299])('entry %i: the proof stands alone', async (seq) => {
  const entry = (await ask(`entries/${seq}`)).json();
  ANSWERS.Entry.parse(entry);
  for (const name of [seq, entry.leaf]) {
    const answer = await ask(`entries/${name}/proof`);
    expect(answer.contentType).toBe('text/plain; charset=utf-8');
    const proven = verifyTlogProof(parseTlogProof(answer.text), verifierKey(place.log.current.vkey));
    expect(proven.index).toBe(seq);
    expect(JSON.parse(proven.entry.toString())).toEqual(entry.entry);
  }
});

test('what is not published yet is not proven yet, and may be asked again', async () => {
  const files = place.log.files();
  const [vkey, checkpoint] = [await files.read('vkey'), await files.read('checkpoint')];
  if (!vkey || !checkpoint) throw new Error('nothing is published');
  const { seq } = await place.ledger.append(decision());
  // A shelf on which nothing moves.
  const still = withLogs([[{}, { vkey, checkpoint }]]);
  expect(await still.raw(`entries/${seq}/proof`)).toMatchObject({
    code: 'LEDGER_UNPUBLISHED',
    retryAfter: 2,
  });
  expect(await withLogs([[{}, {}]]).ask('entries/0/proof')).toMatchObject({ code: 'LEDGER_UNPUBLISHED' });
  await place.log.published(seq);
  expect((await ask(`entries/${seq}/proof`)).code).toBe(null);
});

test('what an ended log never signed is proven by nobody', async () => {
  const old = memoryLog('old.example/1');
  old.publish(2);
  const still = withLogs([
    [{ number: 1, origin: 'old.example/1', vkey: old.key.vkey }, Object.fromEntries(old.files)],
    [{ number: 2, base: 100 }, {}],
  ]);
  expect(await still.ask('entries/2/proof')).toMatchObject({ code: 'NOT_FOUND' });
  expect((await still.ask('entries/2')).json()).toMatchObject({ log: 1, index: 2 });
  expect((await still.ask('entries/150')).json()).toMatchObject({ log: 2, index: 50 });
});

test('files that do not lead to the checkpoint prove nothing', async () => {
  const files = place.log.files();
  const checkpoint = await files.read('checkpoint');
  const tile = Buffer.from((await files.read('tile/0/000')) ?? []);
  const bundle = await files.read('tile/entries/000');
  if (!checkpoint || !bundle) throw new Error('nothing is published');
  const { size } = openCheckpoint(checkpoint, verifierKey(place.log.current.vkey));
  tile[40] = (tile[40] ?? 0) ^ 1;
  const broken = withLogs([[{}, { checkpoint, 'tile/0/000': tile, 'tile/entries/000': bundle }]]);
  expect(size).toBeGreaterThan(256);
  expect(await broken.ask('entries/0/proof')).toMatchObject({ kind: 'refusal', code: 'STORAGE_UNAVAILABLE' });
  const forged = withLogs([[{}, { checkpoint: ENDED.encode('forged\n') }]]);
  for (const target of ['entries/0/proof', 'logs'])
    expect(await forged.ask(target)).toMatchObject({ kind: 'refusal', code: 'STORAGE_UNAVAILABLE' });
});

test('a withdrawn entry has a place and a hash, and no proof', async () => {
  const gone = { seq: 3, leaf: 'ab'.repeat(32), bytes: '' };
  const ledger = {
    ...place.ports.ledger,
    async *query() {
      yield gone;
    },
  };
  const { ask } = asking({ ...place.ports, ledger });
  expect(await ask('entries/3')).toMatchObject({ code: 'LEDGER_WITHDRAWN' });
  expect(await ask('entries/3/proof')).toMatchObject({ code: 'LEDGER_WITHDRAWN' });
  const page = ANSWERS.Page.parse((await ask('entries')).json());
  expect(page.entries).toEqual([{ seq: 3, leaf: gone.leaf, log: 1, index: 3, entry: null }]);
});

test('the logs, their keys and heads, and who cosigned', async () => {
  const { logs } = ANSWERS.Logs.parse((await ask('logs')).json());
  const { number, origin, vkey, base } = place.log.current;
  expect(logs).toMatchObject([
    { log: number, origin, vkey, base, running: true, minimum: 0, cosigned: null },
  ]);
  const head = logs[0]?.head;
  expect(head).toMatchObject({ size: place.log.head()?.size, cosigners: [] });
  expect(openCheckpoint(head?.checkpoint ?? '', verifierKey(vkey)).root.toString('base64')).toBe(head?.root);

  const old = memoryLog('old.example/1');
  old.publish(2);
  const other = memoryLog('witness.example');
  other.publish(2);
  const line = other.files.get('checkpoint')?.toString().split('\n').at(-2);
  const cosigned = Buffer.from(`${old.files.get('checkpoint')}${line}\n`);
  const still = withLogs([[{ vkey: old.key.vkey }, { cosigned }]]);
  expect(ANSWERS.Logs.parse((await still.ask('logs')).json()).logs).toMatchObject([
    { head: null, cosigned: { size: 2, cosigners: [], unverified: 1, checkpoint: cosigned.toString() } },
  ]);

  const witness = cosigner('witness.example/w1');
  const note = old.files.get('checkpoint')?.toString() ?? '';
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  const signed = Buffer.from(`${note}${line}\n${witness.sign(text, 1_800_000_000)}`);
  const policy = parseTlogPolicy(`witness w1 ${witness.vkey}\nquorum w1\n`);
  const heads = async (cosigned: Buffer) =>
    ANSWERS.Logs.parse((await withLogs([[{ vkey: old.key.vkey }, { cosigned }]], policy).ask('logs')).json())
      .logs[0]?.cosigned;
  expect(await heads(signed)).toMatchObject({
    cosigners: [{ name: 'w1', time: '2027-01-15T08:00:00.000Z' }],
    unverified: 1,
  });
  // A line under its name that is of another text names nobody.
  const forged = Buffer.from(`${note}${witness.sign('another\n', 1_800_000_000)}`);
  expect(await heads(forged)).toMatchObject({ cosigners: [], unverified: 1 });
});
