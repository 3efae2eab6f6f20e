import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../gate/self-signed.ts';
import { startRegistry } from '../harness/registry.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

test('with a certificate and a key it serves https, and every address that it gives is https', async () => {
  const { cert, key } = selfSigned();
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  const registry = await startRegistry();
  registry.addNpm('sealed', { '1.0.0': {} });
  await mkdir(join(folder, 'allowlists'));
  await writeFile(join(folder, 'allowlists/a.yaml'), 'profile: default\nallow: [{ npm: sealed }]\n');
  await writeFile(join(folder, 'cert.pem'), cert);
  await writeFile(join(folder, 'key.pem'), key);
  const config = `port: 0\nnpmUpstream: ${registry.npmBase}\nprivateAddresses: [127.0.0.0/8]\n`;
  await writeFile(join(folder, 'sallyport.yaml'), `${config}tls: { cert: cert.pem, key: key.pem }\n`);
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith('SALLYPORT_'));
  const child = spawn(process.execPath, [MAIN, 'serve'], { cwd: folder, env: Object.fromEntries(env) });
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await gone;
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });
  let said = '';
  child.stdout.on('data', (piece: Buffer) => (said += piece));
  await expect.poll(() => said, { timeout: 15_000 }).toMatch(/UV_DEFAULT_INDEX=https:/);
  const url = /^sallyport listens on (https:\/\/127\.0\.0\.1:\d+)$/m.exec(said)?.[1] ?? '';
  const page = JSON.parse(await text(`${url}/npm/sealed`, cert));
  expect(page.versions['1.0.0'].dist.tarball).toBe(`${url}/npm/sealed/-/sealed-1.0.0.tgz`);
  expect(JSON.parse(await text(`${url}/npm/unlisted`, cert)).why).toMatch(new RegExp(`^${url}/-/why/`));
  await expect(fetch(url.replace('https', 'http'))).rejects.toThrow();
  child.kill('SIGTERM');
  expect(await gone).toBe(0);
});

/** Trusts this certificate and no other; its name is not compared, for it has none. */
function text(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca, checkServerIdentity: () => undefined }, (response) => {
      let body = '';
      response.on('data', (piece: Buffer) => (body += piece));
      response.on('end', () => resolve(body));
    }).on('error', reject);
  });
}
