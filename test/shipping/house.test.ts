import { expect, onTestFinished, test } from 'vitest';
import { allowing, startHouse, tarballPath } from '../admission/harness.ts';
import { eventually, seqsOf, TOKEN, upTo } from './place.ts';
import { webReceiver } from './receivers.ts';

// Shipping in a composed house: what is published goes out, over restarts, and nothing of a target is told to anybody.

test('a house ships every entry that it publishes, over restarts, without the token in any of them', async () => {
  const siem = await webReceiver();
  onTestFinished(() => siem.close());
  const house = await startHouse({
    policy: allowing(['left-pad']),
    config: `shipping:\n  - { name: siem, url: "${siem.url}", credentialEnv: SIEM_TOKEN }\n`,
    env: { SIEM_TOKEN: TOKEN },
  });
  onTestFinished(() => house.remove());
  house.registry.addNpm('left-pad', { '1.3.0': {} });
  expect((await house.ask(tarballPath('left-pad', '1.3.0'))).status).toBe(200);
  const types = () => siem.lines().map((line) => JSON.parse(line).entry.type);
  await eventually(() => types().includes('served'), true);
  await house.restart();
  // The stop was written when nothing was shipped any more: it comes first now.
  await eventually(() => types().filter((type) => type === 'start').length, 2);
  const all: unknown[] = [];
  for await (const entry of house.house.ports.ledger.query({})) all.push(JSON.parse(entry.bytes));
  await eventually(() => siem.lines().map((line) => JSON.parse(line).entry), all);
  expect(seqsOf(siem.lines())).toEqual(upTo(all.length));
  expect(siem.requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).toBe(true);
  expect(`${house.log}${siem.lines().join()}`).not.toContain(TOKEN);
});

test('a target that is down delays no answer, and one that cannot be is no start', async () => {
  const siem = await webReceiver((_, response) => response.writeHead(503).end());
  onTestFinished(() => siem.close());
  const options = { policy: allowing(['left-pad']) };
  const house = await startHouse({
    ...options,
    config: `shipping:\n  - { name: siem, url: "${siem.url}" }\n`,
  });
  onTestFinished(() => house.remove());
  house.registry.addNpm('left-pad', { '1.3.0': {} });
  expect((await house.ask(tarballPath('left-pad', '1.3.0'))).status).toBe(200);
  await expect.poll(() => siem.requests.length, { timeout: 10_000 }).toBeGreaterThan(0);
  expect((await house.house.ready()).ok).toBe(true);
  expect(house.log).toContain('the webhook answers 503');
  await expect(
    startHouse({
      ...options,
      config: 'shipping:\n  - { name: siem, url: "https://siem.test/", credentialEnv: GONE }\n',
    }),
  ).rejects.toThrow('GONE is not set');
});
