import { describe, expect, test } from 'vitest';
import type { PackageId, PackageName } from '../../src/model/artifact.ts';
import type { Digest } from '../../src/model/digest.ts';
import { type Callee, DeskPool } from '../../src/threads/desk-pool.ts';
import type { LoadedPolicy } from '../../src/threads/policy-pieces.ts';

const ID: PackageId = { ecosystem: 'npm', name: 'left-pad' as PackageName };
const LARGE = new Uint8Array(1024 ** 2);
const SMALL = new Uint8Array(10);

function policy(name: string): LoadedPolicy {
  return { digest: name, pieces: [{ name, text: name }] } as unknown as LoadedPolicy;
}

/** A desk thread as the real one is: it holds the two policies that it was given last, and answers under no other. */
class FakeDesk implements Callee {
  dead = false;
  /** Names of policies that it does not accept, or on which it dies. */
  readonly refuses = new Set<string>();
  readonly diesOf = new Set<string>();
  /** It answers nothing before this resolves. */
  until: Promise<unknown> = Promise.resolve();
  #held: string[] = [];

  async call<T>(method: string, args: readonly unknown[]): Promise<T> {
    if (this.dead) throw new Error('the thread ended');
    await this.until;
    return this.#answer(method, args) as T;
  }

  #answer(method: string, args: readonly unknown[]): unknown {
    if (method === 'open') return { digest: digestOf(args[1] as Uint8Array[]), files: new Uint8Array() };
    if (method === 'page') {
      const { policy: wanted } = args[0] as { policy: string };
      if (!this.#held.includes(wanted)) throw new Error('the desk does not hold the policy');
      return wanted;
    }
    const [{ name }] = args[0] as [{ name: string }];
    if (this.diesOf.has(name)) this.dead = true;
    if (this.dead) throw new Error('the thread ended');
    if (this.refuses.has(name)) throw new Error(`no ${name} here`);
    this.#held = [...this.#held.filter((held) => held !== name), name].slice(-2);
    return null;
  }

  async close(): Promise<void> {
    this.dead = true;
  }
}

function digestOf(pieces: readonly Uint8Array[]): Digest {
  return `sha256:${pieces[0]?.byteLength}`;
}

async function pool() {
  const desks = { small: [] as FakeDesk[], large: [] as FakeDesk[] };
  const next: Pick<FakeDesk, 'until'> = { until: Promise.resolve() };
  let replaced = 0;
  const made = new DeskPool(
    () => replaced++,
    ({ givesWay }) => {
      const desk = new FakeDesk();
      desk.until = next.until;
      desks[givesWay ? 'large' : 'small'].push(desk);
      return desk;
    },
  );
  await made.setPolicy(policy('a'));
  await made.open(ID, [SMALL]);
  await made.open(ID, [LARGE]);
  /** Under which policies both threads decide. */
  const decides = async (...names: string[]) => {
    const answers = names.flatMap((name) =>
      [SMALL, LARGE].map((bytes) =>
        made.page({ ...ID, digest: digestOf([bytes]), policy: name } as unknown as Parameters<
          DeskPool['page']
        >[0]),
      ),
    );
    return (await Promise.allSettled(answers)).every((answer) => answer.status === 'fulfilled');
  };
  const last = (which: keyof typeof desks): FakeDesk => {
    const desk = desks[which].at(-1);
    if (!desk) throw new Error('none was started');
    return desk;
  };
  return { pool: made, decides, last, next, replaced: () => replaced };
}

describe.each(['small', 'large'] as const)('the thread for %s documents', (which) => {
  test('refuses policies again and again: the one in force decides in both', async () => {
    const { pool: desk, decides, last } = await pool();
    for (const name of ['b', 'c', 'd']) {
      last(which).refuses.add(name);
      await expect(desk.setPolicy(policy(name))).rejects.toThrow(`no ${name} here`);
      expect(await decides('a')).toBe(true);
    }
    await desk.setPolicy(policy('e'));
    expect(await decides('a', 'e')).toBe(true);
  });

  test('dies of policies: its successor, and the other one, decide under the one in force', async () => {
    const { pool: desk, decides, last, replaced } = await pool();
    for (const name of ['b', 'c', 'd']) {
      last(which).diesOf.add(name);
      await expect(desk.setPolicy(policy(name))).rejects.toThrow('the thread ended');
      expect(await decides('a')).toBe(true);
    }
    expect(replaced()).toBe(3);
  });

  test('takes the one before no more: it is ended, and its successor decides under it', async () => {
    const { pool: desk, decides, last } = await pool();
    last('small').refuses.add('b');
    last(which).refuses.add('b').add('a');
    await expect(desk.setPolicy(policy('b'))).rejects.toThrow();
    expect(last(which).dead).toBe(true);
    expect(await decides('a')).toBe(true);
    expect(last(which).dead).toBe(false);
  });

  test('dies after it accepted one, and its successor starts before the other accepts: it has that one, too', async () => {
    const { pool: desk, decides, last, next } = await pool();
    const accepted = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    last(which === 'small' ? 'large' : 'small').until = accepted.promise;
    const reloading = desk.setPolicy(policy('b'));
    await settled();
    const dying = last(which);
    dying.dead = true;
    next.until = started.promise;
    const asked = decides('a');
    await settled();
    expect(last(which)).not.toBe(dying);
    accepted.resolve();
    await reloading;
    started.resolve();
    expect(await asked).toBe(true);
    expect(await decides('b')).toBe(true);
  });
});

/** Whatever can go on without being waited for has done so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
