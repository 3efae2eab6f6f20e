import { Agent } from 'undici';
import { type AddressRules, addressRules } from './addresses.ts';
import { capped, complete, type Pieces, paced, started, unpacked } from './body.ts';
import { guardedConnector, type Lookup } from './connect.ts';
import { withDeadline } from './deadline.ts';
import { type Answer, type Ask, exchange } from './exchange.ts';
import { asThrown, port } from './faults.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { admitFileOrigin, baseUrl, evidenceUrl, fileUrl, indexUrl } from './locations.ts';
import { followed, locationOf } from './redirects.ts';
import { type Attempt, retried } from './retries.ts';
import { Slots } from './slots.ts';
import {
  type FileLimits,
  type FileOrigins,
  type IndexAnswer,
  type Source,
  type Upstream,
  UpstreamFault,
  type Validators,
} from './upstream.ts';

export interface UpstreamOptions {
  /** Our own version, for User-Agent. */
  readonly version: string;
  /** Remembers which origins files may come from. */
  readonly origins: FileOrigins;
  /** Addresses and CIDR blocks that are private and may be reached all the same. */
  readonly privateAddresses?: readonly string[];
  readonly limits?: Partial<Limits>;
  /** Name look-up, `dns.lookup` unless a test says otherwise. */
  readonly lookup?: Lookup;
}

/** The one route that is ever POSTed to; audits in the older form are answered from it, too. */
const AUDIT_PATH = '-/npm/v1/security/advisories/bulk';

/** What is asked for by GET, and where its redirects may lead. */
interface Get {
  readonly source: Source;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Throws where a target may not be asked; asked of `url` too. */
  readonly admit: (url: URL) => Promise<void>;
  readonly attempts: number;
}

/** Opens the way out. Throws RangeError where `privateAddresses` cannot be read. */
export function openUpstream(options: UpstreamOptions): Upstream {
  return new HttpUpstream(options);
}

/**
 * Each GET is: deadline → each redirect admitted → tries → a free place at the origin → one exchange → the
 * body through its limits. Everything foreign is put into our own words at the edge.
 */
class HttpUpstream implements Upstream {
  readonly #limits: Limits;
  readonly #rules: AddressRules;
  readonly #origins: FileOrigins;
  readonly #agent: Agent;
  readonly #slots: Slots;
  readonly #userAgent: string;

