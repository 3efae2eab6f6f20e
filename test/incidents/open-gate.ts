import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { updateFeed } from '../../src/feed/refresh.ts';
import { feedFolder } from '../../src/feeds/status.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import type { Base } from './base.ts';
import type { Answer, Gate } from './gate.ts';
import type { Row } from './row.ts';

const ANSWER_WITHIN_MS = 20_000;
const DAY = 86_400_000;

/** New names that one agent may ask for a day where only a prefix rule admits them. */
export const PREFIX_BUDGET = 25;

export interface OpenGate {
  readonly firewall: Firewall;
  /** The firewall as this row sees it. Throws where the row's policy could not be loaded. */
  gateOf(row: Row): Gate;
  close(): Promise<void>;
}

/**
 * One firewall for all rows, before this upstream: each row has a profile, an agent and a token of its own. `env`: more
 * settings (or `NODE_OPTIONS`) for its process. A row whose policy does not load is left out, for the others' sake.
 */
export async function openGate(
  rows: readonly Row[],
  base: Base,
  env: Readonly<Record<string, string>> = {},
): Promise<OpenGate> {
  const tokens = new Map<string, Tokens>();
  const unloadable = new Map<string, unknown>();
  const policy: Record<string, string> = {};
  for (const row of rows) {
    const profile = row.id.toLowerCase();
    const text = `profile: ${profile}\n${row.policy}`;
    try {
      parsePolicy(
        [{ path: `${profile}.yaml`, text }],
        ECOSYSTEMS.map(({ versions }) => versions),
      );
    } catch (error) {
      unloadable.set(row.id, error);
      continue;
    }
    policy[`${profile}.yaml`] = text;
    tokens.set(row.id, { token: newToken(), expired: newToken() });
  }
  const auditor = newToken();
  const yesterday = new Date(Date.now() - DAY).toISOString();
  const lines = [...tokens].flatMap(([id, { token, expired }]) => {
    const name = id.toLowerCase();
    const of = (hash: string) => `hash: "sha256:${hash}", agent: ${name}, profile: ${name}`;
    return [`  - { ${of(sha256(token))} }`, `  - { ${of(sha256(expired))}, expires: "${yesterday}" }`];
  });
  const auth = `tokens:\n${lines.join('\n')}\n  - { hash: "sha256:${sha256(auditor)}", agent: audit, role: auditor }\n`;

  const folder = await mkdtemp(join(tmpdir(), 'incidents-trust-'));
  const trustedRoot = join(folder, 'root.json');
  const npmKeys = join(folder, 'keys.json');
  await writeFile(trustedRoot, base.sigstore.trust.root);
  await writeFile(npmKeys, base.sigstore.trust.npmKeys);
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  const firewall = await startFirewall({
    policy,
    auth,
    upstream: { npm: base.npmBase, pypi: base.pypiBase },
    env: {
      SALLYPORT_TRUSTED_ROOT: trustedRoot,
      SALLYPORT_NPM_KEYS: npmKeys,
      // The upstream's own address, and no other of this host.
      SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.1',
      // What the upstream changes is seen at once.
      SALLYPORT_INDEX_TTL: '0s',
      SALLYPORT_LOG_LEVEL: 'warn',
      // Few enough for a replay to use up; no row asks for as many names that nobody reviewed.
      SALLYPORT_PREFIX_BUDGET: String(PREFIX_BUDGET),
      ...env,
    },
  }).catch(async (error: unknown) => {
    await removeFolder();
    throw error;
  });
  return {
    firewall,
    gateOf(row) {
      const own = tokens.get(row.id);
      if (!own) {
        const why = unloadable.get(row.id);
        throw new Error(`its policy does not load: ${why instanceof Error ? why.message : String(why)}`);
      }
      return gate(row, firewall, own, auditor);
    },
    close: async () => {
      await firewall.remove();
      await removeFolder();
    },
  };
}

interface Tokens {
  readonly token: string;
  readonly expired: string;
}

const newToken = () => randomBytes(24).toString('base64url');

