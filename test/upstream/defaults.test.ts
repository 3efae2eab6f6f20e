import { expect, test } from 'vitest';
import { defaultNpmBase, defaultPypiBase } from '../../src/upstream/defaults.ts';

// The addresses themselves are the libraries' knowledge; here only their form is held.
test('each default is a base: https, no credential, a slash at the end', async () => {
  for (const base of [await defaultNpmBase(), await defaultPypiBase()]) {
    const url = new URL(base);
    expect(url.href).toBe(base);
    expect(url).toMatchObject({ protocol: 'https:', username: '', password: '', search: '', hash: '' });
    expect(url.pathname.endsWith('/')).toBe(true);
  }
  expect(new URL(await defaultPypiBase()).pathname).toBe('/simple/');
});
