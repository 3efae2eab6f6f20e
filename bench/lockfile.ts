import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../src/config.ts';
import { checkLockfiles } from '../src/lockfile/check.ts';
import { importLockfiles } from '../src/lockfile/import.ts';
import { startUpstream } from '../test/full/load/upstream.ts';
import { round, table } from './table.ts';

// What a lockfile of a thousand packages costs, over a registry on loopback that is another process.
//   node bench/lockfile.ts [PACKAGES=1000] [VERSIONS of each=80]

const count = Number(process.argv[2] ?? 1000);
const versions = Number(process.argv[3] ?? 80);

const upstream = await startUpstream();
const root = await mkdtemp(join(tmpdir(), 'bench-lockfile-'));
const { npm, pypi } = upstream;
await mkdir(join(root, 'allowlists'));
await writeFile(
  join(root, 'allowlists', 'default.yaml'),
  'profile: default\nallow:\n  - npm: small-*\n  - npm: large-*\n',
);
const env = {
  SALLYPORT_DATA: join(root, 'data'),
  SALLYPORT_ALLOWLISTS: join(root, 'allowlists'),
  SALLYPORT_NPM_UPSTREAM: npm,
  SALLYPORT_PYPI_UPSTREAM: pypi,
  SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
};
const config = loadConfig(env);
const quiet = { print: () => {}, say: () => {} };

await upstream.call('many', 'small', count);
const bytes = await upstream.call('manyVersions', 'large', count, versions);

const rows: string[][] = [];
for (const prefix of ['small', 'large']) {
  const version = prefix === 'small' ? '1.0.1' : '1.0.0';
  const packages = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`node_modules/${prefix}-${i}`, { version }]),
  );
  const lock = join(root, prefix, 'package-lock.json');
  await mkdir(join(root, prefix));
  await writeFile(lock, JSON.stringify({ name: 'x', lockfileVersion: 3, packages: { '': {}, ...packages } }));
  const size = prefix === 'small' ? 'three versions' : `${versions} versions, ${round(bytes / 1000)} KB`;
  rows.push([
    `check, ${size} each`,
    ...(await timed(() =>
      checkLockfiles(config, env, '0', [lock], { profile: 'default', json: true }, quiet),
    )),
  ]);
  rows.push([
    `import, ${size} each`,
    ...(await timed(() =>
      importLockfiles(config, env, '0', [lock], { profile: 'default', as: 'pins', json: true }, quiet),
    )),
  ]);
}
table([`${round(count)} packages of a lockfile`, 'seconds', 'CPU seconds here'], rows);
await upstream.close();
await rm(root, { recursive: true });

async function timed(work: () => Promise<number>): Promise<string[]> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const code = await work();
  const took = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  if (code !== 0) throw new Error(`it ended with ${code}`);
  return [round(took, 1), round((user + system) / 1e6, 1)];
}
