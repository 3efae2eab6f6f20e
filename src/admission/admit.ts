import type { FileRoute } from '../ecosystems/ecosystem.ts';
import { servedEntry } from '../ledger/entry.ts';
import { LedgerError, type Receipt } from '../ledger/ledger.ts';
import type { ArtifactId } from '../model/artifact.ts';
import type { Digest } from '../model/digest.ts';
import type { FileFacts } from '../model/facts.ts';
import type { ListedFile } from '../model/listing.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { Verdict } from '../model/verdict.ts';
import { decide } from '../policy/decide.ts';
import { pinnedDigests } from '../policy/pins.ts';
import type { Policy } from '../policy/policy.ts';
import { type OpenArtifact, VaultDamaged } from '../vault/vault.ts';
import { checkDigests } from '../verify/integrity.ts';
import type { Acquired, Acquisition } from './acquire.ts';
import type { Answer, Asked, Refusal } from './admission.ts';
import type { PrefixBudget } from './budget.ts';
import type { FactsCache } from './facts.ts';
import type { Indexes, UsableIndex } from './indexes.ts';
import { admitName, isRefusal } from './names.ts';
import { nearestAllowed } from './nearest.ts';

import type { Ports } from './ports.ts';
import type { Basis, Recorder } from './record.ts';
import { codesOf, type Subject } from './refusal.ts';

/** A file that the policy admits by what its index claims: nothing is known of the bytes yet. */
export interface Resolved {
  readonly artifact: ArtifactId;
  readonly file: ListedFile;
  readonly facts: FileFacts;
  readonly index: UsableIndex;
  readonly quarantined: boolean;
  readonly policy: Policy;
  readonly place: string | null;
  readonly by: string | null;
  /** Gone upstream or too old: only an exact pin is served. */
  readonly pinsOnly: boolean;
}

/** Bytes that the policy admits, with every check's verdict. */
export interface Verified {
  readonly acquired: Acquired;
  readonly verdicts: readonly Verdict[];
  readonly basis: Basis;
}

/**
 * The life of a download. In order, and what is true after each step:
 *
 * 1. `resolve`: the name is admitted (before any upstream contact), we hold the index, the file is in it, and
 *    the policy admits it by version, age, declared digest and flags.
 * 2. `verify`: the bytes are here, whole, in quarantine or already in the vault; they were hashed, compared with
 *    every digest that names them, inspected as an archive, and the policy admits them over all verdicts.
 *    What it does not admit is discarded.
 * 3. The bytes are in the vault, durable, and open for reading by their digests.
 * 4. If the policy changed meanwhile, all of this is done again under the new one.
 * 5. The entry is in the ledger, durable, and with it the claim of the file's first digest.
 * 6. Only now is there an answer that can give a first byte.
 * 7. When it has ended, a second entry says served or aborted; nobody waits for it.
 */
export class Admitter {
  readonly #ports: Ports;
  readonly #indexes: Indexes;
  readonly #facts: FactsCache;
  readonly #recorder: Recorder;
  readonly #budget: PrefixBudget;
  readonly #acquisition: Acquisition;

  constructor(
    ports: Ports,
    indexes: Indexes,
    facts: FactsCache,
    recorder: Recorder,
    budget: PrefixBudget,
    acquisition: Acquisition,
  ) {
    this.#ports = ports;
    this.#indexes = indexes;
    this.#facts = facts;
    this.#recorder = recorder;
    this.#budget = budget;
    this.#acquisition = acquisition;
  }

