import type { Row } from '../row.ts';
import { npmLocked, required } from '../staged.ts';

const NAME = 'rp34-app';
const SHOWN = 'rp34-lodash';
const REAL = 'rp34-lodahs';

export const row: Row = {
  id: 'RP34',
  title: 'an alias: what looks like a known dependency is another package',
  happened: 'a technique of npm: specifications',
  controls: ['C12'],
  clients: ['npm-12'],
  // The name that is shown is allowed, as a careless reader of the manifest would have it.
  policy: `
allow:
  - { npm: ${NAME} }
  - { npm: ${SHOWN} }
`,
  stage({ registry, mark }) {
    registry.addNpm(SHOWN, { '4.17.21': {} });
    registry.addNpm(REAL, { '4.17.21': { files: { 'index.js': mark.js } } });
    const dependencies = { [SHOWN]: `npm:${REAL}@4.17.21` };
    registry.addNpm(NAME, { '1.0.0': {}, '1.0.1': { manifest: { dependencies } } });
  },
  async attack(victim, world) {
    await victim.npm12('install', `${NAME}@1.0.1`);
    await required(victim, SHOWN);
    await npmLocked(victim, world, NAME, '1.0.1', { npm: 'npm12' });
  },
  refused: { code: 'ALIAS_NOT_ADMITTED', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.refused(gate.tarball(NAME, '1.0.1'), 'ALIAS_NOT_ADMITTED');
    await gate.refused(`/npm/${REAL}`, 'NOT_ALLOWLISTED');
    await gate.versions(NAME, '1.0.0');
  },
};
