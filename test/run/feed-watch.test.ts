import { expect, test } from 'vitest';
import type { AlarmSubject } from '../../src/alarms.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { FeedWatch } from '../../src/feed/watch.ts';
import type { FeedState } from '../../src/feeds/open.ts';
import { sha256 } from '../../src/model/digest.ts';
import { parsePolicy } from '../../src/policy/load.ts';

const DAY = 86_400_000;

const policyOf = (text: string) =>
  parsePolicy(
    [{ path: 'default.yaml', text }],
    ECOSYSTEMS.map(({ versions }) => versions),
  );

function watched(policy = policyOf('profile: default\nallow:\n  - npm: left-pad\n')) {
  const world = { now: 10 * DAY, state: null as FeedState | Error | null, policy };
  const alarms: AlarmSubject[] = [];
  const figures: unknown[] = [];
  const failed: unknown[] = [];
  const watch = new FeedWatch({
    feed: {
      state() {
        if (world.state instanceof Error) throw world.state;
        return world.state;
      },
    },
    now: () => world.now,
    policy: () => world.policy,
    metrics: { feed: (state) => void figures.push(state) },
    stale: (about) => void alarms.push(about),
    failed: (error) => void failed.push(error),
  });
  return { world, watch, alarms, figures, failed };
}

function feedOf(at: number): FeedState {
  const digest = sha256(String(at));
  const status = {
    format: 1 as const,
    digest,
    bytes: 1,
    at,
    updated: at,
    records: 7,
    packages: 5,
    ecosystems: {},
    sources: [],
  };
  return { status, feed: { digest, at, staleAt: at + 3 * DAY } };
}

test('a feed that becomes too old is one alarm, and the next one that does another', () => {
  const { world, watch, alarms, figures } = watched();
  world.state = feedOf(10 * DAY);
  watch.look();
  world.now = 13 * DAY - 1;
  watch.look();
  expect([alarms.length, watch.health()]).toEqual([0, { ok: true, notes: [] }]);
  world.now = 13 * DAY;
  for (let i = 0; i < 5; i++) watch.look();
  expect(alarms).toEqual([
    { expected: 'before 1970-01-14T00:00:00.000Z', found: 'of 1970-01-11T00:00:00.000Z' },
  ]);
  expect(watch.health()).toEqual({ ok: true, notes: ['the feed of advisories is older than it may be'] });
  expect(figures.at(-1)).toEqual({ age: 3 * DAY, records: 7 });
  world.state = feedOf(13 * DAY);
  watch.look();
  world.now = 20 * DAY;
  watch.look();
  watch.look();
  expect(alarms).toHaveLength(2);
});

test('one that cannot be read is not ready, and is logged when it breaks, not each time somebody looks', () => {
  const { world, watch, figures, failed } = watched();
  world.state = new Error('damaged');
  watch.look();
  expect(watch.health().ok).toBe(false);
  watch.look();
  expect([failed.length, figures.at(-1)]).toEqual([1, null]);
  world.state = feedOf(world.now);
  watch.look();
  expect(watch.health()).toEqual({ ok: true, notes: [] });
  world.state = new Error('damaged');
  watch.look();
  expect(failed).toHaveLength(2);
});

test.each([
  ['nothing', 'allow:\n  - npm: left-pad\n', false],
  ['what holds anyway', 'requirements:\n  npm: { malware: off }\nallow:\n  - npm: left-pad\n', false],
  ['malware of all', 'requirements:\n  npm: { malware: required }\nallow:\n  - npm: left-pad\n', true],
  ['malware of one', 'allow:\n  - { npm: left-pad, requirements: { malware: required } }\n', true],
  ['malware of a prefix', 'allow:\n  - { npm: "left-*", requirements: { malware: warn } }\n', true],
  ['vulnerabilities', 'requirements:\n  pypi: { vulnerability: high }\nallow:\n  - pypi: six\n', true],
])('without a feed, a policy that asks for %s', (_, text, isTold) => {
  const { watch, alarms } = watched(policyOf(`profile: default\n${text}`));
  watch.look();
  expect(alarms).toEqual([]);
  expect(watch.health()).toEqual({
    ok: true,
    notes: isTold ? ['there is no feed of advisories, and the policy asks for one'] : [],
  });
});
