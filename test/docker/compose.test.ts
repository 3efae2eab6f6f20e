import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientSettings } from '../../src/cli/client-config.ts';
import { lintCompose, parseCompose } from './compose.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const TEXT = readFileSync(join(ROOT, 'compose.yaml'), 'utf8');

/** The real file with one thing put in another way. */
function changed(path: readonly string[], value: unknown) {
  const compose = parseCompose(TEXT);
  let at = compose as unknown as Record<string, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
  const last = path.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
  return compose;
}

test('the compose file has no finding', () => {
  expect(lintCompose(parseCompose(TEXT))).toEqual([]);
});

test.each<[string, readonly string[], unknown, string]>([
  ['the agent outside', ['services', 'agent', 'networks'], ['outside'], 'agent: must be on one network'],
  ['the agent on both', ['services', 'agent', 'networks'], ['sandbox', 'outside'], 'agent: must be on one'],
  ['no network named', ['services', 'agent', 'networks'], undefined, 'agent: must be on one network'],
  ['a network that leads out', ['networks', 'sandbox', 'internal'], undefined, 'agent: must be on one'],
  ['a gate without registries', ['services', 'sallyport', 'networks'], ['sandbox'], 'on one that leads out'],
  [
    'a gate that no agent reaches',
    ['services', 'sallyport', 'networks'],
    ['outside'],
    'on the agent network',
  ],
  ['the host as neighbour', ['networks', 'sandbox', 'driver_opts'], undefined, 'the host has an address'],
  ['a neighbour', ['services', 'proxy'], { networks: ['sandbox'] }, 'proxy: something else answers'],
  ['a resolver', ['services', 'agent', 'dns'], ['192.0.2.53'], 'names would be asked of a server outside'],
  ['a published port', ['services', 'sallyport', 'ports'], ['4880:4880'], 'published beyond loopback'],
  ['a port on all', ['services', 'sallyport', 'ports'], ['0.0.0.0:4880:4880'], 'published beyond loopback'],
  ['a long port', ['services', 'agent', 'ports'], [{ target: 1, published: 1 }], 'published beyond loopback'],
  ['the engine', ['services', 'agent', 'volumes'], ['/var/run/docker.sock:/s'], 'docker.sock:/s is mounted'],
  ['capabilities', ['services', 'agent', 'cap_drop'], ['NET_RAW'], 'agent: it keeps capabilities'],
  ['a capability', ['services', 'sallyport', 'cap_add'], ['NET_ADMIN'], 'sallyport: it keeps capabilities'],
  ['privileges', ['services', 'agent', 'security_opt'], [], 'agent: it can gain privileges'],
  ['privileged', ['services', 'agent', 'privileged'], true, 'agent: privileged is set'],
  ['the host network', ['services', 'agent', 'network_mode'], 'host', 'agent: network_mode is set'],
  ['a host by name', ['services', 'agent', 'extra_hosts'], ['up:host-gateway'], 'agent: extra_hosts is set'],
  ['a writable root', ['services', 'sallyport', 'read_only'], false, 'the root file system can be written'],
  ['no bound on processes', ['services', 'agent', 'pids_limit'], undefined, 'agent: no pids_limit'],
  ['swap', ['services', 'agent', 'memswap_limit'], undefined, 'memory can be swapped past its limit'],
  [
    'a token in the file',
    ['services', 'agent', 'environment'],
    ['SALLYPORT_TOKEN=x'],
    'SALLYPORT_TOKEN is a secret',
  ],
  [
    'a policy that it can write',
    ['services', 'sallyport', 'volumes'],
    ['data:/data', './allowlists:/app/allowlists'],
    'it could write its own policy',
  ],
  ['data that is lost', ['services', 'sallyport', 'volumes'], [], 'sallyport: /data is not kept'],
  ['the gate in reach', ['services', 'agent', 'volumes'], ['./allowlists:/a'], 'the files of its gate'],
])('%s is a finding', (_, path, value, finding) => {
  expect(lintCompose(changed(path, value)).join('\n')).toContain(finding);
});

test('a port on loopback is none', () => {
  const compose = changed(['services', 'sallyport', 'ports'], ['127.0.0.1:4880:4880']);
  expect(lintCompose(compose)).toEqual([]);
});

test('the agent is told what client-config prints', () => {
  const npm = clientSettings('http://sallyport:4880', true).find((one) => one.client === 'npm');
  // Compose writes a dollar sign that it shall leave alone as two.
  const lines = npm?.lines.map((line) => line.replaceAll('$', () => '$$'));
  const configs = (parseCompose(TEXT) as unknown as { configs: { npmrc: { content: string } } }).configs;
  expect(configs.npmrc.content.trim().split('\n')).toEqual(lines);
});
