import type { Ecosystem } from '../../ecosystems/ecosystem.ts';
import { type ArtifactDigests, type Digest, sha256 } from '../../model/digest.ts';
import {
  type Cause,
  codeOfCause,
  EVIDENCE,
  EVIDENCE_KINDS,
  type EvidenceJob,
  type EvidenceKind,
  type EvidenceName,
  type EvidenceSet,
  type EvidenceVerdict,
  type RegistrySignature,
} from '../../model/evidence.ts';
import type { FileFacts } from '../../model/facts.ts';
import type { ListedFile } from '../../model/listing.ts';
import { Flights } from '../../upstream/flights.ts';
import { type Source, UpstreamFault } from '../../upstream/upstream.ts';
import type { EvidenceRef, Vault } from '../../vault/vault.ts';
import type { Ports } from '../ports.ts';
import { heldOf } from './held.ts';
import { type EvidenceAnswer, RecentAnswers } from './recent-answers.ts';
import { VerdictMemory } from './verdict-memory.ts';

/** The artifact whose evidence is looked at: by digests that we computed, or, for a check without bytes, were told. */
export interface Exhibit {
  readonly artifact: EvidenceJob['artifact'];
  readonly ecosystem: Ecosystem;
  /** Of the index that lists it. */
  readonly source: Source;
  readonly file: ListedFile;
  readonly facts: FileFacts;
}

/** The verdicts of one look, and the trust under which they were given. */
export interface Looked {
  readonly verdicts: readonly EvidenceVerdict[];
  readonly trust: Digest;
  /** Nothing is left to be looked at: what is kept here and what the index claims was. */
  readonly complete: boolean;
  /** Documents of the index's that verified, and that the shelf does not have. */
  readonly unkept: readonly Unkept[];
}

interface Unkept {
  readonly kind: EvidenceKind;
  readonly bytes: Uint8Array;
  /** sha256 of the bytes. */
  readonly document: Digest;
}

interface Claimed {
  readonly verdict: EvidenceVerdict;
  readonly document?: Unkept;
}

/** Another trust root came into force: the verdicts of this look are of two. */
class TrustChanged extends Error {
  override readonly name = 'TrustChanged';
}

/** What a look touches. */
export interface EvidencePorts extends Pick<Ports, 'now' | 'evidence' | 'upstream' | 'fault'> {
  readonly vault: Pick<Vault, 'evidence'>;
}

interface Look {
  readonly verdict: EvidenceVerdict;
  readonly complete: boolean;
  readonly unkept: readonly Unkept[];
}

/**
 * Gathers the evidence of one artifact and has it checked. What is kept here comes first, because a document proves
 * itself; the upstream is asked only for what its index claims. `absent` is said only of what nobody claims.
 */
export class Evidence {
  readonly #ports: EvidencePorts;
  readonly #memory = new VerdictMemory();
  readonly #flights = new Flights<string, EvidenceAnswer>();
  readonly #answers = new RecentAnswers();

  constructor(ports: EvidencePorts) {
    this.#ports = ports;
  }

  /**
   * One verdict for each kind that `asked` names. `wide`: the upstream is asked even where what is kept here
   * verifies, because the policy did not take its signer. Rejects where the vault or the thread fails.
   */
  async look(exhibit: Exhibit, asked: EvidenceSet, wide: boolean): Promise<Looked> {
    // A trust root that changes meanwhile would make one outcome out of two: then all is looked at again.
    for (let attempt = 0; attempt < 3; attempt++) {
      const trust = this.#ports.evidence.trust();
      try {
        return await this.#look(exhibit, asked, wide, trust);
      } catch (error) {
        if (!(error instanceof TrustChanged)) throw error;
      }
    }
    throw new UpstreamFault('OVERLOADED', 'the trust root changes again and again');
  }

