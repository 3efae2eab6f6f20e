import { setTimeout as sleep } from 'node:timers/promises';
import { type Firewall, type FirewallOptions, startFirewall } from '../../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../../harness/registry.ts';

// Packages named `load-…` are admitted in both ecosystems, and nothing else is.

export const POLICY = `
profile: default
requirements:
  npm: { age: 7d, install-scripts: deny, direct-urls: deny }
  pypi: { age: 7d, sdist: deny, direct-urls: deny }
allow:
  - npm: "load-*"
  - pypi: "load-*"
`;

/** One artifact of the fake upstream: where the firewall has it, and its bytes. */
export interface Target {
  readonly path: string;
  readonly filename: string;
  readonly bytes: Buffer;
}

export interface World extends AsyncDisposable {
  readonly registry: FakeRegistry;
  /** The process that was started last. */
  readonly firewall: Firewall;
  /** A process on the same folders; the one before must have ended. */
  restart(): Promise<Firewall>;
  npm(name: string, bulk?: number): Target;
  pypi(name: string, bulk?: number): Target;
}

export async function openWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const registry = await startRegistry();
  const options: FirewallOptions = {
    policy: { 'load.yaml': POLICY },
    upstream: { npm: registry.npmBase, pypi: registry.pypiBase },
    env: { SALLYPORT_PREFIX_BUDGET: '1000000', ...env },
  };
  let firewall: Firewall;
  try {
    firewall = await startFirewall(options);
    await expectOwn(firewall);
  } catch (error) {
    await registry.close();
    throw error;
  }
  return {
    registry,
    get firewall() {
      return firewall;
    },
    async restart() {
      firewall = await startFirewall({ ...options, root: firewall.root });
      await expectOwn(firewall);
      return firewall;
    },
    npm(name, bulk = 0) {
      registry.addNpm(name, { '1.0.0': { bulk } });
      const filename = `${name}-1.0.0.tgz`;
      return { path: `/npm/${name}/-/${filename}`, filename, bytes: registry.tarball(name, '1.0.0') };
    },
    pypi(name, bulk = 0) {
      const filename = `${name.replaceAll('-', '_')}-1.0.0-py3-none-any.whl`;
      registry.addPypi(name, [{ filename, bulk }]);
      return { path: `/pypi/files/${name}/${filename}`, filename, bytes: registry.file(filename) };
    },
    async [Symbol.asyncDispose]() {
      await firewall.remove();
      await registry.close();
    },
  };
}

/** The port was free a moment before it was given to the process: only what it says itself shows that it has it. */
async function expectOwn(firewall: Firewall): Promise<void> {
  await until(() => firewall.log.includes(firewall.url), 'the firewall says where it listens');
}

/** Resolves when the condition holds; rejects after ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(10);
  }
}
