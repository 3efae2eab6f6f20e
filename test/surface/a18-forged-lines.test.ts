import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allowing, tarballPath } from '../admission/harness.ts';
import { sallyport } from '../harness/sallyport.ts';
import { heading } from './attacks.ts';
import { get, server } from './server.ts';

const ESCAPES = '\x1b]0;owned\x07\x1b[2J\x9b2J';
const BIDI = Buffer.from('\u202egpj.exe\u2066', 'utf8').toString('latin1');
const FORGED = '{"level":30,"msg":"forged"}';

describe(heading('A18'), () => {
  const house = server({ policy: allowing(['talker'], ['six']) }, ({ registry }) => {
    registry.addNpm('talker', {
      '1.0.0': {
        manifest: { scripts: { postinstall: `echo ${ESCAPES}` }, bundleDependencies: [`x\n${FORGED}`] },
        files: {
          [`\u001b[2J\u202e${'evil'}.js`]: '1',
          'node_modules/x/package.json': '{"scripts":{"install":"1"}}',
        },
      },
    });
  });

  const sent: [string, string, string[]][] = [
    ['escapes in the user agent', '/npm/nope', [`User-Agent: ${ESCAPES}npm`]],
    ['reversed text in the user agent', '/npm/nope', [`User-Agent: ${BIDI}`]],
    ['a line of our own form in the user agent', '/npm/nope', [`User-Agent: npm"}\\n${FORGED}`]],
    ['a user agent of 15 kB', '/npm/nope', [`User-Agent: ${'a'.repeat(15_000)}`]],
    ['escapes in the path', '/npm/%1b%5b2J%0aforged', []],
    ['raw escapes in the path', `/npm/${ESCAPES}`, []],
    ['reversed text in the path', '/npm/%E2%80%AEgpj.exe', []],
    ['a line of our own form in the path', '/npm/%0a%7b%22level%22:30%7d', []],
    [
      'escapes in other headers',
      '/npm/nope',
      [`Referer: ${ESCAPES}`, `npm-session: ${ESCAPES}`, `npm-command: ${FORGED}`],
    ],
    ['escapes in a token', '/npm/nope', [`Authorization: Bearer ${ESCAPES}`]],
  ];
  test.each(sent)('%s', async (_, path, headers) => {
    const { status } = await get(house(), path, headers);
    expect([400, 401, 403, 431]).toContain(status);
  });

  test('a megabyte of it is 431', async () => {
    const { status } = await get(house(), '/npm/nope', [`User-Agent: ${'a'.repeat(1024 ** 2)}`]);
    expect([0, 431]).toContain(status);
  });

  test('a package’s own words: file names, script texts, bundled names', async () => {
    expect((await house().ask(tarballPath('talker', '1.0.0'))).status).toBe(403);
  });

  test('every line of the log is one event of ours, in printable ASCII', async () => {
    const lines = house()
      .log.split('\n')
      .filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      expect(line).toMatch(/^\{[\x20-\x7e]*\}$/);
      expect(JSON.parse(line).msg).not.toBe('forged');
      expect(line.length).toBeLessThan(8_000);
    }
  });

  test('every entry is one line of JSON, and a terminal is shown printable ASCII only', async () => {
    for (const entry of await house().entries({})) {
      const text = JSON.stringify(entry);
      expect(text).not.toContain('\x1b');
      expect(text.length).toBeLessThan(20_000);
      expect(String(entry['client'] ?? '')).toMatch(/^[\x20-\x7e]{0,120}$/);
    }
    const env = {
      SALLYPORT_DATA: join(house().root, 'data'),
      SALLYPORT_ALLOWLISTS: join(house().root, 'allowlists'),
    };
    for (const args of [
      ['ledger', 'list'],
      ['ledger', 'list', '--json'],
      ['ledger', 'stats', '--by', 'agent'],
    ]) {
      const { code, stdout, stderr } = await sallyport(env, ...args);
      expect(code).toBe(0);
      expect(stdout.length).toBeGreaterThan(10);
      expect(stdout + stderr).toMatch(/^[\x20-\x7e\n]*$/);
    }
  });

  test('nor does a metric carry a stranger’s word', async () => {
    const { text } = await house().ask('/metrics');
    expect(text).not.toMatch(/owned|forged|nope|talker/);
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  });
});
