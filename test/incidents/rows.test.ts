import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { rows } from './rows.ts';

const DOCUMENT = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'incidents.md'), 'utf8');

test('there are forty replays, one for each number', () => {
  const wanted = Array.from({ length: 40 }, (_, n) => `RP${String(n + 1).padStart(2, '0')}`);
  expect(rows.map(({ id }) => id)).toEqual(wanted);
});

describe.each(rows)('$id', (row) => {
  const own = row.id.toLowerCase();

  test('has an attack that is caught, or says why it is open', () => {
    if (!row.attack) expect(row.open).toMatch(/\w/);
    expect(row.title).toMatch(/[^.]$/);
    for (const control of row.controls) expect(control).toMatch(/^C(0[1-9]|[12]\d|3[0-6])$/);
    if (row.attack) expect(row.controls).not.toEqual([]);
    expect(DOCUMENT).toContain(`| ${row.id} | ${row.title} | ${row.happened} |`);
  });

  test('has a policy that loads; the package that is refused is allowed, unless that is the point', () => {
    const text = `profile: ${own}\n${row.policy}`;
    const schemes = ECOSYSTEMS.map(({ versions }) => versions);
    expect(() => parsePolicy([{ path: `${own}.yaml`, text }], schemes)).not.toThrow();
    const name = row.refused?.name;
    if (!row.refused || !name) return;
    expect(name.startsWith(own)).toBe(true);
    const listed = row.policy.includes(`${row.refused.ecosystem}: ${name}`);
    const prefixed = row.policy.includes(`${row.refused.ecosystem}: "${own}-*"`);
    const point = row.refused.code === 'NOT_ALLOWLISTED' && !row.policy.includes('internal:');
    expect(listed || prefixed).toBe(!point);
  });
});
