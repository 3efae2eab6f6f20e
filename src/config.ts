import { existsSync, readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';

/** A configuration that cannot be used: says which key, and what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const token = z.strictObject({
  /** sha256 of the token, `sha256:<hex>`; the token itself is nowhere. */
  hash: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  agent: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/)
    .refine((name) => name !== 'local' && name !== 'unknown', 'this name is for those without a token'),
  profile: z.string().min(1).max(100).default('default'),
  expires: z.iso.datetime({ offset: true }).optional(),
  /** `auditor`: reads the ledger, and gets no package. */
  role: z.enum(['agent', 'auditor']).default('agent'),
  /** Whose key makes the agent's pseudonym. */
  tenant: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/)
    .default('default'),
});

const upstreamUrl = z.url({ protocol: /^https?$/ });

/** It needs no credential: what it serves is signed, and a name and password would be printed with its address. */
const mirrorUrl = upstreamUrl.refine((text) => {
  const url = URL.parse(text);
  return url !== null && `${url.username}${url.password}${url.search}${url.hash}` === '';
}, 'an address without user, password, query and fragment');

const privateUpstream = z.strictObject({
  /** Its memory and file origins are kept under this: none of the public registries' own. */
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/)
    .refine((id) => id !== 'npm' && id !== 'pypi', 'npm and pypi are the public registries'),
  ecosystem: z.enum(['npm', 'pypi']),
  /** Exact names, or prefixes ending in `*`; each name has exactly one upstream. The policy's `upstreams` may name more. */
  names: z.array(z.string().min(1)).default([]),
  base: upstreamUrl,
  /** Environment variable that holds the credential: `user:password` for basic, a token for bearer. */
  credentialEnv: z.string().optional(),
  scheme: z.enum(['bearer', 'basic']).default('bearer'),
  fileOrigins: z.array(upstreamUrl).default([]),
});

/** A whole number, as YAML or the environment writes it. A key without a value is none: it is an error. */
function whole(min: number, max = Number.MAX_SAFE_INTEGER) {
  const digits = z
    .string()
    .regex(/^\d{1,15}$/, 'a whole number')
    .transform(Number);
  return z.union([z.number(), digits]).pipe(z.number().int().min(min).max(max));
}

const bytes = whole(1);
/** Milliseconds as a number, or a text with its unit. */
const duration = z.union([z.number().int().min(0), z.string()]).transform((value, context) => {
  if (typeof value === 'number') return value;
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(value);
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? ''];
  if (!match || unit === undefined) {
    context.addIssue({ code: 'custom', message: 'a duration such as 30s, 5m, 12h or 7d' });
    return z.NEVER;
  }
  return Number(match[1]) * unit;
});

/** Milliseconds since 1970, of a date (its first instant, UTC) or a time. */
const instant = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })])
  .transform((text) => Date.parse(text));

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

/** A SIEM that entries are sent to, at least once each. */
const shippingTarget = z.strictObject({
  /** Its place in the log is kept under this. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  /** `https://…` for a webhook, `syslog+tls://host:port`, `syslog+tcp://…` or `syslog+udp://…`. */
  url: z.url({ protocol: /^(https?|syslog\+(tls|tcp|udp))$/ }),
  format: z.enum(['json', 'ocsf']).default('json'),
  /** Environment variable that holds the bearer token of a webhook. */
  credentialEnv: z.string().optional(),
  /** Entry types that are sent; default: all. */
  types: z.array(z.string()).optional(),
});

