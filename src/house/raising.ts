import type { FastifyBaseLogger } from 'fastify';
import { Alarms } from '../alarms.ts';
import type { Metrics } from '../gate/metrics.ts';
import type { HouseReadiness } from '../readiness.ts';
import type { Entering } from './entering.ts';

export interface RaisingParts extends Entering {
  readonly metrics: Metrics;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  readonly readiness: Pick<HouseReadiness, 'saw'>;
}

/** The alarms of a house: each is counted, and logged and entered while it is news. */
export function raising({ stamp, enter, metrics, log, readiness }: RaisingParts): Alarms {
  return new Alarms({
    stamp,
    count(kind) {
      metrics.alarm(kind);
      if (kind === 'stale-index') readiness.saw(kind);
    },
    warn: (kind, about) => log.warn({ alarm: kind, ...about }, 'alarm'),
    enter: (entry) => enter('an alarm', entry),
  });
}
