import type { Row } from '../row.ts';
import { imported, wheelName } from '../staged.ts';

const NAME = 'rp39-left';
const FILE = wheelName(NAME, '1.0.0');
const NEVER_SEEN = 'rp39-right';

export const row: Row = {
  id: 'RP39',
  title: "an error that somebody has put into the registry's cache is everybody's answer",
  happened: 'denial of service by poisoned caches (npm registry 2019), from memory',
  controls: ['C03'],
  clients: ['pip-26'],
  policy: `
allow:
  - { pypi: ${NAME} }
  - { pypi: ${NEVER_SEEN} }
`,
  stage({ registry }) {
    registry.addPypi(NAME, [{ filename: FILE }]);
    registry.addPypi(NEVER_SEEN, [{ filename: wheelName(NEVER_SEEN, '1.0.0') }]);
  },
  async attack(victim, { registry }) {
    await victim.pip('install', NAME);
    registry.withFault(/rp39.left/, { kind: 'status', status: 400 });
    await victim.fresh();
    await victim.pip('install', NAME);
    await imported(victim, NAME);
  },
  // The last of what it typed.
  harmed: (victim) => victim.reports.at(-1)?.code !== 0,
  effect: 'the second install fails',
  refused: null,
  async probe(gate, { registry }) {
    await gate.served(gate.file(NAME, FILE));
    const heal = registry.withFault(/rp39.left/, { kind: 'status', status: 400 });
    await gate.served(gate.file(NAME, FILE));
    await gate.files(NAME, FILE);
    heal();
    // What was never here can only be a fault while it lasts; no error may outlive itself, and of one alone nobody learns.
    const file = gate.file(NEVER_SEEN, wheelName(NEVER_SEEN, '1.0.0'));
    const pass = registry.withFault(/^\/files\/rp39_right/, { kind: 'status', status: 400 });
    const { status } = await gate.get(file);
    if (status !== 502) throw new Error(`an error of the registry is answered with ${status}`);
    pass();
    // A 404 says that there is nothing, which is true as long as it is said.
    const gone = registry.withFault(/^\/files\/rp39_right/, { kind: 'status', status: 404 });
    const { status: missing } = await gate.get(file);
    if (missing === 200) throw new Error('a file that is said not to be there is served');
    gone();
    registry.withFault(/^\/files\/rp39_right/, { kind: 'status', status: 502 }, 1);
    await gate.served(file);
  },
};