/** `sallyport.yaml`. Every key has a default: with no file and no environment it runs on loopback. */
const schema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: whole(0, 65_535).default(4880),
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Host names, with or without port, that requests may carry; see `ownHosts`. */
  hosts: z.array(z.string()).default([]),
  data: z.string().default('./data'),
  vault: z.string().optional(),
  allowlists: z.string().default('./allowlists'),
  tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
  auth: z.strictObject({ tokens: z.array(token).default([]) }).default({ tokens: [] }),
  npmUpstream: upstreamUrl.optional(),
  pypiUpstream: upstreamUrl.optional(),
  upstreams: z.array(privateUpstream).default([]),
  /** Origins of files that are accepted beside the one learned first, per source id. */
  fileOrigins: z.record(z.string(), z.array(upstreamUrl)).default({}),
  /** CIDRs of private networks in which an upstream may lie. */
  privateAddresses: z.array(z.string()).default([]),
  trustedRoot: z.string().optional(),
  npmKeys: z.string().optional(),
  /** Entries of the transparency log from then on need an inclusion proof. */
  proofSince: instant.prefault('2025-01-01'),
  tufMirror: mirrorUrl.optional(),
  tufRoot: z.string().optional(),
  /** Addresses and paths of OSV records (a zip, or a folder) that `feed update` reads. */
  feed: z.array(z.string().min(1)).default([]),
  /** How old the feed may be, ms, before it is an alarm. */
  feedMaxAge: duration.default(259_200_000),
  /** Files of the allowlists folder are taken into use by themselves, once nothing changed for so long, ms; 0: they are not. */
  policyWatch: duration.default(0),
  /** A file that holds the digest of the policy to wait for, in place of quiet. */
  policyDigest: z.string().optional(),
  /** Name of the transparency log, a schema-less URL such as `firewall.example/ledger`; its number is added. */
  ledgerOrigin: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,99}(\/[A-Za-z0-9._-]{1,50}){0,5}$/)
    .optional(),
  /** The file of the key that signs the log; default: `ledger/key` below `data`. */
  ledgerKey: z.string().optional(),
  /** A file on another volume that the log's head is copied to, so that a restored volume is noticed. */
  headCopy: z.string().optional(),
  /** A C2SP tlog-policy file: the witnesses that checkpoints are offered to, and how many of them are needed. */
  witnessPolicy: z.string().optional(),
  /** Agents are entered under pseudonyms that can be forgotten. */
  pseudonyms: flag.default(false),
  /** Entries older than this are withdrawn from reading, ms; 0: none are. */
  retentionAfter: duration.default(0),
  /** The written policy of retention, which is published with the log. */
  retentionPolicy: z.string().optional(),
  /** Where entries are sent to as they are written. */
  shipping: z.array(shippingTarget).default([]),
  logLevel: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  limits: z
    .strictObject({
      indexTtl: duration.default(300_000),
      maxIndexAge: duration.default(86_400_000),
      maxIndex: bytes.default(128 * 1024 ** 2),
      maxFile: bytes.default(2 * 1024 ** 3),
      prefixBudget: whole(0).default(2_000),
      pageCache: bytes.default(96 * 1024 ** 2),
      vault: bytes.default(20 * 1024 ** 3),
      quarantine: bytes.default(8 * 1024 ** 3),
    })
    .prefault({}),
});

export type Config = z.infer<typeof schema>;

