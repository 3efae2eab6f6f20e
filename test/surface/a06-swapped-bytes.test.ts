import { rename, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Layout } from '../../src/vault/layout.ts';
import { allowing, hexSha256, type TestHouse, tarballPath } from '../admission/harness.ts';
import { heading } from './attacks.ts';
import { portOf, server } from './server.ts';

const SIZE = 24_000_000;

/** The file in which an artifact is kept. */
function keptFile(house: TestHouse, bytes: Uint8Array): string {
  return new Layout(join(house.root, 'data', 'vault')).file('cas', `sha256:${hexSha256(bytes)}`);
}

describe(heading('A06'), () => {
  const names = ['swapped', 'flipped', 'shortened', 'midway'];
  const house = server({ policy: allowing(names) }, async ({ registry, ask }) => {
    for (const name of names) {
      registry.addNpm(name, { '1.0.0': { bulk: name === 'midway' ? SIZE : 300_000 } });
      if (name !== 'midway') continue;
      expect((await ask(tarballPath(name, '1.0.0'), { method: 'GET' })).status).toBe(200);
    }
  });
  const bytesOf = (name: string) => house().registry.tarball(name, '1.0.0');

  /** All that comes of a download, whether it ends well or not. */
  async function download(name: string): Promise<{ status: number; received: Buffer; whole: boolean }> {
    try {
      const answer = await house().ask(tarballPath(name, '1.0.0'));
      return {
        status: answer.status,
        received: answer.body,
        whole: Number(answer.headers['content-length']) === answer.body.length,
      };
    } catch {
      return { status: 0, received: Buffer.alloc(0), whole: false };
    }
  }

  const harms: [string, (path: string) => Promise<unknown>][] = [
    [
      'swapped',
      async (path) => {
        await writeFile(`${path}.new`, Buffer.alloc(bytesOf('swapped').length, 'x'));
        await rename(`${path}.new`, path);
      },
    ],
    [
      'flipped',
      (path) => {
        const bytes = Buffer.from(bytesOf('flipped'));
        bytes[1000] = (bytes[1000] ?? 0) ^ 1;
        return writeFile(path, bytes);
      },
    ],
    ['shortened', (path) => truncate(path, 1000)],
  ];
  test.each(harms)('a kept file that is %s is not served as what it was', async (name, harm) => {
    expect((await download(name)).status).toBe(200);
    const true_ = hexSha256(bytesOf(name));
    await house().restart(async () => harm(keptFile(house(), bytesOf(name))));
    house().registry.withFault(new RegExp(`${name}-1`), { kind: 'vanish' });
    const { status, received, whole } = await download(name);
    expect(status === 200 && whole).toBe(false);
    expect(hexSha256(received)).not.toBe(true_);
    expect(received.includes(Buffer.alloc(200, 'x'))).toBe(false);
  });

  test('one that changes while it is sent never completes', async () => {
    expect((await download('midway')).whole).toBe(true);
    const path = keptFile(house(), bytesOf('midway'));
    const socket = connect(portOf(house()), '127.0.0.1');
    const received: Buffer[] = [];
    let length = 0;
    let waiting = false;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.write(
      `GET ${tarballPath('midway', '1.0.0')} HTTP/1.1\r\nHost: 127.0.0.1:${portOf(house())}\r\nConnection: close\r\n\r\n`,
    );
    await new Promise<void>((resolve) => {
      socket.on('data', (bytes) => {
        received.push(bytes);
        length += bytes.length;
        if (!waiting && length > 100_000) {
          waiting = true;
          socket.pause();
          resolve();
        }
      });
    });
    // The client has a beginning and waits; the last bytes of the file become others.
    await sleep(50);
    const changed = Buffer.from(bytesOf('midway'));
    changed.fill('x', changed.length - 5000);
    await writeFile(path, changed);
    socket.resume();
    await closed;
    const all = Buffer.concat(received);
    const head = all.subarray(0, all.indexOf('\r\n\r\n')).toString();
    const body = all.subarray(all.indexOf('\r\n\r\n') + 4);
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    const declared = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    expect(declared).toBe(changed.length);
    expect(body.length).toBeLessThan(declared);
    expect(body.includes(Buffer.alloc(100, 'x'))).toBe(false);
    expect(body.equals(bytesOf('midway').subarray(0, body.length))).toBe(true);
  });
});
