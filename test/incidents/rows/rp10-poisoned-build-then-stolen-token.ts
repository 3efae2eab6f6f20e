import type { Row } from '../row.ts';
import { allRan, attestedWheel, imported, moduleFile, wheelName } from '../staged.ts';

// The first wave went through the project's own workflow and was attested; the second was uploaded with a token and was
// not. The second is here another project, in which it is old enough, so that age does not catch it as well.
const FIRST = 'rp10-ultralytics';
const SECOND = 'rp10-ultralytics-later';
const ATTESTED = wheelName(FIRST, '8.3.41');
const UNATTESTED = wheelName(SECOND, '8.3.45');

export const row: Row = {
  id: 'RP10',
  title: "the project's own workflow builds malware and attests it; then a stolen token uploads some without",
  happened: 'Ultralytics 8.3.41, .42, .45 and .46 2024',
  controls: ['C09', 'C08'],
  clients: ['pip-26'],
  policy: `
requirements:
  pypi: { age: 7d, provenance: no-downgrade }
allow:
  - { pypi: ${FIRST} }
  - { pypi: ${SECOND} }
`,
  async stage(world) {
    for (const project of [FIRST, SECOND]) {
      const filename = wheelName(project, '8.3.40');
      await attestedWheel(world, project, { filename, uploadTime: world.ago('60d') });
    }
    const bad = (project: string) => ({ [moduleFile(project)]: `${world.mark.python}\n` });
    const fresh = { filename: ATTESTED, files: bad(FIRST), uploadTime: world.ago('2h') };
    await attestedWheel(world, FIRST, fresh);
    const old = { filename: UNATTESTED, files: bad(SECOND), uploadTime: world.ago('10d') };
    world.registry.addPypi(SECOND, [old]);
  },
  async attack(victim) {
    await victim.pip('install', `${FIRST}==8.3.41`);
    await imported(victim, FIRST);
    await victim.pip('install', `${SECOND}==8.3.45`);
    await imported(victim, SECOND);
  },
  harmed: allRan,
  refused: { code: 'TOO_YOUNG', name: FIRST, ecosystem: 'pypi' },
  async probe(gate) {
    await gate.refused(gate.file(FIRST, ATTESTED), 'TOO_YOUNG');
    await gate.refused(gate.file(SECOND, UNATTESTED), 'EVIDENCE_DOWNGRADE');
    await gate.served(gate.file(SECOND, wheelName(SECOND, '8.3.40')));
  },
};
