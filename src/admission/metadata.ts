import type { FileRoute } from '../ecosystems/ecosystem.ts';
import type { Receipt } from '../ledger/ledger.ts';
import { type Digest, parseDigest, sha256 } from '../model/digest.ts';
import { decide } from '../policy/decide.ts';
import { isMetadataWaived } from '../policy/judge/waivers.ts';
import { Flights } from '../upstream/flights.ts';
import { UpstreamFault } from '../upstream/upstream.ts';
import { inspectMetadata } from '../verify/pypi/metadata.ts';
import type { Answer, Asked, Refusal } from './admission.ts';
import type { Admitter } from './admit.ts';
import { type Examiner, isInForce, type Verified } from './examine.ts';
import type { Ports } from './ports.ts';
import { type Basis, type Recorder, said } from './record.ts';
import { isRefusal } from './refusal.ts';
import { askedOf, type Resolved, type Resolver } from './resolve.ts';

/** Bytes of a `.metadata` document: core metadata is text and small (PEP 658). */
const MAX_METADATA = 4 * 1024 ** 2;

/**
 * A wheel's `.metadata` (PEP 658): what the index declared with a digest, fetched and compared; otherwise cut
 * from the wheel, after the wheel itself was admitted. Either way by the decision that the wheel gets.
 */
export class MetadataAdmitter {
  readonly #ports: Ports;
  readonly #resolver: Resolver;
  readonly #examiner: Examiner;
  readonly #admitter: Admitter;
  readonly #recorder: Recorder;
  readonly #flights = new Flights<string, Uint8Array>();

  constructor(ports: Ports, recorder: Recorder, resolver: Resolver, examiner: Examiner, admitter: Admitter) {
    this.#ports = ports;
    this.#recorder = recorder;
    this.#resolver = resolver;
    this.#examiner = examiner;
    this.#admitter = admitter;
  }

