import { rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allowing, startHouse, tarballPath } from '../admission/harness.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

const GOOD = allowing(['left-pad', 'is-odd']);
const DENIES = `${allowing(['left-pad', 'is-odd'])}deny:\n  - { npm: is-odd, reason: malicious }\n`;

describe(heading('A21'), () => {
  const house = server({ policy: GOOD }, ({ registry }) => {
    registry.addNpm('left-pad', { '1.3.0': {} });
    registry.addNpm('is-odd', { '1.0.0': {} });
  });
  const file = () => join(house().root, 'allowlists', 'default.yaml');
  const serves = async (name: string, version: string) =>
    (await house().ask(tarballPath(name, version))).status;

  const BROKEN: [string, () => Promise<unknown>][] = [
    ['half written', () => writeFile(file(), DENIES.slice(0, -20))],
    ['empty', () => writeFile(file(), '')],
    ['cut in the middle of a rule', () => writeFile(file(), 'profile: default\nallow:\n  - npm:')],
    ['no YAML', () => writeFile(file(), '\0\0\0\0')],
    ['with an unknown key', () => writeFile(file(), `${GOOD}extra: true\n`)],
    [
      'with a requirement that there is none of',
      () => writeFile(file(), `${GOOD}requirements: { npm: { ages: 1d } }\n`),
    ],
    ['gone', () => rm(file())],
    [
      'a link to nowhere',
      async () => {
        await rm(file(), { force: true });
        await symlink('/nowhere/at/all', file());
      },
    ],
    [
      'a bomb of aliases',
      () =>
        writeFile(file(), `a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nprofile: default\nallow: [*c,*c]\n`),
    ],
  ];
  test.each(BROKEN)('a policy that is %s: the one before stays, aloud', async (_, harm) => {
    const { digest } = house().house.policy();
    house().takeAlarms();
    await harm();
    expect(await house().house.reload()).toBe(false);
    expect(house().house.policy().digest).toBe(digest);
    expect(await serves('left-pad', '1.3.0')).toBe(200);
    expect((await house().ask('/npm/not-listed')).status).toBe(403);
    expect(house().takeAlarms().length).toBeGreaterThan(0);
    expect((await house().ask('/readyz')).json.notes.join()).toMatch(/policy/);
    const entries = await house().entries();
    expect(entries.filter((e) => e['type'] === 'policy')).toMatchObject([{ outcome: 'rejected' }]);
    await rm(file(), { force: true });
    await writeFile(file(), GOOD);
    await house().house.reload();
    await house().entries();
  });

  test('a folder that is swapped while requests are decided: each is decided under one policy, whole', async () => {
    await writeFile(`${file()}.next`, DENIES);
    const asking = Array.from({ length: 30 }, async (_, i) => {
      if (i === 10) {
        await rename(`${file()}.next`, file());
        await house().house.reload();
      }
      return house().ask(tarballPath('is-odd', '1.0.0'));
    });
    const answers = await Promise.all(asking);
    for (const answer of answers) expect([200, 403]).toContain(answer.status);
    expect(answers.at(-1)).toBeDefined();
    expect(await serves('is-odd', '1.0.0')).toBe(403);
    const decisions = (await house().entries()).filter((entry) => entry['type'] === 'decision');
    const verdicts = new Map<string, Set<string>>();
    for (const { policy, verdict } of decisions) {
      const of = verdicts.get(policy as string) ?? new Set();
      verdicts.set(policy as string, of.add(verdict as string));
    }
    for (const of of verdicts.values()) expect(of.size).toBe(1);
    // Nothing was allowed after the entry that says the stricter policy is in force.
    const all = await house().entries({});
    const loaded = all.findLast((entry) => entry['type'] === 'policy')?.seq ?? 0;
    const late = all.filter((e) => e.seq > loaded && e['type'] === 'decision' && e['name'] === 'is-odd');
    expect(late.map((e) => e['verdict'])).not.toContain('allow');
  });

  test.each([
    ['no file', {}],
    ['an empty one', { 'default.yaml': '' }],
    ['one that is broken', { 'default.yaml': 'profile: default\nallow: [' }],
    [
      'two that contradict each other',
      { 'a.yaml': GOOD, 'b.yaml': `profile: default\nmode: frozen\nallow: []\nmode: observe\n` },
    ],
  ])('with %s there is no start', async (_, policy) => {
    await expect(startHouse({ policy }).then((started) => started.remove())).rejects.toThrow();
  });
});
