import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import type { ArtifactKind } from '../../src/model/artifact.ts';
import {
  type Baseline,
  EVIDENCE,
  type EvidenceName,
  NO_BASELINE,
  NO_EVIDENCE,
  type Signer,
} from '../../src/model/evidence.ts';
import type { VersionScheme } from '../../src/model/versions.ts';
import { EvidenceHistory, type HistoricFile } from '../../src/policy/judge/history.ts';
import { SIGNER } from './questions.ts';
import { npm, pypi } from './schemes.ts';

const signerOf = (repository: string): Signer => ({ ...SIGNER, repository });

function file(version: string, change: Partial<HistoricFile> = {}): HistoricFile {
  return {
    filename: `${version}${change.kind ?? ''}`,
    version,
    kind: 'npm-tarball',
    firstSeen: 0,
    lastAbsent: null,
    claimed: NO_EVIDENCE,
    carried: null,
    ...change,
  };
}

const proven = (repository: string | null = null): Partial<HistoricFile> => ({
  carried: {
    'registry-signature': false,
    provenance: true,
    signer: repository === null ? null : signerOf(repository),
  },
});

const baseline = (of: HistoricFile, ...others: readonly HistoricFile[]): Baseline =>
  new EvidenceHistory(npm, [...others, of]).baseline(of);

const PROVENANCE: Baseline = { ...NO_BASELINE, provenance: true };