/** Environment variables and the keys that they set; `list` values are comma-separated. */
const ENVIRONMENT: Record<string, { key: string; list?: true }> = {
  SALLYPORT_HOST: { key: 'host' },
  SALLYPORT_PORT: { key: 'port' },
  SALLYPORT_PUBLIC_URL: { key: 'publicUrl' },
  SALLYPORT_HOSTS: { key: 'hosts', list: true },
  SALLYPORT_DATA: { key: 'data' },
  SALLYPORT_VAULT: { key: 'vault' },
  SALLYPORT_ALLOWLISTS: { key: 'allowlists' },
  SALLYPORT_TLS_CERT: { key: 'tls.cert' },
  SALLYPORT_TLS_KEY: { key: 'tls.key' },
  SALLYPORT_NPM_UPSTREAM: { key: 'npmUpstream' },
  SALLYPORT_PYPI_UPSTREAM: { key: 'pypiUpstream' },
  SALLYPORT_PRIVATE_ADDRESSES: { key: 'privateAddresses', list: true },
  SALLYPORT_NPM_FILE_ORIGINS: { key: 'fileOrigins.npm', list: true },
  SALLYPORT_PYPI_FILE_ORIGINS: { key: 'fileOrigins.pypi', list: true },
  SALLYPORT_TRUSTED_ROOT: { key: 'trustedRoot' },
  SALLYPORT_NPM_KEYS: { key: 'npmKeys' },
  SALLYPORT_PROOF_SINCE: { key: 'proofSince' },
  SALLYPORT_TUF_MIRROR: { key: 'tufMirror' },
  SALLYPORT_TUF_ROOT: { key: 'tufRoot' },
  SALLYPORT_FEED: { key: 'feed', list: true },
  SALLYPORT_FEED_MAX_AGE: { key: 'feedMaxAge' },
  SALLYPORT_POLICY_WATCH: { key: 'policyWatch' },
  SALLYPORT_POLICY_DIGEST: { key: 'policyDigest' },
  SALLYPORT_LEDGER_ORIGIN: { key: 'ledgerOrigin' },
  SALLYPORT_LEDGER_KEY: { key: 'ledgerKey' },
  SALLYPORT_HEAD_COPY: { key: 'headCopy' },
  SALLYPORT_WITNESS_POLICY: { key: 'witnessPolicy' },
  SALLYPORT_PSEUDONYMS: { key: 'pseudonyms' },
  SALLYPORT_RETENTION_AFTER: { key: 'retentionAfter' },
  SALLYPORT_RETENTION_POLICY: { key: 'retentionPolicy' },
  SALLYPORT_LOG_LEVEL: { key: 'logLevel' },
  SALLYPORT_INDEX_TTL: { key: 'limits.indexTtl' },
  SALLYPORT_MAX_INDEX_AGE: { key: 'limits.maxIndexAge' },
  SALLYPORT_MAX_INDEX: { key: 'limits.maxIndex' },
  SALLYPORT_MAX_FILE: { key: 'limits.maxFile' },
  SALLYPORT_PREFIX_BUDGET: { key: 'limits.prefixBudget' },
  SALLYPORT_PAGE_CACHE: { key: 'limits.pageCache' },
  SALLYPORT_VAULT_LIMIT: { key: 'limits.vault' },
  SALLYPORT_QUARANTINE_LIMIT: { key: 'limits.quarantine' },
};

/** Known to the contract, not yet available: setting one must not be ignored. */
const NOT_YET = ['SALLYPORT_DATABASE'];

/**
 * Reads the configuration: the file named by `--config` or SALLYPORT_CONFIG (or `./sallyport.yaml` if it is
 * there), then the environment over it. SALLYPORT_AUTH names a YAML file with `tokens:`.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>, file?: string): Config {
  const path =
    file ?? env['SALLYPORT_CONFIG'] ?? (existsSync('sallyport.yaml') ? 'sallyport.yaml' : undefined);
  const raw: Record<string, unknown> = path ? readYaml(path) : {};
  for (const name of NOT_YET) {
    if (env[name]) throw new ConfigError(`${name} is not available in this version; unset it`);
  }
  for (const name of Object.keys(env)) {
    const known =
      name in ENVIRONMENT ||
      ['SALLYPORT_CONFIG', 'SALLYPORT_AUTH', 'SALLYPORT_TOKEN', ...NOT_YET].includes(name);
    if (name.startsWith('SALLYPORT_') && !known)
      throw new ConfigError(`${name} is not a setting of sallyport`);
  }
  for (const [name, { key, list }] of Object.entries(ENVIRONMENT)) {
    const value = env[name];
    if (value !== undefined && value !== '')
      put(raw, key, list ? value.split(',').map((v) => v.trim()) : value);
  }
  if (env['SALLYPORT_AUTH']) raw['auth'] = readYaml(env['SALLYPORT_AUTH']);
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((i) => `${i.path.join('.') || '(top)'}: ${i.message}`);
    throw new ConfigError(`${path ?? 'the environment'}: ${problems.join('; ')}`);
  }
  checkListening(parsed.data);
  checkLimits(parsed.data);
  checkTuf(parsed.data);
  checkRetention(parsed.data);
  checkTenants(parsed.data);
  return parsed.data;
}

/** Beyond loopback an address without tokens would let anybody in: refuse to start. */
function checkListening(config: Config): void {
  const loopback =
    config.host === 'localhost' || config.host === '::1' || /^127(\.\d{1,3}){3}$/.test(config.host);
  if (!loopback && config.auth.tokens.every(({ role }) => role !== 'agent')) {
    throw new ConfigError(
      `host ${config.host} can be reached from other machines, and no tokens are configured: ` +
        'make one with `sallyport token --agent NAME` and put its hash under auth.tokens, or listen on 127.0.0.1',
    );
  }
}

