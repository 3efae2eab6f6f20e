import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PolicyDiffOptions } from '../../src/cli/program.ts';
import { policyDiff } from '../../src/policy-commands/diff.ts';
import { DAY } from '../policy/questions.ts';
import { installed, NOW, type Place, place, refusedName, terminal } from './place.ts';

const OLD = 'profile: default\nallow:\n  - npm: express\n  - npm: left-pad\n  - npm: "@types/*"\n';
const NEW =
  'profile: default\nallow:\n  - { npm: express, versions: ">=5" }\n  - npm: left-pad\n  - npm: zod\n';

async function diffed(
  { root, config }: Place,
  before = join(root, 'old'),
  after = join(root, 'new'),
  options: Partial<PolicyDiffOptions> = {},
) {
  const { printed, said, ...output } = terminal();
  const code = await policyDiff(
    config,
    before,
    after,
    NOW,
    { since: '30d', ...options },
    { print: output.print, say: output.say },
  );
  return { code, printed, said: said.join('\n') };
}

test('what was installed and would now be refused, by how many, and what would now be admitted', async () => {
  const here = place({ 'old/default.yaml': OLD, 'new/default.yaml': NEW });
  const ledger = await here.ledger();
  const by = (agent: string, id: string) => ({ agent, id });
  const long = { now: NOW - 40 * DAY };
  await ledger.append(installed('left-pad', '1.3.0', long, by('ana', 'r0')));
  for (const [i, agent] of ['ana', 'bob', 'bob'].entries())
    await ledger.append(installed('express', '4.19.2', { now: NOW - i * DAY }, by(agent, `r${i}`)));
  await ledger.append(installed('express', '5.1.0', { now: NOW - DAY }, by('ana', 'r4')));
  await ledger.append(installed('left-pad', '1.3.0', { now: NOW - DAY }, by('ana', 'r5')));
  await ledger.append(
    installed('zod', '4.0.0', { now: NOW - DAY }, { verdict: 'refuse', reasons: ['NOT_ALLOWLISTED'] }),
  );
  await ledger.append(refusedName('zod', { time: NOW - DAY, id: 'r6' }));
  await ledger.append(refusedName('react', { time: NOW - DAY, id: 'r7' }));

  const { code, printed } = await diffed(here);
  expect(code).toBe(1);
  expect(printed).toEqual([
    'the policies:',
    '  - default npm allow @types/*: every version (default.yaml:5)',
    '  ~ default npm allow express: every version -> >=5 (default.yaml:3)',
    '  + default npm allow zod: every version (default.yaml:5)',
    "of the last 30 days' 5 installs, 3 would now be refused:",
    '  npm express@4.19.2 [VERSION_NOT_ALLOWED] (default.yaml:3): 3 installs by 2 agents',
    '2 files or names would now be admitted:',
    '  npm zod, by name [NOT_ALLOWLISTED]: refused 1 time by 1 agent',
    '  npm zod@4.0.0 [NOT_ALLOWLISTED]: refused 1 time by 1 agent',
    'each was decided with what its newest entry recorded, and at its time',
  ]);

  const json = JSON.parse((await diffed(here, undefined, undefined, { json: true })).printed.join('\n'));
  expect(json.ledger).toMatchObject({
    installs: 5,
    entries: 8,
    refused: [
      {
        name: 'express',
        version: '4.19.2',
        installs: 3,
        agents: 2,
        before: { verdict: 'allow', codes: [] },
        after: { codes: ['VERSION_NOT_ALLOWED'], place: 'default.yaml:3' },
      },
    ],
    admitted: [
      { name: 'zod', version: null },
      { name: 'zod', version: '4.0.0' },
    ],
    unknown: [],
    skipped: {},
  });
  expect(json.before.digest).toMatch(/^sha256:/);
  expect(json.since).toBe(new Date(NOW - 30 * DAY).toISOString());
});

