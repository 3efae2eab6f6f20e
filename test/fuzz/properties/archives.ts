import assert from 'node:assert/strict';
import { posix } from 'node:path';
import fc from 'fast-check';
import { inspectionVerdicts } from '../../../src/verify/inspect.ts';
import { gzip, makeTar, makeZip, paxRecords, type TarEntry, wheelEntries } from '../../verify/archives.ts';
import { lookAtSdist, lookAtTarball, lookAtWheel } from '../../verify/looking.ts';
import { type Property, plain, property } from '../property.ts';
import { expectAnswer } from './expected.ts';

// Archives as whole structures, each with what is wrong about it known beforehand, and bytes changed afterwards.

/** What no archive may hold: an inspection that does not call it unsafe is a way out. */
const EVIL: readonly TarEntry[] = [
  { path: 'package/../../x', bytes: 'x' },
  { path: '../x', bytes: 'x' },
  { path: '/etc/x', bytes: 'x' },
  { path: 'package/a\\..\\..\\x', bytes: 'x' },
  { path: 'package/l', type: '2', link: '/etc/passwd' },
  { path: 'package/l', type: '1', link: 'package/package.json' },
  { path: 'package/d', type: '3' },
  { path: 'package/b', type: '4' },
  { path: 'package/f', type: '6' },
  { path: 'package/package.json', bytes: '{"name":"demo","version":"1.2.3","scripts":{"install":"x"}}' },
  { path: 'package/PaxHeader', type: 'x', bytes: paxRecords([['path', '../../x']]) },
  { path: 'package/PaxHeader', type: 'x', bytes: paxRecords([['size', '777']]) },
];
const HARMLESS: readonly TarEntry[] = [
  { path: 'package/index.js', bytes: 'module.exports = 1;' },
  { path: 'package/lib/a.js', bytes: 'a' },
  { path: 'package/lib/', type: '5' },
  { path: 'package/README.md', bytes: '# demo' },
  { path: 'package/node_modules/child/package.json', bytes: '{"name":"child","version":"1.0.0"}' },
];
const MANIFEST: TarEntry = { path: 'package/package.json', bytes: '{"name":"demo","version":"1.2.3"}' };

/** Behind an entry that speaks of the next one there is a next one. */
const LAST: TarEntry = { path: 'package/z.js', bytes: 'zz' };

const SDIST: readonly TarEntry[] = [
  { path: 'demo-1.2.3/PKG-INFO', bytes: 'Metadata-Version: 2.1\nName: demo\nVersion: 1.2.3\n' },
  { path: 'demo-1.2.3/a', bytes: 'a' },
  { path: 'demo-1.2.3/x/b', bytes: 'b' },
  { path: 'demo-1.2.3/x/y/c', bytes: 'c' },
];
const way = fc
  .array(fc.constantFrom('..', '.', '', 'demo-1.2.3', 'a', 'x', 'b', 'y', 'c', 'X', 'l'), { maxLength: 6 })
  .map((words) => words.join('/'));

/** A link that is admitted leads to a file of the archive, as the system resolves it, and is alone in its place. */
const links = property(
  'links',
  300,
  fc.array(fc.record({ at: way, to: way }), { maxLength: 2 }),
  async (made) => {
    const all = made.map(({ at, to }): TarEntry => ({ path: `demo-1.2.3/${at}`, type: '2', link: to }));
    const found = await lookAtSdist(gzip(makeTar([...SDIST, ...all])));
    expectAnswer(found);
    if (found.findings.some(({ code }) => code === 'ARCHIVE_UNSAFE')) return;
    const paths = [...SDIST, ...all].map(({ path }) => posix.normalize(path).toLowerCase());
    assert.equal(new Set(paths).size, paths.length, 'two in one place');
    for (const { path, link = '' } of all) {
      const leads = posix.join(posix.dirname(path), link);
      assert.ok(
        !posix.isAbsolute(link) && SDIST.some((file) => file.path === leads),
        `${path} leads to ${link}`,
      );
      assert.ok(
        !paths.some((other) => other.startsWith(`${posix.normalize(path).toLowerCase()}/`)),
        `below ${path}`,
      );
    }
  },
);

