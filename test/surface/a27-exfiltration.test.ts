import { describe, expect, test } from 'vitest';
import { allowing, tarballPath } from '../admission/harness.ts';
import { heading } from './attacks.ts';
import { get, server } from './server.ts';

const SECRET = 'c2vjcmv0lxrva2vulw9mlwfu';

describe(heading('A27'), () => {
  describe('under exact rules', () => {
    const house = server({ policy: allowing(['left-pad', '@acme/lib'], ['six']) }, ({ registry }) => {
      registry.addNpm('left-pad', { '1.3.0': {} });
      registry.addPypi('six', [{ filename: 'six-1.0-py3-none-any.whl' }]);
    });

    test.each([
      `/npm/${SECRET}`,
      `/npm/@${SECRET}%2flib`,
      `/npm/@acme%2f${SECRET}`,
      `/npm/left-pad/${SECRET}`,
      `/npm/left-pad/-/left-pad-1.3.0-${SECRET}.tgz`,
      `/npm/left-pad/-/${SECRET}.tgz`,
      `/npm/left-pad?${SECRET}`,
      `/npm/-/v1/search?text=${SECRET}`,
      `/npm/-/package/left-pad/dist-tags?${SECRET}`,
      `/npm/-/npm/v1/attestations/left-pad@${SECRET}`,
      `/npm/-/npm/v1/attestations/${SECRET}@1.0.0`,
      `/pypi/simple/${SECRET}/`,
      `/pypi/files/six/six-1.0+${SECRET}-py3-none-any.whl`,
      `/pypi/files/six/six-1.0-py3-none-any.whl.${SECRET}`,
      `/${SECRET}`,
    ])('%s: no upstream hears of it', async (path) => {
      await get(house(), path, [
        `User-Agent: ${SECRET}`,
        `Referer: http://x.test/${SECRET}`,
        `npm-session: ${SECRET}`,
        `Cookie: a=${SECRET}`,
        `If-None-Match: "${SECRET}"`,
        `Accept-Language: ${SECRET}`,
      ]);
      const { requests } = house().registry;
      expect(
        JSON.stringify(requests.map(({ path, headers, body }) => [path, headers, String(body)])),
      ).not.toContain(SECRET);
    });

    test('nor in the body of an audit', async () => {
      await house().ask('/npm/left-pad');
      house().takeAsked();
      const body = { [SECRET]: ['1.0.0'], 'left-pad': [SECRET, '1.3.0', `1.3.0-${SECRET}`] };
      const path = '/npm/-/npm/v1/security/advisories/bulk';
      const headers = { 'content-type': 'application/json' };
      await house().ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
      for (const sent of house().registry.requests) expect(String(sent.body)).not.toContain(SECRET);
    });

    test('the positive control: an admitted name is asked for, by that name alone', async () => {
      house().clock.advance(3_600_000);
      house().takeAsked();
      await house().ask(tarballPath('left-pad', '1.3.0'), { headers: { 'user-agent': SECRET } });
      expect(house().takeAsked()).toEqual([
        'GET /npm-up/left-pad',
        'GET /npm-up/left-pad/-/left-pad-1.3.0.tgz',
      ]);
    });

    test('each refusal is in the ledger; past a budget they are summed, so that a flood fills no disk', async () => {
      await house().entries();
      for (let i = 0; i < 1100; i += 50)
        await Promise.all(
          Array.from({ length: 50 }, (_, n) => house().ask(`/npm/${SECRET.slice(0, 10)}${i + n}`)),
        );
      house().clock.advance(61_000);
      await house().ask('/npm/one-more');
      const entries = await house().entries();
      expect(entries.length).toBeLessThan(1100);
      expect(entries.some((entry) => entry['route'] === 'sum')).toBe(true);
      expect(house().takeAsked()).toEqual([]);
    });
  });

  describe('under a prefix rule', () => {
    const house = server({
      policy: 'profile: default\nallow: [{ npm: "acme-*" }]\n',
      env: { SALLYPORT_PREFIX_BUDGET: '10' },
    });
    test('what leaves is bounded for a day, is in the ledger, and raises an alarm', async () => {
      for (let i = 0; i < 40; i++) await house().ask(`/npm/acme-${SECRET}-${i}`);
      expect(house().takeAsked().length).toBe(10);
      expect(house().takeAlarms()).toContain('name-budget');
      const entries = await house().entries();
      expect(entries.filter((entry) => entry['verdict'] === 'refuse').length).toBeGreaterThanOrEqual(30);
    });
  });
});
