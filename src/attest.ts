import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evidenceWords } from './admission/evidence-words.ts';
import { type EvidenceFile, NoEvidence, readEvidenceFile } from './cli/evidence-file.ts';
import { type AttestVerifyOptions, EXIT } from './cli/program.ts';
import { type Config, ConfigError } from './config.ts';
import { ECOSYSTEMS } from './ecosystems/all.ts';
import { tarballName } from './ecosystems/npm/filenames.ts';
import type { LedgerReader } from './ledger/ledger.ts';
import { openLedgerReader } from './ledger/open.ts';
import { type ArtifactDigests, type Digest, parseDigest } from './model/digest.ts';
import { type EvidenceJob, type EvidenceVerdict, NO_BASELINE, type Signer } from './model/evidence.ts';
import { NO_FACTS } from './model/facts.ts';
import { shown } from './model/shown.ts';
import type { Identity } from './policy/profile.ts';
import { nearestSigner } from './policy/signers.ts';
import type { Output } from './trust-commands.ts';
import { loadTrust } from './trust-files.ts';
import { openEvidenceShelf } from './vault/evidence-shelf.ts';
import { checkEvidence } from './verify/evidence.ts';
import { openTrust } from './verify/trust.ts';

/**
 * `attest import FILE…`: puts evidence on the vault's shelf, under the digest of the artifact that it is about. A
 * document proves itself, so it does not matter how it came here; one that does not verify is not taken, but for a
 * retired key, of which only the index can say whether it still counts. Runs beside a running firewall.
 */
export async function attestImport(
  config: Config,
  paths: readonly string[],
  now: number,
  options: { readonly json?: true },
  { print, say }: Output,
): Promise<number> {
  const trust = openTrust((await loadTrust(config)).bytes);
  const shelf = openEvidenceShelf({ dir: vaultOf(config) });
  let refused = 0;
  for (const path of paths) {
    for (const { kind, bytes, artifact } of await documentsOf(path)) {
      const verdict = checkEvidence(trust, { kind, bytes, artifact, ...NOTHING_SEEN }, now);
      const digest = artifact.sha256 ?? artifact.sha512;
      const taken =
        digest !== undefined && (verdict.result === 'verified' || verdict.cause === 'key-retired');
      if (taken) await shelf.put(artifact, digest, kind, bytes);
      else refused++;
      if (options.json) print(JSON.stringify({ imported: taken, kind, ...subjectOf(artifact), verdict }));
      else print(`${taken ? 'imported' : 'refused '} ${lineOf(kind, artifact, verdict)}`);
    }
  }
  if (refused > 0) say(`sallyport: ${refused} not imported`);
  return refused > 0 ? EXIT.refused : EXIT.ok;
}

/**
 * `attest verify`: evidence from a file or from the vault, verified again, offline. With an artifact's bytes, or its
 * digest, it is held to them; without, to the digests that the ledger knows, or else to those that it names itself,
 * which is said.
 */
export async function attestVerify(
  config: Config,
  subject: string,
  now: number,
  options: AttestVerifyOptions,
  { print, say }: Output,
): Promise<number> {
  const trust = openTrust((await loadTrust(config)).bytes);
  const wanted = identityOf(options);
  const told = await toldDigests(options);
  const jobs =
    options.package === undefined
      ? (await documentsOf(subject)).map((file) => ({ ...file, ...NOTHING_SEEN, bound: 'itself' as const }))
      : await keptJobs(config, subject, options.package);
  if (jobs.length === 0) {
    say(`sallyport: no evidence is kept for ${subject}`);
    return EXIT.refused;
  }
  let failed = 0;
  for (const job of jobs) {
    const bound = told ? 'given' : job.bound;
    const artifact = told ? { ...withoutDigests(job.artifact), ...told } : job.artifact;
    const verdict = checkEvidence(trust, { ...job, artifact }, now);
    const difference = wanted && verdict.check === 'provenance' ? differenceOf(verdict, wanted) : null;
    const ok = verdict.result === 'verified' && difference === null;
    if (!ok) failed++;
    if (options.json) {
      const { kind } = job;
      print(
        JSON.stringify({ ok, kind, ...subjectOf(artifact), bound, verdict, difference, trust: trust.digest }),
      );
      continue;
    }
    print(`${ok ? 'verified' : 'refused '} ${lineOf(job.kind, artifact, verdict)}`);
    for (const signer of verdict.signers) print(`  ${signerLine(signer)}`);
    if (difference) print(`  ${difference}`);
    if (bound === 'itself') say('sallyport: not held to bytes: give --artifact FILE or --digest DIGEST');
  }
  return failed > 0 ? EXIT.refused : EXIT.ok;
}

const NOTHING_SEEN = { claimedAt: null, neverAbsent: false } as const;

type Job = EvidenceJob & { readonly bound: 'itself' | 'ledger' };

