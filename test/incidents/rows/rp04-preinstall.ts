import type { Row } from '../row.ts';
import { npmLocked } from '../staged.ts';

const NAME = 'rp04-parser';
const GAINED = 'rp04-rc';

export const row: Row = {
  id: 'RP04',
  title: 'an account is taken over, and the cool-down has passed: preinstall runs',
  happened: 'ua-parser-js, coa and rc 2021',
  controls: ['C14'],
  clients: ['npm-11'],
  // Old enough for any age, so that only the script can catch it; the second has its first script ever.
  policy: `
requirements:
  npm: { age: 7d, changes: deny }
allow:
  - { npm: ${NAME} }
  - { npm: ${GAINED}, requirements: { install-scripts: allow } }
`,
  stage({ registry, mark, ago }) {
    const scripts = { preinstall: mark.shell };
    for (const name of [NAME, GAINED])
      registry.addNpm(name, {
        '0.7.28': { time: ago('90d') },
        '0.7.29': { time: ago('30d'), manifest: { scripts } },
      });
  },
  async attack(victim, world) {
    await npmLocked(victim, world, NAME, '0.7.29', { runs: true });
  },
  refused: { code: 'INSTALL_SCRIPTS', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.versions(NAME, '0.7.28');
    await gate.refused(gate.tarball(NAME, '0.7.29'), 'INSTALL_SCRIPTS');
    await gate.served(gate.tarball(GAINED, '0.7.28'));
    await gate.refused(gate.tarball(GAINED, '0.7.29'), 'NEW_INSTALL_SCRIPT');
  },
};
