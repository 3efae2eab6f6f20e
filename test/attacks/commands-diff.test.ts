import { join } from 'node:path';
import { expect, test } from 'vitest';
import { policyDiff } from '../../src/policy-commands/diff.ts';
import { DAY } from '../policy/questions.ts';
import { installed, NOW, type Place, place, terminal } from '../policy-commands/place.ts';

/* A change that a reviewer should see, and that hides behind what `policy diff` looks at. */

async function diffed({ root, config }: Place) {
  const out = terminal();
  const code = await policyDiff(config, join(root, 'old'), join(root, 'new'), NOW, { since: '30d' }, out);
  return { code, text: out.printed.join('\n') };
}
const SRI = (byte: number) => `sha512-${Buffer.alloc(64, byte).toString('base64')}`;

test('a second waiver of the same requirement of the same version is told, before and after the first', async () => {
  const waiver = (byte: number) =>
    `  - { npm: native@1.0.0, integrity: "${SRI(byte)}", lifts: install-scripts, reason: r, approver: ana, expires: 2099-01-01 }\n`;
  const head = 'profile: default\nallow:\n  - npm: native\nwaivers:\n';
  for (const added of [waiver(2) + waiver(1), waiver(1) + waiver(2)]) {
    const here = place({ 'old/d.yaml': head + waiver(1), 'new/d.yaml': head + added });
    const { text } = await diffed(here);
    expect(text).toContain(Buffer.alloc(64, 2).toString('hex'));
  }
});

test('a lock that goes, so that pins below it stand for age, is told', async () => {
  const top = (locked: string) => `profile: top\n${locked}requirements: { npm: { age: 7d } }\n`;
  const low = `profile: default\nextends: [top]\npins:\n  - { npm: a@1.0.0, integrity: "${SRI(1)}" }\n`;
  const here = place({
    'old/top.yaml': top('locked: [age]\n'),
    'old/d.yaml': low,
    'new/top.yaml': top(''),
    'new/d.yaml': low,
  });
  expect((await diffed(here)).text).toMatch(/~ default npm pin a@1\.0\.0: .*age/);
});

test('cases that stand in one line are each compared with themselves', async () => {
  const here = place({
    'old/d.yaml': 'profile: default\nallow:\n  - npm: a\n',
    'new/d.yaml': 'profile: default\nallow:\n  - npm: b\n',
    'new/cases/c.yaml':
      'profile: default\ncases: [{ npm: a, expect: refuse, code: NOT_ALLOWLISTED, why: x }, { npm: c, expect: refuse, code: NOT_ALLOWLISTED, why: y }]\n',
  });
  const { code, text } = await diffed(here);
  expect(code).toBe(1);
  expect(text).toContain('npm a: allow -> NOT_ALLOWLISTED');
});

test('what was installed is decided again though its newest entry is of an upstream that failed', async () => {
  const here = place({
    'old/d.yaml': 'profile: default\nallow:\n  - npm: a\n',
    'new/d.yaml': 'profile: default\nallow:\n  - npm: b\n',
  });
  const ledger = await here.ledger();
  await ledger.append(installed('a', '1.0.0', { now: NOW - 2 * DAY }));
  await ledger.append(
    installed('a', '1.0.0', { now: NOW - DAY }, { verdict: 'refuse', reasons: ['UPSTREAM_FAULT'], id: 'r1' }),
  );
  const { code, text } = await diffed(here);
  expect(text).toContain('1 would now be refused');
  expect(code).toBe(1);
});