describe('what a file is held to', () => {
  test('is nothing where nothing is earlier', () => {
    expect(new EvidenceHistory(npm, []).baseline(file('1.0.0'))).toEqual(NO_BASELINE);
    expect(baseline(file('1.0.0', proven('a')))).toEqual(NO_BASELINE);
    expect(baseline(file('1.0.0'), file('1.1.0', proven('a')), file('2.0.0', proven('a')))).toEqual(
      NO_BASELINE,
    );
  });

  test('is what any lower version of its line carried or claimed', () => {
    const claimed = { claimed: { 'registry-signature': true, provenance: false } };
    expect(baseline(file('1.2.0'), file('1.0.0', proven()), file('1.1.0', claimed))).toEqual({
      'registry-signature': true,
      provenance: true,
      signer: null,
    });
    expect(baseline(file('2.0.0'), file('2.0.0-rc.1', proven()))).toEqual(PROVENANCE);
    expect(baseline(file('1.2.0'), file('1.0.0'), file('1.1.0'))).toEqual(NO_BASELINE);
  });

  test('is what we saw before it appeared, also in a higher version of its line', () => {
    const late = file('1.0.1', { firstSeen: 10 });
    expect(baseline(late, file('1.5.0', { firstSeen: 9, ...proven('a') }))).toEqual({
      ...PROVENANCE,
      signer: signerOf('a'),
    });
    expect(baseline(late, file('1.5.0', { firstSeen: 10, ...proven('a') }))).toEqual(NO_BASELINE);
    expect(baseline(late, file('1.5.0', { firstSeen: null, ...proven('a') }))).toEqual(NO_BASELINE);
    // What we never saw appears now.
    const unseen = new EvidenceHistory(npm, [file('1.5.0', { firstSeen: 9, ...proven() })]);
    expect(unseen.baseline(file('1.0.0', { firstSeen: null }))).toEqual(PROVENANCE);
  });

  test('is the signer of the highest earlier version that has one', () => {
    const files = [
      file('1.3.0', proven()),
      file('1.1.0', proven('b')),
      file('1.0.0', proven('a')),
      file('1.4.0', proven('d')),
    ];
    expect(baseline(file('1.3.1'), ...files).signer).toEqual(signerOf('b'));
    expect(baseline(file('1.3.1', { firstSeen: 1 }), ...files).signer).toEqual(signerOf('d'));
    expect(baseline(file('1.0.1'), ...files).signer).toEqual(signerOf('a'));
    expect(baseline(file('1.0.0'), ...files).signer).toBeNull();
  });

  test('goes over from line to line, and no release without evidence ends it', () => {
    const one = file('1.0.0', proven('a'));
    const two = file('2.0.0', { firstSeen: 99 });
    const held = { ...PROVENANCE, signer: signerOf('a') };
    expect(baseline(file('3.0.0'), one)).toEqual(held);
    // The first release without it is refused; the second must not find a clean past, in this line or the next.
    expect(baseline(file('3.0.1'), one, file('3.0.0'))).toEqual(held);
    expect(baseline(file('3.0.0'), one, two)).toEqual(held);
    // Nor does one with evidence of somebody else, which was never admitted.
    const claimed = { claimed: { 'registry-signature': false, provenance: true } };
    expect(baseline(file('3.0.1'), one, file('3.0.0', claimed))).toEqual(held);
    expect(baseline(file('3.0.0'), one, { ...two, ...proven('b') }).signer).toEqual(signerOf('b'));
    // A line below is not held to one above, whenever that was seen.
    expect(baseline(file('1.0.1', { firstSeen: 9 }), file('1.0.0'), file('2.0.0', proven('b')))).toEqual(
      NO_BASELINE,
    );
  });

  test('is not moved by other bytes under the name of what was there before', () => {
    const signed = (change: Partial<HistoricFile>) => file('1.5.0', { ...proven('a'), ...change });
    const held = { ...PROVENANCE, signer: signerOf('a') };
    const late = file('1.4.9', { firstSeen: 2 });
    expect(baseline(late, signed({ firstSeen: 1, lastAbsent: 0 }))).toEqual(held);
    expect(baseline(late, signed({ firstSeen: 1, lastAbsent: 3 }))).toEqual(held);
    // One that has other bytes now is as late as these are.
    expect(baseline(file('1.4.9', { lastAbsent: 2 }), signed({ firstSeen: 1 }))).toEqual(held);
    expect(baseline(file('1.4.9', { lastAbsent: 1 }), signed({ firstSeen: 1 }))).toEqual(NO_BASELINE);
    // And is no past of its own: not below all lines, and not as one that somebody else's policy took.
    expect(baseline(file('0.9.0', { lastAbsent: 2 }), signed({ firstSeen: 1 }))).toEqual(held);
    const taken = file('1.4.9', { lastAbsent: 2, ...proven('b') });
    expect(baseline(taken, signed({ firstSeen: 1 }))).toEqual(held);
  });

  test('below all lines is that of what was there before', () => {
    const there = [
      file('3.0.0', { firstSeen: 5, ...proven('c') }),
      file('4.0.0', { firstSeen: 1, ...proven('d') }),
    ];
    expect(baseline(file('2.99.0', { firstSeen: 6 }), ...there).signer).toEqual(signerOf('d'));
    expect(baseline(file('2.99.0', { firstSeen: 5 }), ...there).signer).toEqual(signerOf('d'));
    // Seen at once, as in the first index that we ever got: the past of a package is not held to its future.
    expect(baseline(file('2.99.0', { firstSeen: 1 }), ...there)).toEqual(NO_BASELINE);
  });

  test('is that of its own kind where it was there when evidence began, else of all', () => {
    const of = (version: string, kind: ArtifactKind, more: Partial<HistoricFile> = {}) =>
      file(version, { kind, ...more });
    const history = (...files: readonly HistoricFile[]) => new EvidenceHistory(pypi, files);
    const wheel = of('1.2', 'wheel');
    const sdist = of('1.0', 'sdist', proven('s'));
    const held = { ...PROVENANCE, signer: signerOf('s') };
    expect(history(sdist, wheel).baseline(wheel)).toEqual(held);
    // A kind that comes later, twice.
    expect(history(sdist, of('1.1', 'wheel'), wheel).baseline(wheel)).toEqual(held);
    // One that comes later to an old version.
    expect(history(sdist, of('1.0', 'wheel', { firstSeen: 1 }), wheel).baseline(wheel)).toEqual(held);
    expect(history(sdist, of('1.0', 'wheel', { firstSeen: null }), wheel).baseline(wheel)).toEqual(held);
    // One that never had any, and was always there: it need not have any, but if it has, it is by whom we know.
    expect(history(sdist, of('1.0', 'wheel'), wheel).baseline(wheel)).toEqual({
      ...NO_BASELINE,
      signer: signerOf('s'),
    });
    expect(history(sdist, of('1.1', 'wheel', proven('w')), wheel).baseline(wheel).signer).toEqual(
      signerOf('w'),
    );
    expect(history(sdist, of('1.0', 'wheel'), of('1.1', 'wheel', proven()), wheel).baseline(wheel)).toEqual(
      held,
    );
  });

  test('is never by the file itself, whatever is said of when it was seen', () => {
    const own = file('1.0.0', { firstSeen: 5, ...proven('a') });
    const history = new EvidenceHistory(npm, [own]);
    for (const firstSeen of [null, 0, 5, 99]) {
      expect(history.baseline({ ...own, firstSeen })).toEqual(NO_BASELINE);
    }
    const unseen = { ...own, firstSeen: null };
    expect(new EvidenceHistory(npm, [unseen]).baseline(unseen)).toEqual(NO_BASELINE);
  });

  test('knows equal versions for equal, and versions that it never saw', () => {
    const history = new EvidenceHistory(pypi, [file('1.0', { firstSeen: 3, ...proven() })]);
    expect(history.baseline(file('1.0.0', { firstSeen: 3 }))).toEqual(NO_BASELINE);
    expect(history.baseline(file('1.0.0', { firstSeen: 4 }))).toEqual(PROVENANCE);
    expect(history.baseline(file('1.0.1', { firstSeen: 0 }))).toEqual(PROVENANCE);
    expect(history.baseline(file('0.9', { firstSeen: 0 }))).toEqual(NO_BASELINE);
    expect(history.baseline(file('1!0.1', { firstSeen: 0 }))).toEqual(PROVENANCE);
  });
});

