import type { Row } from '../row.ts';
import { attestedWheel, moduleFile, SIGNER, wheelName } from '../staged.ts';

const NAME = 'rp08-lzma';
const BY_HAND = wheelName(NAME, '5.6.0');
const FROM_SOURCE = wheelName(NAME, '5.6.1');

export const row: Row = {
  id: 'RP08',
  title: 'a maintainer of years puts a back door into what is released',
  happened: 'xz 2024, which was in no registry',
  controls: ['C07'],
  open:
    'A gate sees names, times, bytes and who signed them, and all of these are in order here. What it can ask is ' +
    'that a release was built by the named workflow from the named repository: that refuses an archive that was made by hand and differs ' +
    'from the repository, as that of xz did. It does not see code that is malicious in the repository itself, nor a build that its owner has turned.',
  policy: `
requirements:
  pypi: { provenance: ${SIGNER} }
allow:
  - { pypi: ${NAME} }
`,
  async stage(world) {
    const files = { [moduleFile(NAME)]: `${world.mark.python}\n` };
    world.registry.addPypi(NAME, [{ filename: BY_HAND, files }]);
    await attestedWheel(world, NAME, { filename: FROM_SOURCE, files });
  },
  refused: null,
  /** The half that is caught, and the half that is open: were it caught one day, the table has to say so. */
  async probe(gate) {
    await gate.refused(gate.file(NAME, BY_HAND), 'PROVENANCE_MISSING');
    await gate.served(gate.file(NAME, FROM_SOURCE));
  },
};
