import {
  admittedFilesOf,
  admittedOf,
  historyOf,
  questionOf,
  readFacts,
} from '../admission/decide-listing.ts';
import { heldOf } from '../admission/evidence/held.ts';
import { allHeldToIndex } from '../admission/index-claims.ts';
import { loadPolicy } from '../allowlists.ts';
import {
  type Explained,
  type ExplainedDecision,
  type ExplainedVerdict,
  explainLines,
} from '../cli/explain-lines.ts';
import { printable } from '../cli/ledger-line.ts';
import { type CheckOptions, EXIT } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import { affecting } from '../feeds/affecting.ts';
import { openFeed } from '../feeds/open.ts';
import { feedFolder } from '../feeds/status.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import type { PackageName } from '../model/artifact.ts';
import type { Decision } from '../model/decision.ts';
import { decide } from '../policy/decide.ts';
import { decideVersion, type VersionDecision } from '../policy/decide-version.ts';
import { type ExplainSubject, explain, stepsOf } from '../policy/explain.ts';
import type { Policy } from '../policy/policy.ts';
import { openEvidenceShelf } from '../vault/evidence-shelf.ts';
import { keptListing, vaultOf } from './known.ts';
import { openLedgerIfThere } from './ledger.ts';
import type { Terminal } from './terminal.ts';

/**
 * Which rules speak of a package, in which order, and what comes of it, by what is known here: the index that was
 * seen last, what is remembered of its files, and the feed. No network, and nothing is written.
 *
 * Exit code 0: it is admitted as far as is known here, or undecided, because nothing is known of the version's files;
 * 1: it is refused; 2: usage; 3: it could not be run.
 */
export async function policyExplain(
  config: Config,
  raw: string,
  now: number,
  options: CheckOptions,
  { print, say }: Terminal,
): Promise<number> {
  const ecosystem = ECOSYSTEMS.find((one) => one.id === options.ecosystem);
  if (!ecosystem) {
    say(`sallyport: --ecosystem is one of ${ECOSYSTEMS.map((one) => one.id).join(', ')}`);
    return EXIT.usage;
  }
  const wanted = subjectOf(ecosystem, raw);
  if (!wanted) {
    say(`sallyport: no package of ${ecosystem.id}: ${printable(raw)}`);
    return EXIT.usage;
  }
  const policy = await loadPolicy(config.allowlists);
  const subject: ExplainSubject = { profile: options.profile, ecosystem: ecosystem.id, ...wanted };
  const explanation = explain(
    policy,
    subject,
    ECOSYSTEMS.map((one) => one.versions),
  );
  if (!explanation) {
    say(`sallyport: --profile is one of ${[...policy.profiles.keys()].map(printable).join(', ')}`);
    return EXIT.usage;
  }
  const isInternal = explanation.internal !== null;
  const files = await decideFiles(config, policy, ecosystem, subject, now);
  const decisions =
    files.decided.length > 0
      ? files.decided.map(({ file, decision }) => explained(file, decision, isInternal))
      : [explained(null, decideAlone(config, policy, ecosystem, subject, now), isInternal)];
  const verdict = verdictOf(decisions);
  const whole: Explained = {
    ...explanation,
    known: files.known,
    decisions,
    verdict,
  };
  if (options.json) print(JSON.stringify(whole));
  else for (const line of explainLines(whole)) print(line);
  return verdict === 'refuse' ? EXIT.refused : EXIT.ok;
}

/** Of several files one that is admitted is enough. */
function verdictOf(decisions: readonly ExplainedDecision[]): ExplainedVerdict {
  const has = (wanted: ExplainedVerdict): boolean => decisions.some(({ verdict }) => verdict === wanted);
  return has('allow') ? 'allow' : has('undecided') ? 'undecided' : 'refuse';
}