const sinceOf = ({ firstSeen, lastAbsent }: HistoricFile) =>
  firstSeen === null ? null : Math.max(firstSeen, lastAbsent ?? 0);

/** The same rule, file by file. */
function plainly(scheme: VersionScheme, files: readonly HistoricFile[], of: HistoricFile): Baseline {
  const others = files.filter(({ filename }) => filename !== of.filename);
  const line = scheme.majorLine(of.version);
  const order = (a: HistoricFile, b: HistoricFile) => scheme.compare(a.version, b.version);
  const since = (f: HistoricFile) => sinceOf(f) ?? Infinity;
  const older = (f: HistoricFile) => (f.firstSeen ?? Infinity) < since(of);
  const has = (f: HistoricFile, check: EvidenceName) => f.claimed[check] || f.carried?.[check] === true;
  // What was claimed for the other bytes that it had may be told of it twice.
  const claims = (check: EvidenceName) => older(of) && of.carried === null && of.claimed[check];
  let all = others.filter((f) => order(f, of) < 0 || (scheme.majorLine(f.version) === line && older(f)));
  const alone = all.length === 0;
  if (alone) all = others.filter(older);
  const own = all.filter(({ kind }) => kind === of.kind);
  const signed = (set: readonly HistoricFile[]) =>
    set
      .filter((f) => f.carried?.signer)
      .sort(order)
      .at(-1);
  const flag = (check: EvidenceName): boolean => {
    const first = files
      .filter((f) => f.kind === of.kind && f.firstSeen !== null)
      .some((f) =>
        files.filter((e) => has(e, check)).every((e) => order(f, e) <= 0 && since(f) <= (e.firstSeen ?? -1)),
      );
    return (first && !alone ? own : all).some((f) => has(f, check)) || claims(check);
  };
  return {
    'registry-signature': flag('registry-signature'),
    provenance: flag('provenance'),
    signer: ((alone ? undefined : signed(own)) ?? signed(all))?.carried?.signer ?? null,
  };
}

