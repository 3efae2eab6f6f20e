import { describe, expect, test } from 'vitest';
import { makeTarball } from '../verify/archives.ts';
import { codes, lookAtTarball } from '../verify/looking.ts';

// package.json with a member twice: bun 1.4 ran the first one's install script, which JSON.parse never shows.

const EVIL = '{"postinstall":"node evil.js"}';
const manifest = (rest: string) => `{"name":"demo","version":"1.2.3",${rest}}`;
const look = (text: string) => codes(lookAtTarball(makeTarball({ 'package/package.json': text })));

describe('a member that stands twice', () => {
  test.each([
    `"scripts":${EVIL},"scripts":{}`,
    `"scripts":${EVIL},"scripts":null`,
    `"scr\\u0069pts":${EVIL},"scripts":{}`,
    '"scripts":{"postinstall":"node evil.js","test":"a","postinstall":""}',
    '"scripts":{"install":"node evil.js","\\u0069nstall" :null}',
    '"x":{"scripts":{}},"scripts":{"preinstall":"node evil.js","preinstall":""}',
    '"dependencies":{"a":"https://evil.example.invalid/a.tgz"},"dependencies":{}',
    '"gypfile":true,"gypfile":false',
  ])('and decides what an install does: %s', async (rest) => {
    expect(await look(manifest(rest))).toEqual(['ARCHIVE_UNSAFE']);
  });

  test('in a bundled package', async () => {
    const files = {
      'package/package.json': manifest('"x":1'),
      'package/node_modules/inner/package.json': `{"scripts":${EVIL},"scripts":{}}`,
    };
    expect(await codes(lookAtTarball(makeTarball(files)))).toEqual(['ARCHIVE_UNSAFE']);
  });

  test.each([
    '"keywords":["a"],"keywords":["b"]',
    '"scripts":{"test":"a","test":"b"}',
    '"config":{"scripts":1,"scripts":2,"name":1,"name":2}',
    '"a":["name","name","scripts"],"b":"\\\\","c":"{\\"name\\":"',
    '"exports":{"scripts":{"install":1}},"x":{"scripts":{"install":1}}',
  ])('and decides nothing is in order: %s', async (rest) => {
    expect(await look(manifest(rest))).toEqual([]);
  });
});