/** A name, or a version of whose files nothing is known: that is refused, or undecided, and never admitted. */
function decideAlone(
  config: Config,
  policy: Policy,
  { id: ecosystem, versions: scheme }: Ecosystem,
  { profile, name, version }: ExplainSubject,
  now: number,
): Decision | VersionDecision {
  if (version === null) return decide(policy, profile, { stage: 'name', ecosystem, name, now });
  const feed = openFeed({ dir: feedFolder(config.data), maxAge: config.feedMaxAge });
  try {
    const known = feed.of({ ecosystem, name });
    const advisories = affecting(known.records, scheme, version);
    return decideVersion(policy, profile, { ecosystem, name, version, feed: known.feed, advisories, now });
  } finally {
    feed.close();
  }
}

function explained(
  file: string | null,
  decision: Decision | VersionDecision,
  isInternal: boolean,
): ExplainedDecision {
  const { verdict, place, by, eligibleAt } = decision;
  return { file, verdict, place, by, eligibleAt, steps: stepsOf(decision, isInternal, file === null) };
}

interface FilesDecided {
  readonly known: string;
  readonly decided: readonly { readonly file: string; readonly decision: Decision }[];
}

/** Each file of the version, decided as a listing would: what only its bytes can show counts where it is remembered. */
async function decideFiles(
  config: Config,
  policy: Policy,
  ecosystem: Ecosystem,
  { profile, name, version }: ExplainSubject,
  now: number,
): Promise<FilesDecided> {
  if (version === null) return { known: 'a name alone: nothing of its versions is looked at', decided: [] };
  const reader = await openLedgerIfThere(config);
  if (!reader) return { known: 'there is no ledger here: decided by its version alone', decided: [] };
  const feed = openFeed({ dir: feedFolder(config.data), maxAge: config.feedMaxAge });
  try {
    return await decideKept(config, policy, ecosystem, { profile, name, version }, reader, feed, now);
  } finally {
    feed.close();
    await reader.close();
  }
}

async function decideKept(
  config: Config,
  policy: Policy,
  ecosystem: Ecosystem,
  {
    profile,
    name,
    version,
  }: { readonly profile: string; readonly name: PackageName; readonly version: string },
  reader: LedgerReader,
  feed: Pick<ReturnType<typeof openFeed>, 'of'>,
  now: number,
): Promise<FilesDecided> {
  const id = { ecosystem: ecosystem.id, name };
  const listing = await keptListing(config, reader, ecosystem, name);
  if (!listing) return { known: 'its index is not kept here: decided by its version alone', decided: [] };
  const seen = await reader.memory.lastIndex(id);
  const when = seen
    ? `its index was last confirmed ${new Date(seen.at).toISOString()}`
    : 'its index is kept here';
  const files = [...listing.files.values()].filter((file) => file.version === version);
  if (files.length === 0)
    return { known: `${when}, and has no such version: decided by its version alone`, decided: [] };
  const facts = allHeldToIndex(ecosystem, listing, readFacts(await reader.memory.packageFacts(id)));
  const held = await heldOf({ evidence: openEvidenceShelf({ dir: vaultOf(config) }) }, id);
  const basis = {
    facts,
    history: historyOf(ecosystem, listing, facts),
    held: held.evidence,
    taken: await reader.memory.placesTaken(profile, id, null),
    admitted: admittedOf(ecosystem, listing, facts),
    past: admittedFilesOf(ecosystem, listing, facts),
    advisories: feed.of(id),
    scheme: ecosystem.versions,
    now,
    withheld: null,
    signatures: () => [],
  };
  const decided = files.map((file) => ({
    file: file.filename,
    decision: decide(policy, profile, questionOf(listing, basis, file)),
  }));
  return { known: when, decided };
}

/** `NAME`, `NAME@VERSION` or `NAME==VERSION`; null where it is none. */
function subjectOf(
  { versions }: Ecosystem,
  raw: string,
): { readonly name: PackageName; readonly version: string | null } | null {
  const [, rawName = '', rawVersion = null] = /^(.+?)(?:==|(?<=.)@)([^@=]+)$/s.exec(raw) ?? [null, raw];
  const name = versions.canonicalName(rawName);
  const version = rawVersion === null ? null : versions.parseVersion(rawVersion);
  return name === null || (rawVersion !== null && version === null) ? null : { name, version };
}
