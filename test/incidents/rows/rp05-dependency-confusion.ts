import type { Row } from '../row.ts';
import { imported, moduleFile, wheelName } from '../staged.ts';

const NAME = 'rp05-acme-billing';
const PUBLIC = wheelName(NAME, '99.0.0');

export const row: Row = {
  id: 'RP05',
  title: 'a public package with the name of an internal one, and a higher version',
  happened: 'dependency confusion (Birsan) 2021; torchtriton 2022',
  controls: ['C16'],
  clients: ['pip-26'],
  // Allowed, and internal all the same: that is what refuses it.
  policy: `
allow:
  - { pypi: ${NAME} }
internal: ["rp05-*"]
`,
  stage({ registry, mark }) {
    registry.addPypi(NAME, [{ filename: PUBLIC, files: { [moduleFile(NAME)]: `${mark.python}\n` } }]);
  },
  async attack(victim) {
    await victim.pip('install', NAME);
    await imported(victim, NAME);
  },
  // Whether a name is listed nobody learns, of internal ones least of all: they are refused with the same word.
  refused: { code: 'NOT_ALLOWLISTED', name: NAME, ecosystem: 'pypi' },
  untouched: 'upstream',
  async probe(gate, world) {
    await gate.refused(gate.file(NAME, PUBLIC), 'NOT_ALLOWLISTED');
    await gate.refused(`${gate.file(NAME, PUBLIC)}.metadata`, 'NOT_ALLOWLISTED');
    await gate.get(`/pypi/simple/${NAME}/`);
    const asked = world.upstreamAsked();
    if (asked.length > 0) throw new Error(`an internal name was told: ${asked.join(', ')}`);
  },
};
