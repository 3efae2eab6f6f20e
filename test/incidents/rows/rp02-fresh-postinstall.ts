import type { Row } from '../row.ts';
import { npmLocked } from '../staged.ts';

const NAME = 'rp02-scope';

export const row: Row = {
  id: 'RP02',
  title: 'a stolen token publishes a version whose postinstall reads what lies in the home',
  happened: 'eslint-scope 2018',
  controls: ['C10', 'C14'],
  clients: ['npm-11'],
  policy: `
requirements:
  npm: { age: 7d }
allow:
  - { npm: ${NAME} }
`,
  stage({ registry, mark, ago }) {
    registry.addNpm(NAME, {
      '3.7.1': { time: ago('90d') },
      '3.7.2': { time: ago('1h'), manifest: { scripts: { postinstall: `test -r ~/.npmrc; ${mark.shell}` } } },
    });
  },
  async attack(victim, world) {
    await npmLocked(victim, world, NAME, '3.7.2', { runs: true });
  },
  refused: { code: 'TOO_YOUNG', name: NAME, ecosystem: 'npm' },
  async probe(gate, { registry, ago }) {
    await gate.versions(NAME, '3.7.1');
    await gate.served(gate.tarball(NAME, '3.7.1'));
    const { codes } = await gate.refused(gate.tarball(NAME, '3.7.2'), 'TOO_YOUNG');
    if (!codes.includes('INSTALL_SCRIPTS')) throw new Error('the script is no reason of its own');
    // It is as young when the index says that it is old: we looked a moment ago, and it was not there.
    registry.addNpm(NAME, { '3.7.3': { time: ago('90d') } });
    await gate.refused(gate.tarball(NAME, '3.7.3'), 'TOO_YOUNG');
  },
};
