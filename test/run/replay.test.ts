import { expect, onTestFinished, test } from 'vitest';
import { DAY, startHouse, type TestHouse, tarballPath } from '../admission/harness.ts';
import { linesOf, sallyport } from '../harness/sallyport.ts';

/** Replays every decision of a house, while it runs. */
async function replayAll(h: TestHouse) {
  const env = { SALLYPORT_DATA: `${h.root}/data` };
  const replayed = [];
  for (const entry of await h.entries({ type: 'decision', limit: 10_000 })) {
    const ran = await sallyport(env, 'replay', String(entry.seq), '--json');
    const [line] = linesOf(ran);
    expect(ran.code).toBe(line.outcome === 'same' ? 0 : 1);
    replayed.push({ entry, line });
  }
  return replayed;
}

const POLICY = `profile: default
requirements:
  npm: { age: 7d, install-scripts: deny, licence: { allow: [MIT, ISC], otherwise: warn } }
  pypi: { sdist: deny, startup-hooks: deny, age: 0 }
allow:
  - npm: plain
  - npm: scripted
  - npm: young
  - npm: bundling
  - npm: ranged
    versions: ">=2"
  - npm: licensed
    requirements: { licence: { allow: [MIT] } }
  - npm: warned
  - npm: wrong
  - npm: "pre-*"
  - npm: fault
  - pypi: wheeled
deny:
  - { npm: denied, reason: bad }
internal: [ "@acme/*" ]
`;

test('every decision of many kinds comes out the same, or says why it is not decided again', async () => {
  const h = await startHouse({ policy: POLICY });
  onTestFinished(() => h.remove());
  const { registry } = h;
  const MIT = { license: 'MIT' };
  registry.addNpm('plain', { '1.0.0': { manifest: MIT } });
  registry.addNpm('scripted', { '1.0.0': { manifest: { ...MIT, scripts: { install: 'x' } } } });
  registry.addNpm('young', { '1.0.0': { manifest: MIT, time: new Date(h.clock.now() - DAY).toISOString() } });
  registry.addNpm('bundling', {
    '1.0.0': { manifest: MIT, files: { 'node_modules/in/package.json': '{"name":"in","version":"1.0.0"}' } },
  });
  registry.addNpm('ranged', { '1.0.0': { manifest: MIT }, '2.0.0': { manifest: MIT } });
  registry.addNpm('licensed', { '1.0.0': { manifest: { license: 'GPL-3.0-only' } }, '2.0.0': {} });
  registry.addNpm('warned', { '1.0.0': { manifest: { license: 'BSD-3-Clause' } } });
  registry.addNpm('wrong', { '1.0.0': { integrity: 'wrong' } });
  registry.addNpm('denied', { '1.0.0': {} });
  registry.addNpm('pre-a', { '1.0.0': { manifest: MIT } });
  registry.addNpm('fault', { '1.0.0': {} });
  registry.withFault(/fault$/, { kind: 'reset' });
  registry.addPypi('wheeled', [
    { filename: 'wheeled-1.0-py3-none-any.whl', coreMetadata: 'right' },
    { filename: 'wheeled-2.0-py3-none-any.whl', files: { 'a.pth': 'import os' } },
    { filename: 'wheeled-1.0.tar.gz' },
  ]);
  for (const [name, version] of [
    ['plain', '1.0.0'],
    ['plain', '1.0.0'],
    ['plain', '9.9.9'],
    ['scripted', '1.0.0'],
    ['young', '1.0.0'],
    ['bundling', '1.0.0'],
    ['ranged', '1.0.0'],
    ['ranged', '2.0.0'],
    ['licensed', '1.0.0'],
    ['licensed', '2.0.0'],
    ['warned', '1.0.0'],
    ['wrong', '1.0.0'],
    ['denied', '1.0.0'],
    ['pre-a', '1.0.0'],
    ['pre-unknown', '1.0.0'],
    ['fault', '1.0.0'],
    ['unlisted', '1.0.0'],
    ['@acme/inner', '1.0.0'],
  ] as const)
    await h.ask(tarballPath(name, version));
  const page = (await h.ask('/pypi/simple/wheeled/')).text;
  for (const [, href] of page.matchAll(/href="([^"#]+)/g)) {
    const path = new URL(href ?? '', `${h.url}/pypi/simple/wheeled/`).pathname;
    await h.ask(path);
    if (path.endsWith('.whl')) await h.ask(`${path}.metadata`);
  }
  for (const path of ['/npm/young', '/npm/unlisted', '/npm/licensed/1.0.0', '/elsewhere']) await h.ask(path);
  const replayed = await replayAll(h);
  const outcomes = replayed.map(({ entry, line }) => ({
    what: [entry['verdict'], entry['route'], entry['name'], entry['version'], entry['reasons']?.[0]?.code]
      .filter(Boolean)
      .join(' '),
    outcome: line.outcome,
    differences: line.differences,
    undecided: line.undecided,
  }));
  expect(outcomes.filter(({ outcome }) => outcome === 'differs')).toEqual([]);
  const whyNot = outcomes
    .filter(({ outcome }) => outcome === 'undecided')
    .map(({ what, undecided }) => [what, ...undecided]);
  expect(whyNot).toEqual([]);
}, 180_000);
