import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { questionOf } from '../../src/admission/replay.ts';
import { check } from '../../src/check.ts';
import { loadConfig } from '../../src/config.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { decide } from '../../src/policy/decide.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { policyExplain } from '../../src/policy-commands/explain.ts';
import { terminal } from '../policy-commands/place.ts';
import { bearer, startHouse, type TestHouse, tokensOf } from './harness.ts';

const POLICY = `profile: default
requirements:
  pypi: { age: 0 }
allow:
  - { pypi: pyyaml }
  - { pypi: yaml-tools }
  - { pypi: allowed, requirements: { foreign-places: allow } }
  - { pypi: "free-*" }
`;

const filename = (project: string, version = '1.0') =>
  `${project.replaceAll('-', '_')}-${version}-py3-none-any.whl`;
const JSON_PAGE = { accept: 'application/vnd.pypi.simple.v1+json' };
const pathOf = (project: string, version = '1.0') => `/pypi/files/${project}/${filename(project, version)}`;

/** A house, and wheels of which each has the file `yaml/__init__.py`. */
async function houseOf(
  policy: string | Readonly<Record<string, string>> = POLICY,
  more = {},
): Promise<TestHouse> {
  const house = await startHouse({ policy, ...more });
  onTestFinished(() => house.remove());
  const wheel = (project: string, version = '1.0') => ({
    filename: filename(project, version),
    files: { 'yaml/__init__.py': `owner = '${project} ${version}'\n` },
  });
  for (const project of ['pyyaml', 'yaml-tools', 'allowed', 'free-a', 'free-b', 'stranger'])
    house.registry.addPypi(project, [wheel(project), wheel(project, '2.0')]);
  return house;
}

async function ask(house: TestHouse, project: string, version = '1.0', headers = {}) {
  const { status, text } = await house.ask(pathOf(project, version), { headers });
  const [entry] = await house.entries({ type: 'decision', package: project, reverse: true, limit: 1 });
  return { status, text, entry };
}

const policy = () =>
  parsePolicy(
    [{ path: 'default.yaml', text: POLICY }],
    ECOSYSTEMS.map(({ versions }) => versions),
  );

test('a wheel that lands on what another one was admitted with is refused, told whose it is, and decided so again', async () => {
  const house = await houseOf();
  expect((await ask(house, 'pyyaml')).status).toBe(200);
  const { status, text, entry } = await ask(house, 'yaml-tools');
  expect(status).toBe(403);
  expect(text).toContain('(FOREIGN_PLACE): those of pyyaml, unless its rule says foreign-places: allow');
  expect(entry).toMatchObject({
    reasons: [{ code: 'FOREIGN_PLACE', about: ['pyyaml'] }],
    facts: { places: ['yaml', 'yaml_tools'], placesTaken: [{ place: 'yaml', by: 'pyyaml' }] },
  });
  const again = questionOf(
    entry,
    ECOSYSTEMS.map(({ versions }) => versions),
  );
  if (!again.question) throw new Error(again.why);
  expect(decide(policy(), 'default', again.question).reasons).toEqual(entry?.['reasons']);
  // From now on its page leaves out what was looked into, and each later version of the first one passes.
  const page = await house.ask('/pypi/simple/yaml-tools/', { headers: JSON_PAGE });
  expect(page.text).toContain(filename('yaml-tools', '2.0'));
  expect(
    page.json.files.find((file: { filename: string }) => file.filename === filename('yaml-tools'))?.yanked,
  ).toMatch(/FOREIGN_PLACE/);
  expect((await ask(house, 'pyyaml', '2.0')).status).toBe(200);
  await house.restart();
  expect((await ask(house, 'pyyaml', '2.0')).status).toBe(200);
  expect((await ask(house, 'yaml-tools', '2.0')).status).toBe(403);
});

test('a requirement of its rule lets it pass, and its own place it has not', async () => {
  const house = await houseOf();
  expect((await ask(house, 'pyyaml')).status).toBe(200);
  const { status, entry } = await ask(house, 'allowed');
  expect(status).toBe(200);
  expect(entry).toMatchObject({ facts: { placesTaken: [{ place: 'yaml', by: 'pyyaml' }] } });
  await house.setPolicy(POLICY.replace(', requirements: { foreign-places: allow }', ''));
  expect((await ask(house, 'allowed', '2.0')).status).toBe(403);
  expect((await ask(house, 'pyyaml', '2.0')).status).toBe(200);
});

test('a stranger that came first keeps other strangers out, and nothing that was reviewed', async () => {
  const house = await houseOf();
  expect((await ask(house, 'free-a')).status).toBe(200);
  expect((await ask(house, 'free-b')).entry).toMatchObject({
    verdict: 'refuse',
    reasons: [{ code: 'FOREIGN_PLACE', about: ['free-a'] }],
  });
  expect((await ask(house, 'pyyaml')).status).toBe(200);
  expect((await ask(house, 'pyyaml', '2.0')).status).toBe(200);
  // The reviewed one is first among the reviewed.
  expect((await ask(house, 'yaml-tools')).entry).toMatchObject({
    reasons: [{ code: 'FOREIGN_PLACE', about: ['pyyaml'] }],
  });
  // What is admitted already stays so: whoever names it exactly in a policy decides anew.
  expect((await ask(house, 'free-a', '2.0')).status).toBe(200);
});

