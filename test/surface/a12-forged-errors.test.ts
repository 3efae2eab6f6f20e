import { describe, expect, test } from 'vitest';
import { allowing, SECOND, tarballPath } from '../admission/harness.ts';
import type { Fault } from '../harness/registry.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

const NAMES = [
  'fresh-404',
  'fresh-502',
  'fresh-html',
  'fresh-reset',
  'fresh-length',
  'fresh-json',
  'known',
  'denied',
];
const TTL = 300 * SECOND;

describe(heading('A12'), () => {
  const house = server({ policy: allowing(NAMES, ['wheel']) }, ({ registry }) => {
    for (const name of NAMES) registry.addNpm(name, { '1.0.0': {} });
    registry.addPypi('wheel', [{ filename: 'wheel-1.0-py3-none-any.whl' }]);
  });

  const FORGED: [string, Fault][] = [
    ['fresh-404', { kind: 'vanish' }],
    ['fresh-502', { kind: 'status', status: 502 }],
    ['fresh-html', { kind: 'status', status: 200 }],
    ['fresh-reset', { kind: 'reset' }],
    ['fresh-length', { kind: 'length', off: 100 }],
    ['fresh-json', { kind: 'body', body: '{"error":"not found"}', contentType: 'application/json' }],
  ];
  test.each(FORGED)('%s: an error about a new name is gone after seconds', async (name, fault) => {
    const undo = house().registry.withFault(new RegExp(`${name}$`), fault);
    expect((await house().ask(`/npm/${name}`)).status).toBeGreaterThanOrEqual(400);
    undo();
    house().clock.advance(10 * SECOND);
    expect((await house().ask(`/npm/${name}`)).status).toBe(200);
    expect((await house().ask(tarballPath(name, '1.0.0'))).status).toBe(200);
  });

  test.each([{ kind: 'status', status: 500 }, { kind: 'reset' }, { kind: 'cut', bytes: 50 }] as const)(
    'a known index is not forgotten for an error: $kind',
    async (fault) => {
      expect((await house().ask('/npm/known')).status).toBe(200);
      house().clock.advance(TTL);
      const undo = house().registry.withFault(/known$/, fault);
      expect(Object.keys((await house().ask('/npm/known')).json.versions)).toEqual(['1.0.0']);
      undo();
    },
  );

  test('a forged error about a file is not kept beside it', async () => {
    const path = '/pypi/files/wheel/wheel-1.0-py3-none-any.whl';
    for (const fault of [
      { kind: 'vanish' },
      { kind: 'status', status: 200 },
      { kind: 'flip', at: 20 },
    ] as const) {
      const undo = house().registry.withFault(/wheel-1\.0/, fault);
      expect((await house().ask(path)).status).toBeGreaterThanOrEqual(400);
      undo();
      house().clock.advance(10 * SECOND);
    }
    expect((await house().ask(path)).status).toBe(200);
  });

  test('no refusal may be kept by anybody, and ours ends with its policy', async () => {
    const policy = allowing(NAMES.filter((name) => name !== 'denied'));
    await house().setPolicy(policy);
    const refused = await house().ask('/npm/denied');
    expect([refused.status, refused.headers['cache-control']]).toEqual([403, 'no-store']);
    expect(refused.headers['etag']).toBeUndefined();
    await house().setPolicy(allowing(NAMES));
    expect((await house().ask('/npm/denied')).status).toBe(200);
  });
});
