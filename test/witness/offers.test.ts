import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signCheckpoint } from '../../src/ledger/log/checkpoint.ts';
import { leafHashOf } from '../../src/ledger/log/hash.ts';
import type { LogSource } from '../../src/ledger/log/log-source.ts';
import { generateKey, noteBytes, type SignerKey, signerKey } from '../../src/ledger/log/note.ts';
import { TileBuilder } from '../../src/ledger/log/tile-builder.ts';
import { tilePath } from '../../src/ledger/log/tiles.ts';
import { parseTlogPolicy } from '../../src/ledger/log/tlog-policy.ts';
import { WitnessClient } from '../../src/witness/client.ts';
import { type KnownHead, WitnessOffers } from '../../src/witness/offers.ts';
import { witnessesOf } from '../../src/witness/witness-policy.ts';
import { FakeWitness } from './fake-witness.ts';

/** A log in memory that grows, and signs what it is asked to. */
class SmallLog implements LogSource {
  readonly key: SignerKey;
  readonly vkey: string;
  readonly #files = new Map<string, Uint8Array>();
  readonly #builder = new TileBuilder();

  constructor(name: string) {
    const { skey, vkey } = generateKey(name);
    this.key = signerKey(skey);
    this.vkey = vkey;
  }

  /** Appends so many entries, and gives the checkpoint's note. */
  grow(count: number, word = 'entry'): string {
    for (let i = 0; i < count; i++)
      this.#builder.append(leafHashOf(Buffer.from(`${word} ${this.#builder.size}`)));
    for (const { tile, bytes } of this.#builder.drain()) this.#files.set(tilePath(tile), bytes);
    return this.sign();
  }

  sign(): string {
    const { size } = this.#builder;
    return noteBytes(
      signCheckpoint({ origin: this.key.name, size, root: this.#builder.root(), extensions: [] }, this.key),
    );
  }

  async read(path: string): Promise<Uint8Array | null> {
    return this.#files.get(path) ?? null;
  }
}

let witness: FakeWitness;
let second: FakeWitness;
let log: SmallLog;
let client: WitnessClient;
let ending: AbortController;

beforeEach(async () => {
  witness = await FakeWitness.start();
  second = await FakeWitness.start();
  log = new SmallLog('firewall.example/ledger/1');
  witness.know(log.vkey);
  client = new WitnessClient(2_000);
  ending = new AbortController();
});

afterEach(async () => {
  ending.abort();
  witness.close();
  second.close();
  await client.close();
});

interface Seen {
  readonly cosigned: { size: number; lines: readonly string[]; met: boolean }[];
  readonly known: KnownHead[];
  readonly alarms: string[];
  readonly failed: unknown[];
}

function offers(
  source: SmallLog = log,
  quorum = 'w1',
  more = '',
): { offers: WitnessOffers; seen: Seen; pass(ms: number): void } {
  const policy = parseTlogPolicy(`witness w1 ${witness.vkey} ${witness.url}\n${more}quorum ${quorum}\n`);
  const seen: Seen = { cosigned: [], known: [], alarms: [], failed: [] };
  let passed = 0;
  return {
    seen,
    pass: (ms) => {
      passed += ms;
    },
    offers: new WitnessOffers({
      policy,
      witnesses: witnessesOf(policy, 'policy'),
      client,
      files: () => source,
      cosigned: async (size, lines, met) => void seen.cosigned.push({ size, lines, met }),
      contradicted: async (known) => void seen.known.push(known),
      alarm: (kind, { found }) => void seen.alarms.push(`${kind}: ${found}`),
      failed: (error) => void seen.failed.push(error),
      now: () => 1_000_000 + passed,
      signal: ending.signal,
    }),
  };
}

describe('a witness that works', () => {
  test('signs checkpoint after checkpoint, each with a proof from the one before', async () => {
    const { offers: to, seen } = offers();
    for (const more of [1, 1, 254, 1, 300, 7]) {
      to.published(log.grow(more));
      await to.idle();
    }
    expect(seen.cosigned.map(({ size, met }) => [size, met])).toEqual([
      [1, true],
      [2, true],
      [256, true],
      [257, true],
      [557, true],
      [564, true],
    ]);
    expect(seen.alarms).toEqual([]);
    expect(to.newestCosigned()?.size).toBe(564);
    expect(to.states()).toEqual([{ name: 'w1', state: 'ok', size: 564, at: 1_000_000 }]);
  });

  test('is asked for the newest of those that came while it was asked', async () => {
    const { offers: to, seen } = offers();
    for (let i = 0; i < 20; i++) to.published(log.grow(3));
    await to.idle();
    expect(seen.cosigned.at(-1)?.size).toBe(60);
    expect(witness.requests).toBeLessThan(20);
  });

  test('that knows the log from before a restart says from where, and gets that proof', async () => {
    const before = offers();
    before.offers.published(log.grow(100));
    await before.offers.idle();
    const { offers: to, seen } = offers();
    to.published(log.grow(100));
    await to.idle();
    expect(seen.cosigned).toMatchObject([{ size: 200, met: true }]);
    expect(seen.alarms).toEqual([]);
  });
});

describe('a log that went back', () => {
  test('is known at a start by the larger size that the witness has', async () => {
    const first = offers();
    first.offers.published(log.grow(100));
    await first.offers.idle();
    const restored = new SmallLog('firewall.example/ledger/1');
    Object.assign(restored, { key: log.key, vkey: log.vkey });
    const { offers: to, seen } = offers(restored);
    expect(await to.known(restored.grow(60))).toEqual([{ witness: 'w1', size: 100, root: null }]);
    expect(seen.alarms).toEqual(['witness-refused: it has seen 100 entries of this log, which has 60']);
  });

  test('or went on otherwise is known by another root at the same and at a larger size', async () => {
    const first = offers();
    first.offers.published(log.grow(100));
    await first.offers.idle();
    for (const size of [100, 130]) {
      const forked = new SmallLog('firewall.example/ledger/1');
      Object.assign(forked, { key: log.key, vkey: log.vkey });
      const { offers: to, seen } = offers(forked);
      to.published(forked.grow(size, 'other'));
      await to.idle();
      expect(seen.known).toEqual([{ witness: 'w1', size: 100, root: null }]);
      expect(seen.cosigned).toEqual([]);
      // Nothing is offered any more.
      const asked = witness.requests;
      to.published(forked.grow(1, 'other'));
      await to.idle();
      expect(witness.requests).toBe(asked);
    }
  });
});

describe('a witness that does not sign', () => {
  test.each([
    [
      'which does not know the log',
      { status: 404, body: '' },
      /^witness-refused: it does not know this log \(404\)/,
    ],
    [
      'which does not know the key',
      { status: 403, body: '' },
      /^witness-refused: it does not know this log's key/,
    ],
    ['which sends another place', { status: 302, body: '' }, /^witness-refused: it answered 302/],
    [
      'which is a proxy with a 409 of its own',
      { status: 409, body: '99999\n' },
      /^witness-refused: it answered 409 without/,
    ],
    [
      'which says no number',
      { status: 409, type: 'text/x.tlog.size', body: '0x10\n' },
      /^witness-refused: a witness's answer is not the size/,
    ],
    ['which signs nothing', { status: 200, body: '' }, /^witness-refused: a witness's answer is not lines/],
    [
      'which signs with another key',
      { status: 200, body: `— other.example ${Buffer.alloc(76).toString('base64')}\n` },
      /^witness-refused: a witness's answer has no cosignature/,
    ],
    ['which is overloaded', { status: 503, body: '' }, /^witness-unreachable: it answered 503/],
  ])('%s, is one alarm, and nothing is taken for a signature', async (_what, instead, words) => {
    const { offers: to, seen, pass } = offers();
    witness.instead = instead;
    to.published(log.grow(3));
    await to.idle();
    pass(5_000);
    to.published(log.grow(3));
    await to.idle();
    expect(seen.cosigned).toEqual([]);
    expect(seen.known).toEqual([]);
    expect(seen.alarms).toHaveLength(1);
    expect(seen.alarms[0]).toMatch(words);
    witness.instead = null;
    pass(60_000);
    to.look();
    await to.idle();
    expect(seen.cosigned).toMatchObject([{ size: 6, met: true }]);
  });

  test('forged: its name and id under a signature of somebody else are refused', async () => {
    const { offers: to, seen } = offers();
    const [, id = ''] = /\+([0-9a-f]{8})\+/.exec(witness.vkey) ?? [];
    const forged = Buffer.concat([Buffer.from(id, 'hex'), Buffer.alloc(72, 7)]).toString('base64');
    witness.instead = { status: 200, body: `— ${witness.name} ${forged}\n` };
    to.published(log.grow(3));
    await to.idle();
    expect(seen.cosigned).toEqual([]);
    expect(seen.alarms[0]).toMatch(/does not verify/);
  });

  test('one that is gone is asked again after a pause, not at every checkpoint', async () => {
    const { offers: to, seen, pass } = offers();
    witness.instead = { status: 500, body: '' };
    for (let i = 0; i < 10; i++) {
      to.published(log.grow(1));
      await to.idle();
    }
    expect(witness.requests).toBe(1);
    pass(1_000);
    to.look();
    await to.idle();
    expect(witness.requests).toBe(2);
    expect(seen.alarms).toHaveLength(1);
  });

  test('one that never answers is given up, and the others are not kept from signing', async () => {
    second.know(log.vkey);
    witness.silent = true;
    const impatient = new WitnessClient(300);
    client = impatient;
    const { offers: to, seen } = offers(
      log,
      'any1',
      `witness w2 ${second.vkey} ${second.url}\ngroup any1 any w1 w2\n`,
    );
    to.published(log.grow(5));
    await to.idle();
    expect(seen.cosigned).toMatchObject([{ size: 5, met: true }]);
    expect(seen.alarms).toHaveLength(1);
    expect(seen.alarms[0]).toMatch(/^witness-unreachable/);
  });
});

test('the policy says how many make a checkpoint cosigned, and late signatures count', async () => {
  second.know(log.vkey);
  second.instead = { status: 503, body: '' };
  const {
    offers: to,
    seen,
    pass,
  } = offers(log, 'both', `witness w2 ${second.vkey} ${second.url}\ngroup both all w1 w2\n`);
  to.published(log.grow(5));
  await to.idle();
  expect(seen.cosigned).toMatchObject([{ size: 5, met: false }]);
  expect(to.newestCosigned()).toBeNull();
  second.instead = null;
  pass(2_000);
  to.look();
  await to.idle();
  expect(seen.cosigned.at(-1)).toMatchObject({ size: 5, met: true });
  expect(seen.cosigned.at(-1)?.lines).toHaveLength(2);
});

test('a signature that cannot be kept is said, and stops nobody', async () => {
  const policy = parseTlogPolicy(`witness w1 ${witness.vkey} ${witness.url}\nquorum w1\n`);
  const failed: unknown[] = [];
  let full = true;
  const kept: number[] = [];
  const to = new WitnessOffers({
    policy,
    witnesses: witnessesOf(policy, 'policy'),
    client,
    files: () => log,
    async cosigned(size) {
      if (full) throw new Error('disk full');
      kept.push(size);
    },
    contradicted: async () => undefined,
    alarm: () => undefined,
    failed: (error) => void failed.push(error),
    now: Date.now,
    signal: ending.signal,
  });
  to.published(log.grow(5));
  await to.idle();
  expect(failed).toHaveLength(1);
  full = false;
  to.published(log.grow(5));
  await to.idle();
  expect(kept).toEqual([10]);
});

test.each([
  [
    'no quorum can be met by those with an address',
    (vkey: string) => `witness w1 ${vkey}\nquorum w1\n`,
    /not enough for its quorum/,
  ],
  [
    'an address is no web address',
    (vkey: string) => `witness w1 ${vkey} ftp://x.example/\nquorum w1\n`,
    /no http\(s\) address/,
  ],
  [
    'an address has a password',
    (vkey: string) => `witness w1 ${vkey} https://a:b@x.example/\nquorum w1\n`,
    /no http\(s\) address/,
  ],
])('a policy is refused where %s', (_why, text, words) => {
  expect(() => witnessesOf(parseTlogPolicy(text(witness.vkey)), 'w.policy')).toThrow(words);
});
