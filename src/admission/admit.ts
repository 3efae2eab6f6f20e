import type { FileRoute } from '../ecosystems/ecosystem.ts';
import { servedEntry } from '../ledger/entry.ts';
import { LedgerError, type Receipt } from '../ledger/ledger.ts';
import type { Digest } from '../model/digest.ts';
import { type CarriedEvidence, EVIDENCE } from '../model/evidence.ts';
import { type OpenArtifact, VaultDamaged } from '../vault/vault.ts';
import type { Acquired } from './acquire.ts';
import type { Answer, Asked, Refusal } from './admission.ts';
import { type Examiner, isInForce, type Verified } from './examine.ts';
import type { FactsCache } from './facts.ts';
import type { Ports } from './ports.ts';
import type { Recorder } from './record.ts';
import { isRefusal } from './refusal.ts';
import type { FileRefuser } from './refuse-file.ts';
import type { Resolved, Resolver } from './resolve.ts';

/**
 * The life of a download. In order, and what is true after each step:
 *
 * 1. `resolve`: the name is admitted (before any upstream contact), we hold the index, the file is in it, and
 *    the policy admits it by version, age, declared digest and flags.
 * 2. `examine`: the bytes are here, whole, in quarantine or already in the vault; they were hashed, compared with
 *    every digest that names them, inspected as an archive, their evidence was verified, and the policy admits them
 *    over all verdicts.
 *    What it does not admit is discarded.
 * 3. The bytes are in the vault, durable, and open for reading by their digests.
 * 4. If the policy or the trust root changed meanwhile, all of this is done again under the new one; and so where the entry
 *    finds that another distribution was admitted with one of its places since.
 * 5. `record`: the entry is in the ledger, durable, and with it the claim of the file's first digest.
 * 6. Only now is there an answer that can give a first byte.
 * 7. `ended`: a second entry says served or aborted; nobody waits for it.
 */
export class Admitter {
  readonly #ports: Ports;
  readonly #facts: FactsCache;
  readonly #recorder: Recorder;
  readonly #refuser: FileRefuser;
  readonly #resolver: Resolver;
  readonly #examiner: Examiner;

  constructor(
    ports: Ports,
    facts: FactsCache,
    recorder: Recorder,
    refuser: FileRefuser,
    resolver: Resolver,
    examiner: Examiner,
  ) {
    this.#ports = ports;
    this.#facts = facts;
    this.#recorder = recorder;
    this.#refuser = refuser;
    this.#resolver = resolver;
    this.#examiner = examiner;
  }

  async admit(asked: Asked, route: FileRoute): Promise<Answer> {
    // A policy or trust that changes again and again while one artifact is on its way is not worth waiting for.
    let earlier: { readonly index: Digest; readonly sha256: Digest } | null = null;
    for (let attempt = 0; attempt < 3; attempt++) {
      const resolved = await this.#resolver.resolve(asked, route);
      if (isRefusal(resolved)) return { kind: 'refusal', refusal: resolved };
      // Under another policy these are still the bytes of this file, as long as its index is the same.
      const known = earlier?.index === resolved.index.digest ? earlier.sha256 : null;
      const verified = await this.#examiner.examine(asked, resolved, { known });
      if (isRefusal(verified)) return { kind: 'refusal', refusal: verified };
      const { acquired } = verified;
      earlier = { index: resolved.index.digest, sha256: acquired.sha256 };
      // Nobody kept it: another profile's fetch was refused. Ours fetches anew.
      if (!acquired.stored) continue;
      const open = await this.#ports.vault.open(acquired.stored);
      if (!open) continue;
      let answered = false;
      try {
        if (!isInForce(this.#ports, resolved, verified)) continue;
        const receipt = await this.record(asked, resolved, verified);
        if (receipt === 'again') continue;
        if (isRefusal(receipt)) return { kind: 'refusal', refusal: receipt };
        answered = true;
        return this.#answer(asked, open, acquired, receipt);
      } finally {
        if (!answered) await open.close();
      }
    }
    return { kind: 'refusal', refusal: await this.overloaded(asked, route) };
  }

  /** The policy, the trust, or what others kept, changed under every attempt. */
  overloaded(asked: Asked, route: Pick<FileRoute, 'name'>): Promise<Refusal> {
    const subject = { ecosystem: asked.ecosystem.id, name: route.name };
    const basis = { policy: this.#ports.policy(), now: this.#ports.now() };
    return this.#recorder.refuse(asked, subject, ['OVERLOADED'], basis);
  }

  /**
   * Step 5: the durable entry, which claims the first digest, the baseline and the places in the same transaction. `again`: another
   * distribution was admitted with one of the places since that was looked up.
   */
  async record(asked: Asked, resolved: Resolved, verified: Verified): Promise<Receipt | Refusal | 'again'> {
    const { artifact, facts, index } = resolved;
    const { acquired, basis } = verified;
    const { sha256, sha512, size, chunks } = acquired;
    try {
      const first = facts.first || verified.observed ? undefined : { artifact, sha256, sha512, size, chunks };
      const carried = newlyCarried(facts.carried, verified.carried);
      const claims = { first, carried: carried ? { artifact, ...carried } : undefined };
      const receipt = await this.#recorder.allow(asked, artifact, basis, claims);
      if (first || carried) this.#facts.forget(artifact);
      return receipt;
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'taken') return 'again';
      if (!(error instanceof LedgerError) || error.code !== 'conflict') throw error;
      // Another one was first while this one was on its way: the entry says which, so that it can be decided again.
      const { first } = await this.#ports.ledger.memory.fileFacts(artifact, artifact.filename);
      const known = { ...basis, facts: { ...(basis.facts ?? facts), first } };
      return this.#refuser.refuse(asked, artifact, ['DIGEST_CHANGED'], known, index);
    }
  }

  /** Step 7. A failure here loses no decision: that is durable since step 5. */
  ended(
    asked: Asked,
    receipt: Receipt,
    outcome: { readonly served: boolean; readonly bytes: number },
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
}

/** What an admission adds to what is remembered of a file's evidence; null where that is nothing. */
function newlyCarried(before: CarriedEvidence | null, now: CarriedEvidence | null): CarriedEvidence | null {
  if (!now || !before) return now;
  const more = EVIDENCE.some((check) => now[check] && !before[check]);
  return more || (now.signer !== null && before.signer === null) ? now : null;
}