test('nothing is different under the same policy, and that is exit code 0', async () => {
  const here = place({ 'old/default.yaml': OLD });
  const ledger = await here.ledger();
  await ledger.append(installed('express', '4.19.2', { now: NOW - DAY }));
  const { code, printed } = await diffed(here, undefined, join(here.root, 'old'));
  expect(code).toBe(0);
  expect(printed.slice(0, 2)).toEqual([
    'the policies say the same',
    "of the last 30 days' 1 install, 0 would now be refused",
  ]);
});

test('each is decided at the time of its entry: what was old enough then is not too young now', async () => {
  const aged = (age: string) =>
    `profile: default\nrequirements: { npm: { age: ${age} } }\nallow:\n  - npm: express\n`;
  const here = place({ 'old/d.yaml': aged('1d'), 'new/d.yaml': aged('7d') });
  const ledger = await here.ledger();
  const at = (days: number, published: number) => ({
    now: NOW - days * DAY,
    file: { claimedAt: NOW - published * DAY },
  });
  await ledger.append(installed('express', '1.0.0', at(20, 28)));
  await ledger.append(installed('express', '2.0.0', at(20, 22)));
  const { code, printed } = await diffed(here);
  expect(code).toBe(1);
  expect(printed).toContain('  npm express@2.0.0 [TOO_YOUNG] (d.yaml:4): 1 install by 1 agent');
  expect(printed.filter((line) => line.includes('@1.0.0'))).toEqual([]);
});

test('evidence that nobody looked at cannot be told, and is a difference', async () => {
  const asked = (level: string) =>
    `profile: default\nrequirements: { npm: { provenance: ${level}, registry-signature: off } }\nallow:\n  - npm: express\n`;
  const here = place({ 'old/d.yaml': asked('off'), 'new/d.yaml': asked('if-present') });
  const ledger = await here.ledger();
  await ledger.append(
    installed(
      'express',
      '1.0.0',
      { now: NOW - DAY },
      {
        checks: [
          { check: 'declared-digest', result: 'verified' },
          { check: 'pin', result: 'absent', code: 'NOT_PINNED' },
          { check: 'first-digest', result: 'absent', code: 'DIGEST_CHANGED' },
          { check: 'size', result: 'absent', code: 'SIZE_MISMATCH' },
          { check: 'archive', result: 'verified' },
          { check: 'metadata', result: 'verified' },
        ],
      },
    ),
  );
  const { code, printed } = await diffed(here);
  expect(code).toBe(1);
  expect(printed).toContain("of the last 30 days' 1 install, 0 would now be refused");
  expect(printed).toContain(
    'of 1 file it cannot be told, because nobody looked at the evidence that is asked for:',
  );
});

test('cases of the new one that are decided differently; without a ledger that is said', async () => {
  const here = place({
    'old/default.yaml': OLD,
    'new/default.yaml': NEW,
    'new/cases/a.yaml':
      'profile: default\ncases:\n  - { npm: express@4.19.2, expect: refuse, code: VERSION_NOT_ALLOWED, why: old }\n  - { npm: left-pad@1.3.0, expect: allow, why: used }\n',
  });
  const { code, printed, said } = await diffed(here);
  expect(code).toBe(1);
  expect(said).toContain('there is no ledger');
  expect(printed).toContain('1 case decided differently:');
  expect(printed).toContain('  cases/a.yaml:3: npm express@4.19.2: allow -> VERSION_NOT_ALLOWED (old)');
});

test('a policy that only says more, and a policy that decides nothing anew, are told and are no failure', async () => {
  const here = place({
    'old/default.yaml': OLD,
    'new/default.yaml': `${OLD}  - npm: zod\ninternal: ["@acme/*"]\n`,
  });
  const { code, printed } = await diffed(here);
  expect(code).toBe(0);
  expect(printed).toContain('  + default npm allow zod: every version (default.yaml:6)');
  expect(printed).toContain('  + default npm internal @acme/*: internal (default.yaml:7)');
});