test('of two that come at once one is served', async () => {
  const house = await houseOf();
  const both = await Promise.all(
    ['pyyaml', 'yaml-tools'].flatMap((project) =>
      [1, 2, 3].map(async () => [project, (await house.ask(pathOf(project))).status]),
    ),
  );
  const served = new Set(both.filter(([, status]) => status === 200).map(([project]) => project));
  const refused = new Set(both.filter(([, status]) => status === 403).map(([project]) => project));
  expect([served.size, refused.size, both.length]).toEqual([1, 1, 6]);
  expect([...served][0]).not.toBe([...refused][0]);
  const entries = await house.entries({ type: 'decision' });
  const allowed = entries.filter(({ verdict, route }) => verdict === 'allow' && route === 'artifact');
  expect(new Set(allowed.map(({ name }) => name)).size).toBe(1);
});

const PROFILES = {
  'default.yaml': POLICY,
  'other.yaml': POLICY.replace('profile: default', 'profile: other'),
  'watching.yaml': POLICY.replace('profile: default', 'profile: watching\nmode: observe\nuntil: 2027-01-01'),
};
const AUTH = tokensOf({ dev: 'default', ann: 'other', eve: 'watching' });

test('each profile has places of its own, and its pages are made anew when one of them is taken', async () => {
  const house = await houseOf(PROFILES, { auth: AUTH });
  const page = async (agent: string) =>
    (await house.ask('/pypi/simple/yaml-tools/', { headers: { ...JSON_PAGE, ...bearer(agent) } })).text;
  expect((await ask(house, 'yaml-tools', '1.0', bearer('ann'))).status).toBe(200);
  expect(await page('dev')).not.toContain('FOREIGN_PLACE');
  expect((await ask(house, 'pyyaml', '1.0', bearer('dev'))).status).toBe(200);
  // Its bytes were looked into for the other profile.
  expect(await page('dev')).toContain('FOREIGN_PLACE');
  expect(await page('ann')).not.toContain('FOREIGN_PLACE');
  expect((await ask(house, 'yaml-tools', '1.0', bearer('dev'))).status).toBe(403);
  expect((await ask(house, 'pyyaml', '1.0', bearer('ann'))).status).toBe(403);
});

test('what is refused takes nothing, and neither does what is only observed', async () => {
  const house = await houseOf(PROFILES, { auth: AUTH });
  for (const project of ['pyyaml', 'yaml-tools', 'stranger'])
    expect((await ask(house, project, '1.0', bearer('eve'))).status).toBe(200);
  const [last] = await house.entries({ type: 'decision', package: 'yaml-tools', reverse: true, limit: 1 });
  expect(last).toMatchObject({ observed: [{ code: 'FOREIGN_PLACE' }], verdict: 'allow' });
  // That was observed, and so it took nothing from the first one.
  expect((await ask(house, 'pyyaml', '2.0', bearer('eve'))).entry).not.toHaveProperty('observed');
  await house.setPolicy({ ...PROFILES, 'default.yaml': `${POLICY}deny:\n  - { pypi: pyyaml }\n` });
  expect((await ask(house, 'pyyaml', '1.0', bearer('dev'))).status).toBe(403);
  expect((await ask(house, 'yaml-tools', '1.0', bearer('dev'))).status).toBe(200);
});

test('`check` and `policy explain` know it before it is asked for again', async () => {
  const house = await houseOf();
  for (const project of ['pyyaml', 'yaml-tools']) await ask(house, project);
  const env = {
    SALLYPORT_DATA: join(house.root, 'data'),
    SALLYPORT_ALLOWLISTS: join(house.root, 'allowlists'),
    SALLYPORT_NPM_UPSTREAM: house.registry.npmBase,
    SALLYPORT_PYPI_UPSTREAM: house.registry.pypiBase,
    SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
  };
  const options = { ecosystem: 'pypi', profile: 'default' } as const;
  const printed: string[] = [];
  const names = ['yaml-tools@1.0', 'yaml-tools@2.0', 'pyyaml@1.0'];
  await check(
    loadConfig(env),
    env,
    '0',
    names,
    { ...options, json: true },
    (line) => printed.push(line),
    () => {},
  );
  // Of what was not looked into nobody knows where it lands.
  expect(printed.map((line) => JSON.parse(line).verdict)).toEqual(['refuse', 'allow', 'allow']);
  expect(printed[0]).toContain('those of pyyaml, unless');
  const out = terminal();
  await policyExplain(loadConfig(env), 'yaml-tools==1.0', house.clock.now(), options, out);
  expect(out.printed.join('\n')).toContain('FOREIGN_PLACE');
});
