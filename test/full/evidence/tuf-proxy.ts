import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { DEFAULT_MIRROR_URL } from '@sigstore/tuf';
import { startTufMirror } from '../../harness/tuf-mirror.ts';

// npm takes no other TUF repository than Sigstore's own. So this is a proxy on the way there, which leads to a
// repository on loopback instead: with a certificate that npm is told to trust, and a root that lies in npm's cache.

export interface TufProxy {
  /** What npm needs in its environment to go this way, and to the firewall without it. */
  readonly env: Readonly<Record<string, string>>;
  /** Paths of the repository that were asked for. */
  readonly asked: readonly string[];
  /** Where else it was to lead to: `host:port`. It did not. */
  readonly elsewhere: readonly string[];
  /** Puts the root that the repository begins with into npm's cache, in a home without one. */
  seed(home: string): Promise<void>;
  close(): Promise<void>;
}

/** Why none can be started here, in words for the name of a skipped test; null where it can. */
export function reasonForNoTufProxy(): string | null {
  return spawnSync('openssl', ['version']).status === 0 ? null : 'no openssl to make a certificate with';
}

/** The repository has this Sigstore trusted root, and no keys of any registry. */
export async function startTufProxy(trustedRoot: Uint8Array): Promise<TufProxy> {
  const repository = await startTufMirror();
  repository.publish({ 'trusted_root.json': trustedRoot });
  const { hostname } = new URL(DEFAULT_MIRROR_URL);
  const folder = await mkdtemp(join(tmpdir(), 'tuf-proxy-'));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=test', '-addext', `subjectAltName=DNS:${hostname}`],
    ...['-keyout', files.key, '-out', files.cert],
  ]);
  const [cert, key] = await Promise.all([readFile(files.cert), readFile(files.key)]);
  const elsewhere: string[] = [];
  const server: Server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request, socket) => {
    socket.on('error', () => socket.destroy());
    if (request.url !== `${hostname}:443`) {
      elsewhere.push(request.url ?? '');
      return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    const inner = new TLSSocket(socket, { isServer: true, cert, key });
    const outer = connect({ port: Number(new URL(repository.url).port), host: '127.0.0.1' });
    inner.on('error', () => outer.destroy()).pipe(outer);
    outer.on('error', () => inner.destroy()).pipe(inner);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      NO_PROXY: '127.0.0.1',
      NODE_EXTRA_CA_CERTS: files.cert,
    },
    asked: repository.asked,
    elsewhere,
    async seed(home) {
      const cache = join(home, '.npm', '_tuf', encodeURIComponent(hostname));
      await mkdir(cache, { recursive: true });
      await writeFile(join(cache, 'root.json'), repository.firstRoot);
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await repository.close();
      await rm(folder, { recursive: true });
    },
  };
}
