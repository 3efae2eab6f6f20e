import { describe, expect, test } from 'vitest';
import { allowing, DAY, START, tarballPath } from '../admission/harness.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

const POLICY = allowing(['lib'], ['lib'], 'requirements: { npm: { age: 7d }, pypi: { age: 7d } }\n');

describe(heading('A23'), () => {
  const TIMES: [string, string | null][] = [
    ['none', null],
    ['of tomorrow', new Date(START + DAY).toISOString()],
    ['of the year 275760', '+275760-09-13T00:00:00.000Z'],
    ['no time', 'yesterday'],
    ['empty', ''],
    ['a number of 1970', '0'],
    ['in another writing', 'Mon, 01 Jan 2018 00:00:00 GMT'],
    ['of a month that there is none of', '2018-13-45T00:00:00Z'],
  ];
  describe.each(TIMES)('a time that the registry claims: %s', (_, time) => {
    const house = server({ policy: POLICY }, ({ registry }) => {
      registry.addNpm('lib', { '1.0.0': { time } });
      registry.addPypi('lib', [{ filename: 'lib-1.0-py3-none-any.whl', uploadTime: time }]);
    });
    test('does not make a file old, on any route', async () => {
      for (const path of [tarballPath('lib', '1.0.0'), '/pypi/files/lib/lib-1.0-py3-none-any.whl']) {
        const answer = await house().ask(path);
        expect([answer.status, answer.json.code]).toEqual([403, 'TOO_YOUNG']);
      }
      const { json } = await house().ask('/npm/lib');
      expect(JSON.stringify(json)).not.toContain('/-/lib-1.0.0.tgz"');
    });
  });

  describe('a time that moves', () => {
    const house = server({ policy: POLICY }, ({ registry }) => {
      registry.addNpm('lib', { '1.0.0': { time: new Date(START - DAY).toISOString() } });
    });
    const get = async () => (await house().ask(tarballPath('lib', '1.0.0'))).status;

    test('back: the latest that was ever claimed counts', async () => {
      expect(await get()).toBe(403);
      house().registry.addNpm('lib', { '1.0.0': { time: '2019-01-01T00:00:00.000Z' } });
      house().clock.advance(3_600_000);
      expect(await get()).toBe(403);
    });

    test('our own clock ahead by a week frees it for as long as it is ahead, and no longer', async () => {
      house().clock.set(START + 8 * DAY);
      expect(await get()).toBe(200);
      house().clock.set(START + 3_600_000);
      const answer = await house().ask(tarballPath('lib', '1.0.0'));
      expect([answer.status, answer.json.code]).toEqual([403, 'TOO_YOUNG']);
      const page = await house().ask('/npm/lib');
      expect(page.text).not.toContain('/-/lib-1.0.0.tgz"');
    });

    test('our own clock set back to before all of it admits nothing, and loses no entry', async () => {
      const before = (await house().entries({})).length;
      house().clock.set(START - 365 * DAY);
      expect(await get()).toBe(403);
      const all = await house().entries({});
      expect(all.length).toBeGreaterThan(before);
      expect(all.map(({ seq }) => seq)).toEqual(all.map((_, i) => (all[0]?.seq ?? 0) + i));
    });
  });
});
