import type { Row } from '../row.ts';
import { npmLocked, required } from '../staged.ts';

const NAME = 'rp03-stream';
const ADDED = 'rp03-flatmap';

export const row: Row = {
  id: 'RP03',
  title: 'a new maintainer adds a dependency in a patch release, and the code is in that one',
  happened: 'event-stream 2018',
  controls: ['C01'],
  clients: ['npm-11'],
  policy: `
requirements:
  npm: { age: 0, changes: deny }
allow:
  - { npm: ${NAME} }
`,
  stage({ registry, mark, ago }) {
    registry.addNpm(NAME, {
      '3.3.5': { time: ago('400d'), files: { 'index.js': 'module.exports = 1;\n' } },
      '3.3.6': {
        time: ago('60d'),
        manifest: { dependencies: { [ADDED]: '^0.1.0' } },
        files: { 'index.js': `module.exports = require('${ADDED}');\n` },
      },
    });
    registry.addNpm(ADDED, { '0.1.1': { time: ago('60d'), files: { 'index.js': mark.js } } });
  },
  async attack(victim, world) {
    await npmLocked(victim, world, NAME, '3.3.5');
    await victim.fresh();
    await victim.npm('install', `${NAME}@3.3.6`);
    await required(victim, NAME);
    // npm asked for the addition first, and got no further; here it asks for the version that brings it.
    await npmLocked(victim, world, NAME, '3.3.6');
  },
  refused: { code: 'NEW_DEPENDENCY', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.served(gate.tarball(NAME, '3.3.5'));
    await gate.refused(gate.tarball(NAME, '3.3.6'), 'NEW_DEPENDENCY');
    await gate.refused(`/npm/${ADDED}`, 'NOT_ALLOWLISTED');
    await gate.versions(NAME, '3.3.5');
  },
};
