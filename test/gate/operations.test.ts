import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { buildGate } from '../../src/gate/server.ts';
import { file, page, ScriptedAdmission } from './fakes.ts';
import { ask, optionsOf, parseAnswer, type RunningGate, sendRaw, startGate, until } from './harness.ts';

let gate: RunningGate | undefined;
afterEach(() => gate?.app.close());

describe('audit bodies', () => {
  const bulk = '/npm/-/npm/v1/security/advisories/bulk';
  test('gzip is unpacked', async () => {
    gate = await startGate();
    await ask(gate, bulk, { 'Content-Encoding': 'gzip' }, 'POST', gzipSync('{"a":["1.0.0"]}'));
    expect(Buffer.from(gate.admission.asked[0]?.body ?? []).toString()).toBe('{"a":["1.0.0"]}');
  });
  test.each([
    ['too large as declared', Buffer.alloc(2000), 'identity'],
    ['a bomb', gzipSync(Buffer.alloc(100_000)), 'gzip'],
  ])('%s: 400, and admission is not asked', async (_title, body, coding) => {
    gate = await startGate({ limits: { maxBody: 1000 } });
    const answer = await ask(gate, bulk, { 'Content-Encoding': coding }, 'POST', body);
    expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([400, 'BAD_REQUEST']);
    expect(gate.admission.asked).toEqual([]);
  });
  test('too large in chunks, without a declared length', async () => {
    gate = await startGate({ limits: { maxBody: 1000 } });
    const chunk = `400\r\n${'a'.repeat(1024)}\r\n`;
    const head = `POST ${bulk} HTTP/1.1\r\nHost: ${gate.host}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const answer = parseAnswer(await sendRaw(gate.port, head + chunk + chunk));
    expect(answer.status).toBe(400);
    expect(answer.headers.get('connection')).toBe('close');
    expect(gate.admission.asked).toEqual([]);
  });
  test('one that never ends is cut off', async () => {
    gate = await startGate({ limits: { headersTimeout: 200, requestTimeout: 300, checkInterval: 50 } });
    const head = `POST ${bulk} HTTP/1.1\r\nHost: ${gate.host}\r\nContent-Length: 100\r\n\r\n{`;
    const answer = await sendRaw(gate.port, head);
    expect(answer.toString().startsWith('HTTP/1.1 408') || answer.length === 0).toBe(true);
    expect(gate.admission.asked).toEqual([]);
  });
});

test('headers that never end are cut off', async () => {
  gate = await startGate({ limits: { headersTimeout: 200, requestTimeout: 300, checkInterval: 50 } });
  const answer = parseAnswer(await sendRaw(gate.port, `GET /npm/express HTTP/1.1\r\nHost: ${gate.host}\r\n`));
  expect(answer.status).toBe(408);
});

test('an unreadable request behind an answer under way cuts it, and adds nothing to it', async () => {
  const large = file(Buffer.alloc(32 * 1024 ** 2, 'x'), { piece: 1024 ** 2 });
  gate = await startGate({ admission: new ScriptedAdmission(() => large) });
  const raw = await sendRaw(
    gate.port,
    `GET /npm/a/-/a.tgz HTTP/1.1\r\nHost: ${gate.host}\r\n\r\nNOT HTTP\r\n\r\n`,
  );
  expect(raw.indexOf('BAD_REQUEST') === -1 || !raw.toString('latin1').startsWith('HTTP/1.1 200')).toBe(true);
});

describe('readiness', () => {
  test.each([
    ['says no', () => ({ ok: false, notes: ['the policy cannot be read'] }), 503],
    [
      'throws',
      () => {
        throw new Error('broken');
      },
      500,
    ],
    ['says something else', () => ({ ok: 'yes' as never, notes: [] }), 503],
  ])('%s', async (_title, ready, status) => {
    gate = await startGate({ ready });
    expect((await ask(gate, '/readyz')).status).toBe(status);
    expect((await ask(gate, '/healthz')).status).toBe(200);
  });
});

test('metrics and the access log tell of every request, once', async () => {
  gate = await startGate({ admission: new ScriptedAdmission(() => page('{"a":1}')) });
  await ask(gate, '/npm/express?token=canary', { 'User-Agent': 'npm/11' });
  await ask(gate, '/npm/..%2fcanary');
  await sendRaw(gate.port, 'nonsense\r\n\r\n');
  gate.metrics.alarm('digest-changed');
  const text = (await ask(gate, '/metrics')).body.toString();
  expect(text).toContain('sallyport_requests_total{kind="index",status="2xx"} 1');
  expect(text).toContain('sallyport_requests_total{kind="none",status="4xx"} 1');
  expect(text).toContain('sallyport_requests_total{kind="unreadable",status="4xx"} 1');
  expect(text).toContain('sallyport_decisions_total{ecosystem="npm",kind="index",code="ADMITTED"} 1');
  expect(text).toContain('sallyport_served_bytes_total{kind="index"} 7');
  expect(text).toContain('sallyport_alarms_total{kind="digest-changed"} 1');
  expect(text).toContain('sallyport_requests_in_flight 1');
  const lines = gate.log.filter((line) => line['msg'] === 'request');
  expect(lines.length).toBe(3);
  expect(lines[0]).toMatchObject({
    method: 'GET',
    path: '/npm/express',
    kind: 'index',
    status: 200,
    complete: true,
    code: null,
    agent: 'local',
    client: 'npm/11',
    bytes: 7,
  });
  expect(lines[1]).toMatchObject({ path: { length: 16 }, status: 400, code: 'BAD_PATH' });
  expect(JSON.stringify(gate.log)).not.toContain('canary');
  expect(new Set(lines.map((line) => line['requestId'])).size).toBe(3);
});

describe('close', () => {
  test('serves to its end what it has begun, on a connection that would be kept, and accepts nothing more', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const bytes = Buffer.alloc(3 * 1024 ** 2, 'x');
    const running = await startGate({
      admission: new ScriptedAdmission(async () => {
        await held;
        return file(bytes);
      }),
    });
    const idle = net.connect(running.port, '127.0.0.1');
    idle.on('error', () => undefined);
    const answer = sendRaw(running.port, `GET /npm/a/-/a.tgz HTTP/1.1\r\nHost: ${running.host}\r\n\r\n`);
    await until(() => running.admission.asked.length === 1);
    const closed = running.app.close();
    await expect(sendRaw(running.port, 'GET /healthz HTTP/1.1\r\n\r\n')).rejects.toThrow('ECONNREFUSED');
    release();
    expect(parseAnswer(await answer).body.equals(bytes)).toBe(true);
    await closed;
    idle.destroy();
  });

  test('waits no longer than it may', async () => {
    const running = await startGate({
      limits: { shutdown: 200 },
      admission: new ScriptedAdmission(() => new Promise(() => undefined)),
    });
    const answer = sendRaw(running.port, `GET /npm/a HTTP/1.1\r\nHost: ${running.host}\r\n\r\n`);
    await until(() => running.admission.asked.length === 1);
    await running.app.close();
    expect((await answer).length).toBe(0);
  });
});

test('keep-alive: one connection, several requests', async () => {
  gate = await startGate();
  const one = `GET /npm/a HTTP/1.1\r\nHost: ${gate.host}\r\n\r\n`;
  const last = `GET /npm/b HTTP/1.1\r\nHost: ${gate.host}\r\nConnection: close\r\n\r\n`;
  const raw = (await sendRaw(gate.port, one + one + last)).toString();
  expect(raw.split('HTTP/1.1 200 OK').length - 1).toBe(3);
});

test('the wait for a slow reader does not shorten the wait for admission', async () => {
  let count = 0;
  const admission = new ScriptedAdmission(async () => {
    count += 1;
    if (count === 2) await new Promise((resolve) => setTimeout(resolve, 600));
    return page('{}');
  });
  gate = await startGate({ admission, limits: { stallTimeout: 150 } });
  const { host } = gate;
  const socket = net.connect(gate.port, '127.0.0.1');
  let received = '';
  socket.on('data', (piece) => {
    received += piece;
  });
  const answers = () => received.split('HTTP/1.1 200 OK').length - 1;
  socket.write(`GET /npm/a HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await until(() => answers() === 1);
  socket.write(`GET /npm/b HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await until(() => answers() === 2);
  socket.destroy();
});

test('both addresses of localhost are the same gate, and both are closed', async () => {
  const admission = new ScriptedAdmission();
  const app = buildGate(optionsOf(admission));
  await app.listen({ host: 'localhost', port: 0 });
  const addresses = app.addresses().filter((address) => typeof address === 'object');
  const ports = new Set(addresses.map((address) => address.port));
  expect(ports.size).toBe(1);
  for (const { address, port } of addresses) {
    const host = address.includes(':') ? `[${address}]` : address;
    const answer = await fetch(`http://${host}:${port}/npm/express`);
    expect(answer.status).toBe(200);
  }
  expect(admission.asked.length).toBe(addresses.length);
  await app.close();
});
