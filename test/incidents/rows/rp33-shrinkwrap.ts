import { createHash } from 'node:crypto';
import { makeNpmTarball } from '../../verify/archives.ts';
import type { Row } from '../row.ts';

const NAME = 'rp33-wrap';
const INNER = 'rp33-inner';

export const row: Row = {
  id: 'RP33',
  title: 'a published npm-shrinkwrap.json sends npm to another host for what lies below',
  happened: 'a technique; npm 11 follows it, npm 12 does not',
  controls: ['C12'],
  clients: ['npm-11'],
  policy: `
allow:
  - { npm: ${NAME} }
  - { npm: ${INNER} }
`,
  stage({ registry, foreign, mark }) {
    registry.addNpm(INNER, { '1.0.0': {} });
    const scripts = { postinstall: mark.shell };
    const other = makeNpmTarball({ name: INNER, version: '1.0.0', scripts });
    foreign.put('/inner.tgz', other);
    const dependencies = { [INNER]: '1.0.0' };
    const integrity = `sha512-${createHash('sha512').update(other).digest('base64')}`;
    const lock = {
      name: NAME,
      version: '1.0.0',
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': { name: NAME, version: '1.0.0', dependencies },
        [`node_modules/${INNER}`]: {
          version: '1.0.0',
          resolved: `${foreign.url}/inner.tgz`,
          integrity,
          hasInstallScript: true,
        },
      },
    };
    registry.addNpm(NAME, {
      '0.9.0': {},
      '1.0.0': {
        manifest: { dependencies, _hasShrinkwrap: true },
        packageJson: { name: NAME, version: '1.0.0', dependencies },
        files: { 'index.js': '', 'npm-shrinkwrap.json': JSON.stringify(lock) },
      },
    });
  },
  async attack(victim) {
    await victim.npm('install', NAME);
  },
  refused: { code: 'DIRECT_URL', name: NAME, ecosystem: 'npm' },
  untouched: 'foreign',
  async probe(gate) {
    await gate.refused(gate.tarball(NAME, '1.0.0'), 'DIRECT_URL');
    await gate.versions(NAME, '0.9.0');
  },
};
