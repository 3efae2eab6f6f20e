import { join } from 'node:path';
import { decideListing, historyOf, readFacts } from './admission/decide-listing.ts';
import { heldOf } from './admission/held.ts';
import { loadPolicy } from './allowlists.ts';
import { openEvidenceCheck } from './check-evidence.ts';
import { type CheckedFile, checkVersion } from './check-version.ts';
import type { CheckOptions } from './cli/program.ts';
import { EXIT } from './cli/program.ts';
import { type Config, ConfigError } from './config.ts';
import { ECOSYSTEMS } from './ecosystems/all.ts';
import type { LedgerReader } from './ledger/ledger.ts';
import { openLedgerReader } from './ledger/open.ts';
import type { PackageId } from './model/artifact.ts';
import type { PackageFacts } from './model/facts.ts';
import { type ReasonCode, wordsOf } from './model/reason-codes.ts';
import { shown } from './model/shown.ts';
import { decide } from './policy/decide.ts';
import { openSources } from './sources.ts';
import { openUpstream } from './upstream/open.ts';
import { openEvidenceShelf } from './vault/evidence-shelf.ts';

/** One line of `sallyport check --json`. */
interface Checked {
  readonly package: string;
  readonly version: string | null;
  readonly verdict: 'allow' | 'refuse';
  readonly codes: readonly ReasonCode[];
  readonly place: string | null;
  /** Each file of the version that was asked for; its evidence is checked over the digests that the index declares. */
  readonly files?: readonly CheckedFile[];
  /** The versions that would be served, newest first; only where no version was asked for. */
  readonly admitted?: readonly string[];
}

/**
 * What would be decided for `NAME` or `NAME@VERSION`, by the same code as a request: by name alone first, then
 * over the upstream's index, and for one version over its evidence. What only the bytes can show is not looked at,
 * unless it is remembered.
 */
export async function check(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  version: string,
  names: readonly string[],
  options: CheckOptions,
  print: (line: string) => void,
  say: (line: string) => void,
): Promise<number> {
  const ecosystem = ECOSYSTEMS.find((e) => e.id === options.ecosystem);
  if (!ecosystem) {
    say(`sallyport: --ecosystem is one of ${ECOSYSTEMS.map((e) => e.id).join(', ')}`);
    return EXIT.usage;
  }
  const policy = await loadPolicy(config.allowlists);
  const source = await openSources(config, env);
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
  const shelf = { evidence: openEvidenceShelf({ dir: config.vault ?? join(config.data, 'vault') }) };
  let refused = false;
  try {
    const look = await openEvidenceCheck(config, { now: Date.now, upstream, source });
    for (const raw of names) {
      const result = await one(raw, look);
      refused ||= result.verdict === 'refuse';
      if (options.json) print(JSON.stringify(result));
      else print(lineOf(result));
    }
  } finally {
    await upstream.close();
    await reader?.close();
  }
  return refused ? EXIT.refused : EXIT.ok;

  async function one(raw: string, look: Awaited<ReturnType<typeof openEvidenceCheck>>): Promise<Checked> {
    if (!ecosystem) throw new ConfigError('no ecosystem');
    const at = raw.lastIndexOf('@');
    const rawName = (at > 0 ? raw.slice(0, at) : raw).replace(/==.*$/, '');
    const rawVersion = at > 0 ? raw.slice(at + 1) : (/==(.*)$/.exec(raw)?.[1] ?? null);
    const name = ecosystem.versions.canonicalName(rawName);
    const wanted = rawVersion === null ? null : ecosystem.versions.parseVersion(rawVersion);
    if (!name || (rawVersion !== null && wanted === null))
      throw new ConfigError(`${raw} is no package of ${ecosystem.id}`);
    const id: PackageId = { ecosystem: ecosystem.id, name };
    const byName = decide(policy, options.profile, { stage: 'name', ...id });
    const codesOf = (d: typeof byName) => d.reasons.map((r) => r.code);
    const about = { package: name, version: wanted } as const;
    if (byName.verdict !== 'allow') {
      return { ...about, verdict: 'refuse', codes: codesOf(byName), place: byName.reasons[0]?.place ?? null };
    }
    const request = ecosystem.indexRequest(name);
    const answer = await upstream.index(source(id), request.path, request.accept, null);
    if (answer.kind !== 'document')
      return { ...about, verdict: 'refuse', codes: ['NOT_ALLOWLISTED'], place: byName.place };
    const listing = ecosystem.readIndex(name, Buffer.concat(answer.chunks));
    const [facts, held] = await Promise.all([factsOf(reader, id), heldOf(shelf, id)]);
    const now = Date.now();
    if (wanted === null) {
      const view = decideListing(policy, options.profile, listing, {
        facts,
        history: historyOf(ecosystem, listing, facts),
        held: held.evidence,
        now,
        withheld: null,
        signatures: () => [],
      });
      const admitted = [...view.admitted].sort((a, b) => ecosystem.versions.compare(b, a));
      const verdict = admitted.length > 0 ? 'allow' : 'refuse';
      const first = [...view.files.values()][0]?.code;
      return {
        ...about,
        verdict,
        codes: verdict === 'allow' ? [] : [first ?? 'UNKNOWN_VERSION'],
        place: byName.place,
        admitted,
      };
    }
    const { profile } = options;
    const files = await checkVersion({ policy, profile, ecosystem, listing, facts, held, now, look }, wanted);
    const served = files.some(({ verdict }) => verdict === 'allow');
    const codes = served ? [] : [...new Set(files.flatMap((file) => file.codes))];
    return {
      ...about,
      verdict: served ? 'allow' : 'refuse',
      codes: served || codes.length > 0 ? codes : ['UNKNOWN_VERSION'],
      place: byName.place,
      files,
    };
  }
}

async function factsOf(reader: LedgerReader | null, id: PackageId): Promise<PackageFacts> {
  return reader ? readFacts(await reader.memory.packageFacts(id)) : new Map();
}

function lineOf(result: Checked): string {
  const what = result.version ? `${result.package}@${result.version}` : result.package;
  const place = result.place ? ` (${result.place})` : '';
  if (result.verdict === 'refuse') {
    const words = new Set(result.files?.flatMap((file) => file.words));
    const plain = result.codes.map((code) => `it ${wordsOf(code)} [${code}]`);
    return `refuse ${what}: ${(words.size > 0 ? [...words] : plain).join('; ')}${place}`;
  }
  const versions = result.admitted
    ? `: ${result.admitted.slice(0, 5).join(', ')}${result.admitted.length > 5 ? ', …' : ''}`
    : '';
  return `allow  ${what}${versions}${place}${evidenceOf(result.files ?? [])}`;
}

/** Who signed what is admitted, as far as its evidence verifies. */
function evidenceOf(files: readonly CheckedFile[]): string {
  const verdicts = files.filter(({ verdict }) => verdict === 'allow').flatMap(({ evidence }) => evidence);
  const parts = new Set<string>();
  for (const { check, result, signers } of verdicts) {
    if (result !== 'verified') continue;
    const by = signers.map((one) => shown(one.repository) ?? shown(one.subject) ?? 'an unreadable name');
    parts.add(check === 'provenance' ? `provenance of ${by.join(', ')}` : 'registry signature');
  }
  return parts.size > 0 ? `; verified: ${[...parts].join('; ')}` : '';
}
