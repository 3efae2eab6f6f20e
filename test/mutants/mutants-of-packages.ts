import { type Mutant, mutant } from './mutant.ts';

// Checks of what a package says and brings, and of what changed in it.

const TARBALL = 'verify/npm/tarball.ts';
const MANIFEST = 'model/install-manifest.ts';
const CHANGES = 'policy/judge/changes.ts';
const REQUIREMENTS = 'policy/judge/judge-requirements.ts';
const PLACES = 'policy/judge/foreign-places.ts';
const INSTALLED = 'verify/pypi/installed.ts';
const RECORD = 'verify/pypi/record.ts';
const WHEEL = 'verify/pypi/wheel.ts';
const SDIST = 'verify/pypi/sdist.ts';

/** A field of the manifests of index and tarball that is not compared. */
function field(name: string, text: string): Mutant {
  return mutant(`manifest-${name}`, `\`${name}\` of the index against the tarball's`, [
    MANIFEST,
    `${name}: ${text},`,
    `${name}: [],`,
  ]);
}

export const OF_PACKAGES: readonly Mutant[] = [
  // the index against the bytes, field by field
  field('dependencies', 'sorted(all)'),
  field('optionalDependencies', 'sorted(optional)'),
  field('peerDependencies', "sorted(dependenciesOf(own(manifest, 'peerDependencies')))"),
  field('peerDependenciesMeta', "optionalPeers(own(manifest, 'peerDependenciesMeta'))"),
  field('bundleDependencies', '[...new Set(bundled)].sort()'),
  field('bin', 'sorted(commandsOf(manifest, directory))'),
  field('directories', "directory ?? ''"),
  field('scripts', "sorted(installScripts(own(manifest, 'scripts')))"),
  field('os', "platforms(own(manifest, 'os'))"),
  field('cpu', "platforms(own(manifest, 'cpu'))"),
  // what else lies in a tarball
  mutant('npm-settings', '`.npmrc` in a package', [
    TARBALL,
    "findings.add('FOREIGN_PLACE', place);\n      continue;",
    'continue;',
  ]),
  mutant('npm-stray', 'install scripts of packages that lie elsewhere', [
    TARBALL,
    "if (entry.bytes && runsCode(entry.bytes, place)) findings.add('INSTALL_SCRIPT', place);",
    '',
  ]),
  mutant('npm-bundled', 'bundled packages that the manifest does not name', [
    TARBALL,
    "for (const place of bundle.strangers(root)) findings.add('FOREIGN_PLACE', place);",
    '',
  ]),
  mutant('npm-commands', 'commands with the name of a platform’s', [
    TARBALL,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a piece of a source
    "if (isForeignCommand(expected.name, command))\n      findings.add('FOREIGN_PLACE', `package.json#bin/${command}`);",
    'void command;',
  ]),
  mutant('npm-command-folder', 'the same in `directories.bin`', [
    TARBALL,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a piece of a source
    "if (folder === '' || folded(place).startsWith(`${folder}/`)) findings.add('FOREIGN_PLACE', place);",
    'void place;',
  ]),
  mutant('npm-hidden-lock', 'a hidden lockfile of what is bundled', [
    TARBALL,
    "if (HIDDEN_LOCK.test(place)) return 'lock';",
    '',
  ]),
  mutant('npm-build', 'a build that the manifest asks for', [
    TARBALL,
    "if (asksForBuild(document)) findings.add('NATIVE_BUILD', place);",
    '',
  ]),
  mutant('aliases', 'aliases of names that are not admitted', [
    REQUIREMENTS,
    "required.directUrls === 'allow' ? [] : notAdmitted(matter, file.aliases ?? []);",
    '[].slice(file.aliases?.length);',
  ]),
  // wheels
  mutant('places-named', 'modules in the place of a package that the policy names', [
    PLACES,
    'if (other !== normalName(name) && isNamed(rules, other)) others.add(other);',
    '',
  ]),
  mutant('places-taken', 'modules in the place of what was admitted before', [
    PLACES,
    'for (const other of takenFrom(rules, name, taken)) others.add(other);',
    '',
  ]),
  mutant('wheel-commands', 'scripts with the name of a platform’s command', [
    INSTALLED,
    "if (command !== null && !this.#owns(command)) this.#findings.add('FOREIGN_PLACE', place);",
    'void command;',
  ]),
  mutant('wheel-entry-points', 'entry points that are paths', [
    INSTALLED,
    "if (/[/\\\\]|^\\.{0,2}$/.test(name)) this.#findings.add('FOREIGN_PLACE', place);",
    'if (/[/\\\\]|^\\.{0,2}$/.test(name)) continue;',
  ]),
  mutant('wheel-others-metadata', 'metadata of another distribution', [
    INSTALLED,
    "if (this.#isOthersMetadata(landing.segments)) this.#findings.add('FOREIGN_PLACE', path.text);\n        else ",
    '',
  ]),
  mutant('wheel-clients', 'settings of clients at the root of an environment', [
    INSTALLED,
    "case 'clients':\n        this.#findings.add('FOREIGN_PLACE', path.text);",
    "case 'clients':",
  ]),
  mutant('wheel-installers', 'modules of installers', [
    INSTALLED,
    "if (this.#isOfInstaller(landing.segments)) this.#findings.add('FOREIGN_PLACE', path.text);",
    '',
  ]),
  mutant('wheel-compiled', 'compiled modules of others', [
    'verify/pypi/places.ts',
    'const segments = withoutCaches(path);',
    'const segments = withoutCaches(path) && path;',
  ]),
  mutant('wheel-origin', 'a `direct_url.json` in a wheel', [
    WHEEL,
    "if (origin) findings.add('DIRECT_URL', origin.path.text);",
    '',
  ]),
  mutant('wheel-infos', 'two .dist-info folders', [
    WHEEL,
    'if (infos.size !== 1 || !entry || entry.path.folder) {',
    'if (!entry || entry.path.folder) {',
  ]),
  mutant('wheel-folded', 'a METADATA in other letters', [
    WHEEL,
    'if (file !== name && folded(file) === folded(name))',
    'if (false)',
  ]),
  mutant('wheel-stem', 'the name of the .dist-info folder', [
    WHEEL,
    'if (!info.endsWith(INFO) || !stemAgrees(info.slice(0, -INFO.length), expected)) {',
    'if (false) {',
  ]),
  mutant('wheel-format', 'the version of the format', [
    'verify/pypi/wheel-document.ts',
    "throw new ArchiveUnsafe('wheel of another format', place);",
    '',
  ]),
  mutant('wheel-tags', 'WHEEL against the file name', [
    WHEEL,
    'if (!said || !wheelAgrees(said, expected.filename, place))',
    'if (!said)',
  ]),
  mutant('record-missing', 'files that RECORD lists and that are not there', [
    RECORD,
    'if (listed !== rows.size)',
    'if (false)',
  ]),
  mutant('record-unhashed', 'files without a hash in RECORD', [
    RECORD,
    "if (!row.hash) throw new ArchiveUnsafe('file without",
    "if (false) throw new ArchiveUnsafe('file without",
  ]),
  mutant('record-size', 'sizes in RECORD', [
    RECORD,
    'if (row.size !== null && row.size !== entry.size) {',
    'if (false) {',
  ]),
  mutant('record-weak', 'weak hashes in RECORD', [
    RECORD,
    'if (!ALGORITHMS.has(algorithm)) throw',
    'if (false) throw',
  ]),
  mutant('record-twice', 'files that RECORD lists twice', [
    RECORD,
    'if (rows.has(text)) throw',
    'if (false) throw',
  ]),
  // source distributions
  mutant('sdist-name', 'name and version in PKG-INFO', [
    SDIST,
    "if (!core || !agrees(core, expected)) findings.add('METADATA_MISMATCH', 'PKG-INFO');",
    '',
  ]),
  mutant('sdist-addresses', 'requirements by address in PKG-INFO', [
    SDIST,
    "if (core && leadsAway(core)) findings.add('DIRECT_URL', 'PKG-INFO');",
    '',
  ]),
  mutant('sdist-setup', 'requirements by address in setup.cfg', [
    SDIST,
    "if (setup && setupLeadsAway(setup)) findings.add('DIRECT_URL', 'setup.cfg');",
    '',
  ]),
  mutant('sdist-hooks', 'files of a source distribution that run at every start', [
    SDIST,
    "if (isSdistHook(path)) findings.add('STARTUP_HOOK', path.text);",
    '',
  ]),
  mutant('sdist-links', 'links that lead nowhere, or out of the archive', [SDIST, 'links.check();', '']),
  mutant('sdist-tops', 'two top folders', [SDIST, 'if (this.#name !== top) throw', 'if (false) throw']),
  // what changed since the version that was admitted before
  mutant('change-scripts', 'a first install script', [
    CHANGES,
    "if (runs && !before.runs && required.installScripts === 'allow')",
    'if (false)',
  ]),
  mutant('change-sdist', 'a source distribution instead of a wheel', [
    CHANGES,
    "if (question.file.kind === 'sdist' && required.sdist === 'allow' && isInstead(before.kinds))",
    'if (false)',
  ]),
  mutant('change-dependencies', 'a new dependency', [
    CHANGES,
    "else if (unknown.length > 0) add('NEW_DEPENDENCY', unknown.slice(0, MAX_TOLD));",
    '',
  ]),
  mutant('change-births', 'the age of a new dependency', [
    CHANGES,
    'return !(question.now >= (born ?? Number.NaN) + age);',
    'return false;',
  ]),
  mutant('change-evidence', 'evidence that is no longer there', [
    'policy/judge/evidence.ts',
    'const level = withChanges(own, required);\n    const asked: Asked',
    'const level = own;\n    const asked: Asked',
  ]),
];
