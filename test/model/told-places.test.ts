import { expect, test } from 'vitest';
import { toldPlaces } from '../../src/admission/told-places.ts';

test('an entry has what is not below the own name, as far as a policy looks', () => {
  expect(toldPlaces(null, 'demo')).toBeNull();
  expect(toldPlaces([], 'demo')).toEqual({ places: [], cut: false });
  const places = ['Demo_/x', 'bin/demo', 'bin/tool', 'demo-/a', 'google/api/x', 'google/api/y', 'yaml'];
  expect(toldPlaces(places, 'demo-')).toEqual({
    places: ['bin/demo', 'bin/tool', 'google/api', 'yaml'],
    cut: false,
  });
});

test('and says where there is no room for all', () => {
  const many = Array.from({ length: 65 }, (_, i) => `m${i}`);
  expect(toldPlaces(many, 'demo')).toMatchObject({ cut: true });
  expect(toldPlaces(many, 'demo')?.places).toHaveLength(64);
  expect(toldPlaces(many, 'm64')).toMatchObject({ cut: false });
});
