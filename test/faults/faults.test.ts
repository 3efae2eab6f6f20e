import { expect, test } from 'vitest';
import { reportOf } from './report.ts';
import { allSites } from './sites.ts';

// Every await of admission and gate, and every call of a port, fails: what comes of it is a refusal or a fault, never a
// byte, and no entry admits what was not verified. A new await is a site by itself; where no scenario passes it, this
// says so: scenarios.ts needs one more, or known.ts the reason why there can be none.

test('whatever fails, nothing is served that would not be, and afterwards all is well', {
  timeout: 300_000,
}, async () => {
  const { sites, cases, problems } = await reportOf('short', 290_000);
  expect(problems).toEqual([]);
  expect(sites).toBeGreaterThan(150);
  expect(cases).toBeGreaterThan(sites);
});

test('the source has sites', () => {
  const found = allSites();
  expect(found.length).toBeGreaterThan(120);
  expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
});
