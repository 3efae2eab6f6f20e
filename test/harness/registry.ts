/**
 * A fake upstream on loopback, in this process: an npm registry, a Python index, and a files' origin of its own.
 *
 *   const registry = await startRegistry();
 *   registry.addNpm('left-pad', { '1.3.0': {}, '2.0.0': { integrity: 'wrong', manifest: { scripts: {…} } } });
 *   registry.addPypi('six', [{ filename: 'six-1.16.0-py2.py3-none-any.whl' }]);
 *   registry.withFault(/left-pad-1\.3\.0\.tgz$/, { kind: 'reset', bytes: 100 });
 *   … run something against registry.npmBase and registry.pypiBase …
 *   registry.pathsAsked()          // ['GET /npm-up/left-pad', …]: what the upstream saw
 *   await registry.close();
 *
 * Bases: `npmBase` = http://127.0.0.1:PORT/npm-up/ · `pypiBase` = http://127.0.0.1:PORT/simple/ ·
 * `filesOrigin` = http://127.0.0.1:PORT2 (files at /files/NAME; also served at PORT for relative addresses).
 * Adding a name again replaces the given versions or files and keeps the others. Times default to 2020-01-01.
 * Indexes are compressed if the client accepts gzip and have an ETag (`etags = false` turns it off).
 * A claim of evidence in an index has no document behind it until `setEvidence` puts one there:
 *   registry.addNpm('left-pad', { '1.3.0': { signatures: [{ keyid, sig }], attestations: true } });
 *   registry.setEvidence(registry.attestationsPath('left-pad', '1.3.0'), { attestations: […] });
 * What else its endpoint may do (500, HTML, nothing, forever) is a fault at the same path.
 * The options of a version are in npm-registry.ts, of a file in pypi-registry.ts, the faults in faults.ts.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, type Fault, send } from './faults.ts';
import { NpmPackages, type NpmVersion } from './npm-registry.ts';
import { type PypiFile, type PypiProject, PypiProjects } from './pypi-registry.ts';

export type { Fault } from './faults.ts';
export { noise } from './noise.ts';
export type { NpmVersion } from './npm-registry.ts';
export type { PypiFile, PypiProject } from './pypi-registry.ts';

/** One request as it arrived. `path` is the raw request target with its query. */
export interface LoggedRequest {
  readonly origin: 'registry' | 'files';
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface FakeRegistry {
  readonly origin: string;
  readonly npmBase: string;
  readonly pypiBase: string;
  readonly filesOrigin: string;
  /** Every request in the order of arrival; `length = 0` forgets them. */
  readonly requests: LoggedRequest[];
  /** Whether indexes carry an ETag and answer If-None-Match with 304. */
  etags: boolean;
  /** Answer of both audit routes. */
  auditAnswer: unknown;
  addNpm(name: string, versions: Readonly<Record<string, NpmVersion>>): void;
  addPypi(name: string, files: readonly PypiFile[], project?: PypiProject): void;
  /** Removes a version, or the whole package. */
  removeNpm(name: string, version?: string): void;
  removePypi(name: string, filename?: string): void;
  tarball(name: string, version: string): Buffer;
  file(filename: string): Buffer;
  /** Puts a document of evidence at a path: bytes or a text as they are, else JSON; null takes it away. */
  setEvidence(path: string, document: unknown): void;
  /** The path that npm keeps a version's attestations under. */
  attestationsPath(name: string, version: string): string;
  /** The path that the index keeps a file's PEP 740 provenance object under. */
  provenancePath(name: string, filename: string): string;
  tarballUrl(name: string, version: string): string;
  fileUrl(filename: string): string;
  /**
   * From now on every request whose path matches (whole path where a string) has this fault, or only the next
   * `times`. Returns a function that takes it back.
   */
  withFault(path: string | RegExp, fault: Fault, times?: number): () => void;
  clearFaults(): void;
  /** `GET /npm-up/left-pad` for each request. */
  pathsAsked(): string[];
  close(): Promise<void>;
}

interface Rule {
  readonly path: string | RegExp;
  readonly fault: Fault;
  left: number;
}

const NPM = '/npm-up/';
const SIMPLE = '/simple/';
const FILES = '/files/';
const INTEGRITY_JSON = 'application/vnd.pypi.integrity.v1+json';
const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json';

export async function startRegistry(): Promise<FakeRegistry> {
  const rules = new Set<Rule>();
  const requests: LoggedRequest[] = [];
  const evidence = new Map<string, Buffer>();

  const listen = async (origin: LoggedRequest['origin']): Promise<{ server: Server; url: string }> => {
    const server = createServer((request, response) => {
      request.on('error', () => {});
      handle(origin, request, response).catch((error: unknown) => {
        console.error('fake registry:', error);
        response.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  };

  const main = await listen('registry');
  const files = await listen('files');
  const npm = new NpmPackages(`${main.url}${NPM}`);
  const pypi = new PypiProjects(files.url, main.url);

  const handle = async (
    origin: LoggedRequest['origin'],
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url: path = '', headers } = request;
    requests.push({ origin, method, path, headers, body: Buffer.concat(chunks) });
    const answer = withEtag(route(method, path, headers.accept ?? ''), headers['if-none-match']);
    await send(request, response, answer, faultsFor(path));
  };

  const faultsFor = (path: string): Fault[] => {
    const found: Fault[] = [];
    for (const rule of rules) {
      if (typeof rule.path === 'string' ? rule.path !== path : !rule.path.test(path)) continue;
      if (rule.left-- <= 1) rules.delete(rule);
      found.push(rule.fault);
    }
    return found;
  };

  const route = (method: string, path: string, accept: string): Answer => {
    const proof = evidence.get(decodeURIComponent(path));
    if (proof) return document(proof, path.startsWith(NPM) ? 'application/json' : INTEGRITY_JSON);
    if (path.startsWith(FILES)) return archive(pypi.file(path.slice(FILES.length)));
    if (path.startsWith(SIMPLE) && path.endsWith('/')) {
      const name = path.slice(SIMPLE.length, -1);
      if (accept.includes(SIMPLE_JSON)) return json(pypi.json(name), SIMPLE_JSON);
      return document(pypi.html(name), 'text/html');
    }
    if (path.startsWith(NPM)) {
      const rest = path.slice(NPM.length);
      if (rest.startsWith('-/npm/v1/security/')) {
        return method === 'POST' ? json(registry.auditAnswer) : document(undefined, '', 405);
      }
      if (rest.startsWith('-/')) return document(undefined, '');
      if (rest.includes('/-/')) return archive(npm.archiveAt(decodeURIComponent(rest)));
      return json(npm.packument(decodeURIComponent(rest)));
    }
    return document(undefined, '');
  };

  const withEtag = (answer: Answer, ifNoneMatch: string | undefined): Answer => {
    if (!registry.etags || !answer.compressible || answer.status !== 200) return answer;
    const etag = `"${createHash('sha256').update(answer.body).digest('hex').slice(0, 16)}"`;
    const headers = { ...answer.headers, etag };
    if (ifNoneMatch !== etag) return { ...answer, headers };
    return { status: 304, headers: { etag }, body: Buffer.alloc(0), compressible: false };
  };

  const registry: FakeRegistry = {
    origin: main.url,
    npmBase: `${main.url}${NPM}`,
    pypiBase: `${main.url}${SIMPLE}`,
    filesOrigin: files.url,
    requests,
    etags: true,
    auditAnswer: {},
    addNpm: (name, versions) => npm.add(name, versions),
    addPypi: (name, list, project) => pypi.add(name, list, project),
    removeNpm: (name, version) => npm.remove(name, version),
    removePypi: (name, filename) => pypi.remove(name, filename),
    tarball: (name, version) => present(npm.tarball(name, version), `${name}@${version}`),
    file: (filename) => present(pypi.file(filename), filename),
    setEvidence: (path, document) => {
      if (document === null) evidence.delete(decodeURIComponent(path));
      else evidence.set(decodeURIComponent(path), bytesOf(document));
    },
    attestationsPath: (name, version) => NPM + NpmPackages.attestationsPath(name, version),
    provenancePath: (name, filename) => PypiProjects.provenancePath(name, filename),
    tarballUrl: (name, version) => `${main.url}${NPM}${NpmPackages.tarballPath(name, version)}`,
    fileUrl: (filename) => `${files.url}${FILES}${filename}`,
    withFault: (path, fault, times = Number.POSITIVE_INFINITY) => {
      const rule = { path, fault, left: times };
      rules.add(rule);
      return () => void rules.delete(rule);
    },
    clearFaults: () => rules.clear(),
    pathsAsked: () => requests.map(({ method, path }) => `${method} ${path}`),
    close: async () => {
      for (const { server } of [main, files]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  return registry;
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the fake registry has no ${what}`);
  return value;
}

function bytesOf(document: unknown): Buffer {
  if (typeof document === 'string' || document instanceof Uint8Array) return Buffer.from(document);
  return Buffer.from(JSON.stringify(document));
}

function json(value: unknown, contentType = 'application/json'): Answer {
  return document(value === undefined ? undefined : JSON.stringify(value), contentType);
}

function document(body: string | Buffer | undefined, contentType: string, missing = 404): Answer {
  if (body === undefined) {
    return { status: missing, headers: {}, body: Buffer.alloc(0), compressible: false };
  }
  return {
    status: 200,
    headers: { 'content-type': contentType },
    body: Buffer.from(body),
    compressible: true,
  };
}

function archive(bytes: Buffer | undefined): Answer {
  if (!bytes) return document(undefined, '');
  return {
    status: 200,
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
    compressible: false,
  };
}
