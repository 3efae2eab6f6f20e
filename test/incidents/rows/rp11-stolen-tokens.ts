import { randomBytes } from 'node:crypto';
import type { Row } from '../row.ts';
import type { World } from '../world.ts';

const NAME = 'rp11-tool';
const CANARY = `canary-${randomBytes(16).toString('hex')}`;

/** Whether a secret is in anything that the upstream got: addresses, headers and bodies. */
function left({ registry }: World, secret: string): boolean {
  return registry.requests.some(({ path, headers, body }) =>
    [path, JSON.stringify(headers), body.toString('latin1')].some((text) => text.includes(secret)),
  );
}

export const row: Row = {
  id: 'RP11',
  title:
    'a workflow that was tampered with gives away secrets: in a package that it publishes, in a name that it asks for',
  happened: 'GhostAction 2025',
  controls: ['C27', 'C34'],
  open: 'a gate is no wall. It closes the ways that lead through it. That there is no other way out is for the sandbox (docs/deployment.md).',
  clients: ['npm-11'],
  policy: `
allow:
  - { npm: ${NAME} }
`,
  stage({ registry }) {
    registry.addNpm(NAME, { '1.0.0': {} });
  },
  async attack(victim) {
    const manifest = { name: NAME, version: '9.9.9', description: CANARY };
    await victim.write('package.json', JSON.stringify(manifest));
    if (victim.bare) {
      const place = victim.npmBase.replace(/^https?:/, '');
      await victim.write('~/.npmrc', `${place}:_authToken=${CANARY}\n`);
    }
    await victim.npm('publish', '--ignore-scripts', '--provenance=false');
    await victim.npm('view', `rp11-${CANARY}`);
  },
  harmed: (_, world) => left(world, CANARY),
  effect: 'the upstream has the secret',
  refused: { code: 'METHOD_NOT_ALLOWED', name: null, ecosystem: 'npm' },
  async probe(gate, world) {
    await gate.served(gate.tarball(NAME, '1.0.0'));
    await gate.served(`/npm/${NAME}?secret=${CANARY}`).catch(() => null);
    await gate.refused(`/npm/rp11-${CANARY}`, 'NOT_ALLOWLISTED');
    const body = JSON.stringify({ name: NAME, description: CANARY });
    for (const [method, path] of [
      ['PUT', `/npm/${NAME}`],
      ['PUT', `/npm/-/package/${NAME}/dist-tags/latest`],
      ['POST', '/npm/-/npm/v1/tokens'],
      ['DELETE', `/npm/${NAME}/-rev/1`],
      ['POST', '/pypi/legacy/'],
    ] as const) {
      const { status } = await gate.request(method, path, body, { 'content-type': 'application/json' });
      if (status !== 405) throw new Error(`${method} ${path} is answered with ${status}`);
    }
    if (left(world, CANARY)) throw new Error('the upstream has the secret');
    if (left(world, gate.token)) throw new Error("the upstream has the agent's token");
  },
};
