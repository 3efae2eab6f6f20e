import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FactsCache } from '../../src/admission/facts.ts';
import { Indexes } from '../../src/admission/indexes.ts';
import { type IndexRef, NotOpen, type Ports } from '../../src/admission/ports.ts';
import type { Memory } from '../../src/ledger/ledger.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import { type Digest, sha256 } from '../../src/model/digest.ts';

// The desk keeps few large listings: those that are asked for at the same time push each other off it.

/** A desk with room for one listing, in a thread: calls are worked on in order, and answered a turn later. */
class NarrowDesk {
  opened = 0;
  #held: Digest | null = null;
  #last: Promise<unknown> = Promise.resolve();

  open(_id: unknown, chunks: readonly Uint8Array[]): Promise<unknown> {
    return this.#inOrder(() => {
      this.opened += 1;
      this.#held = sha256(Buffer.concat(chunks));
      return { digest: this.#held, files: new Uint8Array() };
    });
  }

  look(ref: IndexRef): Promise<string> {
    return this.#inOrder(() => {
      if (this.#held !== ref.digest) throw new NotOpen();
      return ref.name;
    });
  }

  async #inOrder<T>(run: () => T): Promise<T> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      await setImmediate();
    }
  }
}

function indexesAt(desk: NarrowDesk, kept: ReadonlyMap<Digest, Uint8Array>): Indexes {
  const vault = {
    async getDocument(digest: Digest) {
      await setImmediate();
      return kept.get(digest) ?? null;
    },
  };
  return new Indexes({ desk, vault } as unknown as Ports, new FactsCache({} as Memory));
}

function refOf(name: string) {
  const bytes = Buffer.from(name);
  return {
    ref: { ecosystem: 'npm', name: name as PackageName, source: 'npm', digest: sha256(bytes) },
    bytes,
  };
}

test.each([2, 3, 20])('%i listings of which the desk holds one: all are answered', async (count) => {
  const all = Array.from({ length: count }, (_, i) => refOf(`large-${i}`));
  const desk = new NarrowDesk();
  const indexes = indexesAt(desk, new Map(all.map(({ ref, bytes }) => [ref.digest, bytes])));
  const asked = all.flatMap(({ ref }) => [ref, ref]);
  const answers = await Promise.all(asked.map((ref) => indexes.at(ref, () => desk.look(ref))));
  expect(answers).toEqual(asked.map((ref) => ref.name));
  expect(desk.opened).toBeLessThanOrEqual(3 * count);
});

test('a desk that never holds what it opened is an overload, and not asked for ever', async () => {
  const { ref, bytes } = refOf('large');
  const desk = new NarrowDesk();
  const indexes = indexesAt(desk, new Map([[ref.digest, bytes]]));
  const asking = indexes.at(ref, () => Promise.reject(new NotOpen()));
  await expect(asking).rejects.toMatchObject({ name: 'UpstreamFault', code: 'OVERLOADED' });
  expect(desk.opened).toBeLessThan(20);
});

test('an index that is gone from the vault, too, is a fault', async () => {
  const { ref } = refOf('large');
  const desk = new NarrowDesk();
  const asking = indexesAt(desk, new Map()).at(ref, () => desk.look(ref));
  await expect(asking).rejects.toMatchObject({ name: 'UpstreamFault', code: 'UPSTREAM_FAULT' });
  expect(desk.opened).toBe(0);
});

test('what fails for another reason is not tried again', async () => {
  const { ref } = refOf('large');
  let tries = 0;
  const asking = indexesAt(new NarrowDesk(), new Map()).at(ref, () => {
    tries += 1;
    return Promise.reject(new Error('the thread ended'));
  });
  await expect(asking).rejects.toThrow('the thread ended');
  expect(tries).toBe(1);
});
