import type { Row } from '../row.ts';
import { npmLocked } from '../staged.ts';
import type { World } from '../world.ts';

const NAME = 'rp15-tinycolor';
const OWN = 'rp15-own';
const CANARY = 'npm_rp15canary0000000000000000000000000';

const published = ({ registry }: World) =>
  registry.requests.some(({ method, path }) => method === 'PUT' && path.includes(OWN));

export const row: Row = {
  id: 'RP15',
  title: "a worm: preinstall takes the developer's token and publishes itself into their packages",
  happened: 'Shai-Hulud 2025 (September and November)',
  controls: ['C14', 'C34'],
  clients: ['npm-11'],
  open: 'a token of the public registry that lies in the sandbox can be used past any gate by whoever gets another way out: none belongs there.',
  policy: `
requirements:
  npm: { age: 7d }
allow:
  - { npm: ${NAME} }
`,
  stage({ registry, mark, ago }) {
    const scripts = { preinstall: mark.shell };
    registry.addNpm(NAME, {
      '4.1.0': { time: ago('90d') },
      '4.1.1': { time: ago('30d'), manifest: { scripts } },
    });
  },
  async attack(victim, world) {
    await npmLocked(victim, world, NAME, '4.1.1', { runs: true });
    if (victim.bare) {
      const place = victim.npmBase.replace(/^https?:/, '');
      await victim.write('~/.npmrc', `${place}:_authToken=${CANARY}\n`);
    }
    await victim.write('package.json', JSON.stringify({ name: OWN, version: '1.0.1' }));
    await victim.npm('publish');
  },
  // Bare it must both run and spread; behind the firewall neither.
  async harmed(victim, world) {
    const ran = await victim.marked();
    return victim.bare ? ran && published(world) : ran || published(world);
  },
  effect: 'it runs, and publishes',
  refused: { code: 'INSTALL_SCRIPTS', name: NAME, ecosystem: 'npm' },
  async probe(gate, world) {
    await gate.versions(NAME, '4.1.0');
    await gate.refused(gate.tarball(NAME, '4.1.1'), 'INSTALL_SCRIPTS');
    const body = JSON.stringify({ _id: OWN, name: OWN });
    for (const method of ['PUT', 'POST', 'DELETE', 'PATCH']) {
      const answer = await gate.request(method, `/npm/${OWN}`, body, { 'content-type': 'application/json' });
      if (answer.code !== 'METHOD_NOT_ALLOWED')
        throw new Error(`${method} is answered with ${answer.status}`);
    }
    if (world.registry.requests.some(({ path }) => path.includes(OWN)))
      throw new Error('the upstream heard of it');
  },
};