  constructor({ version, origins, privateAddresses, limits, lookup }: UpstreamOptions) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#rules = addressRules(privateAddresses);
    this.#origins = origins;
    this.#userAgent = `sallyport/${version}`;
    this.#slots = new Slots(this.#limits);
    this.#agent = new Agent({
      connect: guardedConnector(this.#rules, this.#limits.connectTime, lookup),
      connections: this.#limits.perOrigin,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: 15_000,
      keepAliveMaxTimeout: 60_000,
    });
  }

  index(source: Source, path: string, accept: string, validators: Validators | null): Promise<IndexAnswer> {
    return worded(async () => {
      const url = indexUrl(source, path);
      const headers: Record<string, string> = { accept, 'accept-encoding': 'gzip, br' };
      if (validators?.etag) headers['if-none-match'] = validators.etag;
      if (validators?.lastModified) headers['if-modified-since'] = validators.lastModified;
      const conditional = 'if-none-match' in headers || 'if-modified-since' in headers;
      const get: Get = { source, url, headers, admit: sameOriginAs(url), attempts: this.#limits.attempts };
      return withDeadline(this.#limits.indexTime, undefined, (signal) =>
        this.#get(get, signal, (answer, attempt) => this.#readIndex(answer, attempt, conditional, accept)),
      );
    });
  }

  file(
    source: Source,
    url: string,
    limits: FileLimits,
    write: (chunk: Uint8Array) => Promise<void>,
  ): Promise<number> {
    return worded(async () => {
      const start = fileUrl(source, url, limits.indexPath ?? null);
      // identity: the digest is of the archive's own bytes
      const headers = { accept: '*/*', 'accept-encoding': 'identity' };
      // The index's own address may be the source's first file origin; where a redirect leads may not.
      const accepted = (target: URL) =>
        admitFileOrigin(source, target, this.#origins, this.#rules, target === start);
      const get: Get = { source, url: start, headers, admit: accepted, attempts: this.#limits.attempts };
      return withDeadline(null, limits.signal, (signal) =>
        this.#get(get, signal, (answer, attempt) => this.#readFile(answer, attempt, limits.maxBytes, write)),
      );
    });
  }

  evidence(source: Source, address: string, indexPath: string, accept: string): Promise<Uint8Array | null> {
    return worded(async () => {
      const url = evidenceUrl(source, address, indexPath);
      const headers = { accept, 'accept-encoding': 'gzip, br' };
      const attempts = this.#limits.evidenceAttempts;
      const get: Get = { source, url, headers, admit: sameOriginAs(url), attempts };
      return withDeadline(this.#limits.evidenceTime, undefined, (signal) =>
        this.#get(get, signal, (answer, attempt) => this.#readEvidence(answer, attempt)),
      );
    });
  }

  audit(source: Source, path: string, body: Uint8Array): Promise<Uint8Array> {
    return worded(async () => {
      if (path !== AUDIT_PATH) throw new UpstreamFault('UPSTREAM_FAULT', 'this is no audit route');
      const url = indexUrl(source, path);
      const headers = {
        accept: 'application/json',
        'accept-encoding': 'gzip, br',
        'content-type': 'application/json',
      };
      const ask = { url, headers: this.#headers(source, url, headers), body };
      return withDeadline(this.#limits.auditTime, undefined, (signal) =>
        this.#slots.run(url.origin, signal, () =>
          exchange(this.#agent, ask, this.#limits, signal, async (answer) => {
            if (answer.status !== 200) throw unusable(answer);
            return Buffer.concat(await gather(this.#document(answer, this.#limits.auditBytes)));
          }),
        ),
      );
    });
  }

  close(): Promise<void> {
    // Whoever is still waiting has no one left to give it to.
    return this.#agent.destroy();
  }

  #get<T>(get: Get, signal: AbortSignal, read: (answer: Answer, attempt: Attempt) => Promise<T>): Promise<T> {
    const tries = { attempts: get.attempts, backoff: this.#limits.backoff };
    return followed<T>(get.url, this.#limits.redirects, get.admit, (url) =>
      retried(tries, signal, (attempt) => {
        const ask: Ask = { url, headers: this.#headers(get.source, url, get.headers) };
        return this.#slots.run(url.origin, signal, () =>
          exchange(this.#agent, ask, this.#limits, signal, async (answer) => {
            const location = locationOf(answer, url);
            return location ? { location } : { value: await read(answer, attempt) };
          }),
        );
      }),
    );
  }

  /** All headers of a request. The credential goes to the base's own origin and nowhere else. */
  #headers(source: Source, url: URL, more: Readonly<Record<string, string>>): Record<string, string> {
    const headers: Record<string, string> = { 'user-agent': this.#userAgent, ...more };
    if (source.authorization !== null && url.origin === baseUrl(source).origin) {
      headers['authorization'] = source.authorization;
    }
    return headers;
  }

  async #readIndex(
    answer: Answer,
    attempt: Attempt,
    conditional: boolean,
    accept: string,
  ): Promise<IndexAnswer> {
    if (answer.status === 304 && conditional) return { kind: 'not-modified' };
    if (answer.status === 404 || answer.status === 410) return { kind: 'absent' };
    if (answer.status !== 200) throw unusable(answer);
    if (isPage(answer) && !accept.includes('html')) {
      throw new UpstreamFault('INDEX_UNREADABLE', 'a page for people came instead of an index', 200);
    }
    const pieces = this.#document(
      { ...answer, pieces: started(answer.pieces, attempt) },
      this.#limits.indexBytes,
    );
    const chunks = await gather(pieces);
    return {
      kind: 'document',
      chunks,
      length: chunks.reduce((total, chunk) => total + chunk.length, 0),
      validators: { etag: validator(answer, 'etag'), lastModified: validator(answer, 'last-modified') },
    };
  }

  async #readEvidence(answer: Answer, attempt: Attempt): Promise<Uint8Array | null> {
    if (answer.status === 404 || answer.status === 410) return null;
    if (answer.status !== 200) throw unusable(answer);
    if (isPage(answer)) {
      throw new UpstreamFault('UPSTREAM_FAULT', 'a page for people came instead of evidence', 200);
    }
    const pieces = started(answer.pieces, attempt);
    const body = Buffer.concat(
      await gather(this.#document({ ...answer, pieces }, this.#limits.evidenceBytes)),
    );
    if (body.length === 0) throw new UpstreamFault('UPSTREAM_FAULT', 'nothing came instead of evidence', 200);
    return body;
  }

  /** A document's body, whole and unpacked, with a cap before and after unpacking. */
  #document(answer: Answer, max: number): Pieces {
    const encoding = (answer.header('content-encoding') ?? '').trim().toLowerCase();
    const framed = answer.declared !== null || answer.header('transfer-encoding') !== null;
    // a body that ends where the connection does could be half a document and still parse
    if (!framed) throw new UpstreamFault('UPSTREAM_FAULT', 'the answer has no declared end', answer.status);
    if ((answer.declared ?? 0) > max) throw new UpstreamFault('TOO_LARGE', `larger than ${max} bytes`);
    return capped(unpacked(capped(complete(answer.pieces, answer.declared), max), encoding), max);
  }

  async #readFile(
    answer: Answer,
    attempt: Attempt,
    maxBytes: number,
    write: (chunk: Uint8Array) => Promise<void>,
  ): Promise<number> {
    if (answer.status === 404 || answer.status === 410) {
      throw new UpstreamFault('UPSTREAM_FAULT', 'the file is not there', 404);
    }
    if (answer.status !== 200) throw unusable(answer);
    if ((answer.declared ?? 0) > maxBytes)
      throw new UpstreamFault('TOO_LARGE', `larger than ${maxBytes} bytes`);
    // Content-Encoding is not undone: servers put it on archives whose own packing they mean
    const whole = complete(started(answer.pieces, attempt), answer.declared);
    const { fileTime, fileBytesPerSecond } = this.#limits;
    let received = 0;
    for await (const piece of paced(capped(whole, maxBytes), fileTime, fileBytesPerSecond)) {
      received += piece.length;
      await port(write(piece));
    }
    return received;
  }
}

/** Lets a document's redirects stay within the origin of `url`. */
function sameOriginAs(url: URL): Get['admit'] {
  return async (target) => {
    if (target.origin !== url.origin) {
      throw new UpstreamFault('UPSTREAM_FAULT', 'the document is redirected to another origin');
    }
  };
}

/** Runs `work` so that what it throws is an UpstreamFault or a port's own error. */
async function worded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asThrown(error);
  }
}

async function gather(pieces: Pieces): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const piece of pieces) chunks.push(piece);
  return chunks;
}

/** Whether an answer says that it is a page for people, as many a proxy's error is under 200. */
function isPage(answer: Answer): boolean {
  return /^\s*(text\/html|application\/xhtml)/i.test(answer.header('content-type') ?? '');
}

function unusable({ status }: Answer): UpstreamFault {
  return new UpstreamFault('UPSTREAM_FAULT', `the upstream answered ${status}`, status);
}

/** A validator that can be sent back as it is; null where there is none or it is odd. */
function validator(answer: Answer, name: string): string | null {
  const value = answer.header(name);
  return value !== null && /^[\x20-\x7e]{1,512}$/.test(value) ? value : null;
}