  /**
   * Keeps what verified and is not kept yet, so that an auditor can verify it again: durable when it resolves. Asked
   * for what the policy admits only, or a registry could fill the shelf with documents that nobody wants.
   */
  async keep({ artifact, file }: Exhibit, { unkept }: Looked): Promise<void> {
    for (const { kind, bytes } of unkept) {
      // By the digest that the index declares, so that a listing finds it.
      const declared = file.digests.find((digest) => isOf(artifact, digest));
      const digest = declared ?? artifact.sha256 ?? artifact.sha512;
      if (!digest) throw new Error('evidence of an artifact without a digest');
      await this.#ports.vault.evidence.put(artifact, digest, kind, bytes);
    }
  }

  async #look(exhibit: Exhibit, asked: EvidenceSet, wide: boolean, trust: Digest): Promise<Looked> {
    const { refs } = await heldOf(this.#ports.vault, exhibit.artifact);
    const kept = refs.filter(({ artifact }) => isOf(exhibit.artifact, artifact));
    const looks: Look[] = [];
    for (const check of EVIDENCE) {
      if (asked[check]) looks.push(await this.#kind(check, exhibit, kept, wide, trust));
    }
    if (this.#ports.evidence.trust() !== trust) throw new TrustChanged();
    const unkept = looks.flatMap(({ unkept }) => unkept);
    return {
      verdicts: looks.map(({ verdict }) => verdict),
      trust,
      complete: looks.every(({ complete }) => complete),
      unkept: unkept.filter(({ document }) => !kept.some((ref) => ref.document === document)),
    };
  }

  async #kind(
    check: EvidenceName,
    exhibit: Exhibit,
    kept: readonly EvidenceRef[],
    wide: boolean,
    trust: Digest,
  ): Promise<Look> {
    const found: EvidenceVerdict[] = [];
    for (const ref of kept) {
      if (EVIDENCE_KINDS[ref.kind] === check) found.push(await this.#kept(exhibit, ref, trust));
    }
    if (!wide && found.some(isVerified)) {
      return { verdict: together(check, found), complete: false, unkept: [] };
    }
    const claimed = await this.#claimed(check, exhibit, trust);
    if (!claimed) return { verdict: together(check, found), complete: true, unkept: [] };
    const { verdict, document } = claimed;
    return {
      verdict: together(check, [verdict, ...found]),
      complete: true,
      unkept: document && isVerified(verdict) ? [document] : [],
    };
  }

  /** A document of the shelf. One that has gone or is damaged is no evidence. */
  async #kept(exhibit: Exhibit, ref: EvidenceRef, trust: Digest): Promise<EvidenceVerdict> {
    const job = jobOf(exhibit, ref.kind);
    const remembered = this.#memory.get({ job, document: ref.document, trust, now: this.#ports.now() });
    if (remembered) return remembered;
    const bytes = await this.#ports.vault.evidence.get(ref.document);
    if (!bytes) return unproven(EVIDENCE_KINDS[ref.kind], 'failed', 'not-there');
    return this.#checked(exhibit, ref.kind, bytes, trust);
  }

  /** What the index claims; null where it claims nothing. */
  async #claimed(check: EvidenceName, exhibit: Exhibit, trust: Digest): Promise<Claimed | null> {
    const { signed, signatures, attestations } = exhibit.file.evidence;
    const checked = async (kind: EvidenceKind, bytes: Uint8Array): Promise<Claimed> => ({
      verdict: await this.#checked(exhibit, kind, bytes, trust),
      document: { kind, bytes, document: sha256(bytes) },
    });
    if (check === 'registry-signature') {
      if (!signed) return null;
      if (signatures.length === 0) return { verdict: unproven(check, 'failed', 'malformed') };
      return checked('npm-signatures', signaturesDocument(signatures));
    }
    if (attestations === null) return null;
    const fetched = await this.#fetched(exhibit, attestations);
    if (typeof fetched !== 'string') return checked(exhibit.ecosystem.attestations.kind, fetched);
    const result = fetched === 'not-there' || fetched === 'too-large' ? 'failed' : 'unchecked';
    return { verdict: unproven(check, result, fetched) };
  }

