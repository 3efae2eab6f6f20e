import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jail, reasonForNoJail } from '../../harness/jail.ts';

const why = reasonForNoJail();

describe.skipIf(why !== null)(
  `the jail lets one port of loopback be reached${why ? ` (skipped: ${why})` : ''}`,
  () => {
    let folder: string;
    let firewall: Server;
    let other: Server;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'jail-test-'));
      firewall = await serve('the firewall');
      other = await serve('something else');
    });
    afterAll(async () => {
      firewall.close();
      other.close();
      await rm(folder, { recursive: true, force: true });
    });

    const script = (code: string, port: number | null, timeoutMs = 20_000) =>
      jail({
        port,
        cwd: folder,
        env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: folder },
        command: process.execPath,
        args: ['--input-type=module', '-e', code],
        timeoutMs,
      });
    const get = (url: string) => `
    try { console.log(await (await fetch(${JSON.stringify(url)}, { signal: AbortSignal.timeout(5000) })).text()); }
    catch (error) { console.log('unreachable', error.cause?.code ?? error.name); process.exit(3); }`;

    test('the firewall answers under its own address, and the request line is known outside', async () => {
      const report = await script(get(`http://127.0.0.1:${portOf(firewall)}/npm/x?y=1`), portOf(firewall));
      expect(report).toMatchObject({
        code: 0,
        stdout: 'the firewall\n',
        reached: ['GET /npm/x?y=1'],
        sought: [],
      });
    });

    test('another port of the host is not reached', async () => {
      const report = await script(get(`http://127.0.0.1:${portOf(other)}/`), portOf(firewall));
      expect(report).toMatchObject({ code: 3, stdout: 'unreachable ECONNREFUSED\n', reached: [] });
    });

    test('without a port nothing is reached', async () => {
      const report = await script(get(`http://127.0.0.1:${portOf(firewall)}/`), null);
      expect(report).toMatchObject({ code: 3, stdout: 'unreachable ECONNREFUSED\n' });
    });

    test('a public name is not resolved, and that it was asked for is known outside', async () => {
      const report = await script(get('http://example.com/'), portOf(firewall));
      expect(report).toMatchObject({ code: 3, reached: [] });
      expect(report.stdout).toMatch(/^unreachable E(NOTFOUND|AI_AGAIN)/);
      expect(report.sought).toContain('example.com');
    });

    test.each(['1.1.1.1', '169.254.169.254', '[2606:4700:4700::1111]'])(
      '%s has no route',
      async (address) => {
        const report = await script(get(`http://${address}/`), portOf(firewall));
        expect(report).toMatchObject({ code: 3, reached: [] });
        expect(report.stdout).toMatch(/^unreachable (ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL)/);
      },
    );

    test('nothing of this process’s environment gets in', async () => {
      const report = await script('console.log(Object.keys(process.env).sort().join())', portOf(firewall));
      expect(report.stdout).toBe('HOME,PATH\n');
    });

    test('exit codes and both streams come out', async () => {
      const report = await script('console.log(1); console.error(2); process.exitCode = 42', null);
      expect(report).toMatchObject({ code: 42, stdout: '1\n', stderr: '2\n' });
    });

    test('when the time is up, everything inside is killed, children in sessions of their own too', async () => {
      const began = performance.now();
      const code = `
      import { spawn } from 'node:child_process';
      spawn('sleep', ['987'], { detached: true, stdio: 'inherit' }).unref();
      setTimeout(() => {}, 60_000);`;
      const report = await script(code, null, 1500);
      expect(report.code).toBe(124);
      // The streams are open as long as one of them lives.
      expect(performance.now() - began).toBeLessThan(10_000);
    });
  },
);

async function serve(words: string): Promise<Server> {
  const server = createServer((_request, response) => response.end(words));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
