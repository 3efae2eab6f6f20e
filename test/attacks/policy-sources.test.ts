import { afterEach, expect, test } from 'vitest';
import type { Asked } from '../../src/admission/admission.ts';
import { createAdmission } from '../../src/admission/create.ts';
import type { Ports } from '../../src/admission/ports.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import type { FileRoute } from '../../src/ecosystems/ecosystem.ts';
import { startHouse, type TestHouse } from '../admission/harness.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';

// A reload that takes a name away from its private upstream while a request for it is on its way.

let house: TestHouse | undefined;
let own: FakeRegistry | undefined;
afterEach(async () => {
  await house?.remove();
  await own?.close();
  house = undefined;
  own = undefined;
});

const WHEEL = 'acme_lib-1.0-py3-none-any.whl';
const ALLOW = 'profile: default\nallow: [{ pypi: acme-lib, requirements: { provenance: if-present } }]\n';
const MINE = `${ALLOW}upstreams: [{ pypi: acme-lib, upstream: own }]\n`;

/** A request; `before` is awaited before the n-th thing that it asks of its ports. */
async function request(route: FileRoute, moment: 'file' | 'inspect' | 'packageFacts') {
  const registry = await startRegistry();
  own = registry;
  const h = await startHouse({
    policy: MINE,
    config: `upstreams:\n  - { id: own, ecosystem: pypi, base: "${registry.pypiBase}" }\n`,
  });
  house = h;
  registry.addPypi('acme-lib', [
    { filename: WHEEL, url: 'relative', coreMetadata: 'right', provenance: true },
  ]);
  const { ports } = h.house;
  let moved = false;
  const move = async () => {
    if (moved) return;
    moved = true;
    expect(await h.setPolicy(`${ALLOW}internal: [acme-lib]\n`)).toBe(true);
  };
  const { memory } = ports.ledger;
  const changed: Ports = {
    ...ports,
    policy: () => ports.policy(),
    inspect: async (path, expected) => {
      if (moment === 'inspect') await move();
      return ports.inspect(path, expected);
    },
    ledger: {
      ...ports.ledger,
      append: (...entry) => ports.ledger.append(...entry),
      query: (filter) => ports.ledger.query(filter),
      memory: new Proxy(memory, {
        get(target, member: keyof typeof memory) {
          const value = target[member];
          if (member === 'packageFacts' && moment === 'packageFacts') {
            return async (id: Parameters<typeof memory.packageFacts>[0]) => {
              await move();
              return target.packageFacts(id);
            };
          }
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
    },
  };
  const ecosystem = ECOSYSTEMS.find(({ id }) => id === 'pypi');
  if (!ecosystem) throw new Error('no pypi');
  const asked: Asked = {
    requestId: 'r',
    caller: { agent: 'ann', profile: 'default', authenticated: true, client: 'test' },
    ecosystem,
    route,
    method: 'GET',
    base: `${h.url}/pypi/`,
    encodings: [],
    validators: { etags: null },
    range: null,
  };
  h.takeAsked();
  const answer = await createAdmission(changed).answer(asked);
  expect(moved).toBe(true);
  return { answer, asked: h.takeAsked() };
}

test.each([
  ['artifact', 'packageFacts'],
  ['artifact', 'inspect'],
  ['metadata', 'packageFacts'],
] as const)('%s, when it comes to %s: the public one hears nothing of it', async (kind, moment) => {
  const name = ECOSYSTEMS.find(({ id }) => id === 'pypi')?.versions.canonicalName('acme-lib');
  if (!name) throw new Error('no name');
  const { answer, asked } = await request({ kind, name, filename: WHEEL }, moment);
  expect(asked).toEqual([]);
  expect(answer.kind).toBe('refusal');
});