  /** The upstream's document, by one request for all who ask, or why there is none. */
  #fetched(exhibit: Exhibit, address: string): Promise<EvidenceAnswer> {
    const { artifact, source } = exhibit;
    const key = [source.id, artifact.ecosystem, artifact.name, artifact.filename, address].join('\n');
    const recent = this.#answers.get(key, this.#ports.now());
    if (recent) return Promise.resolve(recent);
    return this.#flights.run(key, async () => {
      const answer = await this.#ask(exhibit, address);
      this.#answers.put(key, answer, this.#ports.now());
      return answer;
    });
  }

  async #ask({ artifact, ecosystem, source }: Exhibit, address: string): Promise<EvidenceAnswer> {
    const { upstream } = this.#ports;
    try {
      const indexPath = ecosystem.indexRequest(artifact.name).path;
      const { accept } = ecosystem.attestations;
      const bytes = await upstream.evidence(source, address, indexPath, accept);
      return bytes ?? 'not-there';
    } catch (error) {
      if (!(error instanceof UpstreamFault)) throw error;
      const { code } = error;
      this.#ports.fault(error, { code, ecosystem: artifact.ecosystem, name: artifact.name });
      if (code === 'UPSTREAM_ORIGIN') return 'foreign-origin';
      return code === 'TOO_LARGE' ? 'too-large' : 'unreachable';
    }
  }

  async #checked(
    exhibit: Exhibit,
    kind: EvidenceKind,
    bytes: Uint8Array,
    trust: Digest,
  ): Promise<EvidenceVerdict> {
    const job = { ...jobOf(exhibit, kind), bytes };
    const about = { job, document: sha256(bytes), now: this.#ports.now() };
    const remembered = this.#memory.get({ ...about, trust });
    if (remembered) return remembered;
    const checked = await this.#ports.evidence.check(job);
    if (checked.trust !== trust) throw new TrustChanged();
    this.#memory.put({ ...about, trust }, checked.verdict);
    return checked.verdict;
  }
}

/** The document that stands for an index's signatures: the same signatures are the same bytes. */
export function signaturesDocument(signatures: readonly RegistrySignature[]): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({ signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })) }),
  );
}

function jobOf({ artifact, file, facts }: Exhibit, kind: EvidenceKind): Omit<EvidenceJob, 'bytes'> {
  const times = [file.claimedAt, facts.claimedAt].filter((time) => time !== null);
  return {
    artifact,
    kind,
    claimedAt: times.length > 0 ? Math.max(...times) : null,
    neverAbsent: facts.firstSeen !== null && facts.lastAbsent === null,
  };
}

/**
 * One verdict of several documents: any that verifies proves the artifact, with all who signed one. Otherwise the
 * first that does not, which is the upstream's own; `absent` where there was none.
 */
export function together(check: EvidenceName, found: readonly EvidenceVerdict[]): EvidenceVerdict {
  const verified = found.filter(isVerified);
  const [first, ...others] = verified.length > 0 ? verified : found.slice(0, 1);
  if (!first) {
    const code = check === 'provenance' ? 'PROVENANCE_MISSING' : 'SIGNATURE_MISSING';
    return { check, result: 'absent', code, signers: [], documents: [] };
  }
  if (others.length === 0) return first;
  const { cause: _, ...plain } = first;
  // That a key has been retired is worth recording only where nothing better signed.
  const retired = verified.every((one) => one.cause === 'key-retired');
  return {
    ...(retired ? first : plain),
    signers: verified.flatMap(({ signers }) => signers),
    documents: [...new Set(verified.flatMap(({ documents }) => documents))],
  };
}

function isVerified({ result }: EvidenceVerdict): boolean {
  return result === 'verified';
}

function unproven(check: EvidenceName, result: 'failed' | 'unchecked', cause: Cause): EvidenceVerdict {
  return { check, result, code: codeOfCause(check, cause), cause, signers: [], documents: [] };
}

function isOf({ sha256, sha512 }: Partial<ArtifactDigests>, digest: Digest): boolean {
  return digest === sha256 || digest === sha512;
}
