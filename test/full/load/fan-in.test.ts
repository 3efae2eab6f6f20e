import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, figures } from './ask.ts';
import { type Subject, startSubject } from './subject.ts';
import { type LoadUpstream, startUpstream } from './upstream.ts';

// Many who ask for one cold thing cause one upstream fetch, and nobody is turned away.

const ASKERS = 50;
const MB = 1e6;
const POLICY = `
profile: default
requirements: { npm: { age: 7d }, pypi: { age: 7d, sdist: deny } }
allow: [{ npm: ballast }, { npm: ledgers }, { pypi: cargo }]
`;

describe(`${ASKERS} simultaneous askers for one cold object`, () => {
  let upstream: LoadUpstream;
  let subject: Subject;
  beforeAll(async () => {
    upstream = await startUpstream();
  });
  // A firewall for each: what is measured is one crowd's memory, not what the allocator kept of the one before.
  beforeEach(async () => {
    subject = await startSubject({
      policy: { 'load.yaml': POLICY },
      upstream: { npm: upstream.npm, pypi: upstream.pypi },
    });
  });
  afterEach(async () => {
    await subject?.remove();
    await upstream.call('forget');
  });
  afterAll(() => upstream?.close());

  async function crowd(path: string, headers: Readonly<Record<string, string>> = {}) {
    await subject.beats();
    await subject.resetPeak();
    const began = performance.now();
    const seen = await Promise.all(
      Array.from({ length: ASKERS }, () => ask(`${subject.url}${path}`, headers)),
    );
    const wall = performance.now() - began;
    const { peak } = await subject.memory();
    const { pause, busy } = await subject.beats();
    console.log(
      `${ASKERS} × ${path} (${seen[0]?.bytes} bytes): ${figures({ 'wall ms': wall, 'peak MiB': peak, pause, busy })}`,
    );
    expect(seen.map(({ status }) => status)).toEqual(Array(ASKERS).fill(200));
    expect(peak).toBeLessThan(600);
    return seen;
  }

  const admitted = async (name: string) =>
    (await subject.ledger('--package', name)).filter(
      ({ entry }) => entry['type'] === 'decision' && entry['route'] === 'artifact',
    );

  test('a 40 MB tarball', async () => {
    const sha512 = await upstream.call('npm', 'ballast', '1.0.0', 40 * MB);
    const seen = await crowd('/npm/ballast/-/ballast-1.0.0.tgz');
    expect(new Set(seen.map((one) => one.sha512))).toEqual(new Set([sha512]));
    expect(await upstream.count(/ballast-1\.0\.0\.tgz$/)).toBe(1);
    expect(await upstream.count(/ballast$/)).toBe(1);
    expect(await admitted('ballast')).toHaveLength(ASKERS);
  });

  test('a 17 MB wheel', async () => {
    const file = 'cargo-1.0.0-py3-none-any.whl';
    const sha512 = await upstream.call('wheel', 'cargo', file, 17 * MB);
    const seen = await crowd(`/pypi/files/cargo/${file}`);
    expect(new Set(seen.map((one) => one.sha512))).toEqual(new Set([sha512]));
    expect(await upstream.count(/cargo-1\.0\.0-py3-none-any\.whl$/)).toBe(1);
    expect(await admitted('cargo')).toHaveLength(ASKERS);
  });

  test('a 20 MB packument, in one representation: fetched once, written once', async () => {
    await upstream.call('largePackument', 'ledgers', 20 * MB);
    const seen = await crowd('/npm/ledgers', { 'accept-encoding': 'gzip' });
    expect(new Set(seen.map((one) => one.sha512)).size).toBe(1);
    expect(await upstream.count(/ledgers$/)).toBe(1);
  });
});
