import { expect, onTestFinished, test } from 'vitest';
import { questionOf } from '../../src/admission/replay.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { decide } from '../../src/policy/decide.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { DAY, START, startHouse, tarballPath } from './harness.ts';

const policyOf = (level: string) => `profile: default
requirements:
  npm: { age: 0, changes: ${level}, install-scripts: allow }
allow:
  - { npm: demo }
  - { npm: known, requirements: { age: 7d } }
  - { npm: young, requirements: { age: 7d } }
  - { npm: gone, requirements: { age: 7d } }
`;

async function houseOf(level: string) {
  const house = await startHouse({ policy: policyOf(level) });
  onTestFinished(() => house.remove());
  const day = (ago: number) => new Date(START - ago * DAY).toISOString();
  const needs = (...names: string[]) => ({
    manifest: { dependencies: Object.fromEntries(names.map((name) => [name, '^1.0.0'])) },
  });
  house.registry.addNpm('known', { '1.0.0': { time: day(90) } });
  house.registry.addNpm('young', { '1.0.0': { time: day(1) } });
  house.registry.addNpm('demo', {
    '1.0.0': needs('stranger'),
    '1.0.1': needs('stranger', 'known'),
    '1.0.2': needs('stranger', 'young'),
    '1.0.3': needs('stranger', 'other'),
    '1.0.4': needs('stranger', 'gone'),
    '1.0.5': { manifest: { dependencies: { stranger: '1', alias: 'npm:other@1' } } },
    '1.0.6': { manifest: { dependencies: { stranger: '1' }, scripts: { postinstall: 'run' } } },
    '1.0.7': needs('known'),
  });
  const ask = async (version: string) => {
    const { status } = await house.ask(tarballPath('demo', version));
    const [entry] = await house.entries({ type: 'decision', reverse: true, limit: 1 });
    return { status, entry };
  };
  return { house, ask };
}

test('a new dependency that is no stranger and old enough passes; others, and new code, are refused, and replayed so', async () => {
  const { house, ask } = await houseOf('deny');
  // Nothing was admitted before: there is nothing to compare with.
  expect((await ask('1.0.0')).status).toBe(200);
  const policy = parsePolicy(
    [{ path: 'default.yaml', text: policyOf('deny') }],
    ECOSYSTEMS.map((one) => one.versions),
  );
  for (const [version, code, about] of [
    ['1.0.2', 'NEW_DEPENDENCY', ['young']],
    ['1.0.3', 'NEW_DEPENDENCY', ['other']],
    ['1.0.4', 'NEW_DEPENDENCY', ['gone']],
    // An alias of a stranger is refused for itself, before its bytes are asked for.
    ['1.0.5', 'ALIAS_NOT_ADMITTED', ['other']],
    ['1.0.6', 'NEW_INSTALL_SCRIPT', ['1.0.0']],
  ] as const) {
    const { status, entry } = await ask(version);
    expect([version, status]).toEqual([version, 403]);
    expect(entry?.['reasons'], version).toMatchObject([{ code, about }]);
    expect(entry).toMatchObject({ facts: { before: { version: '1.0.0', kinds: ['npm-tarball'] } } });
    const again = questionOf(
      entry,
      ECOSYSTEMS.map((one) => one.versions),
    );
    if (!again.question) throw new Error(again.why);
    expect(decide(policy, 'default', again.question).reasons, version).toMatchObject([{ code, about }]);
  }
  const passed = await ask('1.0.1');
  expect(passed.status).toBe(200);
  expect(passed.entry).toMatchObject({
    facts: { newDependencies: [{ name: 'known', born: START - 90 * DAY }] },
  });
  // Strangers are asked of nobody.
  expect(house.takeAsked().filter((path) => /other|stranger/.test(path))).toEqual([]);
  // What that version has is new to nobody any more, and what it lost is no matter.
  expect((await ask('1.0.7')).status).toBe(200);
});

test('a newcomer is admitted once it is old enough', async () => {
  const { house, ask } = await houseOf('deny');
  expect((await ask('1.0.0')).status).toBe(200);
  expect((await ask('1.0.2')).status).toBe(403);
  house.clock.advance(7 * DAY);
  expect((await ask('1.0.2')).status).toBe(200);
});

test('warn serves, and says so; off says nothing', async () => {
  const warned = await houseOf('warn');
  await warned.ask('1.0.0');
  const { status, entry } = await warned.ask('1.0.3');
  expect([status, entry?.['warnings']]).toMatchObject([200, [{ code: 'NEW_DEPENDENCY', about: ['other'] }]]);
  const off = await houseOf('off');
  await off.ask('1.0.0');
  const silent = await off.ask('1.0.3');
  expect(silent.status).toBe(200);
  expect(silent.entry).not.toHaveProperty('warnings');
});
