import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { forbidNetwork } from './no-network.ts';

test('loopback is reached, nothing else is, and each try is written down', async () => {
  const server = createServer((_, response) => response.end('here'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const network = forbidNetwork();
  try {
    const { port } = server.address() as AddressInfo;
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('here');
    await expect(fetch('http://192.0.2.1/')).rejects.toThrow();
    await expect(fetch('http://elsewhere.invalid/')).rejects.toThrow();
    expect(network.attempts).toEqual(['192.0.2.1', 'elsewhere.invalid']);
  } finally {
    network.restore();
    server.close();
    server.closeAllConnections();
  }
});
