import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, place, seqsOf, upTo } from './place.ts';
import { webReceiver } from './receivers.ts';

const RESTARTED = 'a place in the log is lost; everything is sent again, from the beginning';

describe('a cursor', () => {
  const shipped = async (prepare: (here: Awaited<ReturnType<typeof place>>) => Promise<void>) => {
    const siem = await webReceiver();
    onTestFinished(() => siem.close());
    const here = await place();
    await here.append(5);
    await prepare(here);
    await here.ship(`  - { name: siem, url: "${siem.url}" }`);
    await eventually(async () => (await here.cursor('siem'))?.split(' ')[0], '4');
    return { said: here.said, seqs: seqsOf(siem.lines()) };
  };
  const leafOf = async ({ ledger }: Awaited<ReturnType<typeof place>>, seq: number) => {
    for await (const { leaf } of ledger.query({ after: seq - 1, limit: 1 })) return leaf;
    throw new Error(`there is no entry ${seq}`);
  };

  test('is where shipping goes on', async () => {
    const found = await shipped(async (here) => here.setCursor('siem', `2 ${await leafOf(here, 2)}\n`));
    expect(found).toEqual({ said: [], seqs: [3, 4] });
  });

  test.each([
    ['empty', ''],
    ['cut short', '2 '],
    ['of zeros', '\0'.repeat(68)],
    ['without its end', `2 ${'0'.repeat(64)}`],
    ['negative', `-2 ${'0'.repeat(64)}\n`],
    ['very long', `${'9'.repeat(100_000)} ${'0'.repeat(64)}\n`],
  ])('that is damaged is begun anew, aloud: %s', async (_, text) => {
    const found = await shipped((here) => here.setCursor('siem', text));
    expect(found.seqs).toEqual(upTo(5));
    expect(found.said).toEqual([{ what: RESTARTED, fields: { target: 'siem', why: 'damaged' } }]);
  });

  test.each([
    ['beyond the log', 9_999],
    ['of another ledger', 2],
  ])('that is %s is begun anew, aloud', async (_, seq) => {
    const found = await shipped((here) => here.setCursor('siem', `${seq} ${'a'.repeat(64)}\n`));
    expect(found.seqs).toEqual(upTo(5));
    expect(found.said).toEqual([{ what: RESTARTED, fields: { target: 'siem', why: 'not of this ledger' } }]);
  });

  test('that cannot be read is no start: it is no reason to send everything again', async () => {
    const here = await place();
    await here.setCursor('siem/inside', 'x').catch(() => undefined);
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(here.dir, 'ledger/shipping/siem'), { recursive: true });
    await expect(here.ship('  - { name: siem, url: "http://127.0.0.1:1/" }')).rejects.toThrow('EISDIR');
  });
});

test('killed anywhere between delivery and cursor, each entry comes at least once, in order, and none is left out', async () => {
  const COUNT = 2_500;
  let kill: ((signal: 'SIGKILL') => void) | null = null;
  const siem = await webReceiver((_, response, count) => {
    // Before the answer, with it, and some time after it: while the cursor is written.
    const how = count % 5;
    if (how === 1) kill?.('SIGKILL');
    response.end();
    if (how === 3) setTimeout(() => kill?.('SIGKILL'), count % 4);
  });
  onTestFinished(() => siem.close());
  const here = await place();
  await here.append(COUNT);
  await here.ledger.close();
  let runs = 0;
  let seen = 0;
  for (; runs < 60; runs++) {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'shipper.child.ts'), here.dir, siem.url, String(COUNT)],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    kill = (signal) => void child.kill(signal);
    const code = await new Promise((resolve) => child.once('exit', resolve));
    // Each run begins at a place that was reached before: nothing is skipped between two of them.
    const batches = siem.requests.slice(seen).map(({ lines }) => seqsOf(lines));
    let next: number | undefined;
    for (const batch of batches) {
      expect(batch[0]).toBeLessThanOrEqual(
        1 + Math.max(-1, ...siem.requests.slice(0, seen).flatMap(({ lines }) => seqsOf(lines).slice(-1))),
      );
      if (next !== undefined) expect(batch[0]).toBe(next);
      expect(batch).toEqual(upTo((batch.at(-1) ?? 0) + 1, batch[0]));
      next = (batch.at(-1) ?? 0) + 1;
      seen += 1;
    }
    if (code === 0) break;
  }
  expect(runs).toBeGreaterThan(1);
  expect([...new Set(seqsOf(siem.lines()))].sort((a, b) => a - b)).toEqual(upTo(COUNT));
  expect((await here.cursor('siem'))?.split(' ')[0]).toBe(String(COUNT - 1));
}, 120_000);