  async admit(asked: Asked, route: FileRoute): Promise<Answer> {
    // As with artifacts: under a policy or a trust root that changed meanwhile it is decided again.
    for (let attempt = 0; attempt < 3; attempt++) {
      const resolved = await this.#resolver.resolve(asked, route);
      if (isRefusal(resolved)) return { kind: 'refusal', refusal: resolved };
      const declared = believed(asked, resolved);
      const cut = await (declared ? this.#declared(asked, resolved, declared) : this.#cut(asked, resolved));
      if (cut === 'again') continue;
      if (isRefusal(cut)) return { kind: 'refusal', refusal: cut };
      if (!isInForce(this.#ports, resolved, cut.verified)) continue;
      const receipt = await cut.record();
      if (receipt === 'again') continue;
      if (isRefusal(receipt)) return { kind: 'refusal', refusal: receipt };
      const { bytes, digest } = cut;
      return {
        kind: 'file',
        contentType: 'application/octet-stream',
        size: bytes.byteLength,
        etag: `"${digest.slice('sha256:'.length)}"`,
        entry: receipt.leaf,
        async *read(start, end) {
          yield bytes.subarray(start, end);
        },
        done: (outcome) => this.#admitter.ended(asked, receipt, outcome),
      };
    }
    return { kind: 'refusal', refusal: await this.#admitter.overloaded(asked, route) };
  }

  async #declared(asked: Asked, resolved: Resolved, declared: Digest): Promise<Cut | Refusal> {
    const kept = await this.#ports.vault.getDocument(declared);
    const bytes = kept ?? (await this.#fetched(asked, resolved, declared));
    if (sha256(bytes) !== declared) {
      const { ecosystem, name, version, filename: file } = resolved.artifact;
      this.#ports.alarm('digest-mismatch', { ecosystem, name, version, file: `${file}.metadata` });
      const basis = basisOf(resolved, this.#ports.now());
      return this.#recorder.refuse(asked, resolved.artifact, ['DIGEST_MISMATCH'], basis);
    }
    return this.#judge(asked, resolved, declared, bytes);
  }

  /** What the upstream gives for it, by one fetch for all who ask; kept where it is what was declared. */
  #fetched(asked: Asked, { artifact, file, source }: Resolved, declared: Digest): Promise<Uint8Array> {
    const ports = this.#ports;
    const key = [source.id, artifact.ecosystem, artifact.name, artifact.filename, declared].join('\n');
    return this.#flights.run(key, async () => {
      const pieces: Uint8Array[] = [];
      await ports.upstream.file(
        source,
        `${file.url}.metadata`,
        {
          maxBytes: MAX_METADATA,
          indexPath: asked.ecosystem.indexRequest(artifact.name).path,
          signal: ports.closing,
        },
        async (chunk) => {
          pieces.push(Uint8Array.from(chunk));
        },
      );
      const bytes = Buffer.concat(pieces);
      if (sha256(bytes) === declared) await ports.vault.putDocument(bytes);
      return bytes;
    });
  }

  /** A resolver acts on this document before anybody has seen the wheel: it is held to what the wheel's own is. */
  async #judge(
    asked: Asked,
    resolved: Resolved,
    declared: Digest,
    bytes: Uint8Array,
  ): Promise<Cut | Refusal> {
    const { artifact, policy } = resolved;
    const shown = inspectMetadata(bytes, artifact);
    // Findings of none would say that the wheel was looked at, and declares no licence.
    const before = resolved.facts.findings;
    const findings = shown.length > 0 ? [...(before ?? []), ...shown] : before;
    const facts = { ...resolved.facts, findings };
    const now = this.#ports.now();
    const decision = decide(policy, asked.caller.profile, { ...askedOf(resolved, now), facts });
    const basis: Basis = { ...basisOf(resolved, now), ...said(decision), facts };
    if (decision.verdict !== 'allow') {
      return this.#recorder.refuse(asked, artifact, decision.reasons, basis);
    }
    const record = () => this.#recorder.allow(asked, artifact, basis);
    return { bytes, digest: declared, verified: null, record };
  }

  async #cut(asked: Asked, resolved: Resolved): Promise<Cut | Refusal | 'again'> {
    // What was cut may have left the vault before its wheel did: then it is cut again.
    for (const anew of [false, true]) {
      const verified = await this.#examiner.examine(asked, resolved, { anew });
      if (isRefusal(verified)) return verified;
      // Nobody kept the wheel: another profile's fetch was refused. Ours fetches anew.
      if (!verified.acquired.stored) return 'again';
      const digest = verified.acquired.metadata ? parseDigest(`sha256:${verified.acquired.metadata}`) : null;
      const bytes = digest ? await this.#ports.vault.getDocument(digest) : null;
      if (!bytes || !digest) continue;
      // The wheel itself was admitted: this claims its first digest, and the wheel's own request finds it kept.
      return { bytes, digest, verified, record: () => this.#admitter.record(asked, resolved, verified) };
    }
    throw new UpstreamFault('UPSTREAM_FAULT', 'the wheel has no METADATA that we kept');
  }
}

interface Cut {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  /** The wheel that it was cut from; null where nobody has seen it. */
  readonly verified: Verified | null;
  /** Makes the entry durable; a refusal where the file has another first digest; `again` as `Admitter.record`. */
  record(): Promise<Receipt | Refusal | 'again'>;
}

/**
 * The digest of the document that may stand for the wheel's own METADATA; null where that itself is to be served, for it
 * is known, or a waiver lifts that the two disagree: that one is of the wheel, and the index can declare another document
 * any day.
 */
function believed({ caller }: Asked, { policy, artifact, file, facts }: Resolved): Digest | null {
  const { ecosystem, name, version } = artifact;
  if (facts.metadata || isMetadataWaived(policy, caller.profile, ecosystem, name, version)) return null;
  return file.metadataDigest;
}

function basisOf(resolved: Resolved, now: number): Basis {
  return {
    policy: resolved.policy,
    now,
    place: resolved.place,
    by: resolved.by,
    index: resolved.index.digest,
    quarantined: resolved.quarantined,
    file: resolved.file,
    facts: resolved.facts,
    held: resolved.held,
    baseline: resolved.baseline,
    above: resolved.above,
    change: askedOf(resolved, now).change,
    taken: resolved.taken,
    feed: resolved.feed,
    advisories: resolved.advisories,
  };
}
