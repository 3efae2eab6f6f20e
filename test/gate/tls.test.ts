import net from 'node:net';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/model/digest.ts';
import { file, ScriptedAdmission } from './fakes.ts';
import { parseAnswer, sendRaw, startGate, until } from './harness.ts';
import { selfSigned } from './self-signed.ts';

function sendTls(port: number, request: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
      socket.write(request),
    );
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('close', () => resolve(Buffer.concat(pieces)));
    socket.on('error', reject);
  });
}

test('over TLS: the base is https, plain text gets nothing, and close still serves to the end', async () => {
  const bytes = Buffer.alloc(2 * 1024 ** 2, 'x');
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const admission = new ScriptedAdmission(async () => {
    await held;
    return file(bytes);
  });
  const tokens = [{ hash: sha256('t'), agent: 'a', profile: 'p' }];
  const gate = await startGate({ admission, tls: selfSigned(), tokens });
  const silent = net.connect(gate.port, '127.0.0.1');
  silent.on('error', () => undefined);
  const request = `GET /npm/a/-/a.tgz HTTP/1.1\r\nHost: ${gate.host}\r\nAuthorization: Bearer t\r\n\r\n`;
  const answer = sendTls(gate.port, request);
  const plain = await sendRaw(gate.port, request);
  expect(plain.length === 0 || parseAnswer(plain).status === 400).toBe(true);
  await until(() => admission.asked.length === 1);
  expect(admission.asked[0]?.base).toBe(`https://${gate.host}/npm/`);
  const closed = gate.app.close();
  silent.destroy();
  release();
  expect(parseAnswer(await answer).body.equals(bytes)).toBe(true);
  await closed;
});

test('a key that does not belong to the certificate does not start', async () => {
  await expect(startGate({ tls: { cert: selfSigned().cert, key: selfSigned().key } })).rejects.toThrow(
    /key values mismatch/,
  );
});
