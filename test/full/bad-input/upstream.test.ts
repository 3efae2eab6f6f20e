import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { type FakeRegistry, type Fault, startRegistry } from '../../harness/registry.ts';

// The real process before an upstream that does everything wrong. Each wrong thing ends in a coded error, in
// bounded time; others are served meanwhile, and the same thing is served once the upstream is well again.

const SECOND = 1_000;
/** The limits that have no setting: 30 s for a head or between two pieces, 60 s for an index or a slow file. */
const SOON = 10 * SECOND;
const IDLE = 40 * SECOND;
const SLOW = 75 * SECOND;

interface Case {
  readonly what: string;
  readonly fault: Fault;
  /** Codes that may come for an index, and for a file; null where the fault makes no sense there. */
  readonly index: readonly string[] | null;
  readonly file: readonly string[] | null;
  readonly within: number;
}

const FAULT = ['UPSTREAM_FAULT'];
const TIMEOUT = ['UPSTREAM_TIMEOUT'];
const ORIGIN = ['UPSTREAM_ORIGIN', 'UPSTREAM_FAULT'];
const NOT_IT = ['DIGEST_MISMATCH', 'SIZE_MISMATCH'];

const CASES: readonly Case[] = [
  { what: 'hang', fault: { kind: 'hang' }, index: TIMEOUT, file: TIMEOUT, within: IDLE },
  { what: 'hang-midway', fault: { kind: 'hang-after', bytes: 60 }, index: TIMEOUT, file: TIMEOUT, within: IDLE },
  { what: 'drip', fault: { kind: 'drip', bytesPerSecond: 1 }, index: TIMEOUT, file: TIMEOUT, within: SLOW },
  { what: 'reset', fault: { kind: 'reset' }, index: FAULT, file: FAULT, within: SOON },
  { what: 'reset-midway', fault: { kind: 'reset', bytes: 60 }, index: FAULT, file: FAULT, within: SOON },
  { what: 'cut', fault: { kind: 'cut', bytes: 60 }, index: FAULT, file: FAULT, within: SOON },
  { what: 'longer-than-sent', fault: { kind: 'length', off: 10 }, index: FAULT, file: FAULT, within: SOON },
  {
    what: 'shorter-than-sent',
    fault: { kind: 'length', off: -10 },
    index: ['UPSTREAM_FAULT', 'INDEX_UNREADABLE'],
    file: [...FAULT, ...NOT_IT],
    within: SOON,
  },
  { what: 'redirect-private', fault: { kind: 'redirect', to: 'http://169.254.169.254/latest/meta-data/' }, index: FAULT, file: ORIGIN, within: SOON },
  { what: 'redirect-private-6', fault: { kind: 'redirect', to: 'http://[fd00:ec2::254]/latest/' }, index: FAULT, file: ORIGIN, within: SOON },
  { what: 'redirect-host', fault: { kind: 'redirect', to: 'http://elsewhere.invalid/x' }, index: FAULT, file: ORIGIN, within: SOON },
  { what: 'redirect-file', fault: { kind: 'redirect', to: 'file:///etc/passwd' }, index: FAULT, file: FAULT, within: SOON },
  { what: 'redirect-data', fault: { kind: 'redirect', to: 'data:application/json,{}' }, index: FAULT, file: FAULT, within: SOON },
  { what: 'redirect-loop', fault: { kind: 'redirect', to: '' }, index: FAULT, file: FAULT, within: SOON },
  { what: 'html', fault: { kind: 'status', status: 200 }, index: ['INDEX_UNREADABLE'], file: NOT_IT, within: SOON },
  {
    what: 'html-as-json',
    fault: { kind: 'body', body: '<html></html>', contentType: 'application/json' },
    index: ['INDEX_UNREADABLE'],
    file: NOT_IT,
    within: SOON,
  },
  { what: 'empty', fault: { kind: 'body', body: '' }, index: ['INDEX_UNREADABLE'], file: NOT_IT, within: SOON },
  {
    what: 'nested',
    fault: { kind: 'body', body: '['.repeat(2_000_000), contentType: 'application/json' },
    index: ['INDEX_UNREADABLE'],
    file: null,
    within: SOON,
  },
  {
    what: 'not-gzip',
    fault: { kind: 'headers', headers: { 'content-encoding': 'compress' } },
    index: ['INDEX_UNREADABLE'],
    file: null,
    within: SOON,
  },
  { what: 'error-500', fault: { kind: 'status', status: 500 }, index: FAULT, file: FAULT, within: SOON },
  { what: 'error-429', fault: { kind: 'status', status: 429 }, index: FAULT, file: FAULT, within: SOON },
  { what: 'odd-status', fault: { kind: 'status', status: 299 }, index: FAULT, file: FAULT, within: SOON },
  { what: 'huge', fault: { kind: 'huge', bytes: 200 << 20 }, index: ['TOO_LARGE'], file: ['TOO_LARGE'], within: SOON },
  { what: 'bomb', fault: { kind: 'huge', bytes: 2 * 1024 ** 3, gzip: true }, index: ['TOO_LARGE'], file: null, within: SOON },
]; // biome-ignore format: one case a line

