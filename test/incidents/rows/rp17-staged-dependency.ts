import type { Row } from '../row.ts';
import { attestedNpm } from '../staged.ts';

const NAME = 'rp17-axios';
const ADDED = 'rp17-crypto';

export const row: Row = {
  id: 'RP17',
  title: 'a version without provenance adds a dependency that was put there hours before',
  happened: 'axios 1.14.1 and 0.30.4 2026',
  controls: ['C08', 'C10'],
  clients: ['npm-11'],
  // The version itself is admitted at any age, so that what it lacks and what it brings must catch it.
  policy: `
requirements:
  npm: { age: 7d, provenance: no-downgrade, changes: deny }
allow:
  - { npm: ${NAME}, requirements: { age: 0 } }
  - { npm: ${ADDED} }
`,
  async stage(world) {
    const { registry, mark, ago } = world;
    await attestedNpm(world, NAME, '1.14.0', { time: ago('40d') });
    registry.addNpm(NAME, {
      '1.14.1': { time: ago('1h'), manifest: { dependencies: { [ADDED]: '4.2.1' } } },
    });
    const scripts = { postinstall: mark.shell };
    registry.addNpm(ADDED, { '4.2.1': { time: ago('18h'), manifest: { scripts } } });
  },
  async attack(victim) {
    await victim.npm('install', `${NAME}@1.14.0`);
    await victim.npm('install', `${NAME}@1.14.1`);
    await victim.npm('install', `${victim.npmBase}${NAME}/-/${NAME}-1.14.1.tgz`);
  },
  refused: { code: 'EVIDENCE_DOWNGRADE', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.versions(NAME, '1.14.0');
    await gate.served(gate.tarball(NAME, '1.14.0'));
    await gate.refused(gate.tarball(NAME, '1.14.1'), 'EVIDENCE_DOWNGRADE');
    await gate.refused(gate.tarball(ADDED, '4.2.1'), 'TOO_YOUNG');
  },
};