function gate(row: Row, { url, root, dataDir }: Firewall, { token, expired }: Tokens, auditor: string): Gate {
  const ask = async (method: string, path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(url + path, {
      ...init,
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const body = Buffer.from(await response.arrayBuffer());
    const json = () => JSON.parse(body.toString());
    const refused = response.status >= 400;
    const isProblem = (response.headers.get('content-type') ?? '').includes('problem+json');
    const problem = refused && isProblem ? json() : null;
    return {
      status: response.status,
      headers: response.headers,
      body,
      json,
      code: problem?.code ?? null,
      codes: (problem?.reasons ?? []).map((reason: { code: string } | string) =>
        typeof reason === 'string' ? reason : reason.code,
      ),
      entry: response.headers.get('x-sallyport-entry'),
    };
  };
  const authorized = (headers: Readonly<Record<string, string>>) => ({
    authorization: `Bearer ${token}`,
    ...headers,
  });

  const self: Gate = {
    url,
    token,
    expired,
    get: (path, headers = {}) => ask('GET', path, { headers: authorized(headers) }),
    request: (method, path, body, headers = {}) =>
      ask(method, path, { headers: authorized(headers), ...(body === undefined ? {} : { body }) }),
    async served(path) {
      const answer = await self.get(path);
      if (answer.status !== 200)
        throw new Error(`${path} is to be served, and is answered with ${words(answer)}`);
      return answer;
    },
    async refused(path, code) {
      const answer = await self.get(path);
      if (answer.status < 400 || answer.code !== code)
        throw new Error(`${path} is to be refused as ${code}, and is answered with ${words(answer)}`);
      if (answer.entry === null) throw new Error(`${path} is refused, and the ledger has no entry of it`);
      const why = await self.get(`/-/why/${answer.entry}`);
      const { entry } = why.json();
      const first = entry?.reasons?.[0]?.code;
      if (entry?.verdict !== 'refuse' || first !== code)
        throw new Error(`${path}: its entry says ${entry?.verdict} ${first}`);
      return answer;
    },
    async versions(name, ...expected) {
      const { versions } = (await self.served(`/npm/${name.replace('/', '%2f')}`)).json();
      same(name, Object.keys(versions), expected);
    },
    async files(project, ...expected) {
      const answer = await self.get(`/pypi/simple/${project}/`, {
        accept: 'application/vnd.pypi.simple.v1+json',
      });
      if (answer.status !== 200) throw new Error(`${project}'s index is answered with ${words(answer)}`);
      const { files } = answer.json() as { files: { filename: string }[] };
      same(
        project,
        files.map(({ filename }) => filename),
        expected,
      );
    },
    tarball: (name, version) => `/npm/${name}/-/${name.split('/').at(-1)}-${version}.tgz`,
    file: (project, filename) => `/pypi/files/${project}/${filename}`,
    async feed(days, ...records) {
      const path = join(root, 'feed.jsonl');
      await writeFile(path, records.map((one) => JSON.stringify(one)).join('\n'));
      const now = () => Date.now() - days * DAY;
      await updateFeed(feedFolder(dataDir), [path], now, { force: true });
    },
    async ledger() {
      const answer = await ask('GET', `/api/v1/ledger/entries?agent=${row.id.toLowerCase()}&limit=1000`, {
        headers: { authorization: `Bearer ${auditor}` },
      });
      if (answer.status !== 200) throw new Error(`the ledger answers with ${words(answer)}`);
      const { entries } = answer.json() as { entries: { entry: Readonly<Record<string, unknown>> }[] };
      return entries.map(({ entry }) => entry);
    },
  };
  return self;
}

function same(what: string, actual: readonly string[], expected: readonly string[]): void {
  const [is, should] = [[...actual].sort().join(' '), [...expected].sort().join(' ')];
  if (is !== should)
    throw new Error(`${what} lists ${is || 'nothing'}, and is to list ${should || 'nothing'}`);
}

function words(answer: Answer): string {
  return `${answer.status} ${answer.code ?? ''} ${answer.codes.join(' ')}`.trimEnd();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
