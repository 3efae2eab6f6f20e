import { afterEach, beforeEach, expect } from 'vitest';
import { openUpstream, type UpstreamOptions } from '../../src/upstream/open.ts';
import { type Source, type Upstream, UpstreamFault } from '../../src/upstream/upstream.ts';
import { type ForbiddenNetwork, forbidNetwork } from '../harness/no-network.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';

/** A fake registry and a way to it with short limits, anew for each test. No test may try to leave the machine. */
export interface World {
  registry: FakeRegistry;
  upstream: Upstream;
  /** Origins that the port was asked about, and what it answers. */
  asked: string[];
  answer: 'known' | 'first' | 'new';
  npm: Source;
  pypi: Source;
  /** What of `asked` might have been learned. */
  learnable: string[];
  /** Another way out, with further options. */
  open(options?: Partial<UpstreamOptions>): Upstream;
}

export const ACCEPT_JSON = 'application/json';
export const ACCEPT_SIMPLE =
  'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1';

export function world(): World {
  const here = { asked: [] as string[], learnable: [] as string[], answer: 'known' } as unknown as World;
  const opened: Upstream[] = [];
  let network: ForbiddenNetwork | undefined;
  here.open = ({ limits, ...options } = {}) => {
    const upstream = openUpstream({
      version: '0.0.0-test',
      origins: {
        check: async (_, origin, learn) => {
          here.asked.push(origin);
          if (learn) here.learnable.push(origin);
          return here.answer;
        },
      },
      privateAddresses: ['127.0.0.1'],
      limits: { headersTime: 250, idleTime: 250, indexTime: 1500, backoff: 5, ...limits },
      ...options,
    });
    opened.push(upstream);
    return upstream;
  };
  beforeEach(async () => {
    network = forbidNetwork();
    here.registry = await startRegistry();
    here.asked.length = 0;
    here.learnable.length = 0;
    here.answer = 'known';
    here.upstream = here.open();
    const source = { authorization: null, fileOrigins: [] };
    here.npm = { ...source, id: 'npm', base: here.registry.npmBase };
    here.pypi = { ...source, id: 'pypi', base: here.registry.pypiBase };
  });
  afterEach(async () => {
    await here.registry.close();
    await Promise.all(opened.splice(0).map((upstream) => upstream.close()));
    network?.restore();
    expect(network?.attempts).toEqual([]);
  });
  return here;
}

/** The fault of a promise that must reject with one: `UPSTREAM_FAULT 502`. */
export async function faultOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof UpstreamFault)) throw error;
    return error.status === null ? error.code : `${error.code} ${error.status}`;
  }
  throw new Error('no fault');
}
