import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { trustLint } from '../../src/trust/commands.ts';
import { updateTrust } from '../../src/trust/update.ts';
import { defaultNpmBase } from '../../src/upstream/defaults.ts';
import { startFirewall } from '../harness/firewall.ts';
import { another, copyOf, pinned, rootWithoutStart, type TrustPlace, trustPlace } from '../harness/trust.ts';

// `sallyport trust …` as people run it: exit codes, and what goes to which stream.

const MAIN = join(import.meta.dirname, '../../src/main.ts');

let place: TrustPlace;
beforeEach(async () => {
  place = await trustPlace();
});
afterEach(() => place.remove());

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function sallyport(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SALLYPORT_'));
  const options = { cwd: place.folder, env: { ...Object.fromEntries(inherited), ...place.env, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test('update: 0 and words where it succeeds; show says what came of it', async () => {
  await place.publish();
  const ran = await sallyport(['trust', 'update']);
  expect(ran).toMatchObject({ code: 0, stdout: '' });
  expect(ran.stderr).toContain(place.mirror.url);
  const shown = await sallyport(['trust', 'show']);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toMatch(/^root {6}updated sha256:/m);
  expect(shown.stdout).toMatch(/^npm keys {2}updated sha256:/m);
  expect(shown.stdout).toMatch(/^update .* succeeded$/m);
  expect(shown.stdout).toMatch(/^fetched .* \(0 days ago\)$/m);
});

test('show and lint: an update that is more than 90 days old is a problem', async () => {
  await place.publish();
  const days = 91;
  await updateTrust(place.config, () => Date.now() - days * 86_400_000);
  const shown = await sallyport(['trust', 'show']);
  expect(shown.stdout).toMatch(/^fetched .* \(91 days ago\)$/m);
  expect(shown.stdout).toMatch(/^problem {3}the last update that succeeded is 91 days old/m);
  const json = JSON.parse((await sallyport(['trust', 'show', '--json'])).stdout);
  expect([json.update.succeeded.days, json.problem]).toEqual([days, expect.stringMatching(/91 days old/)]);
  expect(await sallyport(['trust', 'lint'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/91 days old/),
  });
});

test('update: it says where a configured file goes before what it fetched', async () => {
  await place.publish();
  const file = join(place.folder, 'keys.json');
  await writeFile(file, await another('npmKeys', 4));
  const ran = await sallyport(['trust', 'update'], { SALLYPORT_NPM_KEYS: file });
  expect([ran.code, ran.stderr]).toEqual([0, expect.stringMatching(/SALLYPORT_NPM_KEYS/)]);
  expect(ran.stderr).not.toContain('SALLYPORT_TRUSTED_ROOT');
});

test('update: 1 and words where it fails; what was in place stays', async () => {
  await place.publish();
  await sallyport(['trust', 'update']);
  await place.publish({ root: await rootWithoutStart() });
  const ran = await sallyport(['trust', 'update']);
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toMatch(/^sallyport: the update failed, and what was in place stays: .*validity/);
  expect(await readFile(await copyOf(place.config, 'root'))).toEqual(await another('root'));
  const shown = await sallyport(['trust', 'show']);
  expect(shown.stdout).toMatch(/^update .* failed: /m);
  expect(shown.stdout).toMatch(/^problem {3}the update of .* failed: /m);
});

test('update: it writes neither into the home folder nor into that for temporary files', async () => {
  const empty = join(place.folder, 'empty');
  await mkdir(empty);
  await place.publish();
  const ran = await sallyport(['trust', 'update'], { HOME: empty, XDG_DATA_HOME: empty, TMPDIR: empty });
  expect(ran.code).toBe(0);
  expect(await readdir(empty)).toEqual([]);
});

test('update: another mirror without its own root is a fault of the configuration', async () => {
  const ran = await sallyport(['trust', 'update'], { SALLYPORT_TUF_ROOT: '' });
  expect(ran.code).toBe(3);
  expect(ran.stderr).toMatch(/production and staging must never mix.*SALLYPORT_TUF_ROOT/);
  expect(place.mirror.asked).toEqual([]);
});

test('show --json says all of it', async () => {
  const { code, stdout } = await sallyport(['trust', 'show', '--json']);
  expect(code).toBe(0);
  const shown = JSON.parse(stdout);
  expect(shown).toMatchObject({
    digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    root: { origin: 'pinned', sha256: expect.stringMatching(/^sha256:/) },
    npmKeys: { origin: 'pinned' },
    proofSince: '2025-01-01T00:00:00.000Z',
    registry: new URL(await defaultNpmBase()).origin,
    update: null,
    problem: null,
  });
  const root = JSON.parse((await pinned.root()).toString());
  const trusts = shown.root.trusts as { kind: string; name: string; from: string }[];
  const names = (kind: string) => trusts.filter((one) => one.kind === kind).map((one) => one.name);
  expect(names('log')).toEqual(root.tlogs.map((log: { baseUrl: string }) => log.baseUrl));
  expect(names('certificate-log')).toEqual(root.ctlogs.map((log: { baseUrl: string }) => log.baseUrl));
  expect(names('authority')).toHaveLength(root.certificateAuthorities.length);
  expect(names('timestamp-authority')).toHaveLength(root.timestampAuthorities.length);
  expect(trusts.every((one) => Date.parse(one.from) > 0)).toBe(true);
  const keys = JSON.parse((await pinned.npmKeys()).toString()).keys as { keyId: string; keyUsage: string }[];
  expect(shown.npmKeys.trusts).toMatchObject(keys.map((key) => ({ kind: key.keyUsage, name: key.keyId })));
});

describe('lint', () => {
  /** In this process: exit code, data, words. */
  async function lint(path?: string, env: Record<string, string> = {}) {
    const printed: string[] = [];
    const said: string[] = [];
    const config = loadConfig({ ...place.env, ...env });
    const code = await trustLint(config, path, Date.now, {
      print: (line) => printed.push(line),
      say: (line) => said.push(line),
    });
    return { code, printed, said: said.join('\n') };
  }
  const put = async (bytes: Uint8Array | string) => {
    const path = join(place.folder, 'a.json');
    await writeFile(path, bytes);
    return path;
  };

  test('0 for a usable root, usable keys, and what is in force', async () => {
    for (const path of [await put(await another('root')), await put(await another('npmKeys')), undefined]) {
      expect(await lint(path)).toMatchObject({
        code: 0,
        printed: [],
        said: expect.stringMatching(/: can be used$/),
      });
    }
  });

  test.each([
    ['a log without a start', rootWithoutStart, /validity/],
    ['a list without a key', async () => '{"keys":[]}', /keys: there is no key/],
    ['an array', async () => '[]', /root/],
    ['a page', async () => '<!doctype html>', /root/],
    ['nothing', async () => '', /root/],
  ])('1 and words for %s', async (_, bytes, words) => {
    expect(await lint(await put(await bytes()))).toMatchObject({
      code: 1,
      printed: [],
      said: expect.stringMatching(words),
    });
  });

  test('without a file, 1 for a broken copy and for a configured file that cannot be used', async () => {
    await mkdir(place.path('.'), { recursive: true });
    await writeFile(place.path('trusted_root.json'), '{');
    expect(await lint()).toMatchObject({ code: 1, said: expect.stringMatching(/pinned copy is in force/) });
    const env = { SALLYPORT_TRUSTED_ROOT: await put('{}') };
    expect(await lint(undefined, env)).toMatchObject({
      code: 1,
      said: expect.stringMatching(/SALLYPORT_TRUSTED_ROOT/),
    });
  });

  test('as a command: 1 without a stack, and 3 for a file that cannot be read', async () => {
    const ran = await sallyport(['trust', 'lint', await put('[]')]);
    expect([ran.code, ran.stderr]).toEqual([1, expect.not.stringMatching(/^ {4}at /m)]);
    expect((await sallyport(['trust', 'lint', join(place.folder, 'none')])).code).toBe(3);
  });
});

test('a running server takes what was updated on SIGHUP, and asks the mirror for nothing itself', async () => {
  const { SALLYPORT_TUF_MIRROR = '', SALLYPORT_TUF_ROOT = '' } = place.env;
  const firewall = await startFirewall({
    policy: { 'a.yaml': 'profile: default\n' },
    env: { SALLYPORT_TUF_MIRROR, SALLYPORT_TUF_ROOT },
  });
  try {
    expect(place.mirror.asked).toEqual([]);
    await place.publish();
    expect((await firewall.command('trust', 'update')).code).toBe(0);
    place.mirror.asked.length = 0;
    firewall.process.kill('SIGHUP');
    await expect.poll(() => firewall.log, { timeout: 15_000 }).toContain('trust root and keys reloaded');
    const shown = JSON.parse((await firewall.command('trust', 'show', '--json')).stdout);
    expect(firewall.log).toContain(`"after":"${shown.digest}"`);
    expect(place.mirror.asked).toEqual([]);
  } finally {
    await firewall.remove();
  }
});