const npmName = (what: string, part: string) => `${what}-${part}`;
const wheel = (name: string) => `${name.replaceAll('-', '_')}-1.0.0-py3-none-any.whl`;

let registry: FakeRegistry;
let firewall: Firewall;
let small: number;

beforeAll(async () => {
  registry = await startRegistry();
  const names = [
    'healthy',
    'no-hash',
    'wrong-hash',
    ...CASES.flatMap(({ what }) => [npmName(what, 'index'), npmName(what, 'file')]),
  ];
  const rules = names.map((name) => `  - npm: ${name}\n  - pypi: ${name}\n`);
  for (const name of names) {
    registry.addNpm(name, { '1.0.0': { bulk: 2_000 } });
    registry.addPypi(name, [{ filename: wheel(name), bulk: 2_000 }]);
  }
  for (const hash of ['none', 'wrong'] as const) {
    const name = hash === 'none' ? 'no-hash' : 'wrong-hash';
    registry.addNpm(name, { '1.0.0': { integrity: hash } });
    registry.addPypi(name, [{ filename: wheel(name), hashes: hash }]);
  }
  firewall = await startFirewall({
    policy: { 'default.yaml': `profile: default\nallow:\n${rules.join('')}` },
    upstream: { npm: registry.npmBase, pypi: registry.pypiBase },
    env: {
      SALLYPORT_MAX_INDEX: String(40 << 20),
      SALLYPORT_MAX_FILE: String(40 << 20),
      // The origin of files is accepted beforehand: a redirect must not be what is learned on first use.
      SALLYPORT_PYPI_FILE_ORIGINS: registry.filesOrigin,
      SALLYPORT_NPM_FILE_ORIGINS: registry.filesOrigin,
    },
  });
  for (const path of ['/npm/healthy', '/pypi/simple/healthy/', '/npm/healthy/-/healthy-1.0.0.tgz']) {
    expect((await fetch(firewall.url + path)).status).toBe(200);
  }
  small = await peakOf(firewall);
});
afterAll(async () => {
  await firewall?.remove();
  await registry?.close();
});

