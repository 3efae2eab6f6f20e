import type { Row } from '../row.ts';
import { npmLocked, required } from '../staged.ts';

const NAME = 'rp14-chalk';

export const row: Row = {
  id: 'RP14',
  title: 'a phished maintainer, and a payload in the module itself: nothing runs at install',
  happened: 'chalk and debug 2025',
  controls: ['C10'],
  clients: ['npm-12'],
  open: 'time alone: what nobody has noticed within the age that the policy asks for is served.',
  policy: `
requirements:
  npm: { age: 7d }
allow:
  - { npm: ${NAME} }
`,
  stage({ registry, mark, ago }) {
    registry.addNpm(NAME, {
      '5.6.0': { time: ago('40d') },
      '5.6.1': { time: ago('2h'), files: { 'index.js': mark.js } },
    });
  },
  async attack(victim, world) {
    await victim.npm12('install', NAME);
    await required(victim, NAME);
    await npmLocked(victim, world, NAME, '5.6.1', { npm: 'npm12' });
    await required(victim, NAME);
  },
  refused: { code: 'TOO_YOUNG', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.versions(NAME, '5.6.0');
    await gate.served(gate.tarball(NAME, '5.6.0'));
    await gate.refused(gate.tarball(NAME, '5.6.1'), 'TOO_YOUNG');
  },
};
