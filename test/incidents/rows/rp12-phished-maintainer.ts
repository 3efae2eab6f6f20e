import type { Row } from '../row.ts';
import { attestedWheel, imported, moduleFile, wheelName } from '../staged.ts';

const NAME = 'rp12-num2words';
const BAD = wheelName(NAME, '0.5.15');
const FRESH = wheelName(NAME, '0.5.16');

export const row: Row = {
  id: 'RP12',
  title: 'a phished maintainer account uploads versions that no workflow attests',
  happened: 'num2words 2025',
  controls: ['C08', 'C10'],
  clients: ['pip-26'],
  policy: `
requirements:
  pypi: { age: 7d, provenance: no-downgrade }
allow:
  - { pypi: ${NAME} }
`,
  async stage(world) {
    const good = { filename: wheelName(NAME, '0.5.14'), uploadTime: world.ago('200d') };
    await attestedWheel(world, NAME, good);
    const files = { [moduleFile(NAME)]: `${world.mark.python}\n` };
    world.registry.addPypi(NAME, [
      { filename: BAD, files, uploadTime: world.ago('10d') },
      { filename: FRESH, files, uploadTime: world.ago('1h') },
    ]);
  },
  async attack(victim) {
    await victim.pip('install', `${NAME}==0.5.15`);
    await imported(victim, NAME);
  },
  refused: { code: 'EVIDENCE_DOWNGRADE', name: NAME, ecosystem: 'pypi' },
  async probe(gate) {
    await gate.refused(gate.file(NAME, BAD), 'EVIDENCE_DOWNGRADE');
    const { codes } = await gate.refused(gate.file(NAME, FRESH), 'TOO_YOUNG');
    if (!codes.includes('EVIDENCE_DOWNGRADE'))
      throw new Error(`it is too young, and only that: ${codes.join(', ')}`);
    await gate.served(gate.file(NAME, wheelName(NAME, '0.5.14')));
  },
};
