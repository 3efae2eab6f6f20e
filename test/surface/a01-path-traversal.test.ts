import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing, tarballPath } from '../admission/harness.ts';
import { reasonForNoStrace, strace } from '../full/durability/strace.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { heading } from './attacks.ts';
import { get, server } from './server.ts';

const CLIMBING = [
  '/npm/../../../etc/passwd',
  '/npm/..%2f..%2f..%2fetc%2fpasswd',
  '/npm/%2e%2e/%2e%2e/etc/passwd',
  '/npm/%252e%252e%252fetc%252fpasswd',
  '/npm/..%5c..%5cetc%5cpasswd',
  '/npm/..\\..\\etc\\passwd',
  '/npm/left-pad%00.tgz',
  '/npm/left-pad/-/..%2f..%2fledger%2fledger.db',
  '/npm/left-pad/-/../../ledger/ledger.db',
  '/%2F%2F..%2F..%2Fetc%2Fpasswd',
  '/npm/%c0%ae%c0%ae%c0%afetc',
  '/npm/%ef%bc%8e%ef%bc%8e/etc',
  '/pypi/simple/../../etc/passwd/',
  '/pypi/simple/..%2f..%2fetc/',
  '/pypi/files/six/..%2f..%2fledger.db',
  '/pypi/files/six/%2e%2e%2f%2e%2e%2fkey',
  '/pypi/files/..%2fsix/six-1.16.0-py3-none-any.whl',
  '/ledger/../key',
  '/ledger/tile/..%2f..%2f..%2fkey',
  '/ledger/tile/../../../../key',
  '/ledger//etc/passwd',
  `/npm/${'a'.repeat(4096)}`,
  `/pypi/files/six/${'a'.repeat(4096)}.whl`,
];

describe(heading('A01'), () => {
  describe('a request whose path climbs', () => {
    const house = server({ policy: allowing(['left-pad'], ['six']) });
    test.each(
      CLIMBING.map((path) => [path.length > 80 ? `${path.slice(0, 60)}… (${path.length})` : path, path]),
    )('%s is refused, and nobody is asked', async (_, path) => {
      const answer = await get(house(), path);
      expect([400, 401, 403, 404]).toContain(answer.status);
      expect(answer.body.toString()).not.toMatch(/root:|SQLite|PRIVATE/);
      expect(house().takeAsked()).toEqual([]);
    });
  });

  describe('an index whose names climb', () => {
    const house = server({ policy: allowing(['climber'], ['six']) }, ({ registry }) => {
      registry.addNpm('climber', { '1.0.0': {}, '../../../evil': {}, '1.0.0/../../x': {} });
      registry.addPypi('six', [
        { filename: 'six-1.0-py3-none-any.whl' },
        { filename: '../../six-2.0-py3-none-any.whl' },
        { filename: 'six-3.0-py3-none-any.whl/../../x' },
        { filename: '..%2fsix-4.0.tar.gz' },
      ]);
    });
    test('is served without them', async () => {
      const index = await house().ask('/npm/climber');
      expect(Object.keys(index.json.versions)).toEqual(['1.0.0']);
      const page = await house().ask('/pypi/simple/six/', {
        headers: { accept: 'application/vnd.pypi.simple.v1+json' },
      });
      expect(page.json.files.map(({ filename }: { filename: string }) => filename)).toEqual([
        'six-1.0-py3-none-any.whl',
      ]);
      expect(page.text).not.toContain('..%2f');
    });

    test('a Content-Disposition of the upstream names no file', async () => {
      const name = '../../../../tmp/sallyport-was-here';
      house().registry.withFault(/climber-1\.0\.0\.tgz$/, {
        kind: 'headers',
        headers: { 'content-disposition': `attachment; filename="${name}"` },
      });
      const answer = await house().ask(tarballPath('climber', '1.0.0'));
      expect(answer.status).toBe(200);
      expect(JSON.stringify(answer.headers)).not.toContain('sallyport-was-here');
      await expect(readFile('/tmp/sallyport-was-here')).rejects.toThrow('ENOENT');
    });
  });

  const untraced = reasonForNoStrace();
  describe('by the system calls of a process of its own', () => {
    let registry: FakeRegistry;
    let firewall: Firewall;
    let folder: string;
    beforeAll(async () => {
      if (untraced) return;
      folder = await mkdtemp(join(tmpdir(), 'calls-'));
      registry = await startRegistry();
      registry.addNpm('left-pad', { '1.3.0': {} });
      firewall = await startFirewall({
        policy: { 'default.yaml': allowing(['left-pad'], ['six']) },
        upstream: { npm: registry.npmBase, pypi: registry.pypiBase },
      });
    }, 60_000);
    afterAll(async () => {
      if (untraced) return;
      await firewall.remove();
      await registry.close();
      await rm(folder, { recursive: true });
    });

    test.skipIf(untraced !== null)(
      'nothing outside its folders is opened, whatever is asked',
      async () => {
        // Everything that a download loads is loaded before.
        const tarball = `${firewall.url}${tarballPath('left-pad', '1.3.0')}`;
        expect((await fetch(tarball)).status).toBe(200);
        const log = join(folder, 'calls');
        const tracer = await strace(firewall.process.pid ?? 0, '-e', 'trace=openat,open,creat', '-o', log);
        for (const path of CLIMBING) await get(firewall, path);
        // The positive control: what it does open is seen.
        expect((await fetch(`${firewall.url}/ledger/checkpoint`)).status).toBe(200);
        await tracer.detach();
        const opened = [...(await readFile(log, 'utf8')).matchAll(/open(?:at)?\([^"]*"([^"]*)"/g)].map((m) =>
          resolve(firewall.root, m[1] ?? ''),
        );
        expect(opened.some((path) => path.startsWith(firewall.dataDir))).toBe(true);
        const project = resolve(import.meta.dirname, '..', '..');
        const own = [firewall.root, project, '/proc/self', '/proc/meminfo', '/sys/', '/dev/'];
        expect(opened.filter((path) => !own.some((prefix) => path.startsWith(prefix)))).toEqual([]);
      },
      60_000,
    );
  });
});