test('a git revision of the allowlists stands for a folder', async () => {
  const here = place({
    'allowlists/default.yaml': OLD,
    'allowlists/cases/a.yaml': 'profile: default\ncases:\n  - { npm: zod, expect: allow, why: x }\n',
  });
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.test', ...args], {
      cwd: here.root,
      encoding: 'utf8',
    });
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'first');
  here.write({ 'allowlists/default.yaml': NEW });
  git('commit', '-q', '-am', 'second');
  here.write({ 'allowlists/default.yaml': 'profile: [' });

  const { code, printed } = await diffed(here, 'HEAD~1', 'HEAD');
  expect(code).toBe(1);
  expect(printed).toContain('  + default npm allow zod: every version (default.yaml:5)');
  expect(printed).toContain('  cases/a.yaml:3: npm zod: NOT_ALLOWLISTED -> allow (x)');
  const json = JSON.parse((await diffed(here, 'HEAD~1', 'main', { json: true })).printed.join(''));
  expect(json.after.name).toBe(git('rev-parse', 'HEAD').trim());

  for (const wrong of ['--output=x', '-h', 'no-such', '', 'HEAD:allowlists', 'HEAD~9', 'HEAD\n']) {
    const { code, said, printed } = await diffed(here, wrong, 'HEAD');
    expect({ wrong, code, printed }).toEqual({ wrong, code: 3, printed: [] });
    expect(said).toMatch(/revision/);
  }
  // What is in the folder now does not load: it is nothing that could be compared.
  await expect(diffed(here, 'HEAD', join(here.root, 'allowlists'))).rejects.toThrow('default.yaml:1');
});

test('a link in a revision is an error: it may lead to a deny', async () => {
  const here = place({ 'allowlists/default.yaml': OLD });
  execFileSync('ln', ['-s', 'default.yaml', join(here.root, 'allowlists', 'deny.yaml')]);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.test', ...args], {
      cwd: here.root,
    });
  git('init', '-q');
  git('add', '.');
  git('commit', '-q', '-m', 'first');
  await expect(diffed(here, 'HEAD', 'HEAD')).rejects.toThrow('deny.yaml:1:1: is a link');
});

test.each(['yesterday', '', '-5d', '0d', '30 d', '2026-13-40'])(
  '--since %j is a usage error',
  async (since) => {
    const here = place({ 'old/default.yaml': OLD, 'new/default.yaml': NEW });
    expect((await diffed(here, undefined, undefined, { since })).code).toBe(2);
  },
);

test('20,000 entries are read and decided in a second or so, beside a running writer', async () => {
  const here = place({ 'old/default.yaml': OLD, 'new/default.yaml': NEW });
  const ledger = await here.ledger();
  const many: Promise<unknown>[] = [];
  for (let i = 0; i < 20_000; i++) {
    const name = i % 10 === 0 ? 'express' : 'left-pad';
    many.push(
      ledger.append(
        installed(name, `4.${i % 500}.0`, { now: NOW - DAY }, { agent: `a${i % 7}`, id: `r${i}` }),
      ),
    );
    if (many.length === 2_000) await Promise.all(many.splice(0));
  }
  await Promise.all(many);
  const started = performance.now();
  const before = process.cpuUsage();
  const { code, printed } = await diffed(here);
  const took = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  console.log(`policy diff over 20,000 entries: ${Math.round(took)} ms`);
  expect(code).toBe(1);
  expect(printed).toContain("of the last 30 days' 20,000 installs, 2,000 would now be refused:");
  expect((user + system) / 1e6).toBeLessThan(10);
}, 120_000);