  async admit(asked: Asked, route: FileRoute): Promise<Answer> {
    // A policy that changes again and again while one artifact is on its way is not worth waiting for.
    let earlier: { readonly index: Digest; readonly sha256: Digest } | null = null;
    for (let attempt = 0; attempt < 3; attempt++) {
      const resolved = await this.resolve(asked, route);
      if (isRefusal(resolved)) return { kind: 'refusal', refusal: resolved };
      // Under another policy these are still the bytes of this file, as long as its index is the same.
      const known = earlier?.index === resolved.index.digest ? earlier.sha256 : null;
      const verified = await this.verify(asked, resolved, known);
      if (isRefusal(verified)) return { kind: 'refusal', refusal: verified };
      const { acquired } = verified;
      earlier = { index: resolved.index.digest, sha256: acquired.sha256 };
      // Nobody kept it: another profile's fetch was refused. Ours fetches anew.
      if (!acquired.stored) continue;
      const open = await this.#ports.vault.open(acquired.stored);
      if (!open) continue;
      let answered = false;
      try {
        if (this.#ports.policy() !== resolved.policy) continue;
        const receipt = await this.record(asked, resolved, verified);
        if (isRefusal(receipt)) return { kind: 'refusal', refusal: receipt };
        answered = true;
        return this.#answer(asked, open, acquired, receipt);
      } finally {
        if (!answered) await open.close();
      }
    }
    return { kind: 'refusal', refusal: await this.overloaded(asked, route) };
  }

  /** The policy, or what others kept, changed under every attempt. */
  overloaded(asked: Asked, route: FileRoute): Promise<Refusal> {
    const subject = { ecosystem: asked.ecosystem.id, name: route.name };
    const basis = { policy: this.#ports.policy(), now: this.#ports.now() };
    return this.#recorder.refuse(asked, subject, ['OVERLOADED'], basis);
  }

  /** Step 1: everything that can be decided without the bytes. */
  async resolve(asked: Asked, route: FileRoute): Promise<Resolved | Refusal> {
    const ports = this.#ports;
    const id = { ecosystem: asked.ecosystem.id, name: route.name };
    const admitted = await admitName(ports, this.#recorder, this.#budget, asked, id);
    if (isRefusal(admitted)) return admitted;
    const { policy, place, by } = admitted;
    const index = await this.#indexes.get(id);
    if (!index)
      return this.#recorder.refuse(asked, id, ['NOT_ALLOWLISTED'], { policy, now: ports.now(), place, by });
    const [listed, facts] = await Promise.all([
      this.#indexes.at(index, () => ports.desk.file(index, route.filename)),
      ports.ledger.memory.fileFacts(id, route.filename),
    ]);
    const named = asked.ecosystem.parseFilename(route.name, route.filename);
    const file = listed.file ?? goneFile(route.filename, named, facts);
    const now = ports.now();
    const subject: Subject = {
      ...id,
      filename: route.filename,
      ...(named ? { version: named.version } : {}),
    };
    const basis: Basis = { policy, now, place, by, index: index.digest, facts };
    if (!file) {
      const code = facts.firstSeen === null ? 'UNKNOWN_VERSION' : 'WITHDRAWN_UPSTREAM';
      return this.#refuse(asked, subject, [code], basis, index);
    }
    const decision = decide(policy, asked.caller.profile, {
      stage: 'listing',
      ...id,
      file,
      quarantined: listed.quarantined,
      facts,
      now,
    });
    const full: Basis = {
      ...basis,
      file,
      quarantined: listed.quarantined,
      place: decision.place,
      by: decision.by,
    };
    if (decision.verdict !== 'allow') {
      if (codesOf(decision).includes('DIGEST_CHANGED')) this.#alarmDigest('digest-changed', subject);
      return this.#refuse(
        asked,
        subject,
        codesOf(decision),
        { ...full, eligibleAt: decision.eligibleAt },
        index,
      );
    }
    const pinsOnly = listed.file === null || index.condition !== 'current';
    if (pinsOnly && decision.by !== 'pin') {
      return this.#refuse(asked, subject, ['WITHDRAWN_UPSTREAM'], full, index);
    }
    return {
      artifact: { ...id, version: file.version, filename: file.filename },
      file,
      facts,
      index,
      quarantined: listed.quarantined,
      policy,
      place: decision.place,
      by: decision.by,
      pinsOnly,
    };
  }

  /** Step 2: the bytes, and the decision over every verdict on them. `known`: inspected as this very file. */
  async verify(asked: Asked, resolved: Resolved, known: Digest | null = null): Promise<Verified | Refusal> {
    const { artifact, file, facts } = resolved;
    const acquired = await this.#acquisition.acquire(
      artifact,
      file,
      facts.first?.sha256 ?? known,
      (bytes) => this.#judge(asked, resolved, bytes).decision.verdict === 'allow',
    );
    const { verdicts, decision, now } = this.#judge(asked, resolved, acquired);
    const basis: Basis = {
      policy: resolved.policy,
      now,
      place: decision.place,
      by: decision.by,
      index: resolved.index.digest,
      quarantined: resolved.quarantined,
      file,
      facts: { ...facts, findings: acquired.findings },
      digests: acquired,
      verdicts,
    };
    if (decision.verdict === 'allow') return { acquired, verdicts, basis };
    const codes = codesOf(decision);
    if (codes.includes('DIGEST_CHANGED')) this.#alarmDigest('digest-changed', artifact);
    if (codes.includes('DIGEST_MISMATCH')) this.#alarmDigest('digest-mismatch', artifact);
    return this.#refuse(
      asked,
      artifact,
      codes,
      { ...basis, eligibleAt: decision.eligibleAt },
      resolved.index,
    );
  }

