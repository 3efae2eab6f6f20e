import type { Row } from '../row.ts';

const NAME = 'rp02-scope';

export const row: Row = {
  id: 'RP02',
  title: 'stolen token: a new version whose postinstall reads what lies in the home',
  happened: 'eslint-scope (2018)',
  controls: ['C10', 'C14'],
  clients: ['npm-11'],
  policy: `requirements:
  npm: { age: 7d }
allow:
  - { npm: ${NAME} }
`,
  refused: { code: 'TOO_YOUNG', name: NAME, ecosystem: 'npm' },
  stage({ registry, mark, ago }) {
    registry.addNpm(NAME, {
      '1.0.0': { time: ago('90d') },
      '1.0.1': {
        time: ago('1h'),
        manifest: { hasInstallScript: true, scripts: { postinstall: mark.shell } },
      },
    });
  },
  async attack(victim) {
    await victim.npm('install', NAME);
    await victim.npm('install', `${victim.npmBase}${NAME}/-/${NAME}-1.0.1.tgz`);
  },
  async probe(gate) {
    await gate.versions(NAME, '1.0.0');
    await gate.served(gate.tarball(NAME, '1.0.0'));
    const { codes } = await gate.refused(gate.tarball(NAME, '1.0.1'), 'TOO_YOUNG');
    if (!codes.includes('INSTALL_SCRIPTS')) throw new Error('the script is no reason of its own');
  },
};