const entries = fc.record({
  harmless: fc.subarray([...HARMLESS]),
  evil: fc.option(fc.nat(EVIL.length - 1), { nil: null }),
  at: fc.nat(8),
});

interface Wrapped {
  readonly harmless: readonly TarEntry[];
  readonly evil: number | null;
  readonly at: number;
}

const tarballs = property<Wrapped>('tarballs', 250, entries, async ({ harmless, evil, at }) => {
  const all = [MANIFEST, ...harmless];
  const wicked = evil === null ? undefined : EVIL[evil];
  if (wicked) all.splice(at % (all.length + 1), 0, wicked);
  const found = await lookAtTarball(gzip(makeTar([...all, LAST])));
  expectAnswer(found);
  const unsafe = found.findings.some(({ code }) => code === 'ARCHIVE_UNSAFE');
  assert.equal(
    unsafe,
    wicked !== undefined,
    wicked ? `${wicked.path} ${wicked.type ?? ''} is safe` : 'nothing is wrong',
  );
});

interface Edited {
  readonly kind: 'tarball' | 'wheel' | 'sdist';
  readonly bytes: Uint8Array;
}

const base = {
  tarball: makeTar([MANIFEST, ...HARMLESS, LAST]),
  sdist: makeTar([
    { path: 'demo-1.2.3/PKG-INFO', bytes: 'Metadata-Version: 2.1\nName: demo\nVersion: 1.2.3\n' },
    { path: 'demo-1.2.3/pyproject.toml', bytes: '[build-system]\nrequires = ["setuptools"]\n' },
  ]),
  wheel: makeZip(wheelEntries({ name: 'demo', version: '1.2.3' })),
};

/** Whole fields and numbers are changed, and pieces moved: what a random byte seldom makes. */
const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    from: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    put: fc.constantFrom(
      'copy',
      'drop',
      '\0',
      '\xff\xff\xff\xff',
      '../',
      '/',
      '0000000',
      '\x80',
      'PK\x03\x04',
      'PK\x05\x06',
      'x',
    ),
    length: fc.nat(600),
  }),
  { minLength: 1, maxLength: 3 },
);

const edited = fc
  .tuple(fc.constantFrom('tarball', 'wheel', 'sdist'), edits)
  .map(([kind, changes]): Edited => {
    let bytes = Buffer.from(base[kind]);
    for (const { at, from, put, length } of changes) {
      const place = Math.floor(at * bytes.length);
      const source = Math.floor(from * bytes.length);
      const new_ =
        put === 'copy'
          ? bytes.subarray(source, source + length)
          : Buffer.from(put === 'drop' ? '' : put, 'latin1');
      const over = put === 'copy' ? 0 : put === 'drop' ? length : new_.length;
      bytes = Buffer.concat([bytes.subarray(0, place), new_, bytes.subarray(place + over)]);
    }
    return { kind, bytes: plain(bytes) };
  });

const LOOKS = {
  tarball: (bytes: Uint8Array) => lookAtTarball(gzip(Buffer.from(bytes))),
  sdist: (bytes: Uint8Array) => lookAtSdist(gzip(Buffer.from(bytes))),
  wheel: lookAtWheel,
};

const archives = property('archives', 400, edited, async ({ kind, bytes }) => {
  const began = performance.now();
  const found = await LOOKS[kind](bytes);
  expectAnswer(found);
  // Milliseconds are what it takes; the bound is for a machine that does much else.
  assert.ok(performance.now() - began < 5_000, 'it takes too long');
  const verdicts = inspectionVerdicts(found);
  if (verdicts.every(({ result }) => result === 'verified') && found.metadata) {
    const said = Buffer.from(found.metadata).toString('latin1');
    assert.match(said, kind === 'tarball' ? /"demo"/ : /^Name: demo$/m, 'it is of another name');
  }
});

export const ARCHIVES: readonly Property[] = [tarballs, archives, links];
