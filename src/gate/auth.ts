import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Caller } from '../admission/admission.ts';
import { type Digest, hexOf, parseDigest } from '../model/digest.ts';
import { allOf, clientOf } from './headers.ts';

/** What a token opens: packages, or the ledger. */
export type Role = 'agent' | 'auditor';

/** One token, as the configuration keeps it: never the token, only its sha256. */
export interface TokenRecord {
  readonly hash: Digest;
  readonly agent: string;
  readonly profile: string;
  /** Left out: `agent`. */
  readonly role?: Role;
  /** Milliseconds since 1970; null or left out: does not expire. */
  readonly expires?: number | null;
}

export type Identity =
  | { readonly known: true; readonly role: Role; readonly caller: Caller }
  /** 401. `sent` says whether there was a credential at all. */
  | { readonly known: false; readonly caller: Caller; readonly sent: boolean };

/** Says who asks. */
export interface Auth {
  identify(request: IncomingMessage): Identity;
}

const MAX_HEADER = 4096;

/**
 * Bearer tokens, and Basic with the token as password or as user. Without an agent's token configured, who comes
 * from loopback and sends no credential is `local` with profile `default`; nobody else is anybody. A
 * credential that is not known is refused even there: it was meant for something, and not for this.
 * Throws on a hash that is no sha256 and on two tokens with the same hash.
 */
export function tokenAuth(tokens: readonly TokenRecord[], now: () => number): Auth {
  // Looked up by a keyed hash, so that the time it takes says nothing about any other token.
  const key = randomBytes(32);
  const keyed = (hash: Buffer) => createHmac('sha256', key).update(hash).digest('base64');
  const known = new Map<string, { readonly record: TokenRecord; readonly hash: Buffer }>();
  for (const record of tokens) {
    const digest = parseDigest(record.hash);
    if (!digest?.startsWith('sha256:'))
      throw new Error(`the token of ${record.agent} needs a hash of the form sha256:<64 hex>`);
    const hash = Buffer.from(hexOf(digest), 'hex');
    if (known.has(keyed(hash))) throw new Error(`the token of ${record.agent} is given twice`);
    known.set(keyed(hash), { record, hash });
  }

  const recordOf = (token: string): TokenRecord | null => {
    const hash = createHash('sha256').update(token).digest();
    const found = known.get(keyed(hash));
    if (!found || !timingSafeEqual(found.hash, hash)) return null;
    const { expires } = found.record;
    // Written so that an expiry that is no number refuses.
    return expires === undefined || expires === null || now() < expires ? found.record : null;
  };

  const open = tokens.every(({ role }) => role === 'auditor');
  return {
    identify(request) {
      const client = clientOf(request.headers['user-agent']);
      const unknown = (sent: boolean): Identity => {
        return {
          known: false,
          sent,
          caller: { agent: 'unknown', profile: 'default', authenticated: false, client },
        };
      };
      const headers = allOf(request, 'authorization');
      if (headers.length === 0) {
        if (!open || !isLoopback(request.socket.remoteAddress)) return unknown(false);
        const caller = { agent: 'local', profile: 'default', authenticated: false, client };
        return { known: true, role: 'agent', caller };
      }
      const candidates = headers.length === 1 ? tokensIn(headers[0] ?? '') : [];
      for (const candidate of candidates) {
        const record = recordOf(candidate);
        if (record) {
          return {
            known: true,
            role: record.role ?? 'agent',
            caller: { agent: record.agent, profile: record.profile, authenticated: true, client },
          };
        }
      }
      return unknown(true);
    },
  };
}

/** The tokens that an Authorization header may mean, most likely first. */
function tokensIn(header: string): string[] {
  if (header.length > MAX_HEADER) return [];
  const match = /^(bearer|basic) +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(header);
  if (!match?.[1] || !match[2]) return [];
  if (match[1].toLowerCase() === 'bearer') return [match[2]];
  const pair = Buffer.from(match[2], 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  const user = colon < 0 ? pair : pair.slice(0, colon);
  const password = colon < 0 ? '' : pair.slice(colon + 1);
  return [password, user].filter((token) => token !== '');
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (/^(?:::ffff:)?127\./.test(address) || address === '::1');
}

/**
 * The line of a 401: which form of credential works for the client that asks. Several clients send what
 * stands in the registry's address for indexes, but not for files. `origin` as Hosts gives it.
 */
export function loginLine(client: string, sent: boolean, origin: string): string {
  const found = sent
    ? 'the token that was sent is not known or has expired'
    : 'a token is needed and none was sent';
  return `sallyport: ${found} (UNAUTHENTICATED); ${formFor(client, origin)}`;
}

/** The line of a 401 where the ledger was asked for: who may read it, and how. */
export function auditorLine(sent: boolean): string {
  const found = sent ? 'the token that was sent is not known or has expired' : 'none was sent';
  return `sallyport: the ledger is read with an auditor's token; ${found} (UNAUTHENTICATED); make one with sallyport token --agent NAME --auditor, and send Authorization: Bearer TOKEN`;
}

function formFor(client: string, origin: string): string {
  const bare = origin.replace(/^https?:/, '');
  if (/^(?:npm|pnpm|bun|deno)\//i.test(client)) {
    return `put ${bare}/npm/:_authToken=TOKEN into .npmrc (user and password in the registry address do not reach tarballs)`;
  }
  if (/^yarn\/1\./i.test(client)) return `put ${bare}/npm/:_authToken=TOKEN and always-auth=true into .npmrc`;
  if (/^(?:yarn\/|got )/i.test(client)) return 'set npmAuthToken and npmAlwaysAuth: true in .yarnrc.yml';
  if (/^poetry\//i.test(client)) {
    return 'set POETRY_HTTP_BASIC_SOURCE_USERNAME=token and POETRY_HTTP_BASIC_SOURCE_PASSWORD=TOKEN (credentials in the address do not reach files)';
  }
  if (/^(?:pip|uv|pdm|pipenv|unearth)\//i.test(client)) {
    return `set the index to ${origin.replace('://', '://token:TOKEN@')}/pypi/simple/ or use netrc`;
  }
  return 'send Authorization: Bearer TOKEN';
}
