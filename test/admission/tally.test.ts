import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { Agent, get, request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createMetrics } from '../../src/gate/metrics.ts';
import { type Ledger, LedgerError } from '../../src/ledger/ledger.ts';
import { watchedLedger } from '../../src/watch.ts';
import {
  allowing,
  type Entry,
  filesBelow,
  startHouse,
  type TestHouse,
  tarballPath,
  until,
} from './harness.ts';

async function houseOf(policy: string) {
  const house = await startHouse({ policy });
  onTestFinished(() => house.remove());
  return house;
}

/** What the log has between the last start and the last stop, or all that is there since. */
async function logged(house: TestHouse): Promise<{ readonly stop: Entry; readonly log: Logged }> {
  const all = await house.entries({ limit: 1_000_000 });
  const end = all.findLastIndex(({ type }) => type === 'stop');
  const stop = all[end];
  const begin = all.slice(0, end).findLastIndex(({ type }) => type === 'start');
  if (!stop) throw new Error('there is no stop');
  expect(stop['since']).toBe(all[begin]?.['time']);
  const log: Logged = { allow: 0, refuse: 0, refusals: 0, served: 0, aborted: 0, bytes: 0 };
  for (const entry of all.slice(begin, end)) {
    if (entry['type'] === 'served') log.served += 1;
    if (entry['type'] === 'aborted') log.aborted += 1;
    log.bytes += entry['bytes'] ?? 0;
    if (entry['type'] !== 'decision') continue;
    if (entry['verdict'] === 'allow') log.allow += 1;
    else if (entry['route'] === 'sum') log.refusals += entry['refusals'];
    else log.refuse += 1;
  }
  return { stop, log };
}

interface Logged {
  allow: number;
  refuse: number;
  refusals: number;
  served: number;
  aborted: number;
  bytes: number;
}

/** Asks, and goes away after so many bytes of the answer; 0: before any of it. */
function leave(url: string, path: string, after: number): Promise<void> {
  return new Promise((resolve) => {
    const asking = get(`${url}${path}`, { agent: new Agent() }, (response) => {
      let got = 0;
      response.on('data', (chunk: Buffer) => {
        got += chunk.length;
        if (got >= after) response.destroy();
      });
      response.on('close', () => resolve());
      response.on('error', () => undefined);
    });
    asking.on('error', () => resolve());
    if (after === 0) setTimeout(() => asking.destroy(), 5);
  });
}

test('what the gate counted is in the log, whatever clients do, and nothing more was answered than was entered', async () => {
  const h = await houseOf(allowing(['small', 'large', 'broken']));
  h.registry.addNpm('small', { '1.0.0': {} });
  h.registry.addNpm('large', { '1.0.0': { bulk: 6_000_000 } });
  h.registry.addNpm('broken', { '1.0.0': { integrity: 'wrong' } });
  h.registry.withFault(/broken$/, { kind: 'reset' }, 2);
  const [small, large] = [tarballPath('small', '1.0.0'), tarballPath('large', '1.0.0')];
  const etag = String((await h.ask(small)).headers['etag']);
  await h.ask(large);
  const nothing = () => undefined;
  const kinds: (() => Promise<unknown>)[] = [
    () => h.ask(small),
    () => h.ask(large),
    () => h.ask(small, { method: 'HEAD' }),
    () => h.ask(small, { headers: { range: 'bytes=0-9' } }),
    () => h.ask(large, { headers: { range: 'bytes=1000000-3999999' } }),
    () => h.ask(small, { headers: { range: 'bytes=99999999-' } }),
    () => h.ask(small, { headers: { 'if-none-match': etag } }),
    () => leave(h.url, large, 0),
    () => leave(h.url, large, 1),
    () => leave(h.url, large, 2_000_000),
    () => h.ask('/npm/small'),
    () => h.ask('/npm/small', { method: 'HEAD' }),
    () => h.ask('/npm/unlisted'),
    () => h.ask(tarballPath('unlisted', '1.0.0')),
    () => h.ask(tarballPath('broken', '1.0.0')),
    () => h.ask('/npm/..%2f..%2fetc'),
    () => h.ask('/elsewhere'),
    () => h.ask(small, { method: 'DELETE' }),
    () => h.ask('/healthz'),
    () => h.ask('/metrics'),
  ];
  for (let round = 0; round < 6; round++) await Promise.all(kinds.map((ask) => ask().catch(nothing)));
  await damage(h);
  await Promise.all([large, large, small].map((path) => h.ask(path).catch(nothing)));
  const before = h.house.ports.ledger;
  expect(before.health()).toBe('ok');
  // How a file was sent is entered by itself, and whoever left before an answer has one under way.
  let metrics = '';
  const count = (name: string) =>
    Number(metrics.split(`sallyport_${name} `)[1]?.split('\n')[0] ?? Number.NaN);
  await until(async () => {
    metrics = (await h.ask('/metrics')).text;
    const [served, aborted] = ['served', 'aborted'].map((outcome) =>
      count(`files_total{outcome="${outcome}"}`),
    );
    return (
      served === count('ledger_entries_total{type="served"}') &&
      aborted === count('ledger_entries_total{type="aborted"}') &&
      count('answers_total{verdict="allow"}') === (served ?? 0) + (aborted ?? 0)
    );
  });
  await h.restart();
  const { stop, log } = await logged(h);
  const { answers, files } = stop as unknown as { answers: Counts; files: Counts };
  // Every kind of answer happened, so that an equality is one of something.
  for (const count of [answers['allow'], answers['refuse'], files['served'], files['aborted']])
    expect(count).toBeGreaterThan(5);
  expect(stop).not.toHaveProperty('unwritten');
  expect(answers['allow']).toBeLessThanOrEqual(log.allow);
  expect((answers['refuse'] ?? 0) + (answers['summed'] ?? 0)).toBeLessThanOrEqual(log.refuse + log.refusals);
  // How a file ended is counted and entered in one step, and the stop comes after both.
  expect(files).toEqual({ served: log.served, aborted: log.aborted, bytes: log.bytes });
  expect(log.served + log.aborted).toBe(answers['allow']);
  expect(metrics).toContain(`sallyport_answers_total{verdict="allow"} ${answers['allow']}`);
  expect(metrics).toContain(`sallyport_files_total{outcome="served"} ${files['served']}`);
  expect(metrics).toMatch(/sallyport_ledger_entries_total\{type="decision"\} \d+/);
  expect(metrics).toContain(`sallyport_ledger_entries_total{type="served"} ${log.served}`);
}, 120_000);

