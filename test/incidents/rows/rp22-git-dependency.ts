import { putRepository } from '../git-repository.ts';
import type { Row } from '../row.ts';
import { npmLocked } from '../staged.ts';

const NAME = 'rp22-gate';

export const row: Row = {
  id: 'RP22',
  title: 'a git dependency, whose own .npmrc runs code although scripts are off',
  happened: 'PackageGate 2026',
  controls: ['C12'],
  clients: ['npm-11'],
  policy: `
allow:
  - { npm: ${NAME} }
`,
  async stage({ registry, foreign, mark }) {
    registry.addNpm(NAME, {
      '1.0.0': {},
      '1.0.1': { manifest: { dependencies: { 'rp22-tool': `git+${foreign.url}/tool.git` } } },
    });
    // npm prepares what it has from git by an install of its own there, which goes by the .npmrc that it finds.
    await putRepository(foreign, '/tool.git', {
      'package.json': JSON.stringify({
        name: 'rp22-tool',
        version: '1.0.0',
        scripts: { prepare: 'true' },
        dependencies: { 'rp22-inner': `git+${foreign.url}/inner.git` },
      }),
      '.npmrc': 'git=./git.sh\n',
      'git.sh': `#!/bin/sh\n${mark.shell}\nexec git "$@"\n`,
    });
    await putRepository(foreign, '/inner.git', {
      'package.json': JSON.stringify({ name: 'rp22-inner', version: '1.0.0' }),
    });
  },
  async attack(victim, world) {
    await victim.npm('install', `${NAME}@1.0.1`, '--ignore-scripts');
    await npmLocked(victim, world, NAME, '1.0.1');
  },
  refused: { code: 'DIRECT_URL', name: NAME, ecosystem: 'npm' },
  untouched: 'foreign',
  async probe(gate) {
    await gate.versions(NAME, '1.0.0');
    await gate.refused(gate.tarball(NAME, '1.0.1'), 'DIRECT_URL');
  },
};
