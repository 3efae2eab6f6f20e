import { makeWheel, makeZip, wheelEntries, type ZipEntry } from '../../verify/archives.ts';
import type { Row } from '../row.ts';
import { allRan, imported, moduleFile, wheelName } from '../staged.ts';
import type { World } from '../world.ts';

const NAME = 'rp27-uv';
const HARMLESS = wheelName(NAME, '0.9.0');
const MODULE = moduleFile(NAME);

/** Each of these is read in one way by one reader, and in another by the next. RECORD is that of the payload. */
function variants({ mark }: World): Readonly<Record<string, Uint8Array>> {
  const innocent = `__version__ = '1'\n`;
  const of = (version: string) => ({ name: NAME, version, files: { [MODULE]: mark.python } });
  const entries = (version: string): ZipEntry[] => wheelEntries(of(version));
  const changed = (version: string, more: Partial<ZipEntry>) =>
    makeZip(entries(version).map((entry) => (entry.path === MODULE ? { ...entry, ...more } : entry)));
  const another = makeWheel({ name: NAME, version: '1.0.3', files: { [MODULE]: innocent } });
  return {
    // The last of two entries wins in Python; others take the first.
    '1.0.0': makeZip([{ path: MODULE, bytes: innocent }, ...entries('1.0.0')]),
    // The local header names another file than the central directory.
    '1.0.1': changed('1.0.1', { local: { path: MODULE.replace('__init__', 'innocent') } }),
    // A second end of central directory in the comment of the first.
    '1.0.2': makeZip(entries('1.0.2'), { comment: Buffer.from(another).toString('latin1') }),
    // Another archive before this one.
    '1.0.3': Buffer.concat([another, makeWheel(of('1.0.3'))]),
  };
}

export const row: Row = {
  id: 'RP27',
  title: 'a wheel that two readers of zip read in two ways',
  happened: 'CVE-2025-54368 (uv) and its kin 2025',
  controls: ['C15'],
  clients: ['pip-26', 'pip-23'],
  policy: `
allow:
  - { pypi: ${NAME} }
`,
  stage(world) {
    world.registry.addPypi(NAME, [{ filename: HARMLESS }]);
    for (const [version, bytes] of Object.entries(variants(world))) {
      world.registry.addPypi(NAME, [{ filename: wheelName(NAME, version), bytes }]);
    }
  },
  async attack(victim) {
    await victim.pip('install', `${NAME}==1.0.0`);
    await imported(victim, NAME);
    await victim.pip23('install', '--force-reinstall', `${NAME}==1.0.3`);
    await imported(victim, NAME);
  },
  harmed: allRan,
  refused: { code: 'ARCHIVE_UNSAFE', name: NAME, ecosystem: 'pypi' },
  async probe(gate, world) {
    await gate.served(gate.file(NAME, HARMLESS));
    for (const version of Object.keys(variants(world))) {
      await gate.refused(gate.file(NAME, wheelName(NAME, version)), 'ARCHIVE_UNSAFE');
    }
  },
};
