import { isIP } from 'node:net';
import { parse } from 'yaml';

interface Service {
  readonly [key: string]: unknown;
  readonly networks?: unknown;
  readonly volumes?: readonly unknown[];
  readonly environment?: unknown;
}

interface Network {
  readonly internal?: unknown;
  readonly driver_opts?: Readonly<Record<string, unknown>>;
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, Network | null>>;
}

export function parseCompose(text: string): Compose {
  return parse(text, { uniqueKeys: true }) as Compose;
}

const SECRET = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL/i;
const MODE = 'com.docker.network.bridge.gateway_mode_ipv4';

/** Which way out of the sandbox, or into the gate, a compose file leaves open; empty where none. */
export function lintCompose(compose: Compose): string[] {
  const wrong: string[] = [];
  const { services } = compose;
  const networksOf = (service: Service | undefined) => names(service?.networks);
  const internal = new Set(
    Object.entries(compose.networks ?? {}).flatMap(([name, network]) =>
      network?.internal === true ? [name] : [],
    ),
  );

  const agent = networksOf(services['agent']);
  if (agent.length !== 1 || !internal.has(agent[0] ?? '')) {
    wrong.push('agent: must be on one network, an internal one');
  }
  const gate = networksOf(services['sallyport']);
  if (!agent.every((name) => gate.includes(name)) || !gate.some((name) => !internal.has(name))) {
    wrong.push('sallyport: must be on the agent network and on one that leads out');
  }
  const inside = agent[0] ?? '';
  for (const [name, service] of Object.entries(services)) {
    if (name !== 'agent' && name !== 'sallyport' && networksOf(service).includes(inside))
      wrong.push(`${name}: something else answers on the agent network`);
  }
  if (compose.networks?.[inside]?.driver_opts?.[MODE] !== 'isolated')
    wrong.push(`${inside}: the host has an address on the agent network`);
  const dns = services['agent']?.['dns'];
  if (!Array.isArray(dns) || dns.length === 0 || !dns.every((one) => /^127\./.test(String(one))))
    wrong.push('agent: names would be asked of a server outside');

  for (const [name, service] of Object.entries(services)) {
    for (const problem of container(service)) wrong.push(`${name}: ${problem}`);
  }
  const volumes = (services['sallyport']?.volumes ?? []).map(String);
  if (!volumes.some((volume) => /:\/data$/.test(volume))) wrong.push('sallyport: /data is not kept');
  if (!volumes.filter((volume) => volume.includes('allowlists')).every((volume) => volume.endsWith(':ro')))
    wrong.push('sallyport: it could write its own policy');
  if ((services['agent']?.volumes ?? []).some((volume) => /allowlists|secrets|data:/.test(String(volume))))
    wrong.push('agent: it could reach the files of its gate');
  return wrong;
}

function* container(service: Service): Generator<string> {
  const has = (key: string, value: unknown) => list(service[key]).includes(value);
  if (service['read_only'] !== true) yield 'the root file system can be written';
  if (!has('cap_drop', 'ALL') || list(service['cap_add']).length > 0) yield 'it keeps capabilities';
  if (!has('security_opt', 'no-new-privileges:true')) yield 'it can gain privileges';
  if (list(service['security_opt']).some((option) => /unconfined/.test(String(option))))
    yield 'it is unconfined';
  for (const key of ['pids_limit', 'mem_limit', 'cpus']) {
    if (service[key] === undefined) yield `no ${key}`;
  }
  if (service['mem_limit'] !== service['memswap_limit']) yield 'memory can be swapped past its limit';
  for (const key of [
    'privileged',
    'network_mode',
    'pid',
    'ipc',
    'userns_mode',
    'devices',
    'links',
    'extra_hosts',
  ]) {
    if (service[key] !== undefined) yield `${key} is set`;
  }
  for (const port of list(service['ports'])) {
    const host = String(port).split(':')[0] ?? '';
    if (typeof port !== 'string' || !isIP(host) || !host.startsWith('127.'))
      yield 'a port is published beyond loopback';
  }
  for (const volume of list(service['volumes'])) {
    if (/docker\.sock|containerd\.sock|^\/:|^\/(proc|sys|dev|etc)\b/.test(String(volume)))
      yield `${String(volume)} is mounted`;
  }
  const environment = service['environment'];
  for (const name of names(environment)) {
    if (SECRET.test(name)) yield `${name} is a secret in the environment`;
  }
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** The names in a list (`[a, b]`, `[A=1]`) or a mapping. */
function names(value: unknown): string[] {
  if (Array.isArray(value)) return value.map((one) => String(one).split('=')[0] ?? '');
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
