import type { Row } from '../row.ts';
import { attestedNpm, npmLocked, required, SIGNER } from '../staged.ts';

const NAME = 'rp38-widget';

/** Names that a person reads as one that is allowed: none of them is. */
const LOOKALIKES = ['rp38-wldget', 'rp38-widgett', 'RP38-Widget', 'rp38.widget'];
/** Spellings of one name, and letters that only look like ours: read as that one name, or not at all. */
const SPELLINGS = ['rp38-widg%D0%B5t', 'rp38-widget%E2%80%8B', 'rp38%252dwidget', 'rp38-widget%00'];

export const row: Row = {
  id: 'RP38',
  title: "a package that names a famous project's repository as its own, and names that look like another",
  happened: 'starjacking and typosquatting, ever since 2017',
  controls: ['C17', 'C07'],
  clients: ['npm-11'],
  policy: `
requirements:
  npm: { provenance: ${SIGNER} }
allow:
  - { npm: ${NAME} }
`,
  async stage(world) {
    await attestedNpm(world, NAME, '0.9.0', {});
    const repository = { type: 'git', url: 'git+https://github.com/acme/widget.git' };
    const lies = { manifest: { repository }, files: { 'index.js': world.mark.js } };
    await attestedNpm(world, NAME, '1.0.0', lies, { repository: 'mallory/widget' });
  },
  async attack(victim, world) {
    await npmLocked(victim, world, NAME, '1.0.0');
    await required(victim, NAME);
  },
  refused: { code: 'PROVENANCE_SIGNER', name: NAME, ecosystem: 'npm' },
  async probe(gate, world) {
    await gate.served(gate.tarball(NAME, '0.9.0'));
    await gate.refused(gate.tarball(NAME, '1.0.0'), 'PROVENANCE_SIGNER');
    const before = world.upstreamAsked().length;
    for (const name of LOOKALIKES) await gate.refused(`/npm/${name}`, 'NOT_ALLOWLISTED');
    for (const name of SPELLINGS) {
      const { status, code } = await gate.get(`/npm/${name}`);
      if (status !== 400 && code !== 'NOT_ALLOWLISTED')
        throw new Error(`${name} is answered with ${status} ${code}`);
    }
    if (world.upstreamAsked().length > before) throw new Error('the upstream was asked for another name');
  },
};
