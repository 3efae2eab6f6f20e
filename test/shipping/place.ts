import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { AlarmSubject } from '../../src/alarms.ts';
import { loadConfig } from '../../src/config.ts';
import type { EntryDraft, Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open.ts';
import { Shipping } from '../../src/shipping/shipping.ts';
import { LOG } from '../exports/logged.ts';
import { decision } from '../ledger/fixtures/drafts.ts';

export const TOKEN = 'secret-token-0123456789';

/** A ledger whose entries are published when a test says so, and what shipping said of it. */
export interface Place {
  readonly dir: string;
  readonly ledger: Ledger;
  readonly said: { what: string; fields: Readonly<Record<string, unknown>> }[];
  readonly alarms: AlarmSubject[];
  readonly lags: Map<string, number>;
  failures: number;
  now: number;
  /** Appends so many decisions, and publishes all there is. */
  append(count: number, more?: Partial<EntryDraft>): Promise<void>;
  /** Of entries that are published. */
  edge: number;
  /** Starts shipping by this configuration; it is stopped with the test. */
  ship(yaml: string, more?: { readonly ca?: string }): Promise<Shipping>;
  cursor(name: string): Promise<string | null>;
  setCursor(name: string, text: string): Promise<void>;
}

export async function place(): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), 'shipping-'));
  const ledger = await openLedger({ dir: join(dir, 'data') });
  const running: Shipping[] = [];
  let appended = 0;
  const made: Place = {
    dir: join(dir, 'data'),
    ledger,
    said: [],
    alarms: [],
    lags: new Map(),
    failures: 0,
    now: 1_000_000,
    edge: 0,
    async append(count, more = {}) {
      const drafts = Array.from({ length: count }, () => ({
        ...decision({ id: `r${appended++}` }),
        ...more,
      }));
      const receipts = await Promise.all(drafts.map((draft) => ledger.append(draft as EntryDraft)));
      made.edge = Math.max(made.edge, ...receipts.map(({ seq }) => seq + 1));
      for (const shipping of running) shipping.wake();
    },
    async ship(yaml, more = {}) {
      const file = join(dir, 'sallyport.yaml');
      await writeFile(file, `data: ${join(dir, 'data')}\nshipping:\n${yaml}\n`);
      const shipping = await Shipping.open(
        loadConfig({}, file),
        { SIEM_TOKEN: TOKEN },
        {
          ledger,
          published: { edge: () => made.edge, logs: () => [LOG] },
          version: '1.2.3',
          now: () => made.now,
          metrics: {
            shipping: (target, lag) => void made.lags.set(target, lag),
            shippingFailed() {
              made.failures += 1;
            },
          },
          alarm: (about) => void made.alarms.push(about),
          alarmedSince: async () => made.alarms,
          warn: (what, fields) => void made.said.push({ what, fields }),
          backoff: { first: 10, most: 50 },
          ...more,
        },
      );
      running.push(shipping);
      return shipping;
    },
    cursor: (name) => readFile(join(dir, 'data/ledger/shipping', name), 'utf8').catch(() => null),
    async setCursor(name, text) {
      await mkdir(join(dir, 'data/ledger/shipping'), { recursive: true });
      await writeFile(join(dir, 'data/ledger/shipping', name), text);
    },
  };
  onTestFinished(async () => {
    await Promise.all(running.map((shipping) => shipping.stop()));
    await ledger.close();
    await rm(dir, { recursive: true });
  });
  return made;
}

/** Waits until a value is as expected. */
export async function eventually<T>(value: () => T | Promise<T>, expected: T): Promise<void> {
  await expect.poll(value, { timeout: 10_000, interval: 10 }).toEqual(expected);
}

/** The places of lines that are JSON. */
export function seqsOf(lines: readonly string[]): number[] {
  return lines.map((line) => JSON.parse(line).seq);
}

export function upTo(count: number, from = 0): number[] {
  return Array.from({ length: count - from }, (_, i) => from + i);
}
