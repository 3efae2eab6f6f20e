import type { VersionScheme } from '../../model/versions.ts';
import type { Ecosystem } from '../ecosystem.ts';
import type { PypiDocument } from './document.ts';
import { parseFilename } from './filenames.ts';
import { canonicalName } from './names.ts';
import { writeNames } from './names-page.ts';
import { PROVENANCE_TYPE, writeProvenance } from './provenance.ts';
import { parseRange } from './ranges.ts';
import { isRefusedWheel } from './refused-wheel.ts';
import { route } from './routes.ts';
import { readSimple } from './simple-read.ts';
import { writeRefused, writeSimple } from './simple-write.ts';
import { compareVersions, isPrerelease, majorLine, parseVersion } from './versions.ts';

/** Names of PEP 503, versions and ranges of PEP 440. `1.0` and `1.0.0` are two normal forms that compare equal. */
export const pypiVersions: VersionScheme = {
  ecosystem: 'pypi',
  canonicalName,
  parseVersion: (raw) => parseVersion(raw)?.text ?? null,
  parseRange,
  compare(a, b) {
    const [x, y] = [parseVersion(a), parseVersion(b)];
    // Normal forms always parse; anything else sorts before them, so that it is never the newest.
    if (x && y) return compareVersions(x, y);
    return x ? 1 : y ? -1 : 0;
  },
  isPrerelease(raw) {
    const version = parseVersion(raw);
    return version === null || isPrerelease(version);
  },
  majorLine(raw) {
    const version = parseVersion(raw);
    // A line of its own would have no earlier versions, and so nothing to be held to.
    if (!version) throw new TypeError('no version of PEP 440');
    return majorLine(version);
  },
};

/** The Python Package Index's protocol: the simple API in HTML and JSON, files, core metadata, provenance. */
export const pypi: Ecosystem<PypiDocument> = {
  id: 'pypi',
  versions: pypiVersions,
  mount: '/pypi/',
  route,
  indexRequest: (name) => ({
    path: `${name}/`,
    accept:
      'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01',
  }),
  readIndex: readSimple,
  claimedManifest: () => null,
  writeIndex: writeSimple,
  writeRefusedIndex: (name, { representation }, refusal) => writeRefused(name, representation, refusal),
  attestations: { kind: 'pypi-provenance', accept: PROVENANCE_TYPE },
  writeAttestations: writeProvenance,
  parseFilename(name, filename) {
    const parsed = parseFilename(filename, name);
    return parsed && !isRefusedWheel(parsed) ? { version: parsed.version, kind: parsed.kind } : null;
  },
  writeNames,
};

export type { PypiDocument } from './document.ts';
