import type { Row } from '../row.ts';

const NAME = 'rp30-native';
const FILE = 'rp30_native-1.0.0.tar.gz';
const PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n';

export const row: Row = {
  id: 'RP30',
  title: 'a source distribution runs its own build: at install, and when it is only downloaded',
  happened: 'ctx 2022 and most of what was ever found on PyPI',
  controls: ['C14'],
  clients: ['pip-26', 'pip-23'],
  policy: `
allow:
  - { pypi: ${NAME} }
`,
  stage({ registry, mark }) {
    // A backend of its own, as setup.py is one: what pip calls first is what runs.
    const files = { 'pyproject.toml': PYPROJECT, 'backend.py': mark.python, 'setup.py': mark.python };
    registry.addPypi(NAME, [{ filename: FILE, files }]);
  },
  async attack(victim) {
    await victim.pip('download', `${NAME}==1.0.0`);
    await victim.pip23('install', `${NAME}==1.0.0`);
  },
  refused: { code: 'SDIST', name: NAME, ecosystem: 'pypi' },
  async probe(gate) {
    await gate.refused(gate.file(NAME, FILE), 'SDIST');
  },
};
