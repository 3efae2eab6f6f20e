import { createSocket } from 'node:dgram';
import { describe, expect, onTestFinished, test } from 'vitest';
import { octetCounted, syslogMessage } from '../../src/shipping/line.ts';
import { logged } from '../exports/logged.ts';
import { selfSigned } from '../gate/self-signed.ts';
import { decision } from '../ledger/fixtures/drafts.ts';
import { eventually, place, upTo } from './place.ts';
import { syslogReceiver } from './receivers.ts';

async function receiver(...of: Parameters<typeof syslogReceiver>) {
  const made = await syslogReceiver(...of);
  onTestFinished(() => made.close());
  return made;
}

/** RFC 5424 section 6: HEADER SP STRUCTURED-DATA SP MSG. */
const MESSAGE =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([\x21-\x7e]{1,255}) (sallyport) - ([\x21-\x7e]{1,32}) - (\{.*\})$/;
const seqs = (messages: readonly string[]) =>
  messages.map((one) => JSON.parse(MESSAGE.exec(one)?.[6] ?? '{}').seq);

describe('a message', () => {
  test('is of RFC 5424, in ASCII, and its JSON is the same entry', () => {
    const entry = logged(decision({ client: 'ünï\n<1>1 - x', verdict: 'refuse', reasons: ['DENIED'] }));
    const text = syslogMessage(entry, `{"seq":7,"entry":${entry.bytes}}`, 'host name\u0007.test');
    const [, priority, time, host, , type, json = ''] = MESSAGE.exec(text) ?? [];
    // Facility 13 (log audit), severity 5 (notice).
    expect({ priority, time, host, type }).toEqual({
      priority: '109',
      time: '1970-01-01T00:00:01.000Z',
      host: 'hostname.test',
      type: 'decision',
    });
    expect(text).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(json).entry).toEqual(JSON.parse(entry.bytes));
  });
  test.each([
    ['an admission', decision(), 110],
    ['what mode observe let through', decision({ observed: [{ code: 'TOO_YOUNG', place: null }] }), 109],
    ['an alarm', { type: 'alarm', id: 'a', time: 1, code: 'malware' } as const, 108],
    ['a log after a rollback', { type: 'log', id: 'a', time: 1, reason: 'rollback' } as const, 107],
  ] as const)('has the severity of what it is: %s', (_, draft, priority) => {
    expect(syslogMessage(logged(draft), '{}', 'h')).toMatch(new RegExp(`^<${priority}>1 `));
  });
  test('is counted in octets', () => {
    expect(octetCounted('ü')).toBe('2 ü');
  });
});

test.each(['tls', 'tcp'] as const)('over %s every entry comes once, in its order', async (kind) => {
  const tls = selfSigned();
  const siem = await receiver(kind === 'tls' ? tls : undefined);
  const here = await place();
  await here.append(1_100);
  await here.ship(`  - { name: siem, url: "syslog+${kind}://localhost:${siem.port}" }`, { ca: tls.cert });
  await eventually(async () => (await here.cursor('siem'))?.split(' ')[0], '1099');
  expect(seqs(siem.messages)).toEqual(upTo(1_100));
  await here.append(1);
  await eventually(async () => (await here.cursor('siem'))?.split(' ')[0], '1100');
  expect(siem.messages.every((one) => MESSAGE.test(one))).toBe(true);
});

test('a receiver without a certificate that is trusted gets nothing', async () => {
  const siem = await receiver(selfSigned());
  const here = await place();
  await here.append(1);
  await here.ship(`  - { name: siem, url: "syslog+tls://localhost:${siem.port}" }`);
  await expect.poll(() => here.failures, { timeout: 10_000 }).toBeGreaterThan(2);
  expect(siem.messages).toEqual([]);
  expect(here.said[0]?.fields).toMatchObject({
    problem: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT'),
  });
});

describe('a receiver that goes before it has read everything gets the batch again', () => {
  test.each([
    ['it resets the connection', (socket: { resetAndDestroy(): void }) => socket.resetAndDestroy()],
    ['it ends by itself, before it has read', (socket: { end(): void }) => socket.end()],
    ['it takes one piece and dies', undefined],
  ] as const)('%s', async (_, leave) => {
    const siem = await receiver(undefined, (socket, connection) => {
      if (connection > 3) return;
      if (leave) leave(socket);
      else socket.once('data', () => socket.resetAndDestroy());
    });
    const here = await place();
    await here.append(500);
    await here.ship(`  - { name: siem, url: "syslog+tcp://127.0.0.1:${siem.port}" }`);
    await eventually(async () => (await here.cursor('siem'))?.split(' ')[0], '499');
    expect(here.failures).toBe(3);
    expect(siem.connections).toBe(4);
    expect(seqs(siem.messages).slice(-500)).toEqual(upTo(500));
  });
});

test('over UDP each entry is sent once, and that is all that is promised', async () => {
  const socket = createSocket('udp4');
  const messages: string[] = [];
  socket.on('message', (message) => messages.push(message.toString('utf8')));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  const here = await place();
  await here.append(3);
  await here.ship(`  - { name: siem, url: "syslog+udp://127.0.0.1:${socket.address().port}" }`);
  await eventually(async () => (await here.cursor('siem'))?.split(' ')[0], '2');
  await eventually(() => seqs(messages), [0, 1, 2]);
});
