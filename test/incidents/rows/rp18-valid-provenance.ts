import type { Row } from '../row.ts';
import { attestedNpm, npmLocked, required, SIGNER } from '../staged.ts';

const NAME = 'rp18-router';

export const row: Row = {
  id: 'RP18',
  title: "malware with valid provenance: the project's own workflow was taken over",
  happened: 'TanStack, Mistral and guardrails-ai 2026',
  controls: ['C09'],
  open: 'malware that nobody notices for as long as the policy waits (here a week) is served, with all its seals.',
  clients: ['npm-11'],
  policy: `
requirements:
  npm: { age: 7d, provenance: ${SIGNER} }
allow:
  - { npm: ${NAME} }
`,
  async stage(world) {
    await attestedNpm(world, NAME, '1.121.1', { time: world.ago('60d') });
    const bad = { time: world.ago('1h'), files: { 'index.js': world.mark.js } };
    await attestedNpm(world, NAME, '1.121.2', bad);
  },
  async attack(victim, world) {
    await npmLocked(victim, world, NAME, '1.121.2');
    await required(victim, NAME);
  },
  refused: { code: 'TOO_YOUNG', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.versions(NAME, '1.121.1');
    await gate.served(gate.tarball(NAME, '1.121.1'));
    await gate.refused(gate.tarball(NAME, '1.121.2'), 'TOO_YOUNG');
  },
};
