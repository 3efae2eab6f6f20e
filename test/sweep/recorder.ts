import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import type { Ecosystem } from '../../src/ecosystems/ecosystem.ts';
import { tarballName } from '../../src/ecosystems/npm/filenames.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import type { Listing } from '../../src/model/listing.ts';
import { defaultNpmBase, defaultPypiBase } from '../../src/upstream/defaults.ts';
import { openUpstream } from '../../src/upstream/open.ts';
import type { Source, Upstream } from '../../src/upstream/upstream.ts';
import type { Cache } from './cache.ts';

const MAX_FILE = 1024 ** 3;

/**
 * A registry for clients that passes on what the real ones have, and keeps all of it as it came. Whatever a client asks for,
 * and only that, is fetched, by the way that the firewall itself takes. Nothing is inspected here.
 */
export class Recorder {
  readonly url: string;
  readonly #server: Server;
  readonly #upstream: Upstream;
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #cache: Cache;
  readonly #flights = new Map<string, Promise<unknown>>();

  private constructor(
    server: Server,
    upstream: Upstream,
    sources: ReadonlyMap<string, Source>,
    cache: Cache,
  ) {
    this.#server = server;
    this.#upstream = upstream;
    this.#sources = sources;
    this.#cache = cache;
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async open(cache: Cache): Promise<Recorder> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const upstream = openUpstream({
      version: 'sweep',
      // What is fetched is looked at, and never installed.
      origins: { check: async () => 'known' },
    });
    const sources = new Map([
      ['npm', sourceOf('npm', await defaultNpmBase())],
      ['pypi', sourceOf('pypi', await defaultPypiBase())],
    ]);
    const recorder = new Recorder(server, upstream, sources, cache);
    server.on('request', (request, response) => {
      recorder.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(502);
        response.end(String(error));
      });
    });
    return recorder;
  }

  /** A package's index as the firewall reads it, and as it came; null where there is none. Fetched once. */
  async index(ecosystem: Ecosystem, name: string): Promise<Uint8Array | null> {
    return this.#once(`${ecosystem.id} ${name}`, async () => {
      const kept = await this.#cache.index(ecosystem.id, name);
      if (kept) return kept;
      const canonical = ecosystem.versions.canonicalName(name);
      if (canonical === null) return null;
      const { path, accept } = ecosystem.indexRequest(canonical);
      const answer = await this.#upstream.index(this.#source(ecosystem), path, accept, null);
      if (answer.kind !== 'document') return null;
      const bytes = Buffer.concat(answer.chunks);
      await this.#cache.keepIndex(ecosystem.id, name, bytes);
      return bytes;
    });
  }

  /** Fetches a file that an index lists, if it is not there yet; resolves with its path. */
  async file(ecosystem: Ecosystem, name: string, filename: string, url: string): Promise<string> {
    const path = this.#cache.file(ecosystem.id, name, filename);
    await this.#once(path, async () => {
      if (await this.#cache.has(path)) return;
      const { part, whole } = await this.#cache.begin(path);
      const handle = await open(part, 'w');
      try {
        const canonical = ecosystem.versions.canonicalName(name);
        const indexPath = canonical === null ? '' : ecosystem.indexRequest(canonical).path;
        const limits = { maxBytes: MAX_FILE, indexPath };
        await this.#upstream.file(this.#source(ecosystem), url, limits, async (chunk) => {
          await handle.write(chunk);
        });
      } finally {
        await handle.close();
      }
      await whole();
    });
    return path;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
    await this.#upstream.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, mount = '', ...rest] = (request.url ?? '').split('?', 1)[0]?.split('/') ?? [];
    const ecosystem = ECOSYSTEMS.find((one) => one.id === mount);
    if (!ecosystem || request.method !== 'GET') {
      response.writeHead(404).end();
      return;
    }
    const [first = '', second = '', third = ''] = rest.map(decodeURIComponent);
    // No package has this name.
    if (first === '-') await this.#sendFile(ecosystem, second, third, response);
    else if (first === 'simple' && ecosystem.id === 'pypi')
      await this.#sendIndex(ecosystem, second, response);
    else
      await this.#sendIndex(
        ecosystem,
        first.startsWith('@') && second ? `${first}/${second}` : first,
        response,
      );
  }

  async #sendIndex(ecosystem: Ecosystem, name: string, response: ServerResponse): Promise<void> {
    const bytes = await this.index(ecosystem, name);
    if (!bytes) {
      response.writeHead(404).end();
      return;
    }
    const document: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const address = (filename: string): string =>
      `${this.url}/${ecosystem.id}/-/${encodeURIComponent(name)}/${encodeURIComponent(filename)}`;
    redirected(document, name, address);
    const type = ecosystem.id === 'npm' ? 'application/json' : 'application/vnd.pypi.simple.v1+json';
    response.writeHead(200, { 'content-type': type }).end(JSON.stringify(document));
  }

  async #sendFile(
    ecosystem: Ecosystem,
    name: string,
    filename: string,
    response: ServerResponse,
  ): Promise<void> {
    const listing = listingOf(ecosystem, name, await this.index(ecosystem, name));
    const wheel = filename.replace(/\.metadata$/, '');
    const listed = listing?.files.get(ecosystem.id === 'npm' ? filename : wheel);
    if (!listed) {
      response.writeHead(404).end();
      return;
    }
    // The metadata beside a wheel is no artifact of its own, so it is kept elsewhere.
    const [kept, url] =
      wheel !== filename && ecosystem.id === 'pypi'
        ? [{ ...ecosystem, id: 'pypi-metadata' }, `${listed.url}.metadata`]
        : [ecosystem, listed.url];
    const path = await this.file(kept, name, filename, url);
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    await pipeline(createReadStream(path), response);
  }

  #source(ecosystem: Ecosystem): Source {
    const source = this.#sources.get(ecosystem.id.replace(/-metadata$/, ''));
    if (!source) throw new Error(`no registry for ${ecosystem.id}`);
    return source;
  }

  #once<T>(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#flights.get(key) as Promise<T> | undefined;
    if (running) return running;
    const flight = work().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }
}

/** The index as our firewall reads it. Throws IndexUnreadable. */
export function listingOf(ecosystem: Ecosystem, name: string, bytes: Uint8Array | null): Listing | null {
  const canonical = ecosystem.versions.canonicalName(name);
  return bytes && canonical !== null ? ecosystem.readIndex(canonical, bytes) : null;
}

interface Packument {
  versions?: Record<string, { dist?: { tarball?: string } }>;
  files?: { filename?: string; url?: string }[];
}

/** Puts our addresses in the place of the registry's: of a packument's tarballs, or of a simple index's files. */
function redirected(document: unknown, name: string, address: (filename: string) => string): void {
  const { versions = {}, files = [] } = document as Packument;
  for (const [version, { dist }] of Object.entries(versions)) {
    if (dist) dist.tarball = address(tarballName(name as PackageName, version));
  }
  for (const file of files) if (file.filename) file.url = address(file.filename);
}

function sourceOf(id: string, base: string): Source {
  return { id, base, authorization: null, fileOrigins: [] };
}

/** Whether both registries answer: asked for one package each, which is kept like all others. */
export async function isReachable(recorder: Recorder): Promise<boolean> {
  const asked = ECOSYSTEMS.map((ecosystem) =>
    recorder.index(ecosystem, ecosystem.id === 'npm' ? 'express' : 'requests'),
  );
  return (await Promise.allSettled(asked)).every(({ status }) => status === 'fulfilled');
}
