import { join } from 'node:path';
import {
  admittedFilesOf,
  admittedOf,
  decideListing,
  historyOf,
  type ListingView,
  readFacts,
} from './admission/decide-listing.ts';
import { heldOf } from './admission/evidence/held.ts';
import { allHeldToIndex } from './admission/index-claims.ts';
import { nearestOf } from './admission/nearest.ts';
import type { Ports } from './admission/ports.ts';
import { loadPolicy } from './allowlists.ts';
import { openEvidenceCheck } from './check-evidence.ts';
import { checkVersion } from './check-version.ts';
import { type Checked, linesOf } from './cli/check-lines.ts';
import { printable } from './cli/ledger-line.ts';
import type { CheckOptions } from './cli/program.ts';
import { EXIT } from './cli/program.ts';
import type { Config } from './config.ts';
import { ECOSYSTEMS } from './ecosystems/all.ts';
import type { Ecosystem } from './ecosystems/ecosystem.ts';
import type { Advisories } from './feeds/feeds.ts';
import { openFeed } from './feeds/open.ts';
import { feedFolder } from './feeds/status.ts';
import type { LedgerReader } from './ledger/ledger.ts';
import { openLedgerReader } from './ledger/open.ts';
import { checkLockfiles } from './lockfile/check.ts';
import { isLockfile } from './lockfile/files.ts';
import type { PackageId } from './model/artifact.ts';
import type { PackageFacts } from './model/facts.ts';
import { NONE_TAKEN } from './model/taken-places.ts';
import { decide } from './policy/decide.ts';
import type { Policy } from './policy/policy.ts';
import { openSources } from './sources.ts';
import { openUpstream } from './upstream/open.ts';
import type { Upstream } from './upstream/upstream.ts';
import { openEvidenceShelf } from './vault/evidence-shelf.ts';

/** A version of a package, or all of them. */
interface Subject extends PackageId {
  readonly version: string | null;
}

/** What every question is asked of. */
interface Basis {
  readonly config: Config;
  readonly ecosystem: Ecosystem;
  readonly policy: Policy;
  readonly profile: string;
  readonly upstream: Upstream;
  readonly source: Ports['source'];
  /** null where the ledger cannot be read: what it remembers can only refuse more. */
  readonly reader: LedgerReader | null;
  readonly feed: Advisories;
  readonly look: Awaited<ReturnType<typeof openEvidenceCheck>>;
}

/**
 * What would be decided for `NAME` or `NAME@VERSION`, or for all that a lockfile locks (lockfile/check.ts), by the same
 * code as a request: by name alone first, then over the upstream's index, and for one version over its evidence. What
 * only the bytes can show is not looked at, unless it is remembered. Nothing is written.
 */
export async function check(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  version: string,
  words: readonly string[],
  options: CheckOptions,
  print: (line: string) => void,
  say: (line: string) => void,
): Promise<number> {
  const { profile } = options;
  const areLockfiles = await Promise.all(words.map(isLockfile));
  const names = words.filter((_, i) => !areLockfiles[i]);
  const lockfiles = words.filter((_, i) => areLockfiles[i]);
  const ofLockfiles =
    lockfiles.length > 0
      ? await checkLockfiles(config, env, version, lockfiles, options, { print, say })
      : EXIT.ok;
  if (names.length === 0 || ofLockfiles > EXIT.refused) return ofLockfiles;
  const ecosystem = ECOSYSTEMS.find((e) => e.id === options.ecosystem);
  if (!ecosystem) {
    say(`sallyport: --ecosystem is one of ${ECOSYSTEMS.map((e) => e.id).join(', ')}`);
    return EXIT.usage;
  }
  const subjects = names.map((raw) => subjectOf(ecosystem, raw));
  const unreadable = names.filter((_, i) => subjects[i] === null);
  if (unreadable.length > 0) {
    say(`sallyport: no package of ${ecosystem.id}: ${printable(unreadable.join(' '))}`);
    return EXIT.usage;
  }
  const policy = await loadPolicy(config.allowlists);
  if (!policy.profiles.has(profile)) {
    say(`sallyport: --profile is one of ${[...policy.profiles.keys()].join(', ')}`);
    return EXIT.usage;
  }
  const sources = await openSources(config, env);
  sources.check(policy);
  const source = (id: PackageId) => sources.of(id, policy);
  const reader = await openLedgerReader({ dir: config.data }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    say(`sallyport: decided without what the ledger remembers of each file: ${why}`);
    return null;
  });
  const upstream = openUpstream({
    version,
    privateAddresses: config.privateAddresses,
    limits: { indexBytes: config.limits.maxIndex },
    // A check fetches no files.
    origins: { check: () => Promise.resolve('new') },
  });
  const fault = (error: unknown) =>
    say(`sallyport: evidence was not fetched: ${error instanceof Error ? error.message : String(error)}`);
  const feed = openFeed({ dir: feedFolder(config.data), maxAge: config.feedMaxAge });
  let refused = ofLockfiles === EXIT.refused;
  try {
    const look = await openEvidenceCheck(config, { now: Date.now, upstream, source, fault });
    const basis: Basis = { config, ecosystem, policy, profile, upstream, source, reader, feed, look };
    for (const subject of subjects) {
      if (subject === null) continue;
      const result = await checkSubject(basis, subject);
      refused ||= result.verdict === 'refuse';
      if (options.json) print(JSON.stringify(result));
      else for (const line of linesOf(result)) print(line);
    }
  } finally {
    await upstream.close();
    await reader?.close();
    feed.close();
  }
  return refused ? EXIT.refused : EXIT.ok;
}

