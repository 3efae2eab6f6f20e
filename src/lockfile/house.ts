import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Advisories } from '../feeds/feeds.ts';
import { openFeed } from '../feeds/open.ts';
import { feedFolder } from '../feeds/status.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { openLedgerReader } from '../ledger/open.ts';
import type { PackageId } from '../model/artifact.ts';
import type { Policy } from '../policy/policy.ts';
import { openSources } from '../sources.ts';
import { openUpstream } from '../upstream/open.ts';
import type { Source, Upstream } from '../upstream/upstream.ts';
import { openEvidenceShelf } from '../vault/evidence-shelf.ts';
import type { EvidenceShelf } from '../vault/vault.ts';

/** How many indexes are fetched at once: what a registry bears from one client, and more than two processors read. */
export const AT_ONCE = 24;

/** What lockfiles are compared with, opened for looking only: beside a running firewall, nothing is written. */
export interface LockHouse {
  readonly config: Config;
  readonly policy: Policy;
  /** Folder of the vault. */
  readonly vault: string;
  readonly upstream: Upstream;
  source(id: PackageId): Source;
  /** null where the ledger cannot be read: what it remembers can only refuse more. */
  readonly reader: LedgerReader | null;
  readonly shelf: EvidenceShelf;
  readonly advisories: Advisories;
  now(): number;
  close(): Promise<void>;
}

export async function openLockHouse(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  version: string,
  policy: Policy,
  say: (line: string) => void,
): Promise<LockHouse> {
  const sources = await openSources(config, env);
  sources.check(policy);
  const reader = await openLedgerReader({ dir: config.data }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    say(`sallyport: decided without what the ledger remembers of each file: ${why}`);
    return null;
  });
  const upstream = openUpstream({
    version,
    privateAddresses: config.privateAddresses,
    limits: { indexBytes: config.limits.maxIndex },
    // No files are fetched.
    origins: { check: () => Promise.resolve('new') },
  });
  const feed = openFeed({ dir: feedFolder(config.data), maxAge: config.feedMaxAge });
  const vault = config.vault ?? join(config.data, 'vault');
  return {
    config,
    policy,
    vault,
    upstream,
    source: (id) => sources.of(id, policy),
    reader,
    shelf: openEvidenceShelf({ dir: vault }),
    advisories: feed,
    now: Date.now,
    async close() {
      await upstream.close();
      await reader?.close();
      feed.close();
    },
  };
}
