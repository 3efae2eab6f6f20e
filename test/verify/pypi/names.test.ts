import { describe, expect, test } from 'vitest';
import { readCoreMetadata } from '../../../src/verify/pypi/core-metadata.ts';
import { agrees, sameVersion, stemAgrees } from '../../../src/verify/pypi/names.ts';

describe('two versions are one', () => {
  test.each([
    ['1.0', '1.0'],
    ['1.0', '1.0.0'],
    ['v1.0.RC1', '1.0-rc.1'],
    ['1.0-1', '1.0.post1'],
    ['1.0+Ubuntu-01', '1.0+ubuntu.1'],
    ['1.123456789012345', '1.123456789012345.0'],
    ['1.20260101123456789012', '1.20260101123456789012'],
    ['no version', 'no version'],
  ])('%s and %s', (a, b) => {
    expect([sameVersion(a, b), sameVersion(b, a)]).toEqual([true, true]);
  });
});

describe('two versions are not one', () => {
  test.each([
    ['1.0', '1.0.1'],
    ['1.0', '1.0.post0'],
    ['1.0', '1.0+0'],
    ['1.0+1', '1.0+1.0'],
    ['no version', 'No version'],
    ['1.0+é', '1.0+É'],
  ])('%s and %s', (a, b) => {
    expect([sameVersion(a, b), sameVersion(b, a)]).toEqual([false, false]);
  });

  // Each would be equal as doubles.
  test.each([
    ['1.20260101123456789012', '1.20260101123456789013'],
    ['9007199254740992!1', '9007199254740993!1'],
    ['1a9007199254740992', '1a9007199254740993'],
    ['1.post9007199254740992', '1.post9007199254740993'],
    ['1.dev9007199254740992', '1.dev9007199254740993'],
    ['1.0+9007199254740992', '1.0+9007199254740993'],
    [`1.${'9'.repeat(120)}`, `1.${'9'.repeat(119)}8`],
    // Local segments that JavaScript would take for numbers.
    ['1.0+1e3', '1.0+1000'],
    ['1.0+0x10', '1.0+16'],
    ['1.0+0b1', '1.0+1'],
    ['1.0+1e999', '1.0+2e999'],
  ])('%s and %s', (a, b) => {
    expect([sameVersion(a, b), sameVersion(b, a)]).toEqual([false, false]);
  });
});

test('metadata and folders of a version that is another one only in its last digit do not agree', () => {
  const expected = {
    kind: 'wheel' as const,
    name: 'widget',
    version: '1.20260101123456789012',
    filename: 'widget-1.20260101123456789012-py3-none-any.whl',
  };
  const both = (version: string) => {
    const metadata = readCoreMetadata(Buffer.from(`Name: widget\nVersion: ${version}\n`));
    return [agrees(metadata, expected), stemAgrees(`widget-${version}`, expected)];
  };
  expect(both('1.20260101123456789012')).toEqual([true, true]);
  expect(both('1.20260101123456789013')).toEqual([false, false]);
});
