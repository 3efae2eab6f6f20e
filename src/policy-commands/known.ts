import { join } from 'node:path';
import { readFacts } from '../admission/decide-listing.ts';
import type { Config } from '../config.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import { openFeed } from '../feeds/open.ts';
import { feedFolder } from '../feeds/status.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import type { EcosystemId, PackageId, PackageName } from '../model/artifact.ts';
import { parseDigest } from '../model/digest.ts';
import type { PackageFacts } from '../model/facts.ts';
import type { Listing } from '../model/listing.ts';
import type { Dependencies, Known, KnownPackage } from '../policy/lint/lint-known.ts';
import type { Policy } from '../policy/policy.ts';
import { npmDependencies, wheelDependencies } from './dependencies.ts';
import { readDocument } from './documents.ts';
import { openLedgerIfThere } from './ledger.ts';

export function vaultOf(config: Pick<Config, 'data' | 'vault'>): string {
  return config.vault ?? join(config.data, 'vault');
}

/** An index that is kept here, read as a server reads it; null where there is none, or it cannot be read any more. */
export async function keptListing(
  config: Config,
  reader: Pick<LedgerReader, 'memory'>,
  ecosystem: Ecosystem,
  name: PackageName,
): Promise<Listing | null> {
  const last = await reader.memory.lastIndex({ ecosystem: ecosystem.id, name });
  const bytes = last && (await readDocument(vaultOf(config), last.digest));
  if (!bytes) return null;
  try {
    return ecosystem.readIndex(name, bytes);
  } catch {
    // What is known here is never complete: an index that this version cannot read is one that is not known.
    return null;
  }
}

/** All that is known here of the packages that a policy names one by one, from the ledger and the vault. No network. */
export async function gatherKnown(config: Config, policy: Policy): Promise<Known> {
  const reader = await openLedgerIfThere(config);
  const packages = new Map<string, KnownPackage>();
  const names = new Map<EcosystemId, readonly PackageName[]>();
  try {
    for (const ecosystem of reader ? ECOSYSTEMS : []) {
      if (!reader) break;
      const seen = await reader.memory.knownNames(ecosystem.id);
      names.set(ecosystem.id, seen);
      const wanted = namedIn(policy, ecosystem.id);
      let prefixed = 0;
      for (const name of seen) {
        if (!wanted.has(name) && !(prefixed < MOST_PREFIXED && isPrefixed(policy, ecosystem.id, name)))
          continue;
        if (!wanted.has(name)) prefixed += 1;
        const listing = await keptListing(config, reader, ecosystem, name);
        if (!listing) continue;
        const facts = readFacts(await reader.memory.packageFacts({ ecosystem: ecosystem.id, name }));
        packages.set(
          keyOf({ ecosystem: ecosystem.id, name }),
          await knownPackage(config, ecosystem, listing, facts),
        );
      }
    }
  } finally {
    await reader?.close();
  }
  return {
    names,
    package: (ecosystem, name) => packages.get(`${ecosystem}\n${name}`) ?? null,
    feed: hasFeed(config),
  };
}

/** As many indexes of names that only a prefix admits are read; `*` would have all that were ever seen. */
const MOST_PREFIXED = 1_000;

function isPrefixed(policy: Policy, ecosystem: EcosystemId, name: PackageName): boolean {
  return [...policy.profiles.values()].some((one) => one.ecosystems.get(ecosystem)?.allow.best(name) != null);
}

/** Names that have a rule or a pin of their own, in any profile. */
function namedIn(policy: Policy, ecosystem: EcosystemId): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { ecosystems } of policy.profiles.values()) {
    const rules = ecosystems.get(ecosystem);
    for (const name of rules?.allow.exact.keys() ?? []) names.add(name);
    for (const name of rules?.deny.exact.keys() ?? []) names.add(name);
    for (const name of rules?.pins.keys() ?? []) names.add(name);
  }
  return names;
}

async function knownPackage(
  config: Config,
  ecosystem: Ecosystem,
  listing: Listing,
  facts: PackageFacts,
): Promise<KnownPackage> {
  const { versions: scheme } = ecosystem;
  const files = [...listing.files.values()];
  const versions = [...new Set(files.map(({ version }) => version))].sort(scheme.compare);
  const dependencies = new Map<string, Dependencies>();
  if (ecosystem.id === 'npm') {
    for (const [version, manifest] of manifestsOf(listing))
      dependencies.set(version, npmDependencies(manifest, scheme));
  }
  for (const { filename, version, metadataDigest } of ecosystem.id === 'npm' ? [] : files) {
    const cut = facts.get(filename)?.metadata;
    const digest = cut ? parseDigest(`sha256:${cut.replace(/^sha256:/, '')}`) : metadataDigest;
    const bytes = digest && !dependencies.has(version) ? await readDocument(vaultOf(config), digest) : null;
    if (bytes) dependencies.set(version, wheelDependencies(bytes, scheme));
  }
  return {
    versions,
    digests: (version) => files.filter((file) => file.version === version).map(({ digests }) => digests),
    dependencies: (version) => dependencies.get(version) ?? null,
  };
}

/** Version → manifest, of an npm packument as its reader keeps it. */
function* manifestsOf({ document }: Listing): Generator<[string, Readonly<Record<string, unknown>>]> {
  const releases = isRecord(document) ? document['releases'] : null;
  for (const release of Array.isArray(releases) ? releases : []) {
    if (!isRecord(release)) continue;
    const { version, manifest } = release;
    if (typeof version === 'string' && isRecord(manifest)) yield [version, manifest];
  }
}

function hasFeed(config: Config): boolean {
  const feed = openFeed({ dir: feedFolder(config.data), maxAge: config.feedMaxAge });
  try {
    return feed.state() !== null;
  } finally {
    feed.close();
  }
}

function keyOf({ ecosystem, name }: PackageId): string {
  return `${ecosystem}\n${name}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
