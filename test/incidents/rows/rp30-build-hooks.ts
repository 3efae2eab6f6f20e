import type { Row } from '../row.ts';
import { allRan, wheelName } from '../staged.ts';

const NAME = 'rp30-native';
const FILE = 'rp30_native-1.0.0.tar.gz';
const HARMLESS = wheelName(NAME, '0.9.0');
const PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n';
/** A backend of its own, as setup.py is one: it does what it is asked, and something else before. */
const BACKEND = `
import zipfile
INFO = 'rp30_native-1.0.0.dist-info/'
def build_wheel(folder, config=None, metadata=None):
    name = 'rp30_native-1.0.0-py3-none-any.whl'
    with zipfile.ZipFile(folder + '/' + name, 'w') as wheel:
        wheel.writestr(INFO + 'METADATA', 'Metadata-Version: 2.1\\nName: ${NAME}\\nVersion: 1.0.0\\n')
        wheel.writestr(INFO + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr(INFO + 'RECORD', '')
    return name
`;

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
    const files = { 'pyproject.toml': PYPROJECT, 'backend.py': mark.python + BACKEND };
    registry.addPypi(NAME, [{ filename: FILE, files }, { filename: HARMLESS }]);
  },
  async attack(victim) {
    await victim.pip('download', `${NAME}==1.0.0`);
    await victim.pip23('install', `${NAME}==1.0.0`);
  },
  harmed: allRan,
  refused: { code: 'SDIST', name: NAME, ecosystem: 'pypi' },
  async probe(gate) {
    await gate.served(gate.file(NAME, HARMLESS));
    await gate.refused(gate.file(NAME, FILE), 'SDIST');
  },
};
