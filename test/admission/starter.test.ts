import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startHouse } from './harness.ts';

const FOLDER = join(import.meta.dirname, '../../allowlists');

test('under the starter policy a search for express finds it first, and the lists are of admitted names', async () => {
  const files = ['default.yaml', 'npm.yaml', 'pypi.yaml'].map((name) => [
    name,
    readFileSync(join(FOLDER, name), 'utf8'),
  ]);
  const house = await startHouse({ policy: Object.fromEntries(files) });
  try {
    house.registry.addNpm('express', { '5.0.0': {}, '5.1.0': {}, '5.2.0': { time: '2026-05-31T00:00:00Z' } });
    house.registry.addNpm('express-evil', { '1.0.0': {} });
    const { objects } = (await house.ask('/npm/-/v1/search?text=express&size=20')).json;
    // 5.2.0 is a day old.
    expect(objects[0].package).toMatchObject({ name: 'express', version: '5.1.0' });
    expect(JSON.stringify(objects)).not.toContain('express-evil');
    const { projects } = (
      await house.ask('/pypi/simple/', { headers: { accept: 'application/vnd.pypi.simple.v1+json' } })
    ).json;
    expect(projects).toContainEqual({ name: 'requests' });
    expect(house.takeAsked().filter((path) => /search|simple|evil/.test(path))).toEqual([]);
  } finally {
    await house.remove();
  }
});
