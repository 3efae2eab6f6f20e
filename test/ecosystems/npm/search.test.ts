import { expect, test } from 'vitest';
import { writeSearch } from '../../../src/ecosystems/npm/search.ts';
import { nameOf } from './packument.ts';

test('a search answer has what npm prints, and no words of a package', () => {
  const body = writeSearch([{ name: nameOf('express'), version: '5.0.0' }], 7);
  expect(JSON.parse(Buffer.from(body).toString())).toEqual({
    objects: [
      {
        package: { name: 'express', version: '5.0.0', keywords: [], maintainers: [], links: {} },
        score: { final: 1, detail: { quality: 1, popularity: 1, maintenance: 1 } },
        searchScore: 1,
      },
    ],
    total: 7,
  });
  expect(JSON.parse(Buffer.from(writeSearch([])).toString())).toEqual({ objects: [], total: 0 });
});
