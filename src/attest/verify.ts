import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { NoEvidence } from '../cli/evidence-file.ts';
import { printable } from '../cli/ledger-line.ts';
import { type AttestVerifyOptions, EXIT } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { type ArtifactDigests, type Digest, parseDigest, sha256 } from '../model/digest.ts';
import { EVIDENCE_KINDS, type EvidenceVerdict } from '../model/evidence.ts';
import type { Identity } from '../policy/profile.ts';
import type { Output } from '../trust/commands.ts';
import { loadTrust } from '../trust/files.ts';
import { checkEvidence } from '../verify/evidence.ts';
import { openTrust, type Trust } from '../verify/trust.ts';
import { type EntryEvidence, entryEvidence } from './entry.ts';
import { evidenceIn } from './evidence-files.ts';
import { type Exhibit, NOTHING_SEEN } from './exhibit.ts';
import { keptExhibits } from './kept.ts';
import { proofOf, subjectOf, titleOf, whyOf } from './told.ts';
import { UsageError } from './usage.ts';
import { differenceOf, wantedSigner } from './wanted.ts';

/**
 * `attest verify`: evidence of a file, of the vault for `NAME@VERSION` (`--package`), or of a ledger entry (`--entry`),
 * verified again, offline. With an artifact's bytes, or its digest, it is held to them; else to the digests that the
 * entry has or the ledger knows, else to those that it names itself, which is said.
 *
 * Exit code 0: every document verifies, or comes to what the entry says; 1: one does not, or there is none.
 */
export async function attestVerify(
  config: Config,
  subject: string | undefined,
  now: number,
  options: AttestVerifyOptions,
  output: Output,
): Promise<number> {
  try {
    return await verifyAll(config, subject, now, options, output);
  } catch (error) {
    if (error instanceof UsageError || error instanceof NoEvidence) {
      output.say(`sallyport: ${printable(error.message)}`);
      return error instanceof UsageError ? EXIT.usage : EXIT.refused;
    }
    throw error;
  }
}

async function verifyAll(
  config: Config,
  subject: string | undefined,
  now: number,
  options: AttestVerifyOptions,
  { print, say }: Output,
): Promise<number> {
  if ((subject === undefined) === (options.entry === undefined))
    throw new UsageError('say either what to verify, or --entry ENTRY');
  if (options.artifact !== undefined && options.digest !== undefined)
    throw new UsageError('--artifact and --digest are the same thing: give one of them');
  const wanted = wantedSigner(options);
  const told = await toldDigests(options);
  const trust = openTrust((await loadTrust(config)).bytes);
  const { exhibits, entry } = await exhibitsOf(config, subject, options, { trust, now, say });
  if (exhibits.length === 0) {
    say(`sallyport: ${entry ? 'the entry names no evidence' : 'no evidence is kept for it'}`);
    return EXIT.refused;
  }
  if (entry?.cut) say('sallyport: the entry had no room for all of its evidence: there was more');
  for (const line of trustWords(entry, trust.digest)) say(line);

  const moment = entry?.time ?? now;
  const results = exhibits.map((exhibit) => {
    const then = entry && exhibit.before?.trust ? entry.trusted.get(exhibit.before.trust) : null;
    const result = verified(then ?? trust, held(exhibit, told), moment, wanted);
    // A signer that was asked for is the same under either: what is told is what the other trust makes of it.
    const other = then && then.digest !== trust.digest && exhibit.bytes;
    return { ...result, today: other ? verified(trust, held(exhibit, told), moment, null) : null };
  });
  for (const result of results) {
    if (options.json) print(jsonOf(result, entry));
    else for (const line of linesOf(result)) print(line);
  }
  if (results.some(({ exhibit }) => exhibit.bound === 'itself'))
    say('sallyport: not held to bytes: give --artifact FILE or --digest DIGEST');
  const signed = results.some(({ exhibit, ok }) => ok && EVIDENCE_KINDS[exhibit.kind] === 'provenance');
  if (wanted && !signed) say('sallyport: nothing here is provenance of the signer that is asked for');
  return results.every(({ ok }) => ok) && (signed || !wanted) ? EXIT.ok : EXIT.refused;
}

async function exhibitsOf(
  config: Config,
  subject: string | undefined,
  options: AttestVerifyOptions,
  how: Parameters<typeof keptExhibits>[3],
): Promise<{ readonly exhibits: readonly Exhibit[]; readonly entry: EntryEvidence | null }> {
  if (subject === undefined) {
    const entry = await entryEvidence(config, options.entry ?? '');
    if (!entry) throw new NoEvidence(`there is no entry ${options.entry}`);
    return { exhibits: entry.exhibits, entry };
  }
  if (options.package !== undefined)
    return { exhibits: await keptExhibits(config, subject, options.package, how), entry: null };
  const exhibits = (await evidenceIn(subject)).map(
    (file): Exhibit => ({ ...file, ...NOTHING_SEEN, document: sha256(file.bytes), bound: 'itself' }),
  );
  return { exhibits, entry: null };
}