  /** Step 5: the durable entry, which claims the first digest in the same transaction. */
  async record(asked: Asked, resolved: Resolved, verified: Verified): Promise<Receipt | Refusal> {
    const { artifact, facts, index } = resolved;
    const { acquired, basis } = verified;
    const { sha256, sha512, size, chunks } = acquired;
    try {
      const first = facts.first ? undefined : { artifact, sha256, sha512, size, chunks };
      const receipt = await this.#recorder.allow(asked, artifact, basis, first);
      if (first) this.#facts.forget(artifact);
      return receipt;
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== 'conflict') throw error;
      this.#alarmDigest('digest-changed', artifact);
      return this.#refuse(asked, artifact, ['DIGEST_CHANGED'], basis, index);
    }
  }

  #judge(asked: Asked, resolved: Resolved, acquired: Acquired) {
    const { artifact, file, facts, policy, quarantined } = resolved;
    const now = this.#ports.now();
    const profile = asked.caller.profile;
    const verdicts = [
      ...checkDigests(acquired, {
        declared: file.digests,
        size: file.size,
        pin: pinnedDigests(policy, profile, artifact.ecosystem, artifact.name, artifact.version),
        first: facts.first,
      }),
      ...acquired.archive,
    ];
    const decision = decide(policy, profile, {
      stage: 'download',
      ecosystem: artifact.ecosystem,
      name: artifact.name,
      file,
      quarantined,
      facts: { ...facts, findings: acquired.findings },
      now,
      sha256: acquired.sha256,
      sha512: acquired.sha512,
      verdicts,
    });
    return { verdicts, decision, now };
  }

  #answer(asked: Asked, open: OpenArtifact, acquired: Acquired, receipt: Receipt): Answer {
    return {
      kind: 'file',
      contentType: 'application/octet-stream',
      size: open.size,
      etag: `"${acquired.sha256.slice('sha256:'.length)}"`,
      entry: receipt.leaf,
      read: (start, end) => this.#read(asked, open, start, end),
      done: (outcome) => this.ended(asked, receipt, outcome, open),
    };
  }

  async *#read(asked: Asked, open: OpenArtifact, start: number, end: number): AsyncGenerator<Uint8Array> {
    try {
      yield* open.read(start, end);
    } catch (error) {
      if (error instanceof VaultDamaged) {
        const { ecosystem, route } = asked;
        const about = 'filename' in route ? { name: route.name, file: route.filename } : {};
        this.#ports.alarm('vault-damaged', { ecosystem: ecosystem.id, ...about });
      }
      throw error;
    }
  }

  /** Step 7. A failure here loses no decision; it is alarmed by the ledger port itself. */
  ended(
    asked: Asked,
    receipt: Receipt,
    outcome: { served: boolean; bytes: number },
    open?: OpenArtifact,
  ): void {
    void open?.close().catch(() => undefined);
    const entry = servedEntry({
      id: asked.requestId,
      time: this.#ports.now(),
      decision: receipt.seq,
      served: outcome.served,
      bytes: outcome.bytes,
    });
    this.#ports.ledger.append(entry).catch(() => undefined);
  }

  async #refuse(
    asked: Asked,
    subject: Subject,
    codes: readonly ReasonCode[],
    basis: Basis,
    index: UsableIndex,
  ): Promise<Refusal> {
    const nearest = await nearestAllowed(
      this.#ports,
      this.#indexes,
      this.#facts,
      asked,
      index,
      subject.version ?? null,
      codes.some((code) => code === 'DIGEST_MISMATCH' || code === 'SIZE_MISMATCH'),
    );
    return this.#recorder.refuse(asked, subject, codes, { ...basis, nearest });
  }

  #alarmDigest(kind: 'digest-changed' | 'digest-mismatch', subject: Subject): void {
    this.#ports.alarm(kind, {
      ecosystem: subject.ecosystem,
      name: subject.name,
      version: subject.version ?? '',
      file: subject.filename ?? '',
    });
  }
}

/** A file that left its index after we admitted it: described by our own memory alone. */
function goneFile(
  filename: string,
  named: { readonly version: string; readonly kind: ListedFile['kind'] } | null,
  facts: FileFacts,
): ListedFile | null {
  if (!named || !facts.first) return null;
  return {
    filename,
    version: named.version,
    kind: named.kind,
    url: '',
    digests: [facts.first.sha256, facts.first.sha512],
    size: null,
    claimedAt: facts.claimedAt,
    yanked: false,
    metadataDigest: null,
    installScripts: false,
    directUrls: false,
  };
}
