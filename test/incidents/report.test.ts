import { describe, expect, test } from 'vitest';
import { document } from './report/document.ts';
import { junit } from './report/junit.ts';
import { sarif } from './report/sarif.ts';
import { terminalLine } from './report/terminal.ts';
import type { Result } from './result.ts';

const CAUGHT: Result = {
  id: 'RP02',
  title: 'a | in a title',
  happened: 'somewhere 2018',
  file: 'test/incidents/rows/rp02-x.ts',
  controls: ['C14', 'C10'],
  clients: ['npm 11.19.1'],
  status: 'caught',
  effect: 'its code ran',
  code: 'TOO_YOUNG',
  untouched: 'foreign',
  open: null,
  errors: [],
  ms: 1200,
};
const OPEN: Result = {
  ...CAUGHT,
  id: 'RP08',
  status: 'open',
  code: null,
  effect: null,
  untouched: null,
  open: 'the source is <bad> & "signed".',
};
const EVIL = 'it says \u001b[31mred\u0000 ]]> </failure> and \u202e back \ud800';
const STALE: Result = { ...CAUGHT, id: 'RP09', status: 'stale', errors: [EVIL] };
const MISSED: Result = { ...CAUGHT, id: 'RP10', status: 'missed', errors: ['it was served'] };
const ALL = [CAUGHT, OPEN, STALE, MISSED];

describe('docs/incidents.md', () => {
  test('a stale or missed replay counts as neither caught nor as what a control caught', () => {
    const text = document(ALL);
    expect(text).toContain('**1 caught, 1 open, 1 stale, 1 missed**, of 4.');
    expect(text).toContain('\n| C10 | RP02 |\n| C14 | RP02 |\n');
    expect(text).toContain(
      '| RP09 | a \\| in a title | somewhere 2018 | npm 11.19.1 | its code ran | **stale** |',
    );
  });

  test('what remains open is said, with the reason', () => {
    expect(document(ALL)).toContain('- **RP08, a | in a title**: not caught. the source is <bad>');
  });

  test('the time that it took does not change it', () => {
    expect(document([{ ...CAUGHT, ms: 7 }])).toBe(document([CAUGHT]));
  });
});

describe('JUnit', () => {
  const text = junit(ALL);

  test('stale and missed replays are failures, open ones are skipped', () => {
    expect(text).toContain('<testsuites tests="4" failures="2" errors="0" skipped="1" time="4.800">');
    expect(text.match(/<failure /g)).toHaveLength(2);
    expect(text.match(/<skipped /g)).toHaveLength(1);
    expect(text.match(/<testcase /g)).toHaveLength(4);
  });

  test("a client's words are text, whatever they are", () => {
    expect(text).not.toContain('</failure> and');
    expect(text).not.toContain('<bad>');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids
    expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff]/);
  });
});

test('SARIF: a failure is an error, what is caught passes, what is open is open', () => {
  const { runs } = sarif(ALL, '1.2.3') as {
    runs: { tool: { driver: { rules: { id: string }[] } }; results: Record<string, unknown>[] }[];
  };
  const [run] = runs;
  expect(run?.results.map(({ ruleId, kind, level }) => [ruleId, kind, level])).toEqual([
    ['RP02', 'pass', 'none'],
    ['RP08', 'open', 'none'],
    ['RP09', 'fail', 'error'],
    ['RP10', 'fail', 'error'],
  ]);
  expect(run?.results.map(({ ruleIndex }) => run.tool.driver.rules[ruleIndex as number]?.id)).toEqual(
    ALL.map(({ id }) => id),
  );
});

test("the terminal gets a client's words without what moves the cursor", () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these move the cursor
  expect(terminalLine(STALE)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  expect(terminalLine(STALE)).toContain('STALE');
});
