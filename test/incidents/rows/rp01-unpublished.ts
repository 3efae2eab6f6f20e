import { createHash } from 'node:crypto';
import { makeNpmTarball } from '../../verify/archives.ts';
import type { Row } from '../row.ts';

const NAME = 'rp01-pad';
const TARBALL = makeNpmTarball({ name: NAME, version: '1.0.0' });
const PINNED = createHash('sha256').update(TARBALL).digest('hex');

export const row: Row = {
  id: 'RP01',
  title: 'a package is unpublished, and nothing that depends on it can be installed any more',
  happened: 'left-pad 2016',
  controls: ['C06'],
  clients: ['npm-12'],
  // What is pinned is kept; a name that is only allowed is refused once its registry has no longer got it.
  policy: `
pins:
  - { npm: ${NAME}@1.0.0, hashes: ["sha256:${PINNED}"] }
`,
  stage({ registry }) {
    registry.addNpm(NAME, { '1.0.0': { tarball: TARBALL } });
  },
  async attack(victim, { registry }) {
    await victim.npm12('install', `${NAME}@1.0.0`);
    registry.removeNpm(NAME);
    await victim.fresh();
    await victim.npm12('install', `${NAME}@1.0.0`);
  },
  harmed: async (victim) => !(await victim.exists(`node_modules/${NAME}/index.js`)),
  effect: 'the second install fails',
  refused: null,
  async probe(gate, { registry }) {
    await gate.served(gate.tarball(NAME, '1.0.0'));
    registry.removeNpm(NAME);
    await gate.versions(NAME, '1.0.0');
    const { body } = await gate.served(gate.tarball(NAME, '1.0.0'));
    if (!body.equals(TARBALL)) throw new Error('what is served is not what was pinned');
    // Whoever takes the name and the version gets nowhere with other bytes.
    registry.addNpm(NAME, { '1.0.0': { files: { 'index.js': 'module.exports = 2;\n' } } });
    const again = await gate.get(gate.tarball(NAME, '1.0.0'));
    if (again.status === 200 && !again.body.equals(TARBALL)) throw new Error("another's bytes are served");
  },
};
