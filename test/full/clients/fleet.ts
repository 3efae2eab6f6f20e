import { type FakeRegistry, startRegistry } from '../../harness/registry.ts';

// A small world in which each client's stories are played: the same five packages in both ecosystems.
//   hull    admitted, needs keel       keel     admitted
//   rudder  1.0.0 admitted, 2.0.0 not  anchor   exists upstream, on no allowlist
//   bilge   admitted, but a byte of its file is flipped on the way

/** What each ecosystem calls the package `hull`: a name with a scope, and one that is normalised. */
export const HULL = { npm: '@fleet/hull', pypi: 'fleet-hull' } as const;

export const POLICY = `
profile: default
requirements:
  npm: { age: 7d, install-scripts: deny, direct-urls: deny }
  pypi: { age: 7d, sdist: deny, direct-urls: deny }
allow:
  - npm: "@fleet/hull"
  - npm: keel
  - { npm: rudder, versions: "<2" }
  - npm: bilge
  - pypi: fleet-hull
  - pypi: keel
  - { pypi: rudder, versions: "<2" }
  - pypi: bilge
`;

/** The upstream with these packages. */
export async function fleet(): Promise<FakeRegistry> {
  const registry = await startRegistry();
  registry.addNpm(HULL.npm, { '1.2.0': { manifest: { dependencies: { keel: '^1.0.0' } } } });
  registry.addNpm('keel', { '1.0.1': {} });
  registry.addNpm('rudder', { '1.0.0': {}, '2.0.0': {} });
  registry.addNpm('anchor', { '1.0.0': {} });
  registry.addNpm('bilge', { '1.0.0': { bulk: 5000 } });
  registry.addPypi(HULL.pypi, [
    { filename: 'fleet_hull-1.2.0-py3-none-any.whl', metadata: 'Requires-Dist: keel>=1.0\n' },
  ]);
  registry.addPypi('keel', [{ filename: 'keel-1.0.1-py3-none-any.whl', coreMetadata: 'right' }]);
  registry.addPypi(
    'rudder',
    ['1.0.0', '2.0.0'].map((v) => ({ filename: `rudder-${v}-py3-none-any.whl` })),
  );
  registry.addPypi('anchor', [{ filename: 'anchor-1.0.0-py3-none-any.whl' }]);
  registry.addPypi('bilge', [{ filename: 'bilge-1.0.0-py3-none-any.whl', bulk: 5000 }]);
  registry.withFault(/bilge-1\.0\.0[^/]*\.(tgz|whl)$/, { kind: 'flip', at: 2500 });
  return registry;
}
