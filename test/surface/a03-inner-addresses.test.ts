import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing, tarballPath } from '../admission/harness.ts';
import { heading } from './attacks.ts';
import { type Foreign, server, startForeign } from './server.ts';

// The upstream is on 127.0.0.1, which alone is admitted; what must not be reached listens on 127.0.0.2.

const SPELLINGS: [string, (port: number) => string][] = [
  ['another loopback address', (port) => `http://127.0.0.2:${port}/x.tgz`],
  ['as one number', (port) => `http://2130706434:${port}/x.tgz`],
  ['in octal', (port) => `http://0177.0.0.2:${port}/x.tgz`],
  ['in hexadecimal', (port) => `http://0x7f.2:${port}/x.tgz`],
  ['short', (port) => `http://127.2:${port}/x.tgz`],
  ['mapped into IPv6', (port) => `http://[::ffff:127.0.0.2]:${port}/x.tgz`],
  ['mapped, in hexadecimal', (port) => `http://[::ffff:7f00:2]:${port}/x.tgz`],
  ['by NAT64', (port) => `http://[64:ff9b::7f00:2]:${port}/x.tgz`],
  ['IPv6 loopback', (port) => `http://[::1]:${port}/x.tgz`],
  ['any address', (port) => `http://0.0.0.0:${port}/x.tgz`],
  ['cloud metadata', () => 'http://169.254.169.254/latest/meta-data/x.tgz'],
  ['cloud metadata in IPv6', () => 'http://[fd00:ec2::254]/x.tgz'],
  ['a private network', () => 'http://10.0.0.1/x.tgz'],
  ['a file', () => 'file:///etc/passwd'],
  ['a unix socket', () => 'unix:/var/run/docker.sock:/x'],
  ['another protocol', () => 'gopher://127.0.0.2/x.tgz'],
  ['data itself', () => 'data:application/octet-stream;base64,AAAA'],
];

describe(heading('A03'), () => {
  const house = server({
    policy: allowing(['lib', 'hop'], ['wheel']),
    env: { SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.1/32' },
  });
  let foreign: Foreign;
  beforeAll(async () => {
    foreign = await startForeign('127.0.0.2');
  });
  afterAll(() => foreign.close());

  const outcome = (answer: { status: number; json: { code?: string } }) => {
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.json.code).toMatch(/^(UPSTREAM_|WITHDRAWN_UPSTREAM$)/);
    expect(foreign.heard).toEqual([]);
  };

  test.each(SPELLINGS)('an npm index names it: %s', async (_, url) => {
    house().registry.addNpm('lib', { '1.0.0': { tarballUrl: url(foreign.port) } });
    house().clock.advance(3_600_000);
    outcome(await house().ask(tarballPath('lib', '1.0.0')));
  });

  test.each(SPELLINGS)('a Python index names it: %s', async (_, url) => {
    const filename = 'wheel-1.0-py3-none-any.whl';
    house().registry.addPypi('wheel', [{ filename, url: url(foreign.port) }]);
    house().clock.advance(3_600_000);
    outcome(await house().ask(`/pypi/files/wheel/${filename}`));
  });

  test.each(SPELLINGS)('a redirect leads there: %s', async (_, url) => {
    house().registry.addNpm('hop', { '1.0.0': {} });
    const undo = house().registry.withFault(/hop/, { kind: 'redirect', to: url(foreign.port) });
    house().clock.advance(3_600_000);
    for (const path of ['/npm/hop', tarballPath('hop', '1.0.0')]) outcome(await house().ask(path));
    undo();
  });

  test('a chain of redirects ends, though each of them stays at the upstream', async () => {
    house().registry.addNpm('hop', { '1.0.0': {} });
    const to = `${house().registry.npmBase}hop`;
    const undo = house().registry.withFault(/hop$/, { kind: 'redirect', to });
    house().clock.advance(3_600_000);
    house().takeAsked();
    outcome(await house().ask('/npm/hop'));
    expect(house().takeAsked().length).toBeLessThan(20);
    undo();
  });

  test('a name that resolves to an inner address is not connected to', async () => {
    house().registry.addNpm('lib', { '1.0.0': { tarballUrl: `http://localhost:${foreign.port}/x.tgz` } });
    const inner = await startForeign('::1').catch(() => null);
    if (inner)
      house().registry.addNpm('lib', { '1.0.0': { tarballUrl: `http://localhost:${inner.port}/x.tgz` } });
    house().clock.advance(3_600_000);
    outcome(await house().ask(tarballPath('lib', '1.0.0')));
    expect(inner?.heard ?? []).toEqual([]);
    await inner?.close();
  });

  test('the positive control: the listener hears who connects, and the true address is fetched from', async () => {
    await fetch(`http://127.0.0.2:${foreign.port}/`);
    expect(foreign.heard).toHaveLength(1);
    house().registry.addNpm('lib', { '1.0.0': {} });
    house().clock.advance(3_600_000);
    expect((await house().ask(tarballPath('lib', '1.0.0'))).status).toBe(200);
  });
});
