import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config.ts';
import type { Metrics } from '../gate/metrics.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { FileOriginBook } from '../origins.ts';
import { openUpstream } from '../upstream/open.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { watchedUpstream } from '../watch.ts';
import type { Closing } from './closing.ts';

export interface OutsideParts {
  readonly ledger: Pick<Ledger, 'memory'>;
  /** Our own, which registries are told. */
  readonly version: string;
  readonly metrics: Metrics;
  readonly log: Pick<FastifyBaseLogger, 'info'>;
  readonly closing: Closing;
}

/** The way to registries, counted, and the origins that it learned files come from. */
export interface Outside {
  readonly upstream: Upstream;
  readonly origins: FileOriginBook;
}

export function openOutside(config: Config, parts: OutsideParts): Outside {
  const { ledger, version, metrics, log, closing } = parts;
  const origins = new FileOriginBook(ledger.memory, (source, origin) =>
    log.info({ source, origin }, 'a file origin was learned with its first verified file'),
  );
  const way = openUpstream({
    version,
    privateAddresses: config.privateAddresses,
    limits: { indexBytes: config.limits.maxIndex },
    origins,
  });
  const upstream = watchedUpstream(way, metrics);
  closing.add(() => upstream.close());
  return { upstream, origins };
}
