import { describe, expect, test } from 'vitest';
import { allowing, tarballPath } from '../admission/harness.ts';
import { sallyport } from '../harness/sallyport.ts';
import { heading } from './attacks.ts';
import { get, server } from './server.ts';

const LONG = 50_000;
/** What a whole request may take, on a machine that others use too; a text that goes wrong takes minutes. */
const BOUND_MS = 5_000;

const VERSIONS = [
  `1.0.0-${'0'.repeat(LONG)}`,
  `1.0.0-${'a.'.repeat(LONG / 2)}a`,
  `1.0.0+${'a'.repeat(LONG)}`,
  `${'9'.repeat(LONG)}.0.0`,
  `${' '.repeat(LONG)}1.0.0`,
  `v${'='.repeat(LONG)}1.0.0`,
];
const RANGES = [
  `>${' '.repeat(LONG)}1`,
  '||'.repeat(LONG / 2),
  '1.0.0 - '.repeat(LONG / 8),
  `^${'1.'.repeat(LONG / 2)}`,
  '>=1 '.repeat(LONG / 4),
];
const SPECIFIERS = [
  `>=${'1.'.repeat(LONG / 2)}1`,
  '!=1.0,'.repeat(LONG / 6),
  `==1.0+${'a.'.repeat(LONG / 2)}a`,
  `>=3${' '.repeat(LONG)}`,
];

describe(heading('A09'), () => {
  const house = server({ policy: allowing(['left-pad', 'slow', 'ranged'], ['slow']) }, ({ registry }) => {
    registry.addNpm('left-pad', { '1.3.0': {} });
  });

  /** The answer, within the bound; meanwhile others are served. */
  async function inTime<T>(work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    const [value, small] = await Promise.all([work(), house().ask('/npm/left-pad')]);
    expect(performance.now() - from).toBeLessThan(BOUND_MS);
    expect(small.status).toBe(200);
    return value;
  }

  test('versions of fifty thousand characters in an npm index', async () => {
    const all = Object.fromEntries(VERSIONS.map((version) => [version, {}]));
    house().registry.addNpm('slow', { '1.0.0': {}, ...all });
    const answer = await inTime(() => house().ask('/npm/slow'));
    expect(Object.keys(answer.json.versions)).toEqual(['1.0.0']);
  });

  test('ranges and addresses of fifty thousand characters in its manifests', async () => {
    const dependencies = Object.fromEntries(RANGES.map((range, i) => [`dep-${i}`, range]));
    const manifest = { dependencies, engines: { node: RANGES[0] }, os: [RANGES[1]] };
    house().registry.addNpm('ranged', { '1.0.0': { manifest } });
    expect((await inTime(() => house().ask('/npm/ranged'))).status).toBeLessThan(500);
    expect((await inTime(() => house().ask(tarballPath('ranged', '1.0.0')))).status).toBeLessThan(500);
  });

  test('versions, locals and specifiers of fifty thousand characters in a Python index', async () => {
    house().registry.addPypi('slow', [
      { filename: 'slow-1.0-py3-none-any.whl' },
      ...SPECIFIERS.map((requiresPython, i) => ({
        filename: `slow-1.${i + 1}-py3-none-any.whl`,
        requiresPython,
      })),
      { filename: `slow-1.0+${'a.'.repeat(LONG / 2)}a-py3-none-any.whl` },
      { filename: `slow-${'1.'.repeat(LONG / 2)}1-py3-none-any.whl` },
      { filename: `slow-1.0-${'1'.repeat(LONG)}-py3-none-any.whl` },
    ]);
    const answer = await inTime(() => house().ask('/pypi/simple/slow/'));
    expect(answer.text).toContain('slow-1.0-py3-none-any.whl');
    expect(answer.text).not.toContain('a.a.a.a');
  });

  test('paths, ranges of bytes, entity tags and coding lists as long as headers may be', async () => {
    const headers = [
      `Accept: ${'text/html;q=0.1,'.repeat(900)}`,
      `Accept-Encoding: ${'gzip;q=0.1,'.repeat(1300)}`,
      `If-None-Match: ${'W/"a",'.repeat(2300)}`,
      `Range: bytes=${'0-0,'.repeat(3500)}0-0`,
      `Authorization: Basic ${'A'.repeat(15_000)}`,
      `User-Agent: ${'('.repeat(15_000)}`,
    ];
    for (const header of headers) {
      const answer = await inTime(() => get(house(), tarballPath('left-pad', '1.3.0'), [header]));
      expect(answer.status).toBeGreaterThanOrEqual(200);
    }
    for (const path of [`/npm/${'a'.repeat(LONG)}`, `/npm/left-pad/-/left-pad-${'1'.repeat(3000)}.tgz`]) {
      expect([400, 414, 431]).toContain((await inTime(() => get(house(), path))).status);
    }
  });

  test('what the upstream is said to be is no range either: the command asks no longer than the server', async () => {
    const env = {
      SALLYPORT_DATA: `${house().root}/other`,
      SALLYPORT_ALLOWLISTS: `${house().root}/allowlists`,
    };
    const { code } = await inTime(() => sallyport(env, 'check', `left-pad@${'9'.repeat(LONG)}`));
    expect(code).not.toBe(0);
  });
});
