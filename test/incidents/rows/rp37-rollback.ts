import type { Row } from '../row.ts';
import { imported, moduleFile, wheelName } from '../staged.ts';

const NAME = 'rp37-crypto';
const OLD = wheelName(NAME, '3.1.0');
const NEW = wheelName(NAME, '3.2.0');

export const row: Row = {
  id: 'RP37',
  title: 'an index is set back, so that an old version with a known hole is the newest',
  happened: 'rollback and freeze attacks (TUF, SLSA threat G), a technique',
  controls: ['C19'],
  clients: ['pip-26'],
  policy: `
requirements:
  pypi: { floor: line }
allow:
  - { pypi: ${NAME} }
`,
  stage({ registry, mark }) {
    // The hole is the marker.
    registry.addPypi(NAME, [
      { filename: OLD, files: { [moduleFile(NAME)]: mark.python } },
      { filename: NEW },
    ]);
  },
  async attack(victim, { registry }) {
    await victim.pip('install', NAME);
    registry.removePypi(NAME, NEW);
    await victim.fresh();
    await victim.pip('install', NAME);
    await victim.pip('install', `${NAME}==3.1.0`);
    await imported(victim, NAME);
  },
  refused: { code: 'BELOW_FLOOR', name: NAME, ecosystem: 'pypi' },
  async probe(gate, { registry }) {
    await gate.served(gate.file(NAME, NEW));
    registry.removePypi(NAME, NEW);
    await gate.refused(gate.file(NAME, OLD), 'BELOW_FLOOR');
  },
};
