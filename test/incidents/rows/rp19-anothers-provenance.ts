import type { Row } from '../row.ts';
import { allRan, attestedNpm, npmLocked, required, SIGNER } from '../staged.ts';

const ELSEWHERE = 'rp19-charts';
const OTHER_WORKFLOW = 'rp19-plots';

export const row: Row = {
  id: 'RP19',
  title: 'a stolen account publishes with valid Sigstore entries, of another repository or workflow',
  happened: 'AntV 2026',
  controls: ['C07'],
  clients: ['npm-11'],
  policy: `
requirements:
  npm: { age: 0, provenance: ${SIGNER} }
allow:
  - { npm: ${ELSEWHERE} }
  - { npm: ${OTHER_WORKFLOW} }
`,
  async stage(world) {
    const bad = { time: world.ago('30d'), files: { 'index.js': world.mark.js } };
    await attestedNpm(world, ELSEWHERE, '5.0.1', bad, { repository: 'mallory/charts' });
    await attestedNpm(world, ELSEWHERE, '5.0.0', { time: world.ago('60d') });
    const workflow = '.github/workflows/test.yml';
    await attestedNpm(world, OTHER_WORKFLOW, '5.0.1', bad, { workflow });
  },
  async attack(victim, world) {
    for (const name of [ELSEWHERE, OTHER_WORKFLOW]) {
      await npmLocked(victim, world, name, '5.0.1');
      await required(victim, name);
    }
  },
  harmed: allRan,
  refused: { code: 'PROVENANCE_SIGNER', name: ELSEWHERE, ecosystem: 'npm' },
  async probe(gate) {
    await gate.served(gate.tarball(ELSEWHERE, '5.0.0'));
    await gate.refused(gate.tarball(ELSEWHERE, '5.0.1'), 'PROVENANCE_SIGNER');
    await gate.refused(gate.tarball(OTHER_WORKFLOW, '5.0.1'), 'PROVENANCE_SIGNER');
  },
};
