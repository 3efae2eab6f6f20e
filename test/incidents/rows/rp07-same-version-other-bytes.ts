import type { Row } from '../row.ts';
import { imported, moduleFile, wheelName } from '../staged.ts';
import type { World } from '../world.ts';

const NAME = 'rp07-ctx';
const FILE = wheelName(NAME, '0.1.2');

/** The account has a new owner, who uploads the old version once more. */
function uploadAgain({ registry, mark }: World): void {
  registry.addPypi(NAME, [{ filename: FILE, files: { [moduleFile(NAME)]: `${mark.python}\n` } }]);
}

export const row: Row = {
  id: 'RP07',
  title: 'an old version is uploaded again with other bytes',
  happened: 'ctx and phpass 2022',
  controls: ['C06'],
  clients: ['pip-26'],
  policy: `
allow:
  - { pypi: ${NAME} }
`,
  stage({ registry }) {
    registry.addPypi(NAME, [{ filename: FILE }]);
  },
  async attack(victim, world) {
    await victim.pip('install', `${NAME}==0.1.2`);
    uploadAgain(world);
    await victim.fresh();
    await victim.pip('install', `${NAME}==0.1.2`);
    await imported(victim, NAME);
  },
  refused: { code: 'DIGEST_CHANGED', name: NAME, ecosystem: 'pypi' },
  async probe(gate, world) {
    await gate.served(gate.file(NAME, FILE));
    uploadAgain(world);
    await gate.refused(gate.file(NAME, FILE), 'DIGEST_CHANGED');
  },
};
