import { describe, expect, onTestFinished, test } from 'vitest';
import { leafHash } from '../../src/ledger/canonical.ts';
import { webhook } from '../../src/shipping/webhook.ts';
import { logged } from '../exports/logged.ts';
import { selfSigned } from '../gate/self-signed.ts';
import { decision } from '../ledger/fixtures/drafts.ts';
import { eventually, place, seqsOf, TOKEN, upTo } from './place.ts';
import { type Answer, webReceiver } from './receivers.ts';

async function receiver(answer?: Answer, tls?: { cert: string; key: string }) {
  const made = await webReceiver(answer, tls);
  onTestFinished(() => made.close());
  return made;
}

test('over TLS every published entry comes, in its order, with its exact bytes and the token', async () => {
  const tls = selfSigned();
  const siem = await receiver(undefined, tls);
  const { append, ship, cursor } = await place();
  await append(1_203);
  await ship(`  - { name: siem, url: "${siem.url}", credentialEnv: SIEM_TOKEN }`, { ca: tls.cert });
  await eventually(() => siem.lines().length, 1_203);
  await append(2);
  await eventually(() => siem.lines().length, 1_205);
  expect(seqsOf(siem.lines())).toEqual(upTo(1_205));
  expect(siem.requests[0]).toMatchObject({
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/x-ndjson',
      'user-agent': 'sallyport/1.2.3',
    },
  });
  const line = siem.lines()[5] ?? '';
  const { leaf, log, index } = JSON.parse(line);
  expect(leafHash(line.slice(line.indexOf('"entry":') + 8, -1))).toBe(leaf);
  expect({ log, index }).toEqual({ log: 1, index: 5 });
  await eventually(async () => (await cursor('siem'))?.split(' ')[0], '1204');
});

test('what is not published is not sent', async () => {
  const siem = await receiver();
  const here = await place();
  await here.append(10);
  here.edge = 4;
  const shipping = await here.ship(`  - { name: siem, url: "${siem.url}" }`);
  await eventually(() => siem.lines().length, 4);
  shipping.wake();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(seqsOf(siem.lines())).toEqual(upTo(4));
});

describe('to whom', () => {
  test('a certificate that is not trusted, or of another name, gets nothing, whatever the environment says', async () => {
    const tls = selfSigned();
    const siem = await receiver(undefined, tls);
    const here = await place();
    await here.append(1);
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    onTestFinished(() => void delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
    await here.ship(`  - { name: siem, url: "${siem.url}", credentialEnv: SIEM_TOKEN }`);
    await here.ship(`  - { name: other, url: "${siem.url.replace('localhost', '127.0.0.1')}" }`, {
      ca: tls.cert,
    });
    await expect.poll(() => here.failures, { timeout: 10_000 }).toBeGreaterThan(3);
    expect(siem.requests).toEqual([]);
    expect(JSON.stringify(here.said)).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(JSON.stringify(here.said)).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(JSON.stringify(here.said)).not.toContain(TOKEN);
  });

  test('a redirect is not followed, and is no acknowledgement', async () => {
    const elsewhere = await receiver();
    const siem = await receiver((_, response) => response.writeHead(307, { location: elsewhere.url }).end());
    const here = await place();
    await here.append(1);
    await here.ship(`  - { name: siem, url: "${siem.url}", credentialEnv: SIEM_TOKEN }`);
    await expect.poll(() => siem.requests.length, { timeout: 10_000 }).toBeGreaterThan(2);
    expect(elsewhere.requests).toEqual([]);
    expect(await here.cursor('siem')).toBeNull();
  });
});

describe('what is not taken is sent again', () => {
  test.each([500, 400, 401, 404, 429, 503, 204.5])('after an answer of %s', async (status) => {
    const siem = await receiver((_, response, count) => {
      if (count < 3 && status === 204.5) response.destroy();
      else response.writeHead(count < 3 ? status : 204).end();
    });
    const here = await place();
    await here.append(3);
    await here.ship(`  - { name: siem, url: "${siem.url}" }`);
    await eventually(() => siem.requests.length, 3);
    expect(siem.requests.map(({ lines }) => seqsOf(lines))).toEqual([upTo(3), upTo(3), upTo(3)]);
    expect(here.failures).toBe(2);
    await eventually(async () => (await here.cursor('siem'))?.split(' ')[0], '2');
  });

  test('after as long as the target asks for', async () => {
    const at: number[] = [];
    const siem = await receiver((_, response, count) => {
      at.push(performance.now());
      response.writeHead(count === 1 ? 503 : 200, { 'retry-after': '1' }).end();
    });
    const here = await place();
    await here.append(1);
    await here.ship(`  - { name: siem, url: "${siem.url}" }`);
    await eventually(() => at.length, 2);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(950);
  });

  test('in smaller pieces where it was too much at once', async () => {
    const siem = await receiver(({ lines }, response) =>
      response.writeHead(lines.length > 70 ? 413 : 200).end(),
    );
    const here = await place();
    await here.append(300);
    await here.ship(`  - { name: siem, url: "${siem.url}" }`);
    await eventually(async () => (await here.cursor('siem'))?.split(' ')[0], '299');
    const taken = siem.requests
      .filter(({ lines }) => lines.length <= 70)
      .flatMap(({ lines }) => seqsOf(lines));
    expect(taken).toEqual(upTo(300));
  });

  test('an answer that never ends does not hold it up', async () => {
    const siem = await receiver((_, response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(10_000)), 1);
      response.on('close', () => clearInterval(more));
    });
    const here = await place();
    await here.append(1);
    await here.ship(`  - { name: siem, url: "${siem.url}" }`);
    await eventually(async () => (await here.cursor('siem'))?.split(' ')[0], '0');
  });
});

