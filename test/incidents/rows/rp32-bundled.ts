import type { Row } from '../row.ts';

const NAME = 'rp32-bundle';
const CHILD = 'rp32-child';

export const row: Row = {
  id: 'RP32',
  title: 'the script is in a dependency that is bundled, which no registry ever sees',
  happened: 'a technique; npm 11 runs it even where scripts need consent',
  controls: ['C14'],
  clients: ['npm-11'],
  policy: `
allow:
  - { npm: ${NAME} }
`,
  stage({ registry, mark }) {
    const child = { name: CHILD, version: '1.0.0', scripts: { postinstall: mark.shell } };
    registry.addNpm(NAME, {
      '0.9.0': {},
      '1.0.0': {
        manifest: { dependencies: { [CHILD]: '1.0.0' }, bundleDependencies: [CHILD] },
        files: {
          'index.js': '',
          [`node_modules/${CHILD}/package.json`]: JSON.stringify(child),
          [`node_modules/${CHILD}/index.js`]: '',
        },
      },
    });
  },
  async attack(victim) {
    await victim.npm('install', NAME, '--strict-allow-scripts');
  },
  refused: { code: 'INSTALL_SCRIPTS', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.refused(gate.tarball(NAME, '1.0.0'), 'INSTALL_SCRIPTS');
    await gate.versions(NAME, '0.9.0');
  },
};
