import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { questionOf } from '../../src/admission/replay.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { updateFeed } from '../../src/feed/refresh.ts';
import { FEED_LIMITS } from '../../src/feed/sources.ts';
import { feedFolder } from '../../src/feeds/status.ts';
import { decide } from '../../src/policy/decide.ts';
import { DAY, startHouse, type TestHouse } from '../admission/harness.ts';
import { ghsaRecord, malRecord } from '../feeds/records.ts';
import { makeWheel } from '../verify/archives.ts';

// A wheel's `.metadata` is decided on as the wheel is: what it says, what its entry says, and what a waiver takes in.

const SCHEMES = ECOSYSTEMS.map((one) => one.versions);
const WHEEL = 'gear-1.0-py3-none-any.whl';

let house: TestHouse | undefined;
afterEach(async () => {
  await house?.remove();
  house = undefined;
});

const waiver = (bytes: Uint8Array, lifts: string) =>
  `waivers: [{ pypi: gear@1.0, hashes: ["sha256:${createHash('sha256').update(bytes).digest('hex')}"], lifts: ${lifts}, reason: r, approver: ana, expires: 2026-12-31 }]\n`;

describe('the entry of a document that the index declares', () => {
  const bytes = makeWheel({ name: 'gear', version: '1.0' });

  async function entry(policy: string) {
    const h = await startHouse({ policy: `profile: default\n${policy}` });
    house = h;
    const from = join(h.root, 'osv');
    await mkdir(from);
    const records = [
      malRecord('MAL-2026-1', 'other', 'PyPI'),
      ghsaRecord('GHSA-aaaa-bbbb-cccc', 'gear', {
        affected: [{ package: { ecosystem: 'PyPI', name: 'gear' } }],
      }),
    ];
    for (const one of records) await writeFile(join(from, `${one['id']}.json`), JSON.stringify(one));
    await updateFeed(feedFolder(join(h.root, 'data')), [from], h.clock.now, {
      force: false,
      limits: FEED_LIMITS,
    });
    const uploadTime = new Date(h.clock.now() - DAY).toISOString();
    h.registry.addPypi('gear', [{ filename: WHEEL, bytes, coreMetadata: 'right', uploadTime }]);
    expect((await h.ask(`/pypi/files/gear/${WHEEL}.metadata`)).status).toBe(200);
    const made = (await h.entries({ package: 'gear' })).find((one) => one['route'] === 'metadata');
    if (!made) throw new Error('no entry');
    const { question } = questionOf(made, SCHEMES);
    if (question === null) throw new Error('no question');
    expect(question.stage).toBe('listing');
    return { made, again: decide(h.house.policy(), 'default', question) };
  }

  test.each([
    [
      'a feed that must be there',
      {},
      'requirements: { pypi: { malware: required } }\nallow: [{ pypi: gear }]\n',
    ],
    [
      'a warning',
      { warnings: ['VULNERABLE'] },
      'requirements: { pypi: { vulnerability: warn } }\nallow: [{ pypi: gear }]\n',
    ],
    [
      'a waiver',
      { waived: ['TOO_YOUNG'] },
      `requirements: { pypi: { age: 7d } }\nallow: [{ pypi: gear }]\n${waiver(bytes, 'age')}`,
    ],
    ['mode observe', { observed: ['NOT_ALLOWLISTED'] }, 'mode: observe\nuntil: 2026-12-31\n'],
  ])('says all of %s, and is decided again from itself', async (_, said, policy) => {
    const { made, again } = await entry(policy);
    const codes = (list: readonly { code: string }[] | undefined) => (list ?? []).map(({ code }) => code);
    const expected = { reasons: [], observed: [], waived: [], warnings: [], ...said };
    for (const kind of ['reasons', 'observed', 'waived', 'warnings'] as const) {
      expect(codes(made[kind]), kind).toEqual(expected[kind]);
      expect(codes(again[kind]), kind).toEqual(expected[kind]);
    }
    expect(made['verdict']).toBe(again.verdict);
  });
});

describe('a waiver of metadata', () => {
  const bytes = makeWheel({ name: 'gear', version: '1.0', metadata: 'Requires-Dist: own\n' });

  test('is of the wheel that somebody looked at, and lets in no document that the index writes beside it', async () => {
    const policy = 'profile: default\nallow: [{ pypi: gear }]\n';
    const h = await startHouse({ policy: policy + waiver(bytes, 'metadata') });
    house = h;
    for (const metadata of [
      'Requires-Dist: other\n',
      'Metadata-Version: 2.1\nName: other\nVersion: 9\nRequires-Dist: other\n',
    ]) {
      h.registry.addPypi('gear', [{ filename: WHEEL, bytes, metadata, coreMetadata: 'right' }]);
      const document = await h.ask(`/pypi/files/gear/${WHEEL}.metadata`);
      expect(document.status).toBe(200);
      expect(document.text).toContain('Requires-Dist: own');
      h.clock.advance(DAY);
    }
    expect((await h.ask(`/pypi/files/gear/${WHEEL}`)).status).toBe(200);
    // What is announced is what is served.
    const page = await h.ask('/pypi/simple/gear/', {
      headers: { accept: 'application/vnd.pypi.simple.v1+json' },
    });
    const own = await h.ask(`/pypi/files/gear/${WHEEL}.metadata`);
    expect(page.json.files[0]['core-metadata']).toEqual({
      sha256: createHash('sha256').update(own.body).digest('hex'),
    });
    await h.setPolicy(policy);
    expect((await h.ask(`/pypi/files/gear/${WHEEL}`)).json.code).toBe('METADATA_MISMATCH');
  });
});
