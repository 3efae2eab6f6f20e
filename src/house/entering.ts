import type { FastifyBaseLogger } from 'fastify';
import type { Stamp } from '../ledger/entry-parts.ts';
import type { EntryDraft, Ledger } from '../ledger/ledger.ts';

/** How the house itself enters what happens to it. */
export interface Entering {
  /** The time, and an id that is used once. */
  stamp(): Stamp;
  /** For what is true whether or not it can be entered: never rejects, and logs what could not be. */
  enter(what: string, entry: EntryDraft): Promise<void>;
}

export function entering(
  ledger: Pick<Ledger, 'append'>,
  now: () => number,
  log: Pick<FastifyBaseLogger, 'error'>,
): Entering {
  let entries = 0;
  return {
    stamp: () => ({ id: `house-${now()}-${entries++}`, time: now() }),
    enter: (what, entry) =>
      ledger.append(entry).then(
        () => undefined,
        (error: unknown) => log.error({ err: error }, `${what} could not be entered in the ledger`),
      ),
  };
}