/** An artifact that is allowed must fit where it is received, at least when nothing else is there. */
function checkLimits({ limits }: Config): void {
  if (limits.maxFile <= limits.quarantine) return;
  throw new ConfigError(
    `limits.maxFile (${limits.maxFile} bytes) is more than limits.quarantine (${limits.quarantine}), in which every ` +
      'artifact is received: raise SALLYPORT_QUARANTINE_LIMIT or lower SALLYPORT_MAX_FILE',
  );
}

/** Another mirror may be of another Sigstore: only a root that somebody chose for it says which. */
function checkTuf({ tufMirror, tufRoot }: Config): void {
  if (tufMirror === undefined || tufRoot !== undefined) return;
  throw new ConfigError(
    `tufMirror (${tufMirror}) is set and tufRoot is not: what a mirror serves is trusted by the root.json to start from, ` +
      'and production and staging must never mix; name the root.json that belongs to this mirror in SALLYPORT_TUF_ROOT',
  );
}

/** What is withdrawn must be withdrawn under words that anybody can read (C2SP tlog-tiles, pruning). */
function checkRetention({ retentionAfter, retentionPolicy }: Config): void {
  if (retentionAfter === 0 || retentionPolicy !== undefined) return;
  throw new ConfigError(
    'retentionAfter is set and retentionPolicy is not: entries are withdrawn under a written policy only; name its file in SALLYPORT_RETENTION_POLICY',
  );
}

/** An agent's pseudonym is made by one key, or nobody could say which entries are forgotten with a tenant. */
function checkTenants({ auth }: Config): void {
  const tenants = new Map<string, string>();
  for (const { agent, tenant } of auth.tokens) {
    const other = tenants.get(agent) ?? tenant;
    if (other !== tenant)
      throw new ConfigError(`auth.tokens: ${agent} is of two tenants, ${other} and ${tenant}`);
    tenants.set(agent, tenant);
  }
}

/** Of whose key an agent's pseudonym is made; of those without a token, that of the tenant `default`. */
export function tenantsOf({ auth }: Config): ReadonlyMap<string, string> {
  return new Map(auth.tokens.map(({ agent, tenant }) => [agent, tenant]));
}

/** Whether packages are served to tokens only: an auditor's opens none. */
export function needsToken({ auth }: Config): boolean {
  return auth.tokens.some(({ role }) => role === 'agent');
}

/** The tenant of agents without a token, and of tokens that name none. */
export const DEFAULT_TENANT = 'default';

/** The address that clients are told, without a slash at the end. `port`: where it listens, if that is known. */
export function ownUrl(config: Config, port: number = config.port): string {
  const url = config.publicUrl ?? `${config.tls ? 'https' : 'http'}://${hostOf(config)}:${port}`;
  return url.replace(/\/$/, '');
}

/**
 * The names that requests may carry as Host: those configured, and the listening address where it is one. None
 * stands for the loopback names.
 */
export function ownHosts(config: Config): readonly string[] {
  const host = hostOf(config);
  const anywhere = ['0.0.0.0', '[::]', 'localhost', '127.0.0.1', '[::1]'].includes(host);
  return anywhere ? config.hosts : [...config.hosts, host];
}

function hostOf({ host }: Config): string {
  return host.includes(':') ? `[${host}]` : host;
}

function readYaml(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  // Without the lines of the file in its messages: they may hold a credential.
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: false, lineCounter: lines });
  const problem = document.errors[0];
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw new ConfigError(`${path}:${line}:${col}: not YAML that can be read (${problem.code})`);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new ConfigError(`${path}: aliases are not read here`);
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new ConfigError(`${path}: not a mapping`);
  return value as Record<string, unknown>;
}

function put(target: Record<string, unknown>, key: string, value: unknown): void {
  const [head, ...rest] = key.split('.');
  if (head === undefined) return;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const inner = target[head];
  const next = typeof inner === 'object' && inner !== null ? { ...inner } : {};
  put(next as Record<string, unknown>, rest.join('.'), value);
  target[head] = next;
}
