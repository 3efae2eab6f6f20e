import { makeMetadata, makeWheel } from '../../verify/archives.ts';
import type { Row } from '../row.ts';
import { imported, moduleFile, wheelName } from '../staged.ts';

const INVENTS = 'rp26-client';
const HIDES = 'rp26-hider';
const GHOST = 'rp26-ghost';

const metadata = (name: string, more: string) => makeMetadata({ name, version: '1.0.0', metadata: more });
const bytes = (name: string, more: string) =>
  makeWheel({ name, version: '1.0.0', metadata: more, files: { [moduleFile(name)]: '' } });
const DEPENDS = `Requires-Dist: ${GHOST}\n`;

export const row: Row = {
  id: 'RP26',
  title: 'the metadata beside a wheel says other dependencies than the wheel',
  happened: 'a weakness that pip knew (pip#13983), closed in pip 26',
  controls: ['C13'],
  clients: ['pip-23'],
  policy: `
allow:
  - { pypi: ${INVENTS} }
  - { pypi: ${HIDES} }
  - { pypi: ${GHOST} }
`,
  stage({ registry, mark }) {
    const beside = (name: string, says: string, has: string) =>
      registry.addPypi(name, [
        {
          filename: wheelName(name, '1.0.0'),
          metadata: metadata(name, says),
          bytes: bytes(name, has),
          coreMetadata: 'right',
        },
      ]);
    beside(INVENTS, DEPENDS, '');
    beside(HIDES, '', DEPENDS);
    registry.addPypi(GHOST, [
      { filename: wheelName(GHOST, '1.0.0'), files: { [moduleFile(GHOST)]: mark.python } },
    ]);
  },
  async attack(victim) {
    await victim.pip23('install', INVENTS);
    await imported(victim, GHOST);
  },
  refused: { code: 'METADATA_MISMATCH', name: INVENTS, ecosystem: 'pypi' },
  async probe(gate) {
    for (const name of [INVENTS, HIDES]) {
      await gate.refused(gate.file(name, wheelName(name, '1.0.0')), 'METADATA_MISMATCH');
    }
    await gate.served(gate.file(GHOST, wheelName(GHOST, '1.0.0')));
  },
};
