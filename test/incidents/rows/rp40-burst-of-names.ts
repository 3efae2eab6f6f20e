import type { Row } from '../row.ts';
import { imported, moduleFile, wheelName } from '../staged.ts';

const name = (n: number) => `rp40-inbox-${n}`;
const OLD = 'rp40-old';
const COUNT = 12;
const WANTED = name(7);

export const row: Row = {
  id: 'RP40',
  title: 'names are registered by the hundred, and a model recommends one of them',
  happened: 'the inbox.ru wave on PyPI (1,500 projects) 2025',
  controls: ['C10'],
  open: 'a name that was registered long before a model invents it is caught only by an allowlist that does not have it.',
  clients: ['pip-26'],
  // All of these names are allowed, by their prefix: what is wrong is that nobody had them yesterday.
  policy: `
requirements:
  pypi: { age: 7d }
allow:
  - { pypi: "rp40-*" }
`,
  stage({ registry, mark, ago }) {
    registry.addPypi(OLD, [{ filename: wheelName(OLD, '0.1.0'), uploadTime: ago('90d') }]);
    for (let n = 0; n < COUNT; n++) {
      const files = { [moduleFile(name(n))]: mark.python };
      registry.addPypi(name(n), [{ filename: wheelName(name(n), '0.1.0'), files, uploadTime: ago('10m') }]);
    }
  },
  async attack(victim) {
    await victim.pip('install', `${WANTED}==0.1.0`);
    await imported(victim, WANTED);
  },
  refused: { code: 'TOO_YOUNG', name: WANTED, ecosystem: 'pypi' },
  async probe(gate) {
    await gate.served(gate.file(OLD, wheelName(OLD, '0.1.0')));
    await Promise.all(
      Array.from({ length: COUNT }, (_, n) =>
        gate.refused(gate.file(name(n), wheelName(name(n), '0.1.0')), 'TOO_YOUNG'),
      ),
    );
  },
};
