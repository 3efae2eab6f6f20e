import type { AlarmSubject } from '../alarms.ts';
import type { Config } from '../config.ts';
import type { TlogPolicy } from '../ledger/log/tlog-policy.ts';
import { folderSource } from '../ledger/published/folder-source.ts';
import type { WitnessedHead } from '../ledger/published/options.ts';
import type { PublishedLog } from '../ledger/published/published.ts';
import { logPlaces } from '../publishing/publishing.ts';
import { WitnessClient } from './client.ts';
import { WitnessOffers, type WitnessParts } from './offers.ts';
import { readWitnessPolicy, witnessesOf } from './witness-policy.ts';

/** The witnesses of a house: asked at its start, offered every checkpoint afterwards. */
export interface Witnesses {
  readonly policy: TlogPolicy;
  /** What they have seen of a log that its files do not have; nothing where they know no better. */
  known(origin: string, checkpoint: string): Promise<readonly WitnessedHead[]>;
  /** From now on every checkpoint is offered. */
  attach(published: PublishedLog): void;
  /** Waits, but not for long, until the entry is published and the witnesses had time to sign it. */
  signed(seq: number): Promise<void>;
  /** For `/readyz`: witnesses that do not sign. */
  notes(): readonly string[];
  close(): Promise<void>;
}

export interface WitnessesParts {
  now(): number;
  alarm(kind: 'witness-refused' | 'witness-unreachable', about: AlarmSubject): void;
  failed(what: string, error: unknown): void;
}

/** How often those are asked again that did not sign the newest checkpoint, ms. */
const LOOK_EVERY = 1_000;

/** How long a shutdown waits for the last signatures, ms. */
const LAST_WORDS = 3_000;

/** Reads the witness policy. Null where none is configured; throws ConfigError where it cannot be used. */
export async function openWitnesses(config: Config, parts: WitnessesParts): Promise<Witnesses | null> {
  const { witnessPolicy: path } = config;
  if (path === undefined) return null;
  const policy = await readWitnessPolicy(path);
  const witnesses = witnessesOf(policy, path);
  const client = new WitnessClient();
  const ending = new AbortController();
  const common = {
    ...parts,
    policy,
    witnesses,
    client,
    signal: ending.signal,
    failed: (error: unknown) => parts.failed('cosignatures of witnesses could not be kept', error),
  } satisfies Partial<WitnessParts>;
  let offers: WitnessOffers | null = null;
  let log: PublishedLog | null = null;
  let looking: NodeJS.Timeout | null = null;
  return {
    policy,
    async known(_origin, checkpoint) {
      const asking = new WitnessOffers({
        ...common,
        files: () => folderSource(logPlaces(config).running),
        cosigned: async () => undefined,
        contradicted: async () => undefined,
      });
      const heads = await asking.known(checkpoint);
      return heads.map(({ size }) => ({ size, other: true }));
    },
    attach(published) {
      const running = new WitnessOffers({
        ...common,
        files: () => published.files(),
        cosigned: (size, lines, met) => published.cosigned(size, lines, met),
        contradicted: ({ size, root }) => published.contradicted({ size, root, from: 'witness' }),
      });
      offers = running;
      log = published;
      published.onPublished((_head, checkpoint) => running.published(checkpoint));
      looking = setInterval(() => running.look(), LOOK_EVERY);
      looking.unref();
    },
    async signed(seq) {
      const late = AbortSignal.timeout(LAST_WORDS);
      const over = new Promise<void>((resolve) => late.addEventListener('abort', () => resolve()));
      // Of a log that cannot be published there is nothing to sign.
      await Promise.race([log?.published(seq).catch(() => undefined), over]);
      await Promise.race([offers?.idle(), over]);
    },
    notes: () =>
      (offers?.states() ?? []).flatMap(({ name, state }) =>
        state === 'refused' || state === 'unreachable'
          ? [
              `the witness ${name} does not sign the log: it ${state === 'refused' ? 'refuses' : 'cannot be reached'}`,
            ]
          : [],
      ),
    async close() {
      if (looking) clearInterval(looking);
      ending.abort();
      await offers?.idle();
      await client.close();
    },
  };
}
