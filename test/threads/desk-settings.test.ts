import { describe, expect, test } from 'vitest';
import type { IndexRef } from '../../src/admission/ports.ts';
import type { PackageId, PackageName } from '../../src/model/artifact.ts';
import type { Digest } from '../../src/model/digest.ts';
import { type Callee, DeskPool } from '../../src/threads/desk-pool.ts';
import type { LoadedPolicy } from '../../src/threads/policy-pieces.ts';
import type { TrustBytes } from '../../src/verify/trust.ts';

// What both desk threads hold alike beside the policy, and what the pool keeps of their answers.

const ID: PackageId = { ecosystem: 'npm', name: 'left-pad' as PackageName };
const INDEX: IndexRef = { ...ID, digest: 'sha256:10' };
const WHICH = { small: new Uint8Array(10), large: new Uint8Array(1024 ** 2) };
type Which = keyof typeof WHICH;

/** A trust root that is told by its length. */
function trust(length: number): TrustBytes {
  // A piece of something larger, as what is read from a file may be.
  const root = new Uint8Array(4096).subarray(0, length);
  return { root, npmKeys: new Uint8Array(1), proofSince: 0, npmRegistry: 'https://registry.example' };
}

/** A desk thread as far as these tests need one: its pages tell under which trust they were made. */
class FakeDesk implements Callee {
  dead = false;
  /** Lengths of trust roots that it does not take. */
  readonly refuses = new Set<number>();
  readonly asked: unknown[][] = [];
  #trust: number | null = null;

  async call<T>(method: string, args: readonly unknown[]): Promise<T> {
    if (this.dead) throw new Error('the thread ended');
    // As a real thread gets them: by structured clone.
    const given = structuredClone(args) as unknown[];
    this.asked.push([method, ...given]);
    return this.#answer(method, given) as T;
  }

  #answer(method: string, args: readonly unknown[]): unknown {
    if (method === 'open') {
      const [, [piece]] = args as [unknown, Uint8Array[]];
      return { digest: `sha256:${piece?.byteLength}`, files: new Uint8Array() };
    }
    if (method === 'page') return this.#trust;
    if (method === 'file') {
      const [, filename, { digest }] = args as [unknown, string, { digest: Digest }];
      return { file: null, quarantined: false, baseline: `${filename} under ${digest}` };
    }
    if (method === 'setTrust') {
      const [{ root }] = args as [TrustBytes];
      if (this.refuses.has(root.buffer.byteLength)) throw new Error(`no ${root.buffer.byteLength} here`);
      this.#trust = root.buffer.byteLength;
    }
    return null;
  }

  async close(): Promise<void> {
    this.dead = true;
  }
}

function pool() {
  const desks: Record<Which, FakeDesk[]> = { small: [], large: [] };
  const made = new DeskPool(
    () => {},
    ({ givesWay }) => {
      const desk = new FakeDesk();
      desks[givesWay ? 'large' : 'small'].push(desk);
      return desk;
    },
  );
  const last = (which: Which): FakeDesk => {
    const desk = desks[which].at(-1);
    if (!desk) throw new Error('none was started');
    return desk;
  };
  /** The trust under which each thread makes its pages. */
  const trusted = async () => {
    const found: unknown[] = [];
    for (const bytes of Object.values(WHICH)) {
      const { digest } = await made.open(ID, [Uint8Array.from(bytes)]);
      found.push(await made.page({ ...ID, digest } as Parameters<DeskPool['page']>[0]));
    }
    return found;
  };
  return { pool: made, last, trusted };
}

describe.each(['small', 'large'] as const)('the thread for %s documents', (which) => {
  test('refuses a trust root: the one before is in use in both', async () => {
    const { pool: desk, last, trusted } = pool();
    await desk.setTrust(trust(1));
    expect(await trusted()).toEqual([1, 1]);
    last(which).refuses.add(2);
    await expect(desk.setTrust(trust(2))).rejects.toThrow('no 2 here');
    expect(await trusted()).toEqual([1, 1]);
    await desk.setTrust(trust(3));
    expect(await trusted()).toEqual([3, 3]);
  });

  test('refuses the first one: none is in use in either', async () => {
    const { pool: desk, last, trusted } = pool();
    await desk.open(ID, [Uint8Array.from(WHICH[which])]);
    last(which).refuses.add(1);
    await expect(desk.setTrust(trust(1))).rejects.toThrow('no 1 here');
    expect(await trusted()).toEqual([null, null]);
  });

  test('dies: its successor starts with the trust and the policy in force', async () => {
    const { pool: desk, last, trusted } = pool();
    const pieces = [new Uint8Array(3), new Uint8Array(5)];
    await desk.setPolicy({ pieces } as unknown as LoadedPolicy);
    await desk.setTrust(trust(1));
    const dead = last(which);
    dead.dead = true;
    expect(await trusted()).toEqual([1, 1]);
    expect(last(which)).not.toBe(dead);
    expect(last(which).asked).toContainEqual(['setPolicy', pieces]);
  });
});

test('of a trust root only its own bytes are sent, and what is done to them later changes nothing', async () => {
  const { pool: desk, last, trusted } = pool();
  const given = trust(5);
  await desk.setTrust(given);
  given.root.fill(9);
  last('small').dead = true;
  await trusted();
  const [, sent] = last('small').asked.find(([method]) => method === 'setTrust') ?? [];
  expect(sent).toEqual({ ...trust(5), root: new Uint8Array(5) });
});

test('a file is asked for once per state of our facts, and its facts are not copied', async () => {
  const { pool: desk, last } = pool();
  await desk.open(ID, [Uint8Array.from(WHICH.small)]);
  const bytes = new Uint8Array(new SharedArrayBuffer(1000));
  const before = { bytes, digest: 'sha256:a' } as const;
  const first = await desk.file(INDEX, 'a.tgz', before);
  expect(await desk.file(INDEX, 'a.tgz', before)).toBe(first);
  expect((await desk.file(INDEX, 'a.tgz', { bytes, digest: 'sha256:b' })).baseline).toBe(
    'a.tgz under sha256:b',
  );
  expect((await desk.file(INDEX, 'b.tgz', before)).baseline).toBe('b.tgz under sha256:a');
  const asked = last('small').asked.filter(([method]) => method === 'file');
  expect(asked).toHaveLength(3);
  bytes.fill(7);
  const [, , , seen] = asked[0] as [string, IndexRef, string, { bytes: Uint8Array }];
  expect(seen.bytes[0]).toBe(7);
});
