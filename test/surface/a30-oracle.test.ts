import { describe, expect, test } from 'vitest';
import { allowing, bearer, tokensOf } from '../admission/harness.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

// Three names of one length: nobody has the first, the second is internal, the third is there and not listed.
const UNKNOWN = 'no-such-thing';
const INTERNAL = 'acme-internal';
const UNLISTED = 'left-pad-else';

describe(heading('A30'), () => {
  const house = server(
    {
      policy: `${allowing(['listed'])}internal: ["acme-*", "@acme/*"]\n`,
      auth: tokensOf({ ann: 'default' }),
    },
    ({ registry }) => {
      registry.addNpm(UNLISTED, { '1.0.0': {} });
      registry.addPypi(UNLISTED, [{ filename: 'left_pad_else-1.0-py3-none-any.whl' }]);
      // Whoever asked the upstream would be known by it.
      registry.withFault(/./, { kind: 'delay', ms: 1000 });
    },
  );

  const ROUTES: [string, (name: string) => string][] = [
    ['the packument', (name) => `/npm/${name}`],
    ['one version', (name) => `/npm/${name}/1.0.0`],
    ['a tag', (name) => `/npm/${name}/latest`],
    ['the tarball', (name) => `/npm/${name}/-/${name}-1.0.0.tgz`],
    ['the dist-tags', (name) => `/npm/-/package/${name}/dist-tags`],
    ['the attestations', (name) => `/npm/-/npm/v1/attestations/${name}@1.0.0`],
    ['the simple page', (name) => `/pypi/simple/${name}/`],
    ['a wheel', (name) => `/pypi/files/${name}/${name.replaceAll('-', '_')}-1.0-py3-none-any.whl`],
    [
      'its metadata',
      (name) => `/pypi/files/${name}/${name.replaceAll('-', '_')}-1.0-py3-none-any.whl.metadata`,
    ],
  ];

  /** An answer without what differs by design: the name itself, the entry, the date. */
  async function shape(path: string, name: string, accept = '*/*') {
    const { status, phrase, headers, text } = await house().ask(path, {
      headers: { ...bearer('ann'), accept },
    });
    const { date: _, 'x-sallyport-entry': __, etag: ___, ...rest } = headers;
    const plain = (said: string) =>
      said
        .replaceAll(name, 'NAME')
        .replaceAll(name.replaceAll('-', '_'), 'NAME')
        .replaceAll(/[0-9a-f]{64}/g, 'LEAF');
    return plain(JSON.stringify([status, phrase, rest, text]));
  }

  test.each(ROUTES)('%s: one answer for all three, and nobody is asked', async (_, path) => {
    for (const accept of ['*/*', 'application/json', 'application/vnd.npm.install-v1+json']) {
      const shapes = [];
      for (const name of [UNKNOWN, INTERNAL, UNLISTED]) shapes.push(await shape(path(name), name, accept));
      expect(shapes[1]).toBe(shapes[0]);
      expect(shapes[2]).toBe(shapes[0]);
      expect(shapes[0]).toMatch(/NOT_ALLOWLISTED|refused\.not\.on\.the\.allowlist|\[4\d\d,/);
    }
    expect(house().takeAsked()).toEqual([]);
  });

  test('what explains a refusal is one answer, too', async () => {
    const told: string[] = [];
    for (const name of [UNKNOWN, INTERNAL, UNLISTED]) {
      const refused = await house().ask(`/npm/${name}`, { headers: bearer('ann') });
      const why = await house().ask(new URL(refused.json.why).pathname, { headers: bearer('ann') });
      const own = /[0-9a-f]{8}-[0-9a-f-]{27}|"(?:seq|leaf)":(?:\d+|"[0-9a-f]{64}")/g;
      told.push(why.text.replaceAll(name, 'NAME').replace(own, ''));
    }
    expect(told[1]).toBe(told[0]);
    expect(told[2]).toBe(told[0]);
  });

  test('search, audit and the list of names know of none of them', async () => {
    const bulk = '/npm/-/npm/v1/security/advisories/bulk';
    const body = JSON.stringify({ [UNKNOWN]: ['1.0.0'], [INTERNAL]: ['1.0.0'], [UNLISTED]: ['1.0.0'] });
    const headers = { ...bearer('ann'), 'content-type': 'application/json' };
    const answers = [
      await house().ask('/npm/-/v1/search?text=acme', { headers: bearer('ann') }),
      await house().ask('/pypi/simple/', { headers: bearer('ann') }),
      await house().ask(bulk, { method: 'POST', headers, body }),
    ];
    for (const { text } of answers) for (const name of [INTERNAL, UNLISTED]) expect(text).not.toContain(name);
    for (const sent of house().registry.requests)
      for (const name of [UNKNOWN, INTERNAL, UNLISTED])
        expect(String(sent.body) + sent.path).not.toContain(name);
  });

  test('time tells nothing: the three are worked on alike', async () => {
    const times: Record<string, number[]> = { [UNKNOWN]: [], [INTERNAL]: [], [UNLISTED]: [] };
    for (let i = 0; i < 60; i++)
      for (const [name, list] of Object.entries(times)) {
        const from = performance.now();
        await house().ask(`/npm/${name}`, { headers: bearer('ann') });
        list.push(performance.now() - from);
      }
    const medians = Object.values(times).map((list) => list.sort((a, b) => a - b)[30] ?? 0);
    // A look at the upstream would be a second; noise of a shared machine is some milliseconds.
    expect(Math.max(...medians) - Math.min(...medians)).toBeLessThan(100);
  });
});
