import { type Mutant, mutant } from './mutant.ts';
import { AROUND } from './mutants-around.ts';
import { OF_ARCHIVES } from './mutants-of-archives.ts';
import { OF_PACKAGES } from './mutants-of-packages.ts';

// Every check of the admission path, left out. A check that is made in two places is left out in both.

const TAR = 'verify/archive/tar.ts';
const TAR_HEADER = 'verify/archive/tar-header.ts';
const PATH = 'verify/archive/path.ts';
const GUNZIP = 'verify/archive/gunzip.ts';
const DIRECTORY = 'verify/archive/zip-directory.ts';
const LOCALS = 'verify/archive/zip-locals.ts';
const TARBALL = 'verify/npm/tarball.ts';
const RECORD = 'verify/pypi/record.ts';
const WHEEL = 'verify/pypi/wheel.ts';
const REQUIREMENTS = 'policy/judge/judge-requirements.ts';
const INTEGRITY = 'policy/judge/integrity.ts';
const EVIDENCE = 'policy/judge/evidence.ts';
const DECIDE = 'policy/decide.ts';
const CHECKED = 'verify/integrity.ts';
const TARGET = 'gate/target.ts';
const MANIFEST = 'model/install-manifest.ts';
const NPM_PATH = 'ecosystems/npm/path.ts';

