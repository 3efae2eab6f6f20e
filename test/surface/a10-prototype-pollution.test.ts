import { describe, expect, test } from 'vitest';
import { PolicyError } from '../../src/policy/policy.ts';
import { allowing, startHouse, tarballPath } from '../admission/harness.ts';
import { makeTarball } from '../verify/archives.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf'];

/** JSON with members that no `JSON.stringify` of an object writes. */
const POISON =
  '"__proto__":{"polluted":"yes","integrity":"sha512-AAAA"},"constructor":{"prototype":{"polluted":"yes"}}';

describe(heading('A10'), () => {
  const house = server(
    { policy: allowing(['poison', 'plain', ...NAMES.slice(1)], ['poison']) },
    ({ registry }) => {
      registry.addNpm('plain', { '1.0.0': {} });
    },
  );
  const clean = () => {
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(([] as unknown as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  };

  test.each(NAMES)('a request for %s is a question about a package of that name', async (name) => {
    for (const path of [`/npm/${name}`, `/npm/${name}/latest`, tarballPath(name, '1.0.0')]) {
      const answer = await house().ask(path);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }
    // Python names have one case and no underscores at their ends; what is refused is a page that says so.
    const page = await house().ask(`/pypi/simple/${name.toLowerCase()}/`);
    if (page.status === 200) expect(page.text).toContain('refused.not.on.the.allowlist');
    else expect(page.status).toBe(400);
    clean();
  });

  test('an index whose versions, tags and times have such names', async () => {
    const { registry } = house();
    registry.addNpm('poison', { '1.0.0': {} });
    const dist = `"dist":{"tarball":"${registry.tarballUrl('poison', '1.0.0')}","integrity":"sha512-${'A'.repeat(86)}==",${POISON}}`;
    const version = `{"name":"poison","version":"1.0.0",${dist},"dependencies":{${POISON.replaceAll(/\{[^{}]*\{[^}]*\}\}|\{[^}]*\}/g, '"1"')}},${POISON}}`;
    const body = `{"name":"poison",${POISON},"dist-tags":{"latest":"1.0.0","__proto__":"1.0.0","constructor":"1.0.0"},"versions":{"1.0.0":${version},${POISON}},"time":{"1.0.0":"2020-01-01T00:00:00Z","__proto__":"2020-01-01T00:00:00Z"}}`;
    JSON.parse(body);
    registry.withFault(/poison$/, { kind: 'body', body, contentType: 'application/json' });
    for (const accept of ['application/json', 'application/vnd.npm.install-v1+json']) {
      const answer = await house().ask('/npm/poison', { headers: { accept } });
      expect(answer.text).not.toMatch(/polluted|"__proto__":\{/);
      for (const version of Object.keys(answer.json.versions ?? {})) expect(version).toBe('1.0.0');
    }
    clean();
    // Nothing that a digest was inherited from counts: the bytes are not those that are declared.
    expect((await house().ask(tarballPath('poison', '1.0.0'))).status).toBeGreaterThanOrEqual(400);
    expect((await house().ask('/npm/plain')).status).toBe(200);
  });

  test('a Python index with such members', async () => {
    const filename = 'poison-1.0-py3-none-any.whl';
    house().registry.addPypi('poison', [{ filename }]);
    const file = `{"filename":"${filename}","url":"${house().registry.fileUrl(filename)}","hashes":{"__proto__":"x","constructor":"y"},${POISON}}`;
    const body = `{"meta":{"api-version":"1.1"},"name":"poison","files":[${file}],${POISON}}`;
    JSON.parse(body);
    const undo = house().registry.withFault(/simple\/poison/, {
      kind: 'body',
      body,
      contentType: 'application/vnd.pypi.simple.v1+json',
    });
    const page = await house().ask('/pypi/simple/poison/');
    expect(page.text).not.toContain('polluted');
    expect((await house().ask(`/pypi/files/poison/${filename}`)).status).toBeGreaterThanOrEqual(400);
    undo();
    clean();
  });

  test('a package.json in an archive with such members', async () => {
    const text = `{"name":"plain","version":"1.1.0",${POISON},"scripts":{"__proto__":{"postinstall":"node evil.js"}}}`;
    house().registry.addNpm('plain', { '1.1.0': { tarball: makeTarball({ 'package/package.json': text }) } });
    house().clock.advance(3_600_000);
    await house().ask(tarballPath('plain', '1.1.0'));
    clean();
    expect((await house().ask(tarballPath('plain', '1.0.0'))).status).toBe(200);
  });

  test('an audit with such members', async () => {
    const answer = await house().ask('/npm/-/npm/v1/security/advisories/bulk', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"__proto__":["1.0.0"],"constructor":["1.0.0"],"plain":["1.0.0"]}`,
    });
    expect([200, 503]).toContain(answer.status);
    const sent = house().registry.requests.filter(({ method }) => method === 'POST');
    for (const { body } of sent) expect(body.toString()).not.toMatch(/__proto__/);
    clean();
  });

  test.each([
    'profile: default\nallow: []\n__proto__: { mode: observe }\n',
    'profile: default\nallow: []\nconstructor: { mode: observe }\n',
    'profile: default\nallow:\n  - { npm: a, __proto__: { requirements: { age: 0 } } }\n',
    'profile: default\nrequirements: { npm: { __proto__: { age: 0 } } }\nallow: []\n',
    'profile: default\nallow: &a\n  - npm: x\n<<: { mode: observe }\n',
  ])('a policy with such a key is none: %#', async (policy) => {
    await expect(startHouse({ policy }).then((started) => started.remove())).rejects.toThrow(PolicyError);
    clean();
  });
});