type Counts = Readonly<Record<string, number | undefined>>;

/** Turns one byte of every artifact in the vault that is larger than a chunk. */
async function damage({ root }: TestHouse): Promise<void> {
  const cas = join(root, 'data', 'vault', 'cas');
  for (const path of await filesBelow(cas)) {
    const bytes = await readFile(join(cas, path));
    if (bytes.length < 5_000_000) continue;
    bytes[bytes.length - 10] = (bytes[bytes.length - 10] ?? 0) ^ 0xff;
    await chmod(join(cas, path), 0o600);
    await writeFile(join(cas, path), bytes);
  }
  expect((await readdir(cas)).length).toBeGreaterThan(0);
}

test('refusals past the budget are counted as what they are, and the stop comes behind their sum', async () => {
  const h = await houseOf(allowing(['small']));
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  onTestFinished(() => agent.destroy());
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      const asking = request(`${h.url}/npm/unlisted`, { agent }, (response) => {
        response.resume();
        response.on('end', () => resolve());
      });
      asking.on('error', reject);
      asking.end();
    });
  await Promise.all(Array.from({ length: 1_200 }, ask));
  await h.restart();
  const { stop, log } = await logged(h);
  expect(log).toMatchObject({ refuse: 1_000, refusals: 200 });
  // One of them brought the first sum, and has that for its entry.
  expect(stop['answers']).toEqual({ allow: 0, refuse: 1_001, summed: 199 });
}, 120_000);

test.each(['served', 'aborted'] as const)('an entry %s that cannot be written is counted', async (type) => {
  const metrics = createMetrics({ processMetrics: false });
  const append = () => Promise.reject(new LedgerError('unavailable', 'the disk is full'));
  const ledger = watchedLedger({ append } as unknown as Ledger, metrics);
  await expect(ledger.append({ type, time: 1, id: 'r', decision: 0, bytes: 0 })).rejects.toThrow(/full/);
  expect(metrics.tally.counts.unwritten).toBe(1);
  // Nothing is answered without its decision: there a failure is a fault, and nothing is missing.
  await expect(ledger.append({ type: 'decision', time: 1, id: 'r' })).rejects.toThrow(/full/);
  expect(metrics.tally.counts.unwritten).toBe(1);
  expect(await metrics.render()).toContain('sallyport_files_unwritten_total 1');
});

test('what was counted is entered once an hour', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const h = await houseOf(allowing(['small']));
  h.registry.addNpm('small', { '1.0.0': {} });
  await h.ask(tarballPath('small', '1.0.0'));
  await h.ask('/npm/unlisted');
  vi.advanceTimersByTime(3_600_000);
  await vi.waitFor(async () => expect(await h.entries({ type: 'tally' })).toHaveLength(1));
  const [tally] = await h.entries({ type: 'tally' });
  expect(tally).toMatchObject({
    answers: { allow: 1, refuse: 1, summed: 0 },
    files: { served: 1, aborted: 0, bytes: h.registry.tarball('small', '1.0.0').length },
  });
});
