import { makeNpmTarball } from '../../verify/archives.ts';
import type { Row } from '../row.ts';
import { npmLocked } from '../staged.ts';

const NAME = 'rp21-lint';
const HIDDEN = 'rp21-ui';

export const row: Row = {
  id: 'RP21',
  title: 'a dependency that is an address outside of the registry, where no scanner looks',
  happened: 'PhantomRaven 2025',
  controls: ['C12'],
  clients: ['npm-11'],
  policy: `
allow:
  - { npm: ${NAME} }
`,
  stage({ registry, foreign, mark }) {
    const scripts = { preinstall: mark.shell };
    foreign.put('/ui.tgz', makeNpmTarball({ name: HIDDEN, version: '1.0.0', scripts }));
    registry.addNpm(NAME, {
      '1.0.0': {},
      '1.0.1': { manifest: { dependencies: { [HIDDEN]: `${foreign.url}/ui.tgz` } } },
    });
  },
  async attack(victim, world) {
    await victim.npm('install', `${NAME}@1.0.1`);
    await npmLocked(victim, world, NAME, '1.0.1');
  },
  refused: { code: 'DIRECT_URL', name: NAME, ecosystem: 'npm' },
  untouched: 'foreign',
  async probe(gate) {
    await gate.versions(NAME, '1.0.0');
    await gate.refused(gate.tarball(NAME, '1.0.1'), 'DIRECT_URL');
  },
};
