import type { Row } from '../row.ts';
import { required } from '../staged.ts';
import type { World } from '../world.ts';

const INVENTED = 'rp23-react-codeshift';
const ALLOWED = 'rp23-unused-imports';

/** Somebody reads what models invent, and registers it. */
function register({ registry, mark, ago }: World): void {
  for (const name of [INVENTED, ALLOWED])
    registry.addNpm(name, { '1.0.0': { time: ago('1h'), files: { 'index.js': mark.js } } });
}

export const row: Row = {
  id: 'RP23',
  title: 'a name that a model invented is registered by somebody who waited for it',
  happened: 'slopsquatting, react-codeshift and unused-imports 2025–2026',
  controls: ['C01', 'C10'],
  clients: ['npm-12'],
  // The other one was put on the allowlist because an agent had asked for it; its age is what then catches it.
  policy: `
requirements:
  npm: { age: 7d }
allow:
  - { npm: ${ALLOWED} }
`,
  stage() {},
  async attack(victim, world) {
    await victim.npm12('install', INVENTED);
    register(world);
    await victim.npm12('install', INVENTED);
    await required(victim, INVENTED);
  },
  refused: { code: 'NOT_ALLOWLISTED', name: INVENTED, ecosystem: 'npm' },
  untouched: 'upstream',
  async probe(gate, world) {
    const before = await gate.refused(`/npm/${INVENTED}`, 'NOT_ALLOWLISTED');
    register(world);
    const after = await gate.refused(`/npm/${INVENTED}`, 'NOT_ALLOWLISTED');
    if (before.status !== after.status) throw new Error('the answer tells whether the name exists');
    if (world.upstreamAsked().length > 0) throw new Error('the upstream heard of a name that is not allowed');
    await gate.refused(gate.tarball(ALLOWED, '1.0.0'), 'TOO_YOUNG');
  },
};
