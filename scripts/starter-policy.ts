/**
 * Writes the starter policy: allowlists/npm.yaml and allowlists/pypi.yaml, the whole trees of allowlists/roots.txt.
 *
 *     node scripts/starter-policy.ts [--npm | --pypi]
 *
 * Run by a person, never by an install; the result is reviewed as a diff. It uses the real clients: `npm install
 * --ignore-scripts` in an empty folder per root (newest and previous major), and `uv pip compile --universal`,
 * which resolves for every platform and Python at once. Names only: versions stay open to the requirements.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ALLOWLISTS = join(import.meta.dirname, '..', 'allowlists');

/**
 * Run code at install by what the public index says, though the files show no script that would: npm takes the
 * index's `hasInstallScript` (a `gypfile` without a script) at its word.
 */
const SAID_BY_THE_INDEX = new Map([['fsevents', 'the index marks it so, for its native addon on macOS']]);

/** Have a `.pth` that Python runs at every start, and are of no use without it. */
const STARTUP_HOOKS = new Map([
  ['coverage', 'a1_coverage.pth measures subprocesses'],
  ['pytest-cov', 'pytest-cov.pth, before 7'],
  ['setuptools', 'distutils-precedence.pth stands in for distutils'],
]);

/** The oldest Python for which the PyPI tree is resolved; uv forks upwards from here. */
const OLDEST_PYTHON = '3.9';

interface LockEntry {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** name → why it runs code at install, or null where it does not. */
type Names = Map<string, string | null>;

const work = mkdtempSync(join(tmpdir(), 'starter-policy-'));
const only = process.argv[2];
try {
  if (only !== '--pypi') {
    const names: Names = new Map();
    for (const root of roots('npm')) npmTree(root, names);
    write('npm', names);
  }
  if (only !== '--npm') write('pypi', pypiTrees());
} finally {
  rmSync(work, { recursive: true, force: true });
}

function roots(ecosystem: string): string[] {
  return readFileSync(join(ALLOWLISTS, 'roots.txt'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${ecosystem} `))
    .map((line) => line.slice(ecosystem.length + 1).trim());
}

/** Adds the trees of the newest and of the previous major version, or of the one range that the root names. */
function npmTree(spec: string, names: Names): void {
  const root = spec.replace(/(?<=.)@[^/]*$/, '');
  if (root !== spec) {
    install(root, spec, names);
    return;
  }
  const version = install(root, root, names);
  const major = Number.parseInt(version, 10);
  if (major < 2) return;
  try {
    install(root, `${root}@<${major}.0.0-0`, names);
  } catch (error) {
    // Some packages begin at a later major; any other failure would leave a tree out unseen.
    if (!String((error as { stderr?: unknown }).stderr).includes('ETARGET')) throw error;
  }
}

/** Installs one spec without scripts, adds what came, gives the root's version. */
function install(root: string, spec: string, names: Names): string {
  const folder = join(work, 'tree');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  execFileSync('npm', ['install', ...options, spec], { cwd: folder, stdio: 'pipe' });
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockEntry>;
  };
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '') continue;
    if (/^(git|file|link)/.test(entry.resolved ?? ''))
      throw new Error(`${spec}: ${path} is not of a registry`);
    const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const why = names.get(name) ?? codeAtInstall(join(folder, path), name, entry.version ?? '');
    names.set(name, why && (why.includes(', in the tree of ') ? why : `${why}, in the tree of ${root}`));
    // Not every mirror keeps the packages of foreign platforms, and npm then leaves them out of the lock.
    for (const optional of Object.keys(entry.optionalDependencies ?? {})) {
      if (!names.has(optional)) names.set(optional, null);
    }
  }
  const version = lock.packages[`node_modules/${root}`]?.version ?? '';
  console.error(
    `npm ${root}@${version}: ${Object.keys(lock.packages).length - 1} in its tree, ${names.size} in all`,
  );
  return version;
}

/** Judged from the unpacked tarball itself, where this platform unpacks one. */
function codeAtInstall(folder: string, name: string, version: string): string | null {
  const said = SAID_BY_THE_INDEX.get(name);
  if (said) return said;
  if (!existsSync(join(folder, 'package.json'))) return null;
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    scripts?: Record<string, string>;
    dependencies?: Record<string, string>;
  };
  for (const [dependency, spec] of Object.entries(manifest.dependencies ?? {})) {
    if (/^(git|https?|file|link|github):|^[^@/]+\/[^/]+$/.test(spec)) {
      console.error(`  ${name}@${version} depends on ${dependency} by an address: refused by direct-urls`);
    }
  }
  const hooks = ['preinstall', 'install', 'postinstall'].filter(
    (hook) => manifest.scripts?.[hook] !== undefined,
  );
  if (hooks.length > 0) return `${hooks.join(' and ')} in ${version}`;
  return readdirSync(folder).includes('binding.gyp') ? `binding.gyp in ${version}` : null;
}

function pypiTrees(): Names {
  const input = join(work, 'requirements.in');
  writeFileSync(input, `${roots('pypi').join('\n')}\n`);
  const args = ['pip', 'compile', '--universal', '--no-build', '--no-header', '--no-annotate', '--quiet'];
  // pip and setuptools are roots here, so nothing may be left out as unsafe.
  args.push('--python-version', OLDEST_PYTHON, '--allow-unsafe', input);
  const names: Names = new Map();
  for (const line of execFileSync('uv', args, { encoding: 'utf8' }).split('\n')) {
    const name = /^([a-z0-9-]+)(?:\[[^\]]*\])?==/.exec(line)?.[1];
    if (name) names.set(name, null);
  }
  console.error(`pypi: ${names.size} in all`);
  return names;
}

function write(ecosystem: string, names: Names): void {
  const lines = [
    '# yaml-language-server: $schema=policy.schema.json',
    `# Written by scripts/starter-policy.ts from roots.txt; ${names.size} names. Do not edit: rules of your own go into a file of your own.`,
    'profile: default',
    'allow:',
  ];
  for (const name of [...names.keys()].sort()) {
    lines.push(`  - ${ecosystem}: ${name.startsWith('@') ? `"${name}"` : name}`);
    const why = names.get(name);
    if (why) lines.push(`    requirements: { install-scripts: allow } # ${why}`);
    const hook = ecosystem === 'pypi' ? STARTUP_HOOKS.get(name) : undefined;
    if (hook) lines.push(`    requirements: { startup-hooks: allow } # ${hook}`);
  }
  writeFileSync(join(ALLOWLISTS, `${ecosystem}.yaml`), `${lines.join('\n')}\n`);
}
