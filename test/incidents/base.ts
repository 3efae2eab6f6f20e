import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultNpmBase } from '../../src/upstream/defaults.ts';
import { startRegistry } from '../harness/registry.ts';
import { mintWorld, type World as Sigstore } from '../harness/sigstore-world.ts';
import type { Mark, World } from './world.ts';

const DAY = 86_400_000;
const UNITS = { m: 60_000, h: 3_600_000, d: DAY } as const;

/** The variable that says where the marker is written. */
export const MARK = 'INCIDENT_MARK';

const mark: Mark = {
  shell: `test -z $${MARK} || echo ran >> $${MARK}`,
  js: `process.env.${MARK} && require('node:fs').appendFileSync(process.env.${MARK}, 'ran\\n');\n`,
  python: `import os; p = os.environ.get('${MARK}'); p and open(p, 'a').write('ran\\n')\n`,
};

/** An upstream and a host that belongs to nobody, shared by the rows that run in it; each row sees its own part. */
export interface Base {
  readonly npmBase: string;
  readonly pypiBase: string;
  /** Ports of the registry and of its files. */
  readonly upstreamPorts: readonly number[];
  readonly foreignPort: number;
  readonly sigstore: Sigstore;
  worldOf(id: string): World;
  close(): Promise<void>;
}

/** What is verified a day after it was signed, in the name of the registry that npm signs for. */
export async function mintSigstore(): Promise<Sigstore> {
  const { origin } = new URL(await defaultNpmBase());
  return mintWorld({ clock: new Date(Date.now() - DAY), registry: origin });
}

export async function startBase(sigstore: Sigstore): Promise<Base> {
  const registry = await startRegistry();
  const asked: string[] = [];
  const bodies = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    request.resume();
    asked.push(`${method} ${url}`);
    const body = bodies.get(url.split('?')[0] ?? '');
    if (body) response.end(body);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: foreignPort } = server.address() as AddressInfo;

  const worldOf = (id: string): World => {
    const own = id.toLowerCase();
    const about = (path: string) => path.includes(`/${own}/`);
    return {
      registry,
      foreign: {
        url: `http://127.0.0.1:${foreignPort}/${own}`,
        get asked() {
          return asked.filter(about);
        },
        put: (path, body) => void bodies.set(`/${own}${path}`, Buffer.from(body)),
      },
      mark,
      sigstore,
      ago: (span) => new Date(Date.now() - millisecondsOf(span)).toISOString(),
      upstreamAsked: () => registry.pathsAsked().filter((path) => path.toLowerCase().includes(own)),
    };
  };
  const portOf = (origin: string) => Number(new URL(origin).port);
  return {
    npmBase: registry.npmBase,
    pypiBase: registry.pypiBase,
    upstreamPorts: [portOf(registry.origin), portOf(registry.filesOrigin)],
    foreignPort,
    sigstore,
    worldOf,
    close: async () => {
      server.closeAllConnections();
      await Promise.all([registry.close(), new Promise((resolve) => server.close(resolve))]);
    },
  };
}

function millisecondsOf(span: string): number {
  const [, count, unit] = /^(\d+)([mhd])$/.exec(span) ?? [];
  if (count === undefined || unit === undefined) throw new Error(`${span} is no span of time`);
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}