const flags = fc.record({ 'registry-signature': fc.boolean(), provenance: fc.boolean() });
const historic = fc.record({
  version: fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })).map(([major, minor]) => `${major}.${minor}.0`),
  kind: fc.constantFrom<ArtifactKind>('wheel', 'sdist'),
  firstSeen: fc.option(fc.nat({ max: 4 }), { nil: null }),
  lastAbsent: fc.option(fc.nat({ max: 4 }), { nil: null }),
  claimed: fc.oneof({ weight: 3, arbitrary: fc.constant(NO_EVIDENCE) }, flags),
  carried: fc.option(
    fc.record({
      'registry-signature': fc.boolean(),
      provenance: fc.boolean(),
      signer: fc.option(
        fc.nat({ max: 99 }).map((n) => signerOf(`${n}`)),
        { nil: null },
      ),
    }),
    { nil: null },
  ),
});

test('for all histories it is the rule, asked file by file', () => {
  fc.assert(
    fc.property(
      // One signer to a version: of two at once, which is nearer is nobody's to say.
      fc.uniqueArray(historic, { maxLength: 12, selector: ({ version, kind }) => version + kind }),
      (list) => {
        const files = list.map((f) => ({ ...f, filename: f.version + f.kind }));
        const history = new EvidenceHistory(npm, files);
        for (const of of files) {
          const said = history.baseline(of);
          const rule = plainly(npm, files, of);
          expect({ ...said, signer: null }).toEqual({ ...rule, signer: null });
          const version = (signer: Signer | null) =>
            signer && files.find((f) => f.carried?.signer === signer)?.version;
          expect(version(said.signer)).toEqual(version(rule.signer));
          // The file itself is no precedent; its own evidence can at most show that its kind came later.
          const without = new EvidenceHistory(
            npm,
            files.filter((f) => f !== of),
          ).baseline({ ...of, firstSeen: sinceOf(of) });
          expect(without.signer).toEqual(said.signer);
          for (const check of EVIDENCE) expect(said[check] || !without[check]).toBe(true);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('one more claim never makes a baseline smaller', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(historic, {
        minLength: 2,
        maxLength: 8,
        selector: ({ version, kind }) => version + kind,
      }),
      fc.nat({ max: 7 }),
      (list, at) => {
        const files = list.map((f) => ({ ...f, filename: f.version + f.kind }));
        const more = files.map((f, i) =>
          i === at % files.length ? { ...f, claimed: { 'registry-signature': true, provenance: true } } : f,
        );
        for (const of of files) {
          const before = new EvidenceHistory(npm, files).baseline(of);
          const after = new EvidenceHistory(npm, more).baseline(of);
          for (const check of EVIDENCE) expect(after[check] || !before[check]).toBe(true);
          expect(after.signer).toEqual(before.signer);
        }
      },
    ),
  );
});

test.each(ECOSYSTEMS.map(({ id, versions }) => ({ id, versions })))(
  'all baselines of a package of 5,000 versions are there at once: $id',
  ({ versions }) => {
    const files = Array.from({ length: 5000 }, (_, i) => {
      // In no order at all, as our memory has them.
      const n = (i * 2741) % 5000;
      const version =
        versions.parseVersion(`${Math.floor(n / 500)}.${Math.floor(n / 50) % 10}.${n % 50}`) ?? '';
      return file(version, { firstSeen: n, ...proven(`${n}`) });
    });
    const took = (): number => {
      const start = performance.now();
      const history = new EvidenceHistory(versions, files);
      for (const one of files) history.baseline(one);
      return performance.now() - start;
    };
    took();
    // It takes some tens of milliseconds; the rest is for a busy machine. File by file it would be minutes.
    const best = Math.min(took(), took(), took());
    expect(best).toBeLessThan(1000);
  },
);
