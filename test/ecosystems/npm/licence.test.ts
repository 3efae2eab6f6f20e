import { expect, test } from 'vitest';
import { manifest, packument, read } from './packument.ts';

function listed(fields: object): string | null | undefined {
  const versions = { '1.0.0': manifest('aa', '1.0.0', fields) };
  return read(packument('aa', ['1.0.0'], { versions })).files.get('aa-1.0.0.tgz')?.licence;
}

test.each<[fields: object, licence: string | null]>([
  [{}, null],
  [{ license: 'MIT' }, 'MIT'],
  [{ license: { type: 'ISC' } }, 'ISC'],
  [{ licenses: [{ type: 'MIT' }, { type: 'Apache-2.0' }] }, 'MIT OR Apache-2.0'],
  [{ license: 'UNLICENSED' }, 'NOASSERTION'],
  [{ license: 'SEE LICENSE IN https://host.example' }, 'NOASSERTION'],
  [{ license: ['__proto__'] }, 'NOASSERTION'],
])('what the index says of the licence: %j', (fields, licence) => {
  expect(listed(fields)).toBe(licence);
});
