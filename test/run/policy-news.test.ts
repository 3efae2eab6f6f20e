import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { createMetrics } from '../../src/gate/metrics.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { notesOf, PolicyNews } from '../../src/reload/announce.ts';
import { DAY, START, sri, startHouse, type TestHouse, tarballPath, until } from '../admission/harness.ts';

// What of a policy changes by itself, and how people hear of it: waivers that end, and profiles that only observe.

const at = (days: number) => new Date(START + days * DAY).toISOString().replace('.000', '');
const waiver = (name: string, integrity: string, days: number, lifts = 'install-scripts') =>
  `  - { npm: ${name}@1.0.0, integrity: "${integrity}", lifts: ${lifts}, reason: native, approver: ana, expires: ${at(days)} }\n`;
const ANY = `sha512-${Buffer.alloc(64).toString('base64')}`;

describe('the news of a policy', () => {
  function news(text: string, alarmed: { place: string; name: string }[] = []) {
    const policy = parsePolicy(
      [{ path: 'default.yaml', text }],
      ECOSYSTEMS.map((one) => one.versions),
    );
    const state = { now: START, alarms: [] as string[], lines: [] as string[] };
    const metrics = createMetrics({ processMetrics: false });
    const made = new PolicyNews({
      now: () => state.now,
      policy: () => policy,
      metrics,
      alarm: ({ name, version, place }) => void state.alarms.push(`${name}@${version} ${place}`),
      warn: (what, fields) => void state.lines.push(`${what} ${JSON.stringify(fields)}`),
      alarmedSince: async () =>
        alarmed.map((one) => ({ ...one, ecosystem: 'npm', version: '1.0.0', lifts: 'install-scripts' })),
    });
    const gauges = async () =>
      (await metrics.render())
        .split('\n')
        .filter((line) => /^sallyport_(waivers_exp|profile_mode)/.test(line));
    return { news: made, policy, state, gauges };
  }

  test('a waiver is an alarm once a day in its last week, and then it has expired', async () => {
    const {
      news: made,
      state,
      gauges,
      policy,
    } = news(`profile: default\nwaivers:\n${waiver('soon', ANY, 7)}${waiver('later', ANY, 30)}`);
    for (const [day, told] of [
      [0, 1],
      [0.9, 1],
      [1, 2],
      [6.5, 3],
    ] as const) {
      state.now = START + day * DAY;
      made.look();
      made.look();
      expect(state.alarms).toEqual(Array(told).fill('soon@1.0.0 default.yaml:3'));
    }
    expect(await gauges()).toContain('sallyport_waivers_expiring 1');
    expect(notesOf(policy, state.now)).toEqual(['waivers that expire within a week: 1']);
    state.now = START + 7 * DAY;
    made.look();
    made.look();
    expect(state.alarms).toHaveLength(3);
    expect(state.lines).toEqual(['waivers have expired and lift nothing {"count":1}']);
    expect(await gauges()).toEqual(
      expect.arrayContaining(['sallyport_waivers_expiring 0', 'sallyport_waivers_expired 1']),
    );
    expect(notesOf(policy, state.now)).toEqual(['waivers that have expired: 1']);
  });

  test('what was alarmed today before a restart is not alarmed again', async () => {
    const { news: made, state } = news(
      `profile: default\nwaivers:\n${waiver('soon', ANY, 3)}${waiver('other', ANY, 3)}`,
      [{ place: 'default.yaml:3', name: 'soon' }],
    );
    await made.remember();
    made.look();
    expect(state.alarms).toEqual(['other@1.0.0 default.yaml:4']);
    state.now += DAY;
    made.look();
    expect(state.alarms).toHaveLength(3);
  });

  test('a waiver that two profiles share is one, and thousands are no flood', () => {
    const many = Array.from({ length: 150 }, (_, i) => waiver(`name-${i}`, ANY, 2)).join('');
    const { news: made, state, policy } = news(`profile: default\nwaivers:\n${many}`);
    made.look();
    expect([state.alarms.length, state.lines]).toEqual([
      100,
      ['more waivers expire within a week {"count":50}'],
    ]);
    expect(notesOf(policy, START)).toEqual(['waivers that expire within a week: 150']);
  });

  test('a profile observes until its instant, and from then on enforces; both are told once', async () => {
    const { news: made, state, gauges, policy } = news(`profile: default\nmode: observe\nuntil: ${at(2)}\n`);
    made.look();
    made.look();
    expect(await gauges()).toContain('sallyport_profile_mode{profile="default",mode="observe"} 1');
    expect(notesOf(policy, START)).toEqual([
      expect.stringMatching(/^profile default only observes until 2026-06-03: nothing but .* is refused$/),
    ]);
    state.now = START + 2 * DAY;
    made.look();
    made.look();
    expect((await gauges()).filter((line) => line.includes('profile_mode'))).toEqual([
      'sallyport_profile_mode{profile="default",mode="enforce"} 1',
    ]);
    expect(notesOf(policy, state.now)).toEqual([
      'profile default was to observe until 2026-06-03: it enforces now',
    ]);
    expect(state.lines.map((line) => line.replace(/ \{.*/, ''))).toEqual([
      'a profile only observes',
      'a profile observes no more',
    ]);
  });
});

describe('a house', () => {
  let house: TestHouse;
  let integrity: string;
  const policy = () =>
    `profile: default\nmode: observe\nuntil: ${at(10)}\nallow:\n  - npm: native\n  - npm: left-pad\nwaivers:\n${waiver('native', integrity, 5)}`;
  beforeAll(async () => {
    house = await startHouse({
      policy: 'profile: default\nallow:\n  - npm: native\n',
      env: { SALLYPORT_PREFIX_BUDGET: '3' },
    });
    house.registry.addNpm('native', { '1.0.0': { manifest: { scripts: { install: 'node-gyp' } } } });
    integrity = sri(house.registry.tarball('native', '1.0.0'));
    for (const name of ['one', 'two', 'three', 'four', 'left-pad'])
      house.registry.addNpm(name, { '1.0.0': {} });
    house.takeAlarms();
    await house.entries();
    expect(await house.setPolicy(policy())).toBe(true);
  });
  afterAll(() => house.remove());
  const metric = async (name: string) =>
    (await house.ask('/metrics')).text.split('\n').filter((line) => line.startsWith(`sallyport_${name}`));

  test('a waiver in its last week is an alarm with its place, a note and a metric', async () => {
    expect(house.takeAlarms()).toEqual(['waiver-expiring']);
    // Nobody waits for the entry of an alarm.
    await until(async () => (await house.entries({ type: 'alarm' })).length > 0);
    expect(await house.entries({ type: 'alarm' })).toMatchObject([
      {
        code: 'waiver-expiring',
        ecosystem: 'npm',
        name: 'native',
        version: '1.0.0',
        place: 'default.yaml:8',
        lifts: 'install-scripts',
        expires: START + 5 * DAY,
      },
    ]);
    expect((await house.ask('/readyz')).json).toMatchObject({
      notes: [
        expect.stringMatching(/^profile default only observes/),
        'waivers that expire within a week: 1',
      ],
    });
    expect(await metric('waivers_expiring')).toEqual(['sallyport_waivers_expiring 1']);
    await house.restart();
    expect(house.takeAlarms()).toEqual([]);
  });

  test('each use of a waiver is counted, by what it lifts', async () => {
    expect((await house.ask(tarballPath('native', '1.0.0'))).status).toBe(200);
    expect((await house.entries({ package: 'native', verdict: 'allow' })).at(-1)).toMatchObject({
      waived: [{ code: 'INSTALL_SCRIPTS', place: 'default.yaml:8' }],
    });
    expect(await metric('waivers_used_total')).toEqual([
      'sallyport_waivers_used_total{lifts="install-scripts"} 1',
    ]);
  });

  test('what only mode observe lets through is counted, and its invented names are bounded', async () => {
    expect((await house.ask(tarballPath('one', '1.0.0'))).status).toBe(200);
    expect(await metric('would_refuse_total')).toEqual([
      'sallyport_would_refuse_total{code="NOT_ALLOWLISTED"} 1',
    ]);
    house.takeAlarms();
    house.takeAsked();
    const statuses: number[] = [];
    for (const name of ['two', 'three', 'four', 'secret-in-a-name']) {
      statuses.push((await house.ask(`/npm/${name}`)).status);
    }
    // `one` was the first of three.
    expect(statuses).toEqual([200, 200, 403, 403]);
    expect(house.takeAsked().filter((path) => /four|secret/.test(path))).toEqual([]);
    expect(house.takeAlarms()).toEqual(['name-budget', 'name-budget']);
    // A name that a rule spells out is no invention.
    expect((await house.ask('/npm/left-pad')).status).toBe(200);
  });

  test('entries have the mode in effect at their time', async () => {
    await house.entries();
    await house.ask('/npm/secret-two');
    house.clock.set(START + 10 * DAY);
    expect((await house.ask('/npm/one')).json.code).toBe('NOT_ALLOWLISTED');
    const decisions = (await house.entries()).filter(({ type }) => type === 'decision');
    expect(decisions.map(({ name, mode }) => [name, mode])).toEqual([
      ['secret-two', 'observe'],
      ['one', 'enforce'],
    ]);
  });
});
