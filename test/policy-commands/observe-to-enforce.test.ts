import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { policyDiff } from '../../src/policy-commands/diff.ts';
import { policyPropose } from '../../src/policy-commands/propose.ts';
import { DAY, START, startHouse, tarballPath } from '../admission/harness.ts';
import { terminal } from './place.ts';

// A team's way: what agents install is observed, proposed, reviewed, and from then on admitted in enforce; the rest is not.

const UNTIL = new Date(START + 30 * DAY).toISOString().slice(0, 10);
const policyOf = (mode: string) =>
  `profile: default\n${mode}\nrequirements: { npm: { age: 7d, install-scripts: deny }, pypi: { age: 7d } }\nallow:\n  - npm: listed\n`;

test('observed, proposed, and then admitted in enforce, with real requests before and after', async () => {
  const house = await startHouse({ policy: policyOf(`mode: observe\nuntil: ${UNTIL}`) });
  try {
    const { registry, clock } = house;
    const young = new Date(START - DAY).toISOString();
    registry.addNpm('listed', { '1.0.0': {} });
    registry.addNpm('stranger', { '1.0.0': {}, '1.1.0': {} });
    registry.addNpm('@acme/young', { '1.0.0': { time: young } });
    registry.addNpm('native', {
      '1.0.0': {
        manifest: { scripts: { install: 'x' } },
        packageJson: { name: 'native', version: '1.0.0', scripts: { install: 'x' } },
      },
    });
    registry.addPypi('snake', [{ filename: 'snake-1.0-py3-none-any.whl' }, { filename: 'snake-1.0.tar.gz' }]);
    const wheel = '/pypi/files/snake/snake-1.0-py3-none-any.whl';
    const used = [
      tarballPath('listed', '1.0.0'),
      tarballPath('stranger', '1.0.0'),
      '/npm/@acme/young/-/young-1.0.0.tgz',
      tarballPath('native', '1.0.0'),
      wheel,
    ];
    for (const path of used) expect((await house.ask(path)).status, path).toBe(200);

    const allowlists = join(house.root, 'allowlists');
    const config = loadConfig({ SALLYPORT_DATA: join(house.root, 'data'), SALLYPORT_ALLOWLISTS: allowlists });
    const before = join(house.root, 'before');
    await cp(allowlists, before, { recursive: true });
    const enforced = policyOf('mode: enforce');

    // What would become of it without a proposal: four of five.
    const bare = join(house.root, 'bare');
    await cp(allowlists, bare, { recursive: true });
    await writeFile(join(bare, 'default.yaml'), enforced);
    const first = terminal();
    expect(await policyDiff(config, before, bare, clock.now() + 1, { since: '1d' }, first)).toBe(1);
    expect(first.printed).toContain("of the last day's 5 installs, 4 would now be refused:");

    const out = terminal();
    const options = { profile: 'default', since: '1d', as: 'rules', out: 'observed.yaml' };
    expect(await policyPropose(config, clock.now() + 1, options, out)).toBe(0);
    expect(out.said).toEqual([
      'sallyport: 4 rules and 1 pins would admit 4 of 4 files that the policy lacks',
    ]);
    const proposal = await readFile(join(allowlists, 'observed.yaml'), 'utf8');

    const after = { 'default.yaml': enforced, 'observed.yaml': proposal };
    expect(await house.setPolicy(after)).toBe(true);
    const second = terminal();
    expect(await policyDiff(config, before, allowlists, clock.now() + 1, { since: '1d' }, second)).toBe(0);
    expect(second.printed).toContain("of the last day's 5 installs, 0 would now be refused");

    for (const path of used) expect((await house.ask(path)).status, path).toBe(200);
    for (const path of [tarballPath('stranger', '1.1.0'), '/pypi/files/snake/snake-1.0.tar.gz'])
      expect((await house.ask(path)).status, path).toBe(403);
  } finally {
    await house.remove();
  }
}, 60_000);
