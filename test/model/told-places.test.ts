import { expect, test } from 'vitest';
import { areUntold, takes, toldPlaces } from '../../src/model/told-places.ts';

test('a wheel takes what it installs, and says where it shares the folder of its own name', () => {
  expect(toldPlaces([], 'demo')).toEqual({ places: [], cut: false });
  const places = ['Demo_/x', 'Demo_/y', 'bin/demo', 'bin/tool', 'google/api/x', 'google/api/y', 'yaml'];
  expect(toldPlaces(places, 'demo-')).toEqual({
    places: ['Demo_/', 'Demo_/x', 'Demo_/y', 'bin/demo', 'bin/tool', 'google/api/x', 'google/api/y', 'yaml'],
    cut: false,
  });
  expect(toldPlaces(['demo', 'bin/demo'], 'demo').places).toEqual(['bin/demo', 'demo']);
});

test('where they are too many, folders stand for what is in them, and never for less', () => {
  const deep = (of: string) => Array.from({ length: 70 }, (_, i) => `${of}/m${i}`);
  const both = [...deep('a/b'), ...deep('a/c')];
  expect(toldPlaces(both, 'demo')).toEqual({ places: ['a/b', 'a/c'], cut: false });
  const scripts = Array.from({ length: 100 }, (_, i) => `bin/s${i}`);
  expect(toldPlaces([...both, ...scripts], 'demo').places).toHaveLength(102);
  const own = ['yaml', ...deep('demo/b'), ...deep('demo/c')];
  expect(toldPlaces(own, 'demo')).toEqual({ places: ['demo/', 'yaml'], cut: false });
  const folders = Array.from({ length: 129 }, (_, i) => `a/m${i}`);
  expect(toldPlaces(folders, 'demo')).toEqual({ places: ['a'], cut: true });
  expect(areUntold(folders, 'demo')).toBe(false);
  expect(toldPlaces(folders.slice(1), 'demo')).toMatchObject({ cut: false });
});

test('and where there is no room for those either, it is known that nobody knows', () => {
  const many = Array.from({ length: 129 }, (_, i) => `m${i}`);
  expect(toldPlaces(many, 'demo')).toMatchObject({ cut: true });
  expect(toldPlaces(many, 'demo').places).toHaveLength(128);
  expect(areUntold(many, 'demo')).toBe(true);
  expect(areUntold(many.slice(1), 'demo')).toBe(false);
  const long = Array.from({ length: 40 }, (_, i) => `${'x'.repeat(198)}${i}`);
  expect(toldPlaces(long, 'demo').places.join('').length).toBeLessThanOrEqual(4_000);
  expect(areUntold(long, 'demo')).toBe(true);
});

test('of what is not a wheel nobody knows where it lands', () => {
  expect(takes('npm-tarball', 'demo', [])).toEqual([]);
  expect(takes('sdist', 'De.mo', null)).toEqual(['de-mo/']);
  expect(takes('wheel', 'demo', null)).toEqual([]);
  expect(takes('wheel', 'demo', ['yaml'])).toEqual(['yaml']);
});
