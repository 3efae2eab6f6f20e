import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bearer,
  filesBelow,
  startHouse,
  type TestHouse,
  tarballPath,
  tokensOf,
} from '../admission/harness.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { heading } from './attacks.ts';
import { type Foreign, startForeign } from './server.ts';

const UPSTREAM = 'canary-of-the-upstream-4711';
const CLIENT = 'token-of-ann-0123456789';
const WRONG = 'canary-of-a-stranger-0815';

describe(heading('A15'), () => {
  let own: FakeRegistry;
  let foreign: Foreign;
  let house: TestHouse;
  const answers: string[] = [];
  beforeAll(async () => {
    own = await startRegistry();
    foreign = await startForeign();
    own.addNpm('@acme/lib', { '1.0.0': {}, '1.1.0': {}, '1.2.0': {} });
    house = await startHouse({
      policy: 'profile: default\nallow: [{ npm: "@acme/*" }, { npm: left-pad }]\n',
      auth: tokensOf({ ann: 'default' }),
      config: `upstreams: [{ id: acme, ecosystem: npm, names: ["@acme/*"], base: "${own.npmBase}", credentialEnv: CANARY }]\n`,
      env: { CANARY: UPSTREAM },
    });
    house.registry.addNpm('left-pad', { '1.3.0': {} });
  }, 60_000);
  afterAll(async () => {
    await house?.remove();
    await own?.close();
    await foreign?.close();
  });

  async function ask(path: string, headers: Readonly<Record<string, string>> = bearer('ann')) {
    const answer = await house.ask(path, { headers });
    answers.push(`${answer.phrase} ${JSON.stringify(answer.headers)} ${answer.body.toString('latin1')}`);
    return answer;
  }

  test('the upstream gets its own credential, and no other one gets it', async () => {
    expect((await ask('/npm/@acme%2flib')).status).toBe(200);
    expect((await ask(tarballPath('@acme/lib', '1.0.0'))).status).toBe(200);
    expect((await ask('/npm/left-pad')).status).toBe(200);
    expect(own.requests.map(({ headers }) => headers.authorization)).toContain(`Bearer ${UPSTREAM}`);
    expect(JSON.stringify(house.registry.requests.map(({ headers }) => headers))).not.toContain(UPSTREAM);
    for (const { requests } of [own, house.registry])
      expect(JSON.stringify(requests.map(({ headers, path }) => [headers, path]))).not.toContain(CLIENT);
  });

  test('a redirect to another host gets nothing', async () => {
    const undo = own.withFault(/lib-1\.1\.0/, {
      kind: 'redirect',
      to: `http://127.0.0.1:${foreign.port}/x.tgz`,
    });
    expect((await ask(tarballPath('@acme/lib', '1.1.0'))).status).toBeGreaterThanOrEqual(400);
    undo();
    expect(foreign.heard.join()).not.toMatch(/authorization|canary/i);
  });

  test('errors of the upstream that repeat the request tell nothing', async () => {
    const undo = own.withFault(/lib-1\.2\.0/, {
      kind: 'status',
      status: 401,
      html: `<p>Authorization: Bearer ${UPSTREAM} is wrong</p>`,
    });
    expect((await ask(tarballPath('@acme/lib', '1.2.0'))).status).toBeGreaterThanOrEqual(400);
    undo();
  });

  test('credentials of clients in every place where one can stand', async () => {
    const basic = Buffer.from(`user:${WRONG}`).toString('base64');
    await ask('/npm/left-pad', { authorization: `Bearer ${WRONG}` });
    await ask('/npm/left-pad', { authorization: `Basic ${basic}` });
    await ask(`/npm/left-pad?token=${WRONG}`);
    await ask('/npm/left-pad', { ...bearer('ann'), cookie: WRONG, 'npm-otp': WRONG, 'x-api-key': WRONG });
    await ask('/npm/nope', { ...bearer('ann'), referer: `http://me:${WRONG}@proxy.test/` });
    await ask('/metrics', bearer('ann'));
    await ask('/readyz', bearer('ann'));
    for (const entry of await house.entries({})) answers.push(JSON.stringify(entry));
    const why = await house.ask('/npm/nope', { headers: bearer('ann') });
    await ask(new URL(why.json.why).pathname);
  });

  test('none is in a log, an answer, an entry, a metric, or any file that is kept', async () => {
    expect(house.log.length).toBeGreaterThan(500);
    const places: [string, string][] = [
      ['log', house.log],
      ['answers', answers.join('\n')],
    ];
    for (const file of await filesBelow(join(house.root, 'data')))
      places.push([file, await readFile(join(house.root, 'data', file), 'latin1').catch(() => '')]);
    expect(places.length).toBeGreaterThan(5);
    for (const [where, text] of places) {
      for (const canary of [UPSTREAM, CLIENT, WRONG, Buffer.from(`user:${WRONG}`).toString('base64')])
        expect([where, text.includes(canary)]).toEqual([where, false]);
    }
    // The positive control: what was asked for is there.
    expect(answers.join()).toContain('@acme/lib');
  });
});