/** What the shelf has for `name@version`, with what the ledger remembers of the artifact, where it can be read. */
async function keptJobs(config: Config, subject: string, ecosystemId: string): Promise<Job[]> {
  const ecosystem = ECOSYSTEMS.find(({ id }) => id === ecosystemId);
  if (!ecosystem) throw new ConfigError(`--package is one of ${ECOSYSTEMS.map(({ id }) => id).join(', ')}`);
  const split = subject.lastIndexOf('@');
  const name = ecosystem.versions.canonicalName(subject.slice(0, split));
  const version = ecosystem.versions.parseVersion(subject.slice(split + 1));
  if (split <= 0 || !name || !version)
    throw new ConfigError(`${subject} is no NAME@VERSION of ${ecosystemId}`);
  const shelf = openEvidenceShelf({ dir: vaultOf(config) });
  const reader = await openLedgerReader({ dir: config.data }).catch(() => null);
  try {
    const jobs: Job[] = [];
    for (const ref of await shelf.of({ ecosystem: ecosystem.id, name })) {
      const bytes = await shelf.get(ref.document);
      if (!bytes) throw new NoEvidence(`${ref.document} is gone from the vault, or damaged`);
      if (ref.kind === 'npm-signatures') {
        // It names no version itself: it is of this one where the ledger says that the artifact is.
        const filename = tarballName(name, version);
        const { first } =
          (await reader?.memory.fileFacts({ ecosystem: ecosystem.id, name }, filename)) ?? NO_FACTS;
        if (first?.sha256 !== ref.artifact && first?.sha512 !== ref.artifact) continue;
        const artifact = { ecosystem: ecosystem.id, name, version, filename };
        jobs.push(await jobOf(reader, { kind: ref.kind, bytes, artifact }, ref.artifact));
        continue;
      }
      for (const file of readEvidenceFile(bytes)) {
        if (ecosystem.versions.compare(file.artifact.version, version) !== 0) continue;
        jobs.push(await jobOf(reader, file, ref.artifact));
      }
    }
    return jobs;
  } finally {
    await reader?.close();
  }
}

async function jobOf(reader: LedgerReader | null, file: EvidenceFile, digest: Digest): Promise<Job> {
  const own = digest.startsWith('sha256:') ? { sha256: digest } : { sha512: digest };
  const known = (await reader?.memory.artifactBy(digest)) ?? null;
  const digests = known ? { sha256: known.sha256, sha512: known.sha512 } : own;
  const { artifact } = file;
  const facts = (await reader?.memory.fileFacts(artifact, artifact.filename)) ?? NO_FACTS;
  return {
    ...file,
    artifact: { ...withoutDigests(artifact), ...digests },
    claimedAt: facts.claimedAt,
    neverAbsent: facts.firstSeen !== null && facts.lastAbsent === null,
    bound: known ? 'ledger' : 'itself',
  };
}

async function documentsOf(path: string): Promise<EvidenceFile[]> {
  const bytes = await readFile(path);
  try {
    return readEvidenceFile(bytes);
  } catch (error) {
    if (error instanceof NoEvidence) throw new NoEvidence(`${path}: ${error.message}`);
    throw error;
  }
}

async function toldDigests(options: AttestVerifyOptions): Promise<Partial<ArtifactDigests> | null> {
  if (options.artifact !== undefined) return hashed(options.artifact);
  if (options.digest === undefined) return null;
  const digest = parseDigest(options.digest);
  if (!digest) throw new ConfigError('--digest is sha256:… or sha512:…, in hex');
  return digest.startsWith('sha256:') ? { sha256: digest } : { sha512: digest };
}

async function hashed(path: string): Promise<ArtifactDigests> {
  const [sha256, sha512] = [createHash('sha256'), createHash('sha512')];
  for await (const piece of createReadStream(path)) {
    sha256.update(piece);
    sha512.update(piece);
  }
  return { sha256: `sha256:${sha256.digest('hex')}`, sha512: `sha512:${sha512.digest('hex')}` };
}

/** The signer that is asked for; null where none is. */
function identityOf(options: AttestVerifyOptions): Identity | null {
  const { repository, workflow, issuer, ref, environment, ownerId, subject } = options;
  const given = [repository, workflow, issuer, ref, environment, ownerId, subject];
  if (given.every((value) => value === undefined)) return null;
  return {
    repository: repository ?? null,
    workflow: workflow ?? null,
    issuer: issuer ?? null,
    ref: ref ?? null,
    environment: environment ?? null,
    ownerId: ownerId ?? null,
    subject: subject ?? null,
    triggers: null,
    selfHosted: false,
    predicate: null,
  };
}

function differenceOf({ check, signers }: EvidenceVerdict, wanted: Identity): string | null {
  const [difference] = nearestSigner(signers, wanted, NO_BASELINE)?.differences ?? [];
  if (!difference) return null;
  const [expected, found] = [shown(difference.expected), shown(difference.found)];
  return evidenceWords({
    check,
    field: difference.field,
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
  });
}

function lineOf(
  kind: string,
  artifact: EvidenceJob['artifact'],
  { documents, check, cause, code }: EvidenceVerdict,
): string {
  const why = cause ? `: ${evidenceWords({ check, cause })}${code ? ` [${code}]` : ''}` : '';
  return `${artifact.name}@${artifact.version} ${kind} ${documents[0] ?? ''}${why}`;
}

function signerLine({ predicate, repository, workflow, ref, issuer, subject }: Signer): string {
  const by = [repository ?? subject, workflow, ref, issuer].map(shown).filter((part) => part !== undefined);
  return `${predicate === 'slsa' ? 'built' : 'uploaded'} by ${by.join(' ')}`;
}

function subjectOf({ ecosystem, name, version, filename, sha256, sha512 }: EvidenceJob['artifact']) {
  return {
    ecosystem,
    name,
    version,
    ...(filename && { file: filename }),
    ...(sha256 && { sha256 }),
    ...(sha512 && { sha512 }),
  };
}

function withoutDigests({ ecosystem, name, version, filename }: EvidenceJob['artifact']) {
  return { ecosystem, name, version, filename };
}

function vaultOf(config: Config): string {
  return config.vault ?? join(config.data, 'vault');
}
