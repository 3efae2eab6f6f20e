import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { sallyport } from '../harness/sallyport.ts';

// An auditor who has an address, a token and the key, and no file of the firewall.

const TOKEN = 'sp_an-auditors-own';
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

describe('a running firewall', () => {
  let upstream: FakeRegistry;
  let firewall: Firewall;
  let vkey: string;
  beforeAll(async () => {
    upstream = await startRegistry();
    upstream.addNpm('left-pad', { '1.3.0': {} });
    firewall = await startFirewall({
      policy: { 'a.yaml': 'profile: default\nallow:\n  - npm: left-pad\n' },
      upstream: { npm: upstream.npmBase, pypi: upstream.pypiBase },
      auth: `tokens:\n  - { hash: "sha256:${hashOf('agent')}", agent: a }\n  - { hash: "sha256:${hashOf(TOKEN)}", agent: eve, role: auditor }\n`,
    });
    const headers = { authorization: 'Bearer agent' };
    for (let i = 0; i < 20; i++)
      await (await fetch(`${firewall.url}/npm/left-pad/-/left-pad-1.3.0.tgz`, { headers })).arrayBuffer();
    // What was served is entered after its last byte, and published after that.
    await vi.waitFor(
      async () => {
        const served = await firewall.ledger('--type', 'served');
        expect(served).toHaveLength(20);
        const proved = await firewall.command('ledger', 'prove', String(served.at(-1)?.seq));
        expect(proved).toMatchObject({ code: 0 });
      },
      { timeout: 40_000, interval: 100 },
    );
    vkey = readFileSync(join(firewall.dataDir, 'ledger', 'log', 'vkey'), 'utf8').trim();
  }, 60_000);
  afterAll(async () => {
    await firewall?.remove();
    await upstream?.close();
  });

  test('is verified over HTTP, and a kept checkpoint with it', async () => {
    const kept = join(firewall.root, 'kept');
    writeFileSync(kept, await (await fetch(`${firewall.url}/ledger/checkpoint`)).text());
    const args = ['ledger', 'verify', '--url', firewall.url, '--key', vkey, '--since', kept];
    const ran = await sallyport({ SALLYPORT_TOKEN: TOKEN }, ...args);
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(ran.stderr).toContain('nothing is wrong');
    expect(ran.stderr).toContain('not looked at');
  });

  test.each([[{}], [{ SALLYPORT_TOKEN: 'agent' }]])('says which token it takes: %j', async (env) => {
    const ran = await sallyport(env, 'ledger', 'verify', '--url', firewall.url, '--key', vkey);
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    expect(ran.stderr).toContain('token of an auditor');
  });
});

describe('an address that is none', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const verify = (url: string) => sallyport({ SALLYPORT_TOKEN: TOKEN }, 'ledger', 'verify', '--url', url);

  test('a redirect is not followed, and the token goes nowhere else', async () => {
    let asked = 0;
    const other = await serve((_, response) => {
      asked++;
      response.end('{}');
    });
    const first = await serve((request, response) => {
      expect(request.headers.authorization).toBe(`Bearer ${TOKEN}`);
      response.writeHead(302, { location: `${other}/api/v1/ledger/logs` }).end();
    });
    const ran = await verify(first);
    expect(ran).toMatchObject({ code: 3 });
    expect(ran.stderr).toContain('leads elsewhere');
    expect(asked).toBe(0);
  });

  test('an answer without end is not read to its end', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const ran = await verify(url);
    expect(ran).toMatchObject({ code: 3 });
    expect(ran.stderr).toContain('larger than such a file can be');
  });

  test.each(['{"logs":[]}', '{"logs":[{"log":1e99,"base":0}]}', 'x'])(
    '%s is no list of logs',
    async (body) => {
      const ran = await verify(await serve((_, response) => void response.end(body)));
      expect(ran).toMatchObject({ code: 3 });
      expect(ran.stderr).toContain('which logs it has');
    },
  );

  test('credentials in the address are refused before anything is asked', async () => {
    const ran = await verify('http://user:secret@127.0.0.1:1/');
    expect(ran).toMatchObject({ code: 3 });
    expect(ran.stderr).not.toContain('secret');
    expect(await sallyport({}, 'ledger', 'verify', '--url', 'x', '--data', 'y')).toMatchObject({ code: 2 });
  });
});