export const MUTANTS: readonly Mutant[] = [
  // archives: tar
  mutant('tar-links', 'links and devices in a tar', [
    TAR,
    "if (header.type !== '0' && header.type !== '5') throw",
    'if (false) throw',
  ]),
  mutant('tar-end', 'entries after the end of a tar', [
    TAR,
    'if (!isZeroBlock(rest)) throw',
    'if (false) throw',
  ]),
  mutant(
    'tar-folder-body',
    'folders with a body',
    [TAR, 'if (folder && header.size !== 0) throw', 'if (false) throw'],
    [TAR, "if (header.oldType && header.path.endsWith('/') && header.size !== 0) {", 'if (false) {'],
  ),
  mutant('tar-checksum', 'checksum of a tar header', [
    TAR_HEADER,
    'if (octal(block, 148, 8, name) !== checksum(block)) throw',
    'if (false) throw',
  ]),
  mutant('pax-meanings', 'pax headers with two meanings', [
    'verify/archive/pax.ts',
    'if (seen.has(key) || REFUSED.test(key)) throw',
    'if (false) throw',
  ]),
  mutant('path-up', 'paths that leave their folder', [
    PATH,
    "if (segment === '..') throw",
    'if (false) throw',
  ]),
  mutant(
    'path-absolute',
    'absolute paths',
    [PATH, "if (/^[A-Za-z]:/.test(raw) || raw.startsWith('/')) throw", 'if (false) throw'],
    [PATH, "if (segment === '') throw", 'if (false) throw'],
  ),
  mutant('path-backslash', 'backslashes in paths', [
    PATH,
    "if (raw.includes('\\\\')) throw",
    'if (false) throw',
  ]),
  mutant('path-depth', 'how deep a path is', [
    PATH,
    'if (segments.length > MAX_DEPTH) throw',
    'if (false) throw',
  ]),
  mutant('gzip-after', 'bytes after the gzip member', [
    GUNZIP,
    'if (rest.some((byte) => byte !== 0)) throw',
    'if (false) throw',
  ]),
  mutant('gzip-checksum', 'checksum of a gzip member', [
    GUNZIP,
    'if (trailer.readUInt32LE(0) !== crc) throw',
    'if (false) throw',
  ]),
  mutant('ratio', 'unpacked to packed bytes', [
    'verify/archive/meter.ts',
    'this.#unpacked > this.#packed * this.limits.maxRatio',
    'false',
  ]),
  // archives: zip
  mutant('zip-duplicates', 'two entries of one name', [
    DIRECTORY,
    'if (seen.has(entry.path.text)) throw',
    'if (false) throw',
  ]),
  mutant('zip-flags', 'encrypted entries', [
    DIRECTORY,
    'if (flags & ~KNOWN_FLAGS) throw',
    'if (false) throw',
  ]),
  mutant(
    'zip-checksums',
    'checksums of entries',
    ['verify/archive/zip-bodies.ts', 'if (crc32(bytes) !== entry.crc) throw wrong(entry);', ''],
    [
      'verify/archive/zip-bodies.ts',
      'if (length !== entry.size || crc !== entry.crc) throw wrong(entry);',
      'if (length !== entry.size) throw wrong(entry);',
    ],
    ['verify/archive/zip.ts', 'if (crc32(bytes) !== entry.crc) throw', 'if (false) throw'],
  ),
  mutant('zip-method', 'compressions that nobody knows', [
    DIRECTORY,
    'if (method !== 0 && method !== 8) throw',
    'if (false) throw',
  ]),
  mutant('zip-links', 'links and devices in a zip', [
    DIRECTORY,
    'if (type !== 0 && type !== (path.folder ? FOLDER : REGULAR)) throw',
    'if (false) throw',
  ]),
  mutant('zip-names', 'names of local headers', [
    LOCALS,
    "rest.toString('latin1', 0, nameLength) !== entry.rawName",
    'false',
  ]),
  mutant('zip-sizes', 'sizes and checksums of local headers', [
    LOCALS,
    '} else if (!agrees) {',
    '} else if (false) {',
  ]),
  mutant('zip-gap', 'bytes before the zip directory', [
    LOCALS,
    'if (at !== end.offset) throw',
    'if (false) throw',
  ]),
  mutant('zip-front', 'bytes before the first entry', [
    LOCALS,
    'if (entry.offset !== at) throw',
    'at = entry.offset;\n    if (false) throw',
  ]),
  // npm tarballs
  mutant('npm-top', 'files outside the top folder', [
    TARBALL,
    'if (entry.path.segments.length < 2)',
    'if (false)',
  ]),
  mutant('npm-places', 'two files in one place', [TARBALL, 'if (seen.has(place)) throw', 'if (false) throw']),
  mutant('npm-folded', 'names that are others on other file systems', [
    TARBALL,
    "const elsewhere = role === 'other' ? roleOfPlace(onWindows(folded(place))) : role;",
    'const elsewhere = role;',
  ]),
  mutant('npm-twice', 'members that stand twice in package.json', [
    'verify/npm/manifest.ts',
    'if (saysTwice(text)) throw',
    'if (false) throw',
  ]),
  mutant(
    'npm-names',
    'name and version in package.json',
    [TARBALL, "if (!names(document, expected)) findings.add('METADATA_MISMATCH', place);", ''],
    [MANIFEST, "name: textOf(own(manifest, 'name')).trim(),", "name: '',"],
    [MANIFEST, "version: versionOf(own(manifest, 'version')),", "version: '',"],
  ),
  mutant('npm-scripts', 'install scripts in the bytes', [
    TARBALL,
    "if (installScript(document)) findings.add('INSTALL_SCRIPT', place);",
    '',
  ]),
  mutant('npm-gyp', 'binding.gyp in the bytes', [
    TARBALL,
    "findings.add('NATIVE_BUILD', place);\n      continue;",
    'continue;',
  ]),
  mutant('npm-addresses', 'dependencies by address in the bytes', [
    TARBALL,
    "if (fieldThatLeadsAway(document)) findings.add('DIRECT_URL', place);",
    '',
  ]),
  mutant('npm-shrinkwrap', 'addresses in a shrinkwrap', [
    TARBALL,
    "if (shrinkwrapLeadsAway(document, expected.host ?? null)) findings.add('DIRECT_URL', place);",
    '',
  ]),
  // wheels and source distributions
  mutant('wheel-name', 'name and version in METADATA', [
    'verify/pypi/metadata.ts',
    "if (!agrees(core, expected)) findings.add('METADATA_MISMATCH', place);",
    '',
  ]),
  mutant('wheel-addresses', 'requirements by address in METADATA', [
    'verify/pypi/metadata.ts',
    "if (leadsAway(core)) findings.add('DIRECT_URL', place);",
    '',
  ]),
  mutant('wheel-hooks', 'files that run at every start', [
    WHEEL,
    "if (!path.folder && isWheelHook(path)) findings.add('STARTUP_HOOK', path.text);",
    '',
  ]),
  mutant('record-listed', 'files that RECORD does not list', [
    RECORD,
    'if (!row) throw',
    'if (!row) continue;\n    if (false) throw',
  ]),
  mutant('record-hash', 'hashes in RECORD', [
    RECORD,
    "if (this.#hash.digest('base64url') !== this.#expected) {",
    'if (false) {',
  ]),
  mutant('metadata-beside', 'what an index says of an install, or beside a wheel', [
    'admission/index-claims.ts',
    'return metadataDigest === null ||',
    'return metadataDigest !== undefined ||',
  ]),
  mutant('build-addresses', 'build requirements by address', [
    'verify/pypi/sdist.ts',
    "if (away) findings.add('DIRECT_URL', 'pyproject.toml');",
    '',
  ]),
  // digests
  mutant(
    'declared-digest',
    'the digest that the index declares',
    [CHECKED, 'declared.every((digest) => holds(received, digest))', 'true'],
    [INTEGRITY, "if (!agrees(file.digests, question)) codes.push('DIGEST_MISMATCH');", ''],
  ),
  mutant('no-digest', 'that the index declares a digest', [
    INTEGRITY,
    "if (question.file.digests.length === 0 && pin === null) given.push(firm('NO_DIGEST'));",
    '',
  ]),
  mutant('size', 'the size that the index declares', [
    CHECKED,
    "outcome('size', 'SIZE_MISMATCH', claims.size === received.size)",
    "outcome('size', 'SIZE_MISMATCH', true)",
  ]),
  mutant('first-digest', 'the first digest', [
    DECIDE,
    "judge: ({ question }) => (question.stage === 'name' ? [] : judgeFirstDigest(question)),",
    'judge: ({ question }) => (question === null ? judgeFirstDigest(question) : []),',
  ]),
  mutant('pins', 'the digests of a pin', [
    DECIDE,
    'const mismatch = judgePin(question, pin);',
    'const mismatch = judgePin(question, pin).slice(0, 0);',
  ]),
  mutant('quarantine', 'quarantine of a project', [
    INTEGRITY,
    "if (question.quarantined) given.push(firm('QUARANTINED_UPSTREAM'));",
    '',
  ]),
  mutant(
    'unsafe',
    'the finding that an archive is unsafe',
    ['verify/inspect.ts', "findings: [{ code: 'ARCHIVE_UNSAFE', place: error.place }],", 'findings: [],'],
    ['admission/acquire.ts', 'if (inspection.metadata === null && findings.length === 0) {', 'if (false) {'],
  ),
  mutant(
    'metadata',
    'findings about metadata',
    [
      INTEGRITY,
      "given.push(finding.code === 'METADATA_MISMATCH' ? DISAGREES : firm('ARCHIVE_UNSAFE'));",
      "if (finding.code !== 'METADATA_MISMATCH') given.push(firm('ARCHIVE_UNSAFE'));",
    ],
    [
      INTEGRITY,
      'return [...codes.map((code) => firm(code)), ...judgeMetadata(verdicts)];',
      'return codes.map((code) => firm(code));',
    ],
  ),
  // the policy
  mutant('internal', 'names of ours', [
    DECIDE,
    "? [firm('NOT_ALLOWLISTED')]\n        : [],",
    '? []\n        : [],',
  ]),
  mutant('allowlist', 'that a rule admits the name', [
    DECIDE,
    "if (rule === null && pinned === null) return [unlisted('NOT_ALLOWLISTED')];\n",
    'if (rule === null && pinned === null) return [];\n',
  ]),
  mutant('deny', 'deny rules', [
    DECIDE,
    'return isFile(matter) && asksAll(matter) ? [...denied, ...judgeMalware(matter)] : denied;',
    'return isFile(matter) && asksAll(matter) ? judgeMalware(matter) : denied.slice(0, 0);',
  ]),
  mutant('versions', 'versions of a rule', [
    DECIDE,
    'const reached = range === null || range.has(question.file.version);',
    'const reached = true;',
  ]),
  mutant(
    'frozen',
    'mode frozen',
    [DECIDE, "if (mode === 'frozen') return [unlisted('NOT_PINNED')];", ''],
    [DECIDE, "return mode === 'frozen' && pinned === null ? [unlisted('NOT_PINNED')] : [];", 'return [];'],
  ),
  mutant('age', 'age', [
    REQUIREMENTS,
    "demand(isOldEnough(matter), 'age', 'TOO_YOUNG');",
    "demand(isOldEnough(matter) || true, 'age', 'TOO_YOUNG');",
  ]),
  mutant('age-undated', 'that somebody dates a version', [
    REQUIREMENTS,
    'return question.now >= (ripeAt(matter) ?? Number.NaN);',
    'return question.now >= (ripeAt(matter) ?? 0);',
  ]),
  mutant('install-scripts', 'what runs at install', [
    REQUIREMENTS,
    "demand(required.installScripts === 'allow' || !runs,",
    'demand(runs || !runs,',
  ]),
  mutant(
    'install-scripts-index',
    'what the index says of install scripts',
    [
      REQUIREMENTS,
      "const runs = file.installScripts || shown.has('install-scripts');",
      "const runs = shown.has('install-scripts');",
    ],
    [TARBALL, "if (installScript(document)) findings.add('INSTALL_SCRIPT', place);", ''],
  ),
  mutant('sdist', 'source distributions', [
    REQUIREMENTS,
    "demand(required.sdist === 'allow' || !builds, 'sdist', 'SDIST');",
    '',
  ]),
  mutant('direct-urls', 'dependencies by address', [
    REQUIREMENTS,
    "demand(required.directUrls === 'allow' || !leads,",
    'demand(leads || !leads,',
  ]),
  mutant('startup-hooks', 'start-up hooks', [
    REQUIREMENTS,
    "demand(required.startupHooks === 'allow' || !shown.has('startup-hooks'),",
    'demand(true,',
  ]),
  mutant('licence', 'licences', [
    REQUIREMENTS,
    ', ...judgeLicence(matter, place)',
    ', ...judgeLicence(matter, place).slice(0, 0)',
  ]),
  mutant('floor', 'no rollback', [
    REQUIREMENTS,
    '...judgeFloor(matter),',
    '...judgeFloor(matter).slice(0, 0),',
  ]),
  mutant('evidence', 'evidence', [
    REQUIREMENTS,
    'given.push(changes ? givenOf(matter, reason) : unmet(reason.detail.check, reason));',
    'void changes;',
  ]),
  mutant('evidence-missing', 'that evidence is there', [
    EVIDENCE,
    "if (level !== 'no-downgrade') return [{ code: LACKING[check].missing, detail: { check } }];",
    "if (level !== 'no-downgrade') return [];",
  ]),
  mutant('evidence-downgrade', 'that later versions have what earlier ones had', [
    EVIDENCE,
    "return before ? [{ code: 'EVIDENCE_DOWNGRADE', detail: { check } }] : [];",
    'return before ? [] : [];',
  ]),
  mutant('signers', 'who signed', [
    EVIDENCE,
    "return check === 'provenance' ? bySigners(asked, verdict.signers) : [];",
    "return check === 'provenance' ? bySigners(asked, verdict.signers).slice(0, 0) : [];",
  ]),
  mutant('registry-signature', 'signatures of the registry', [
    'verify/evidence.ts',
    'return { signers: [], cause: checkRegistrySignatures(trust, job, now) };',
    'return { signers: [], cause: null };',
  ]),
  mutant('foreign-places', 'places of other distributions', [
    REQUIREMENTS,
    '...judgeForeignPlaces(matter, ',
    '...judgeForeignPlaces(matter, false && ',
  ]),
  // before all that
  mutant('tokens', 'tokens', [
    'gate/auth.ts',
    'if (!found || !timingSafeEqual(found.hash, hash)) return null;',
    'if (!found || !timingSafeEqual(found.hash, hash)) return tokens[0] ?? null;',
  ]),
  mutant('hosts', 'names of this host', [
    'gate/hosts.ts',
    'if (host === undefined || host.length > 300 || !accepts(host)) return null;',
    'if (host === undefined || host.length > 300) return null;',
  ]),
  mutant(
    'dot-segments',
    'dot segments',
    [
      TARGET,
      'return hasDotSegment(path) ? null : { path, query };',
      'return hasDotSegment(path) && path === query ? null : { path, query };',
    ],
    [
      NPM_PATH,
      "if (segment === null || segment === '' || segment === '.' || segment === '..') return null;",
      "if (segment === null || segment === '') return null;",
    ],
  ),
  mutant(
    'control-characters',
    'control characters in paths',
    [TARGET, '(CONTROL.test(path) || NEVER_ENCODED.test(path))', 'NEVER_ENCODED.test(path)'],
    [NPM_PATH, 'if (!/^[\\x21-\\x7e]$/.test(character) || UNRESERVED.test(character)) return null;', ''],
    [
      'ecosystems/npm/names.ts',
      'const UNSCOPED = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;',
      'const UNSCOPED = /^[^/]+$/;',
    ],
  ),
  mutant(
    'never-encoded',
    'what is encoded twice',
    [TARGET, '(CONTROL.test(path) || NEVER_ENCODED.test(path))', 'CONTROL.test(path)'],
    [NPM_PATH, "return character === '%' || character === '\\\\' ? null : character;", 'return character;'],
    [
      'ecosystems/npm/names.ts',
      'const UNSCOPED = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;',
      'const UNSCOPED = /^[^/]+$/;',
    ],
  ),
  mutant('name-budget', 'the budget of names that nobody reviewed', [
    'admission/names.ts',
    'if (!budget.take(',
    'if (!budget && !budget.take(',
  ]),
  ...OF_ARCHIVES,
  ...OF_PACKAGES,
  ...AROUND,
];
