import type { Row } from '../row.ts';
import { required } from '../staged.ts';

const NAME = 'rp36-good';
const OLDER = 'rp36-older';

export const row: Row = {
  id: 'RP36',
  title: 'the archive is another package, or another version, than its index says',
  happened: 'a technique; npm 11 and 12 install it, and so does pip 23',
  controls: ['C13'],
  clients: ['npm-12'],
  policy: `
allow:
  - { npm: ${NAME} }
  - { npm: ${OLDER} }
`,
  stage({ registry, mark }) {
    registry.addNpm(NAME, {
      '0.9.0': {},
      '1.0.0': { packageJson: { name: 'rp36-other', version: '1.0.0' }, files: { 'index.js': mark.js } },
    });
    registry.addNpm(OLDER, {
      '2.0.0': { packageJson: { name: OLDER, version: '1.0.0' }, files: { 'index.js': mark.js } },
    });
  },
  async attack(victim) {
    await victim.npm12('install', NAME);
    await required(victim, NAME);
  },
  refused: { code: 'METADATA_MISMATCH', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.refused(gate.tarball(NAME, '1.0.0'), 'METADATA_MISMATCH');
    await gate.refused(gate.tarball(OLDER, '2.0.0'), 'METADATA_MISMATCH');
    await gate.versions(NAME, '0.9.0');
  },
};