/** Peak resident memory of the process, bytes. */
async function peakOf({ process }: Firewall): Promise<number> {
  const status = await readFile(`/proc/${process.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

interface Outcome {
  readonly status: number;
  readonly body: Buffer;
  readonly retryAfter: string | null;
  readonly ms: number;
}

async function ask(path: string): Promise<Outcome> {
  const started = performance.now();
  const accept = 'application/vnd.pypi.simple.v1+json, application/json;q=0.5';
  const answer = await fetch(firewall.url + path, { headers: { accept }, redirect: 'manual' });
  const body = Buffer.from(await answer.arrayBuffer());
  const retryAfter = answer.headers.get('retry-after');
  return { status: answer.status, body, retryAfter, ms: performance.now() - started };
}

const rows = CASES.flatMap(({ what, fault, index, file, within }) => {
  const [page, archive] = [npmName(what, 'index'), npmName(what, 'file')];
  const all: { what: string; path: string; at: RegExp; fault: Fault; codes: readonly string[]; within: number }[] = [];
  if (index) {
    all.push({ what: `npm index: ${what}`, path: `/npm/${page}`, at: new RegExp(`npm-up/${page}$`), fault, codes: index, within });
    all.push({ what: `PyPI index: ${what}`, path: `/pypi/simple/${page}/`, at: new RegExp(`simple/${page}/$`), fault, codes: index, within });
  }
  if (file) {
    const [tgz, whl] = [`${archive}-1.0.0.tgz`, wheel(archive)];
    all.push({ what: `tarball: ${what}`, path: `/npm/${archive}/-/${tgz}`, at: new RegExp(`/${tgz}$`), fault, codes: file, within });
    all.push({ what: `wheel: ${what}`, path: `/pypi/files/${archive}/${whl}`, at: new RegExp(`/${whl}$`), fault, codes: file, within });
  }
  return all;
}); // biome-ignore format: one row a line

/** Healthy requests while all of this goes on; the longest of them, ms. */
async function others(signal: AbortSignal): Promise<{ asked: number; longest: number; failed: number }> {
  const seen = { asked: 0, longest: 0, failed: 0 };
  while (!signal.aborted) {
    for (const path of [
      '/npm/healthy',
      '/pypi/simple/healthy/',
      '/npm/healthy/-/healthy-1.0.0.tgz',
      '/readyz',
    ]) {
      const { status, ms } = await ask(path).catch(() => ({ status: 0, ms: 0 }));
      seen.asked++;
      if (status !== 200) seen.failed++;
      seen.longest = Math.max(seen.longest, ms);
    }
    await sleep(100);
  }
  return seen;
}

describe('an upstream that', () => {
  const stop = new AbortController();
  let meanwhile: ReturnType<typeof others>;
  /** Every row is asked at once, so that the slow ones take their time together. */
  const outcomes = new Map<string, Promise<Outcome>>();

  beforeAll(async () => {
    meanwhile = others(stop.signal);
    // In two waves: those that hold memory after the others, so that their peak is their own.
    for (const { what, path, at, fault } of rows) {
      const to = fault.kind === 'redirect' && fault.to === '' ? loop(path) : fault;
      registry.withFault(at, to);
      if (fault.kind !== 'huge') outcomes.set(what, ask(path));
    }
    for (const { what, path, fault } of rows) {
      if (fault.kind !== 'huge') continue;
      const asking = ask(path);
      outcomes.set(what, asking);
      await asking.catch(() => undefined);
    }
  });

  test.each(rows)('$what', async ({ what, codes, within, path }) => {
    const outcome = await outcomes.get(what);
    const { status, body, retryAfter, ms } = outcome ?? (await ask(path));
    const said = JSON.parse(body.toString('utf8'));
    expect(codes).toContain(said.code);
    expect(status).toBe(
      { UPSTREAM_TIMEOUT: 504, TOO_LARGE: 403, DIGEST_MISMATCH: 403, SIZE_MISMATCH: 403 }[
        said.code as string
      ] ?? 502,
    );
    if (status >= 500) expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(said.error).toMatch(/-(index|file)/);
    expect(said.error).not.toMatch(/169\.254|elsewhere|passwd|instructions|<h/);
    expect(said.entry).toMatch(/^[0-9a-f]{64}$/);
    expect(ms).toBeLessThan(within);
  });

  test('lets others be served meanwhile', async () => {
    await Promise.all(outcomes.values());
    stop.abort();
    const { asked, longest, failed } = await meanwhile;
    expect(asked).toBeGreaterThan(100);
    expect(failed).toBe(0);
    expect(longest).toBeLessThan(2 * SECOND);
  });

  test('does not fill the memory', async () => {
    // Caps of 40 MiB: what was held at most, pieces and one document, and not the 200 MB or 2 GB that came.
    expect((await peakOf(firewall)) - small).toBeLessThan(300 << 20);
  });

  describe('is well again', () => {
    // The faults that came last are remembered for two seconds.
    beforeAll(async () => {
      registry.clearFaults();
      await sleep(2.5 * SECOND);
    });

    test.each(rows)('$what', async ({ path }) => {
      const { status, body } = await ask(path);
      expect([status, status === 200 ? '' : body.toString('utf8')]).toEqual([200, '']);
    });
  });

  test.each([
    ['no-hash', 'NO_DIGEST'],
    ['wrong-hash', 'DIGEST_MISMATCH'],
  ])('gives %s for a file', async (name, code) => {
    for (const path of [`/npm/${name}/-/${name}-1.0.0.tgz`, `/pypi/files/${name}/${wheel(name)}`]) {
      const { status, body } = await ask(path);
      expect([status, JSON.parse(body.toString('utf8')).code]).toEqual([403, code]);
    }
    const own = new RegExp(`${name.replace('-', '[-_]')}.*(tgz|whl)$`);
    const fetched = registry.pathsAsked().filter((path) => own.test(path));
    expect(fetched).toHaveLength(code === 'NO_DIGEST' ? 0 : 2);
  });

  test('has left no entry out, nothing half received, and no words of its own', async () => {
    const entries = await firewall.ledger();
    const refused = entries.filter(({ entry }) => entry['verdict'] === 'refuse');
    expect(refused).toHaveLength(rows.length + 4);
    expect(refused.every(({ entry }) => typeof entry['name'] === 'string')).toBe(true);
    expect(firewall.log + JSON.stringify(entries)).not.toMatch(/ignore all|meta-data|etc\/passwd/);
    expect((await firewall.command('vault', 'fsck')).stderr).toMatch(/\b0 damaged|in use by another/);
    expect(firewall.process.exitCode).toBeNull();
  });
});

/** A redirect of a path to itself, on the origin that has it. */
function loop(path: string): Fault {
  const upstream = path.startsWith('/pypi/simple/')
    ? path.replace('/pypi', registry.origin)
    : path.startsWith('/pypi/files/')
      ? `${registry.filesOrigin}/files/${path.split('/').at(-1)}`
      : `${registry.npmBase}${path.slice('/npm/'.length)}`;
  return { kind: 'redirect', to: upstream };
}
