import { makeZip, wheelEntries } from '../../verify/archives.ts';
import type { Row } from '../row.ts';
import { allRan, imported, moduleFile, wheelName } from '../staged.ts';

const NAME = 'rp28-torch';
const HARMLESS = wheelName(NAME, '0.9.0');
const MODULE = moduleFile(NAME);
const EXTRA = MODULE.replace('__init__', 'extra');

export const row: Row = {
  id: 'RP28',
  title: "a wheel with a module that its RECORD does not have, or has with another's hash",
  happened: 'wheels that were altered after they were built; PyPI refuses them since 2026',
  controls: ['C15'],
  clients: ['pip-26', 'pip-23'],
  policy: `
allow:
  - { pypi: ${NAME} }
`,
  stage({ registry, mark }) {
    const entries = (version: string) =>
      wheelEntries({ name: NAME, version, files: { [MODULE]: `__version__ = '1'\n` } });
    const missing = makeZip([...entries('1.0.0'), { path: EXTRA, bytes: mark.python }]);
    const altered = entries('1.0.1').map((entry) =>
      entry.path === MODULE ? { ...entry, bytes: mark.python } : entry,
    );
    registry.addPypi(NAME, [
      { filename: HARMLESS },
      { filename: wheelName(NAME, '1.0.0'), bytes: missing },
      { filename: wheelName(NAME, '1.0.1'), bytes: makeZip(altered) },
    ]);
  },
  async attack(victim) {
    await victim.pip('install', `${NAME}==1.0.0`);
    await victim.python('-c', 'import rp28_torch.extra');
    await victim.pip23('install', `${NAME}==1.0.1`);
    await imported(victim, NAME);
  },
  harmed: allRan,
  refused: { code: 'ARCHIVE_UNSAFE', name: NAME, ecosystem: 'pypi' },
  async probe(gate) {
    await gate.served(gate.file(NAME, HARMLESS));
    await gate.refused(gate.file(NAME, wheelName(NAME, '1.0.0')), 'ARCHIVE_UNSAFE');
    await gate.refused(gate.file(NAME, wheelName(NAME, '1.0.1')), 'ARCHIVE_UNSAFE');
  },
};
