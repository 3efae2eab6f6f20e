import type { Row } from '../row.ts';
import { allRan, wheelName } from '../staged.ts';

const NAME = 'rp16-litellm';
const HARMLESS = wheelName(NAME, '1.82.6');
const IN_ROOT = wheelName(NAME, '1.82.7');
const IN_DATA = wheelName(NAME, '1.82.8');

export const row: Row = {
  id: 'RP16',
  title: 'a wheel brings a .pth file, which runs at every start of Python',
  happened: 'LiteLLM 1.82.7 and .8, Telnyx 4.87.1 and .2 2026',
  controls: ['C14'],
  clients: ['pip-26', 'pip-23'],
  policy: `
allow:
  - { pypi: ${NAME} }
`,
  stage({ registry, mark }) {
    const hook = `${mark.python}\n`;
    registry.addPypi(NAME, [
      { filename: HARMLESS },
      { filename: IN_ROOT, files: { 'litellm_init.pth': hook } },
      { filename: IN_DATA, files: { 'rp16_litellm-1.82.8.data/purelib/litellm_init.pth': hook } },
    ]);
  },
  async attack(victim) {
    await victim.pip('install', `${NAME}==1.82.8`);
    await victim.python('-c', 'pass');
    await victim.pip23('install', `${NAME}==1.82.7`);
    await victim.python('-c', 'pass');
  },
  harmed: allRan,
  refused: { code: 'STARTUP_HOOK', name: NAME, ecosystem: 'pypi' },
  async probe(gate) {
    await gate.served(gate.file(NAME, HARMLESS));
    await gate.refused(gate.file(NAME, IN_ROOT), 'STARTUP_HOOK');
    await gate.refused(gate.file(NAME, IN_DATA), 'STARTUP_HOOK');
  },
};