/** An exhibit held to the digests that were given, where any were. */
function held(exhibit: Exhibit, told: Partial<ArtifactDigests> | null): Exhibit {
  if (!told) return exhibit;
  const { ecosystem, name, version, filename } = exhibit.artifact;
  return { ...exhibit, artifact: { ecosystem, name, version, filename, ...told }, bound: 'given' };
}

interface Verified {
  readonly exhibit: Exhibit;
  /** Digest of what was trusted for it. */
  readonly trust: Digest;
  /** null where there is no document to be verified. */
  readonly verdict: EvidenceVerdict | null;
  readonly ok: boolean;
  /** What is wrong, or odd; null for nothing. */
  readonly problem: string | null;
}

/** Verified under the trust of then; `today` is what the one of now makes of it, null where that is the same one. */
interface VerifiedAgain extends Verified {
  readonly today: Verified | null;
}

/** Under what an entry was decided, where that is not what is trusted now, and what is made of that: words for people. */
function trustWords(entry: EntryEvidence | null, today: Digest): string[] {
  return [...(entry?.trusted ?? [])].flatMap(([then, kept]) => {
    if (then === today) return [];
    const what = `sallyport: the entry was decided under trust ${then}`;
    return kept
      ? `${what}, which the vault has kept: verified under that; today's is ${today}`
      : `${what}, which the vault does not have, or not so that it can be used; verified now under ${today}`;
  });
}

function verified(under: Trust, exhibit: Exhibit, now: number, wanted: Identity | null): Verified {
  const { bytes, before } = exhibit;
  const trust = under.digest;
  if (!bytes) {
    const why =
      before && before.result !== 'verified'
        ? 'was not kept, because it did not verify'
        : exhibit.refused
          ? 'was not kept, because the file was refused'
          : 'is gone, or damaged';
    return { exhibit, trust, verdict: null, ok: false, problem: `the document ${why}` };
  }
  const verdict = checkEvidence(under, { ...exhibit, bytes }, now);
  const good = verdict.result === 'verified';
  if (before && (before.result === 'verified') !== good) {
    const problem = `it was ${before.result} when the entry was written${verdict.cause ? `, and now ${whyOf(verdict)}` : ''}`;
    return { exhibit, trust, verdict, ok: false, problem };
  }
  if (!good) return { exhibit, trust, verdict, ok: before !== undefined, problem: whyOf(verdict) };
  const difference = wanted && verdict.check === 'provenance' ? differenceOf(verdict, wanted) : null;
  return { exhibit, trust, verdict, ok: difference === null, problem: difference ?? whyOf(verdict) };
}

function linesOf({ exhibit, verdict, ok, problem, today }: VerifiedAgain): string[] {
  const is = verdict?.result === 'verified' && ok ? 'verified' : 'refused ';
  const proof = verdict?.result === 'verified' ? proofOf(exhibit, verdict) : [];
  const lines = today ? [...proof, todayWords(today)] : proof;
  return [`${is} ${titleOf(exhibit)}${problem ? `: ${problem}` : ''}`, ...lines.map((line) => `  ${line}`)];
}

function todayWords({ ok, problem }: Verified): string {
  return ok
    ? 'under what is trusted today it comes to the same'
    : `not under what is trusted today: ${problem}`;
}

function jsonOf(
  { exhibit, trust, verdict, ok, problem, today }: VerifiedAgain,
  entry: EntryEvidence | null,
): string {
  const { kind, document, artifact, bound, before } = exhibit;
  return JSON.stringify({
    ok,
    kind,
    document,
    ...subjectOf(artifact),
    bound,
    verdict,
    problem,
    trust,
    ...(today && { today: { ok: today.ok, trust: today.trust, problem: today.problem } }),
    ...(entry && { before: { ...before, time: new Date(entry.time).toISOString() } }),
  });
}

async function toldDigests(options: AttestVerifyOptions): Promise<Partial<ArtifactDigests> | null> {
  if (options.artifact !== undefined) return hashed(options.artifact);
  if (options.digest === undefined) return null;
  const digest = parseDigest(options.digest);
  if (!digest) throw new UsageError('--digest is sha256:… or sha512:…, in hex');
  return digest.startsWith('sha256:') ? { sha256: digest } : { sha512: digest };
}

/** Both digests of a file's bytes, read in pieces: an artifact may be of any size. */
async function hashed(path: string): Promise<ArtifactDigests> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw new UsageError(`--artifact ${path}: this is not a file`);
    const [sha256, sha512] = [createHash('sha256'), createHash('sha512')];
    for await (const piece of file.createReadStream({ autoClose: false })) {
      sha256.update(piece);
      sha512.update(piece);
    }
    return { sha256: digest('sha256', sha256), sha512: digest('sha512', sha512) };
  } finally {
    await file.close();
  }
}

function digest(algorithm: 'sha256' | 'sha512', hash: ReturnType<typeof createHash>): Digest {
  return `${algorithm}:${hash.digest('hex')}`;
}