/** `NAME`, `NAME@VERSION` or `NAME==VERSION`; null where it is none. */
function subjectOf({ id, versions }: Ecosystem, raw: string): Subject | null {
  const at = raw.lastIndexOf('@');
  const rawName = (at > 0 ? raw.slice(0, at) : raw).replace(/==.*$/, '');
  const rawVersion = at > 0 ? raw.slice(at + 1) : (/==(.*)$/.exec(raw)?.[1] ?? null);
  const name = versions.canonicalName(rawName);
  const version = rawVersion === null ? null : versions.parseVersion(rawVersion);
  if (!name || (rawVersion !== null && version === null)) return null;
  return { ecosystem: id, name, version };
}

async function checkSubject(basis: Basis, subject: Subject): Promise<Checked> {
  const { config, ecosystem, policy, profile, upstream, source, reader, feed, look } = basis;
  const { name, version } = subject;
  const id: PackageId = { ecosystem: ecosystem.id, name };
  const about = { package: name, version } as const;
  const byName = decide(policy, profile, { stage: 'name', ...id, now: Date.now() });
  if (byName.verdict !== 'allow') {
    const codes = byName.reasons.map(({ code }) => code);
    return { ...about, verdict: 'refuse', codes, place: byName.reasons[0]?.place ?? null };
  }
  const { place } = byName;
  const request = ecosystem.indexRequest(name);
  const answer = await upstream.index(source(id), request.path, request.accept, null);
  if (answer.kind !== 'document')
    return { ...about, verdict: 'refuse', codes: ['NOT_ALLOWLISTED'], place: null };
  const listing = ecosystem.readIndex(name, Buffer.concat(answer.chunks));
  const shelf = openEvidenceShelf({ dir: config.vault ?? join(config.data, 'vault') });
  const [remembered, held, taken] = await Promise.all([
    factsOf(reader, id),
    heldOf({ evidence: shelf }, id),
    reader?.memory.placesTaken(profile, id, null) ?? NONE_TAKEN,
  ]);
  const facts = allHeldToIndex(ecosystem, listing, remembered);
  const advisories = feed.of(id);
  const now = Date.now();
  const view = (): ListingView =>
    decideListing(policy, profile, listing, {
      facts,
      history: historyOf(ecosystem, listing, facts),
      held: held.evidence,
      taken,
      admitted: admittedOf(ecosystem, listing, facts),
      past: admittedFilesOf(ecosystem, listing, facts),
      advisories,
      scheme: ecosystem.versions,
      now,
      withheld: null,
      signatures: () => [],
    });
  const newestFirst = (versions: Iterable<string>): string[] =>
    [...versions].sort((a, b) => ecosystem.versions.compare(b, a));
  if (version === null) {
    const all = view();
    const admitted = newestFirst(all.admitted);
    if (admitted.length > 0) return { ...about, verdict: 'allow', codes: [], place, admitted };
    const first = [...all.files.values()][0]?.code;
    return { ...about, verdict: 'refuse', codes: [first ?? 'UNKNOWN_VERSION'], place: null, admitted };
  }
  const files = await checkVersion(
    { policy, profile, ecosystem, listing, facts, held, taken, advisories, now, look },
    version,
  );
  if (files.some(({ verdict }) => verdict === 'allow'))
    return { ...about, verdict: 'allow', codes: [], place, files };
  const codes = [...new Set(files.flatMap((file) => file.codes))];
  const ripe = files.flatMap(({ eligibleAt }) => eligibleAt ?? []);
  // Not the one that was asked for: its evidence may have refused what its listing admits.
  const others = newestFirst(view().admitted).filter((one) => one !== version);
  return {
    ...about,
    verdict: 'refuse',
    codes: codes.length > 0 ? codes : ['UNKNOWN_VERSION'],
    place: files.find((file) => file.place !== null)?.place ?? null,
    eligibleAt: ripe.length > 0 ? Math.min(...ripe) : null,
    nearest: nearestOf(ecosystem.versions, others, version),
    files,
  };
}

async function factsOf(reader: LedgerReader | null, id: PackageId): Promise<PackageFacts> {
  return reader ? readFacts(await reader.memory.packageFacts(id)) : new Map();
}
