import { createHash } from 'node:crypto';
import { makeNpmTarball } from '../../verify/archives.ts';
import type { Row } from '../row.ts';
import { npmLocked, required } from '../staged.ts';

const NAME = 'rp06-colors';
const GOOD = makeNpmTarball({ name: NAME, version: '1.4.0' });
const PINNED = createHash('sha256').update(GOOD).digest('hex');

export const row: Row = {
  id: 'RP06',
  title: 'a maintainer sabotages the newest version, and every range takes it',
  happened: 'colors, faker and node-ipc 2022',
  controls: ['C06', 'C10'],
  clients: ['npm-12'],
  policy: `
mode: frozen
requirements:
  npm: { age: 7d }
allow:
  - { npm: ${NAME} }
pins:
  - { npm: ${NAME}@1.4.0, hashes: ["sha256:${PINNED}"] }
`,
  stage({ registry, mark, ago }) {
    registry.addNpm(NAME, {
      '1.4.0': { time: ago('400d'), tarball: GOOD },
      '1.4.1': { time: ago('2h'), files: { 'index.js': mark.js } },
    });
  },
  async attack(victim, world) {
    await victim.npm12('install', `${NAME}@^1.4.0`);
    await required(victim, NAME);
    await npmLocked(victim, world, NAME, '1.4.1', { npm: 'npm12' });
    await required(victim, NAME);
  },
  refused: { code: 'NOT_PINNED', name: NAME, ecosystem: 'npm' },
  async probe(gate) {
    await gate.versions(NAME, '1.4.0');
    await gate.served(gate.tarball(NAME, '1.4.0'));
    const { codes } = await gate.refused(gate.tarball(NAME, '1.4.1'), 'NOT_PINNED');
    if (!codes.includes('TOO_YOUNG')) throw new Error('its age is no reason of its own');
  },
};
