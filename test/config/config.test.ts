import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { clientSettings } from '../../src/cli/client-config.ts';
import { ConfigError, loadConfig, ownHosts, ownUrl } from '../../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'));
let files = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fromYaml(text: string, env: Record<string, string> = {}) {
  const path = join(folder, `${files++}.yaml`);
  writeFileSync(path, text);
  return loadConfig(env, path);
}

describe('what cannot be meant is an error that names it', () => {
  test.each([
    ['port:', 'port'],
    ['port: 70000', 'port'],
    ['port: abc', 'port'],
    ['prot: 4880', 'prot'],
    ['limits: { vault: -1 }', 'vault'],
    ['limits: { maxFile: 1.5 }', 'maxFile'],
    ['limits: { quarantine: 0 }', 'quarantine'],
    ['limits: { quarantine: 1000, maxFile: 1001 }', 'SALLYPORT_QUARANTINE_LIMIT'],
    ['limits: { maxFile: 8589934593 }', 'limits.quarantine'],
    ['limits: { indexTtl: soon }', 'indexTtl'],
    ['limits: { indexTtl: -1 }', 'indexTtl'],
    ['limits: { maxIndexAge: .inf }', 'maxIndexAge'],
    ['npmUpstream: ftp://up.example/', 'npmUpstream'],
    ['proofSince: lately', 'proofSince'],
    ['proofSince: 2025-13-01', 'proofSince'],
    ['proofSince:', 'proofSince'],
    ['{ tufMirror: "ftp://tuf.example", tufRoot: root.json }', 'tufMirror'],
    ['{ tufMirror: "https://ana:secret@tuf.example", tufRoot: root.json }', 'without user'],
    ['{ tufMirror: "https://tuf.example/?a=b", tufRoot: root.json }', 'without user'],
    ['tufMirror: "https://tuf.example"', 'SALLYPORT_TUF_ROOT'],
    ['tufMirror: "https://tuf.example"', 'production and staging must never mix'],
    ['auth: { tokens: [{ hash: abc, agent: a }] }', 'hash'],
    [
      'upstreams: [{ id: npm, ecosystem: npm, names: [a], base: "https://up.example/" }]',
      'public registries',
    ],
    ['- a list', 'mapping'],
    ['port: 1\nport: 2', 'DUPLICATE_KEY'],
  ])('%s', (text, word) => {
    expect(() => fromYaml(text)).toThrow(ConfigError);
    expect(() => fromYaml(text)).toThrow(new RegExp(word, 'i'));
  });

  test('an environment variable that is none of ours', () => {
    expect(() => loadConfig({ SALLYPORT_ALOWLISTS: '/x' })).toThrow(/SALLYPORT_ALOWLISTS/);
  });

  test('a setting that this version does not have yet', () => {
    expect(() => loadConfig({ SALLYPORT_DATABASE: 'postgres://db.example/x' })).toThrow(/not available/);
  });

  test('a file that is not there', () => {
    expect(() => loadConfig({}, join(folder, 'none.yaml'))).toThrow(/none\.yaml cannot be read/);
  });
});

describe('listening beyond loopback needs tokens', () => {
  test.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', 'gate.example'])('%s', (host) => {
    expect(() => loadConfig({ SALLYPORT_HOST: host })).toThrow(/no tokens are configured/);
  });
  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s does not', (host) => {
    expect(loadConfig({ SALLYPORT_HOST: host }).host).toBe(host);
  });
});

const TOKENS = `auth: { tokens: [{ hash: "sha256:${'0'.repeat(64)}", agent: a }] }\n`;

test.each([
  ['127.0.0.1', [], 'http://127.0.0.1:4880'],
  ['localhost', [], 'http://localhost:4880'],
  ['::1', [], 'http://[::1]:4880'],
  ['0.0.0.0', [], 'http://0.0.0.0:4880'],
  ['127.0.0.2', ['127.0.0.2'], 'http://127.0.0.2:4880'],
  ['fd00::5', ['[fd00::5]'], 'http://[fd00::5]:4880'],
])('listening on %s, it answers to the address that it names', (host, names, url) => {
  const config = fromYaml(`${TOKENS}host: "${host}"`);
  expect([ownHosts(config), ownUrl(config)]).toEqual([names, url]);
  expect(ownHosts({ ...config, hosts: ['gate.example'] })).toEqual(['gate.example', ...names]);
});

test('the address that clients are told is https where it speaks TLS, and the public one where there is one', () => {
  const config = fromYaml('tls: { cert: c.pem, key: k.pem }');
  expect(ownUrl(config, 5000)).toBe('https://127.0.0.1:5000');
  expect(ownUrl({ ...config, publicUrl: 'http://gate.example/' }, 5000)).toBe('http://gate.example');
});

test('the environment goes over the file', () => {
  const config = fromYaml('port: 1000\nlimits: { indexTtl: 1m }', { SALLYPORT_PORT: '2000' });
  expect(config.port).toBe(2000);
  expect(config.limits.indexTtl).toBe(60_000);
});

test.each([
  ['2023-06-01', '2023-06-01T00:00:00Z'],
  ['2023-06-01T12:00:00+02:00', '2023-06-01T10:00:00Z'],
])('proofs are asked for since %s', (text, time) => {
  expect(loadConfig({ SALLYPORT_PROOF_SINCE: text }).proofSince).toBe(Date.parse(time));
  expect(fromYaml(`proofSince: ${text}`).proofSince).toBe(Date.parse(time));
});

test('another TUF mirror comes with its root; a root alone is one to start from at the usual mirror', () => {
  const root = { SALLYPORT_TUF_ROOT: 'root.json' };
  expect(loadConfig(root)).toMatchObject({ tufRoot: 'root.json' });
  const both = { ...root, SALLYPORT_TUF_MIRROR: 'https://tuf.example/sigstore' };
  expect(loadConfig(both)).toMatchObject({ tufRoot: 'root.json', tufMirror: 'https://tuf.example/sigstore' });
});

test('the quarantine has room for the largest artifact, and may have no more', () => {
  const config = loadConfig({ SALLYPORT_QUARANTINE_LIMIT: '1000', SALLYPORT_MAX_FILE: '1000' });
  expect(config.limits).toMatchObject({ quarantine: 1000, maxFile: 1000 });
});

describe('client-config', () => {
  const linesFor = (client: string, url: string, token = false) =>
    clientSettings(url, token).find((s) => s.client === client)?.lines ?? [];

  test('pip is told to trust a plain HTTP host only beyond loopback', () => {
    expect(linesFor('pip', 'http://gate.example:4880')).toContain('export PIP_TRUSTED_HOST=gate.example');
    expect(linesFor('pip', 'http://127.0.0.1:4880').join()).not.toContain('TRUSTED');
    expect(linesFor('pip', 'https://gate.example').join()).not.toContain('TRUSTED');
  });

  test('no secret is printed, only the name of the variable that holds it', () => {
    for (const { lines } of clientSettings('https://gate.example', true)) {
      expect(lines.join('\n')).not.toMatch(/sp_[A-Za-z0-9_-]{20}/);
    }
    expect(linesFor('npm', 'https://gate.example', true).join('\n')).toContain('SALLYPORT_TOKEN');
  });
});