test('one target that is down holds up no other, and only lags', async () => {
  const [up, down] = [await receiver(), await receiver((_, response) => response.writeHead(500).end())];
  const here = await place();
  const shipping = await here.ship(
    `  - { name: up, url: "${up.url}" }\n  - { name: down, url: "${down.url}" }`,
  );
  await here.append(20);
  await eventually(() => up.lines().length, 20);
  await shipping.look();
  await eventually(async () => {
    await shipping.look();
    return [...here.lags].sort();
  }, [
    ['down', 20],
    ['up', 0],
  ]);
  expect(here.alarms).toEqual([]);
  expect(shipping.notes()).toEqual([]);
  here.now += 16 * 60_000;
  await shipping.look();
  await shipping.look();
  expect(here.alarms).toEqual([{ source: 'down', found: '20 entries wait' }]);
  expect(shipping.notes()).toEqual(['entries wait to be shipped: 1 of 2 targets took none lately']);
});

test('of chosen types all come, and no other; OCSF has one event an entry', async () => {
  const siem = await receiver();
  const here = await place();
  await here.append(3);
  await here.append(2, { type: 'alarm', code: 'malware' });
  await here.append(3);
  await here.ship(`  - { name: siem, url: "${siem.url}", types: [alarm], format: ocsf }`);
  await eventually(() => siem.lines().map((line) => JSON.parse(line).metadata.sequence), [3, 4]);
  // What was passed over is passed for good.
  await eventually(async () => (await here.cursor('siem'))?.split(' ')[0], '7');
});

test('a target that is silent, or answers a byte at a time, is given up', async () => {
  const siem = await receiver((_, response, count) => {
    if (count === 2) response.socket?.write('H');
  });
  const sender = webhook(
    { kind: 'webhook', url: siem.url, token: null },
    { version: '1', now: () => 0, timeout: 200 },
  );
  onTestFinished(() => sender.close());
  const messages = [{ entry: logged(decision()), line: '{}' }];
  for (const _ of [1, 2])
    await expect(sender.send(messages, new AbortController().signal)).rejects.toThrow('cannot be reached');
  expect(siem.requests).toHaveLength(2);
});

test('a stop gives up what hangs, at once', async () => {
  const siem = await receiver(() => undefined);
  const here = await place();
  await here.append(1);
  const shipping = await here.ship(`  - { name: siem, url: "${siem.url}" }`);
  await eventually(() => siem.requests.length, 1);
  const before = performance.now();
  await shipping.stop();
  expect(performance.now() - before).toBeLessThan(2_000);
  expect(await here.cursor('siem')).toBeNull();
});
