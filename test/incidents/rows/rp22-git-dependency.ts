import type { Row } from '../row.ts';
import { npmLocked } from '../staged.ts';

const NAME = 'rp22-gate';

export const row: Row = {
  id: 'RP22',
  title: 'a git dependency, whose own .npmrc runs code although scripts are off',
  happened: 'PackageGate 2026',
  controls: ['C12'],
  clients: ['npm-11'],
  policy: `
allow:
  - { npm: ${NAME} }
`,
  stage({ registry, foreign }) {
    registry.addNpm(NAME, {
      '1.0.0': {},
      '1.0.1': { manifest: { dependencies: { 'rp22-tool': `git+${foreign.url}/tool.git` } } },
    });
  },
  async attack(victim, world) {
    await victim.npm('install', `${NAME}@1.0.1`, '--ignore-scripts');
    await npmLocked(victim, world, NAME, '1.0.1');
  },
  // That git is called is enough: what it then fetches decides what runs.
  harmed: (_victim, { foreign }) => foreign.asked.some((path) => path.includes('git-upload-pack')),
  effect: 'git fetches from the other host',
  refused: { code: 'DIRECT_URL', name: NAME, ecosystem: 'npm' },
  untouched: 'foreign',
  async probe(gate) {
    await gate.versions(NAME, '1.0.0');
    await gate.refused(gate.tarball(NAME, '1.0.1'), 'DIRECT_URL');
  },
};
