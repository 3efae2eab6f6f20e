import type { Row } from '../row.ts';

const GHOST = 'rp25-ghost';
const HIDING = 'rp25-hiding';
const DEPENDENCY = 'rp25-dependency';

export const row: Row = {
  id: 'RP25',
  title: 'the index and the package.json in the archive say different things',
  happened: 'npm manifest confusion 2023',
  controls: ['C13'],
  clients: ['npm-11'],
  // The dependency may run its script: what is wrong is that the archive knows nothing of it.
  policy: `
allow:
  - { npm: ${GHOST} }
  - { npm: ${HIDING} }
  - { npm: ${DEPENDENCY}, requirements: { install-scripts: allow } }
`,
  stage({ registry, mark }) {
    const scripts = { postinstall: mark.shell };
    registry.addNpm(DEPENDENCY, { '1.0.0': { manifest: { scripts } } });
    // The index names a dependency that a reader of the archive never sees …
    registry.addNpm(GHOST, {
      '0.9.0': {},
      '1.0.0': {
        manifest: { dependencies: { [DEPENDENCY]: '1.0.0' } },
        packageJson: { name: GHOST, version: '1.0.0' },
      },
    });
    // … and the archive one that a scanner of the index never sees.
    registry.addNpm(HIDING, {
      '1.0.0': { packageJson: { name: HIDING, version: '1.0.0', dependencies: { [DEPENDENCY]: '1.0.0' } } },
    });
  },
  async attack(victim) {
    await victim.npm('install', GHOST);
    await victim.npm('install', HIDING);
  },
  refused: { code: 'METADATA_MISMATCH', name: GHOST, ecosystem: 'npm' },
  async probe(gate) {
    await gate.refused(gate.tarball(GHOST, '1.0.0'), 'METADATA_MISMATCH');
    await gate.refused(gate.tarball(HIDING, '1.0.0'), 'METADATA_MISMATCH');
    await gate.versions(GHOST, '0.9.0');
  },
};
