import type { Row } from '../row.ts';
import { attestedNpm, npmLocked, required } from '../staged.ts';

const NAME = 'rp09-web3';

export const row: Row = {
  id: 'RP09',
  title: 'a stolen token publishes a version without the provenance that all before it had',
  happened: 'solana web3.js, lottie-player and rspack 2024',
  controls: ['C08'],
  open: 'a package that never carried provenance has none to lose: there only age, pins and reviews help.',
  clients: ['npm-11'],
  // No age is asked for, so that only what is missing can catch it.
  policy: `
requirements:
  npm: { age: 0, provenance: no-downgrade }
allow:
  - { npm: ${NAME} }
`,
  async stage(world) {
    await attestedNpm(world, NAME, '1.95.4', { time: world.ago('90d') });
    world.registry.addNpm(NAME, {
      '1.95.6': { time: world.ago('30d'), files: { 'index.js': world.mark.js } },
    });
  },
  async attack(victim, world) {
    await npmLocked(victim, world, NAME, '1.95.6');
    await required(victim, NAME);
  },
  refused: { code: 'EVIDENCE_DOWNGRADE', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.versions(NAME, '1.95.4');
    await gate.served(gate.tarball(NAME, '1.95.4'));
    await gate.refused(gate.tarball(NAME, '1.95.6'), 'EVIDENCE_DOWNGRADE');
  },
};
