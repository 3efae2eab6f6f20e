import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../../src/ecosystems/all.ts';
import type { PackageName } from '../../../src/model/artifact.ts';
import { decide } from '../../../src/policy/decide.ts';
import { parsePolicy } from '../../../src/policy/load.ts';
import { type FakeRegistry, startRegistry } from '../../harness/registry.ts';
import { type Subject, startSubject } from './subject.ts';

// A hundred thousand rules are taken into use by a server that goes on answering. Held to the CPU time of the main
// thread between two beats; what the clock says is printed, because others use this machine.

const RULES = 100_000;

/** Milliseconds of CPU in one turn of the event loop: a map that grows, and a collection of garbage. */
const BUSY = 40;

/** Microseconds. */
const DECISION = 50;

function rules(count: number): string {
  const lines = Array.from({ length: count }, (_, i) =>
    i % 10 === 0
      ? `  - npm: "family-${i}-*"\n`
      : `  - npm: package-${i}\n    versions: ">=${i % 9}.1 <${(i % 9) + 3}"\n`,
  );
  return `profile: default\nallow:\n  - npm: left-pad\n${lines.join('')}`;
}

let registry: FakeRegistry;
let subject: Subject;
beforeAll(async () => {
  registry = await startRegistry();
  registry.addNpm('left-pad', { '1.3.0': {} });
  subject = await startSubject({
    policy: { 'default.yaml': 'profile: default\nallow:\n  - npm: left-pad\n' },
    upstream: { npm: registry.npmBase, pypi: registry.pypiBase },
  });
});
afterAll(async () => {
  await subject.remove();
  await registry.close();
});

/** Asks for pages and for an artifact until it is told to stop. The policy that comes makes every page anew. */
function asking() {
  const seen = { answered: 0, failed: 0, slowestPage: 0, slowestFile: 0 };
  let done = false;
  const timed = async (path: string, which: 'slowestPage' | 'slowestFile') => {
    const began = performance.now();
    const answer = await fetch(`${subject.url}/npm/${path}`);
    await answer.arrayBuffer();
    if (answer.status === 200) seen.answered += 1;
    else seen.failed += 1;
    seen[which] = Math.max(seen[which], performance.now() - began);
  };
  const ended = (async () => {
    while (!done) {
      await timed('left-pad', 'slowestPage');
      await timed('left-pad/-/left-pad-1.3.0.tgz', 'slowestFile');
      await sleep(10);
    }
  })();
  return {
    async stop() {
      done = true;
      await ended;
      return seen;
    },
  };
}

test('100,000 rules are taken into use while requests are answered, and the event loop is never held up', async () => {
  await (await fetch(`${subject.url}/npm/left-pad`)).arrayBuffer();
  await writeFile(join(subject.allowlistsDir, 'default.yaml'), rules(RULES));
  await subject.resetPeak();
  await subject.beats();
  const load = asking();
  const began = performance.now();
  subject.process.kill('SIGHUP');
  let outcome: unknown;
  while (outcome === undefined && performance.now() - began < 120_000) {
    await sleep(250);
    outcome = (await subject.ledger('--type', 'policy')).at(-1)?.entry['outcome'];
  }
  const took = performance.now() - began;
  const seen = await load.stop();
  const beats = await subject.beats();
  // What the thread had is given back some seconds after its end.
  await sleep(12_000);
  const memory = await subject.memory();
  console.log(
    `${RULES} rules in ${(took / 1000).toFixed(1)} s; event loop: busy ${beats.busy.toFixed(1)} ms, late ${beats.pause.toFixed(1)} ms; ` +
      `${seen.answered} answered, slowest: page ${seen.slowestPage.toFixed(0)} ms, ` +
      `artifact ${seen.slowestFile.toFixed(0)} ms; memory ${memory.now.toFixed(0)} MiB, at most ${memory.peak.toFixed(0)} MiB`,
  );
  expect(outcome).toBe('loaded');
  expect([seen.failed, seen.answered > 20]).toEqual([0, true]);
  expect(beats.busy).toBeLessThan(BUSY);
});

test('a decision costs microseconds, however many rules there are', () => {
  const schemes = ECOSYSTEMS.map((one) => one.versions);
  for (const count of [10, 1_000, RULES]) {
    const began = performance.now();
    const policy = parsePolicy([{ path: 'a.yaml', text: rules(count) }], schemes);
    const loaded = performance.now() - began;
    const names = Array.from(
      { length: 20_000 },
      (_, i) => `package-${(i * 7919) % (count + 10)}` as PackageName,
    );
    const start = process.threadCpuUsage();
    for (const name of names) decide(policy, 'default', { stage: 'name', ecosystem: 'npm', name, now: 0 });
    const { user, system } = process.threadCpuUsage(start);
    const each = (user + system) / names.length;
    console.log(
      `${count} rules: loaded in ${loaded.toFixed(0)} ms, a decision by name ${each.toFixed(2)} µs`,
    );
    expect(each).toBeLessThan(DECISION);
  }
});
