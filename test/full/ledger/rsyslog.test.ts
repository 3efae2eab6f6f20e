import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../../gate/self-signed.ts';
import { place, upTo } from '../../shipping/place.ts';
import { reasonForNoRsyslog, startRsyslog, unpackRsyslog } from './rsyslog.ts';

// Shipping to the syslog daemon that most systems have: it must understand us, and be killed while it reads.

const reason = reasonForNoRsyslog();

describe.skipIf(reason !== null)(`a real rsyslog${reason === null ? '' : ` (${reason})`}`, () => {
  test.each(['tls', 'tcp'] as const)(
    'over %s takes every entry, each as one message with its parts',
    async (kind) => {
      const tls = selfSigned();
      const here = await place();
      const daemon = await startRsyslog(
        await unpackRsyslog(),
        join(here.dir, 'rsyslog'),
        kind === 'tls' ? tls : null,
      );
      onTestFinished(() => daemon.kill());
      await here.append(1_500);
      await here.append(1, { type: 'alarm', code: 'malware' });
      await here.ship(`  - { name: siem, url: "syslog+${kind}://localhost:${daemon.port}" }`, {
        ca: tls.cert,
      });
      await expect
        .poll(async () => (await here.cursor('siem'))?.split(' ')[0], { timeout: 60_000 })
        .toBe('1500');
      const ours = async () => (await daemon.lines()).filter((line) => line.split(' ')[3] === 'sallyport');
      await expect.poll(async () => (await ours()).length, { timeout: 30_000 }).toBe(1_501);
      const parts = (await ours()).map((line) => /^1 (\d+) \S+ sallyport (\S+) (\{.*\})$/.exec(line) ?? []);
      expect(parts.map(([, , , json = '{}']) => JSON.parse(json).seq)).toEqual(upTo(1_501));
      expect(parts.at(-1)?.slice(1, 3)).toEqual(['108', 'alarm']);
      expect(parts[0]?.slice(1, 3)).toEqual(['110', 'decision']);
    },
  );

  test('that is killed again and again gets every entry, and some twice', async () => {
    const here = await place();
    const root = await unpackRsyslog();
    const folder = join(here.dir, 'rsyslog');
    let daemon = await startRsyslog(root, folder, null);
    onTestFinished(() => daemon.kill());
    await here.append(3_000);
    const shipping = await here.ship(`  - { name: siem, url: "syslog+tcp://127.0.0.1:${daemon.port}" }`);
    const { port } = daemon;
    for (let kills = 0; kills < 6 && shipping.lag > 0; kills++) {
      await new Promise((resolve) => setTimeout(resolve, 40 + 60 * kills));
      await daemon.kill();
      daemon = await startRsyslog(root, folder, null, port);
    }
    await expect.poll(() => shipping.lag, { timeout: 60_000 }).toBe(0);
    expect(here.failures).toBeGreaterThan(0);
    const seqs = async () =>
      (await daemon.lines()).flatMap((line) => {
        const json = / sallyport decision (\{.*\})$/.exec(line)?.[1];
        return json === undefined ? [] : [JSON.parse(json).seq as number];
      });
    await expect
      .poll(async () => [...new Set(await seqs())].sort((a, b) => a - b), { timeout: 60_000 })
      .toEqual(upTo(3_000));
  });
});
