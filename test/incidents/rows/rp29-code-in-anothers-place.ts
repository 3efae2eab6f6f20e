import type { Row } from '../row.ts';
import { imported, moduleFile, wheelName } from '../staged.ts';

const HOOK = 'rp29-hook';
const SITE = 'rp29-site';
const REQUESTS = 'rp29-requests';
const HELPER = 'rp29-helper';
const COMMAND = 'rp29-command';
const OWNER = 'rp29-owner';
const OVERLAY = 'rp29-overlay';
/** As `yaml` is that of PyYAML: it has the name of neither. */
const SHARED = 'rp29_yaml/__init__.py';
const file = (project: string) => wheelName(project, '1.0.0');

export const row: Row = {
  id: 'RP29',
  title: "a wheel puts code where Python runs it at every start, or over another distribution's module",
  happened: 'a technique that several incidents of 2026 share',
  controls: ['C14'],
  clients: ['pip-26'],
  policy: `
allow:
  - { pypi: ${HOOK} }
  - { pypi: ${SITE} }
  - { pypi: ${REQUESTS} }
  - { pypi: ${HELPER} }
  - { pypi: ${COMMAND} }
  - { pypi: ${OWNER} }
  - { pypi: ${OVERLAY} }
`,
  stage({ registry, mark }) {
    const add = (project: string, files: Readonly<Record<string, string>>, metadata = '') =>
      registry.addPypi(project, [{ filename: file(project), files, metadata }]);
    add(HOOK, { 'rp29_hook.pth': mark.python });
    add(SITE, { 'sitecustomize.py': mark.python });
    add(REQUESTS, { [moduleFile(REQUESTS)]: "print('the true one')\n" });
    add(HELPER, { [moduleFile(REQUESTS)]: "print('another one')\n" }, `Requires-Dist: ${REQUESTS}\n`);
    add(OWNER, { [SHARED]: "print('the true one')\n" });
    add(OVERLAY, { [SHARED]: "print('another one')\n" }, `Requires-Dist: ${OWNER}\n`);
    add(COMMAND, { 'rp29_command-1.0.0.data/scripts/git': `#!python\n${mark.python}` });
  },
  async attack(victim) {
    await victim.pip('install', SITE);
    await victim.python('-c', 'pass');
    // What a project needs is installed before it.
    await victim.pip('install', HELPER);
    await imported(victim, REQUESTS);
    await victim.pip('install', OVERLAY);
    await victim.python('-c', 'import rp29_yaml');
  },
  async harmed(victim) {
    const marked = await victim.marked();
    const replaced = victim.reports.filter(({ stdout }) => stdout.includes('another one')).length;
    return victim.bare ? marked && replaced === 2 : marked || replaced > 0;
  },
  effect: 'the marker, and modules of two other distributions answer',
  refused: { code: 'STARTUP_HOOK', name: SITE, ecosystem: 'pypi' },
  async probe(gate) {
    await gate.refused(gate.file(HOOK, file(HOOK)), 'STARTUP_HOOK');
    await gate.refused(gate.file(SITE, file(SITE)), 'STARTUP_HOOK');
    await gate.served(gate.file(REQUESTS, file(REQUESTS)));
    await gate.refused(gate.file(HELPER, file(HELPER)), 'FOREIGN_PLACE');
    await gate.refused(gate.file(COMMAND, file(COMMAND)), 'FOREIGN_PLACE');
    await gate.served(gate.file(OWNER, file(OWNER)));
    await gate.refused(gate.file(OVERLAY, file(OVERLAY)), 'FOREIGN_PLACE');
  },
};
