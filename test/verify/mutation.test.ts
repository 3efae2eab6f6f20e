import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inspectionVerdicts } from '../../src/verify/inspect.ts';
import type { Inspection } from '../../src/verify/verify.ts';
import { gzip, makeNpmTarball, makeSdist, makeTar, makeWheel } from './archives.ts';
import { lookAtSdist, lookAtTarball, lookAtWheel } from './looking.ts';

const demo = { name: 'demo', version: '1.2.3' };
const manifest = JSON.stringify(demo);
const plainTar = makeTar([
  { path: 'package/package.json', bytes: manifest },
  { path: 'package/a', bytes: 'a' },
]);

/** Byte changes: place (as a fraction of the length) and new value. */
const changes = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999999, noNaN: true }), fc.nat(255)), {
  minLength: 1,
  maxLength: 5,
});

function mutate(bytes: Uint8Array, edits: readonly (readonly [number, number])[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const [at, value] of edits) copy.writeUInt8(value, Math.floor(at * copy.length));
  return copy;
}

/** Whatever the bytes: an answer, and never a good verdict beside a bad finding. */
function expectAnswer(inspection: Inspection): void {
  const bad = new Map(inspection.findings.map(({ code, place }) => [code, place]));
  const [archive, metadata] = inspectionVerdicts(inspection);
  expect(archive?.result).toBe(bad.has('ARCHIVE_UNSAFE') ? 'failed' : 'verified');
  expect(metadata?.result === 'verified').toBe(inspection.metadata !== null && !bad.has('METADATA_MISMATCH'));
  for (const place of bad.values()) expect(place).toMatch(/^[A-Za-z0-9@._/+#?-]{0,200}$/);
}

test.each([
  ['npm tarball', makeNpmTarball(demo), lookAtTarball],
  ['wheel', makeWheel(demo), lookAtWheel],
  ['sdist', makeSdist(demo), lookAtSdist],
] as const)('%s: changed bytes never throw', async (_, bytes, look) => {
  await fc.assert(
    fc.asyncProperty(changes, async (edits) => expectAnswer(await look(mutate(bytes, edits)))),
    { numRuns: 400 },
  );
});

test('a tar changed before it is compressed never throws, and package.json stays what it was', async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (edits) => {
      const inspection = await lookAtTarball(gzip(mutate(plainTar, edits)));
      expectAnswer(inspection);
    }),
    { numRuns: 400 },
  );
});

test.each([lookAtTarball, lookAtWheel, lookAtSdist])('random bytes never throw', async (look) => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => expectAnswer(await look(bytes))),
    { numRuns: 200 },
  );
});

test('every single changed byte of a compressed tarball is noticed or changes nothing', async () => {
  const bytes = makeNpmTarball(demo);
  const before = await lookAtTarball(bytes);
  for (let at = 0; at < bytes.length; at++) {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(at) ^ 0x55, at);
    const after = await lookAtTarball(copy);
    if (after.metadata) expect(Buffer.from(after.metadata)).toEqual(Buffer.from(before.metadata ?? []));
  }
});

test('verdicts of an inspection', () => {
  const metadata = new Uint8Array();
  const found = (code: 'ARCHIVE_UNSAFE' | 'METADATA_MISMATCH' | 'INSTALL_SCRIPT') => [{ code, place: '' }];
  expect(inspectionVerdicts({ findings: [], metadata })).toEqual([
    { check: 'archive', result: 'verified' },
    { check: 'metadata', result: 'verified' },
  ]);
  expect(inspectionVerdicts({ findings: found('INSTALL_SCRIPT'), metadata })[1]).toEqual({
    check: 'metadata',
    result: 'verified',
  });
  expect(inspectionVerdicts({ findings: found('METADATA_MISMATCH'), metadata })[1]).toEqual({
    check: 'metadata',
    result: 'failed',
    code: 'METADATA_MISMATCH',
  });
  expect(inspectionVerdicts({ findings: [], metadata: null })[1]).toMatchObject({ result: 'failed' });
  expect(inspectionVerdicts({ findings: found('ARCHIVE_UNSAFE'), metadata: null })).toEqual([
    { check: 'archive', result: 'failed', code: 'ARCHIVE_UNSAFE' },
    { check: 'metadata', result: 'unchecked', code: 'ARCHIVE_UNSAFE' },
  ]);
});
