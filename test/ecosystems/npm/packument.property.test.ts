import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FULL_ONLY, MANIFEST_FIELDS } from '../../../src/ecosystems/npm/fields.ts';
import { npm } from '../../../src/ecosystems/npm/npm.ts';
import { BASE, manifest, packument, read, view, write } from './packument.ts';

const CANARY = 'canary';
const SLSA = 'https://slsa.dev/provenance/v1';
const text = fc.string({ maxLength: 20 }).map((rest) => `${CANARY} says ${rest}`);

/** Text where text, addresses or anything else may stand in a manifest, and nothing of it may come out. */
const freeFields = fc.record(
  {
    description: text,
    readme: text,
    keywords: fc.array(text),
    author: fc.record({ name: text, url: text }),
    maintainers: fc.array(fc.record({ name: text, email: text })),
    contributors: fc.array(text),
    homepage: text,
    bugs: fc.record({ url: text }),
    repository: fc.record({ type: text, url: text }),
    funding: fc.oneof(text, fc.record({ url: text })),
    license: text,
    deprecated: text,
    scripts: fc.dictionary(fc.constantFrom('test', 'postinstall', 'x'), text),
    gitHead: text,
    main: text,
    exports: text,
    types: text,
    publishConfig: fc.record({ registry: text }),
    overrides: fc.dictionary(text, text),
    _npmUser: fc.record({ name: text }),
    _nodeVersion: text,
    engines: fc.dictionary(fc.oneof(fc.constant('node'), text), text),
    os: fc.oneof(text, fc.array(text)),
    cpu: fc.array(text),
    libc: text,
    bin: fc.oneof(text, fc.array(text), fc.dictionary(text, text)),
    directories: fc.dictionary(fc.constantFrom('bin', 'doc'), text),
    devDependencies: fc.dictionary(fc.oneof(fc.constant('bb'), text), text),
    acceptDependencies: fc.dictionary(fc.constant('bb'), text),
    peerDependenciesMeta: fc.dictionary(text, fc.record({ optional: text })),
    bundleDependencies: fc.array(text),
    _hasShrinkwrap: text,
    hasInstallScript: text,
    dependencies: fc.dictionary(fc.constantFrom('bb', '@s/n'), fc.constantFrom('^1', 'npm:cc@2', 'latest')),
  },
  { requiredKeys: [] },
);

const versionText = fc
  .tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.constantFrom('', '', '-rc.1', '-beta.2'))
  .map(([major, minor, patch, pre]) => `${major}.${minor}.${patch}${pre}`);

const world = fc.record({
  versions: fc.uniqueArray(fc.record({ version: versionText, admitted: fc.boolean(), fields: freeFields }), {
    minLength: 1,
    maxLength: 12,
    selector: (one) => one.version,
  }),
  tags: fc.dictionary(fc.constantFrom('latest', 'next', 'beta', 'constructor', '__proto__'), versionText),
  top: freeFields,
  evidence: fc.record(
    {
      signatures: fc.oneof(text, fc.array(fc.record({ keyid: text, sig: text }))),
      attestations: fc.oneof(text, fc.record({ url: text, provenance: fc.record({ predicateType: text }) })),
    },
    { requiredKeys: [] },
  ),
  attested: fc.boolean(),
  representation: fc.constantFrom('full', 'abbreviated'),
});

const KEYS = new Set([
  ...MANIFEST_FIELDS.map((field) => field.name),
  ...['_id', 'name', 'version', 'dist', 'hasInstallScript'],
]);

test('only admitted versions, only listed fields, only our addresses, none of a package’s words', () => {
  fc.assert(
    fc.property(world, ({ versions, tags, top, evidence, attested, representation }) => {
      const document = packument('aa', [], {
        ...top,
        versions: Object.fromEntries(
          versions.map(({ version, fields }) => {
            const plain = manifest('aa', version, fields);
            return [version, { ...plain, dist: { ...plain.dist, ...evidence } }];
          }),
        ),
        'dist-tags': tags,
      });
      const listing = read(document);
      expect(listing.files.size).toBe(versions.length);
      const admitted = versions.filter((one) => one.admitted).map((one) => one.version);
      const decided = view(listing, admitted, representation);
      const files = [...decided.files].map(([file, one]) => [file, { ...one, attested }] as const);
      const how = { ...decided, files: new Map(files) };
      const raw = Buffer.from(npm.writeIndex(listing, how).body).toString('utf8');
      const out = write(listing, how);

      expect(raw).not.toContain(CANARY);
      const ours = [BASE, `${new URL('/', BASE)}-/npm/v1/attestations/aa@`, SLSA];
      for (const [address] of raw.matchAll(/[a-z]+:\/\/[^"]*/gi)) {
        expect(ours.some((one) => address.startsWith(one))).toBe(true);
      }
      for (const one of Object.values(out.versions)) {
        for (const key of Object.keys(one)) {
          expect(KEYS.has(key)).toBe(true);
          if (representation === 'abbreviated') expect(FULL_ONLY.has(key)).toBe(false);
        }
      }
      const served = Object.keys(out.versions);
      for (const version of Object.values(out['dist-tags'])) expect(served).toContain(version);
      expect(out['dist-tags']['latest']).toBeDefined();
      if (admitted.length > 0) {
        expect(served.sort()).toEqual([...admitted].sort());
      } else {
        for (const one of Object.values(out.versions)) {
          expect(Object.keys(one.dist)).toEqual(['tarball']);
          expect(String(one.dist['tarball'])).toContain('/-/blocked/');
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('a tag that was moved never points up, nor to a prerelease while anything stable is admitted', () => {
  const stable = /^\d+\.\d+\.\d+$/;
  fc.assert(
    fc.property(world, ({ versions, tags }) => {
      const listing = read(
        packument(
          'aa',
          versions.map((one) => one.version),
          { 'dist-tags': tags },
        ),
      );
      const admitted = versions.filter((one) => one.admitted).map((one) => one.version);
      fc.pre(admitted.length > 0);
      const out = write(listing, view(listing, admitted))['dist-tags'];
      for (const [tag, now] of Object.entries(out)) {
        const before = Object.hasOwn(tags, tag) ? tags[tag] : undefined;
        if (now === before || (tag === 'latest' && !admitted.some((v) => stable.test(v)))) continue;
        expect(now).toMatch(stable);
        if (tag !== 'latest') expect(npm.versions.compare(now, before ?? '0.0.0')).toBeLessThanOrEqual(0);
      }
    }),
    { numRuns: 300 },
  );
});

test('any JSON is read or is IndexUnreadable, and what is read can be written', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.dictionary(fc.oneof(versionText, fc.string()), fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.dictionary(fc.constantFrom(...KEYS, 'scripts', 'gypfile'), fc.jsonValue()),
      (time, versions, tags, fields) => {
        const all = { ...versions, '1.0.0': { ...manifest('aa', '1.0.0'), ...fields } };
        try {
          const listing = read({ name: 'aa', versions: all, 'dist-tags': tags, time });
          write(listing, view(listing, ['1.0.0']));
          write(listing, view(listing, []));
        } catch (error) {
          expect(error).toHaveProperty('name', 'IndexUnreadable');
        }
      },
    ),
    { numRuns: 500 },
  );
});
