import { expect, test } from 'vitest';
import { ANSWERS } from '../../src/api/answers.ts';
import { openApi } from '../../src/api/open-api.ts';
import { ENTRIES, STATS } from '../../src/api/parameters.ts';
import { REASONS } from '../../src/model/reason-codes.ts';

// biome-ignore lint/suspicious/noExplicitAny: a test looks into the document member by member
const document = openApi('1.2.3') as any;

test('every parameter that is read is said, and no other', () => {
  for (const [path, schema] of [
    ['/entries', ENTRIES],
    ['/stats', STATS],
  ] as const) {
    const said = document.paths[path].get.parameters;
    expect(said.map(({ name }: { name: string }) => name)).toEqual(Object.keys(schema.shape));
    for (const { name, required, description } of said) {
      expect(required, name).toBe(path === '/stats' && name === 'by');
      expect(description, name).toMatch(/\.$/);
    }
  }
});

test('every reference leads somewhere, and nothing of a schema library is left in it', () => {
  const text = JSON.stringify(document);
  const refs = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(new Set(refs)).toEqual(new Set(Object.keys(ANSWERS).map((name) => `#/components/schemas/${name}`)));
  expect(text).not.toMatch(/\$schema|\$id|__shared/);
});

test('every status that the door answers is said of every question', () => {
  for (const [path, { get }] of Object.entries<{ get: { responses: object } }>(document.paths))
    for (const status of [200, 400, 401, 403, 405, 429, 503])
      expect(Object.keys(get.responses), path).toContain(String(status));
  for (const code of ['LEDGER_WITHDRAWN', 'NOT_FOUND'] as const)
    expect(document.paths['/entries/{entry}/proof'].get.responses).toHaveProperty(String(REASONS[code][0]));
});

test('patterns are such that other regular expression engines read them', () => {
  const patterns = [...JSON.stringify(document).matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)];
  expect(patterns.length).toBeGreaterThan(10);
  for (const [, pattern = ''] of patterns) expect(pattern).not.toMatch(/\\\\p\{|\(\?[<!=]/);
});