test('a lock that goes or comes is told of its profile, with its place, as a difference of the policies alone', async () => {
  const top = (locked: string) => `profile: top\nlocked: [${locked}]\nallow:\n  - npm: express\n`;
  const low = 'profile: default\nextends: [top]\n';
  const here = place({
    'old/top.yaml': top('age, mode, allow'),
    'old/low.yaml': low,
    'new/top.yaml': top('mode, provenance'),
    'new/low.yaml': low,
  });
  const { code, printed } = await diffed(here);
  expect(code).toBe(0);
  expect(printed).toEqual([
    'the policies:',
    '  - top locked age: layers below may only tighten it (top.yaml:2)',
    '  - top locked allow: layers below may only tighten it (top.yaml:2)',
    '  + top locked provenance: layers below may only tighten it (top.yaml:2)',
  ]);
  const json = JSON.parse((await diffed(here, undefined, undefined, { json: true })).printed.join(''));
  expect(json.policies).toContainEqual({
    profile: 'top',
    ecosystem: null,
    kind: 'locked',
    subject: 'allow',
    before: 'layers below may only tighten it',
    after: null,
    place: 'top.yaml:2',
  });
});

test('over what `ledger list --json` printed, where the ledger is elsewhere; a line that is no entry is counted', async () => {
  const elsewhere = place();
  const ledger = await elsewhere.ledger();
  await ledger.append(installed('left-pad', '1.3.0', { now: NOW - 40 * DAY }, { id: 'r0' }));
  await ledger.append(installed('express', '4.19.2', { now: NOW - 2 * DAY }, { id: 'r1' }));
  await ledger.append(installed('express', '4.19.2', { now: NOW - DAY }, { id: 'r2', agent: 'bob' }));
  const lines: string[] = [];
  for await (const { seq, leaf, bytes } of ledger.query({}))
    lines.push(`{"seq":${seq},"leaf":"${leaf}","entry":${bytes}}`);

  const here = place({ 'old/default.yaml': OLD, 'new/default.yaml': NEW });
  const file = join(here.root, 'ledger.jsonl');
  const of = async (text: string | Buffer) => {
    writeFileSync(file, text);
    return diffed(here, undefined, undefined, { ledger: file });
  };
  const whole = await of(`${lines.join('\n')}\n`);
  expect(whole.code).toBe(1);
  expect(whole.said).toBe('');
  expect(whole.printed).toContain("of the last 30 days' 2 installs, 2 would now be refused:");
  expect(whole.printed.join('\n')).not.toContain('passed over');

  const [first = '', second = '', third = ''] = lines;
  const broken: [string, string | Buffer, number][] = [
    ['torn', `${first}\n${second.slice(0, -20)}\n${third}`, 1],
    ['changed', `${second.replace('"express"', '"expresso"')}\n${third}\n`, 1],
    ['backwards', `${third}\n${second}\n${first}\n`, 2],
    ['twice', `${third}\n${third}\n`, 1],
    ['no JSON', `hello\n\n${third}\n`, 2],
    ['no UTF-8', Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.from(third)]), 1],
    ['long', `${'x'.repeat(300_000)}\n${third}\n`, 1],
  ];
  for (const [what, text, unreadable] of broken) {
    const { code, printed } = await of(text);
    const words = `${unreadable} line${unreadable === 1 ? '' : 's'} passed over: no entries as "sallyport ledger list --json" prints them`;
    expect([what, code, printed.at(-1)]).toEqual([what, 1, words]);
    expect(printed).toContain("of the last 30 days' 1 install, 1 would now be refused:");
  }
  // What cannot be read may be a refusal: it is no green.
  writeFileSync(file, 'hello\n');
  expect((await diffed(here, join(here.root, 'new'), undefined, { ledger: file })).code).toBe(1);
  writeFileSync(file, '');
  expect((await diffed(here, join(here.root, 'new'), undefined, { ledger: file })).code).toBe(0);
  const gone = await diffed(here, undefined, undefined, { ledger: join(here.root, 'gone') });
  expect(gone).toMatchObject({ code: 3, printed: [] });
  expect(gone.said).toContain('cannot be read');
});
