import type { Digest } from '../model/digest.ts';
import type { Verdict } from '../model/verdict.ts';
import { decide } from '../policy/decide.ts';
import { pinnedDigests } from '../policy/pins.ts';
import { checkDigests } from '../verify/integrity.ts';
import type { Acquired, Acquisition } from './acquire.ts';
import type { Asked, Refusal } from './admission.ts';
import type { Ports } from './ports.ts';
import type { Basis } from './record.ts';
import type { FileRefuser } from './refuse-file.ts';
import type { Resolved } from './resolve.ts';

/** Bytes that the policy admits, with every check's verdict. */
export interface Verified {
  readonly acquired: Acquired;
  readonly verdicts: readonly Verdict[];
  readonly basis: Basis;
}

/** Fetches a resolved file, or finds it in the vault, and asks the policy over every verdict on its bytes. */
export class Examiner {
  readonly #ports: Ports;
  readonly #acquisition: Acquisition;
  readonly #refuser: FileRefuser;

  constructor(ports: Ports, acquisition: Acquisition, refuser: FileRefuser) {
    this.#ports = ports;
    this.#acquisition = acquisition;
    this.#refuser = refuser;
  }

  /**
   * `known`: the digest of bytes that were already inspected as this very file. `anew`: though the vault may hold
   * the file, it is fetched and taken apart again, for what was cut from it and is no longer there.
   */
  async examine(
    asked: Asked,
    resolved: Resolved,
    known: Digest | null = null,
    anew = false,
  ): Promise<Verified | Refusal> {
    const { artifact, file, facts, index, policy, quarantined } = resolved;
    const acquired = await this.#acquisition.acquire(
      artifact,
      file,
      anew ? null : (facts.first?.sha256 ?? known),
      (bytes) => this.#judge(asked, resolved, bytes).decision.verdict === 'allow',
    );
    const { verdicts, decision, now } = this.#judge(asked, resolved, acquired);
    const basis: Basis = {
      policy,
      now,
      place: decision.place,
      by: decision.by,
      index: index.digest,
      quarantined,
      file,
      facts: { ...facts, findings: acquired.findings },
      digests: acquired,
      verdicts,
    };
    if (decision.verdict === 'allow') return { acquired, verdicts, basis };
    const { reasons, eligibleAt } = decision;
    return this.#refuser.refuse(asked, artifact, reasons, { ...basis, eligibleAt }, index);
  }

  /** The digests are compared for each asker: pins are a profile's own. */
  #judge(asked: Asked, resolved: Resolved, acquired: Acquired) {
    const { artifact, file, facts, policy, quarantined } = resolved;
    const { ecosystem, name, version } = artifact;
    const { profile } = asked.caller;
    const now = this.#ports.now();
    const verdicts = [
      ...checkDigests(acquired, {
        declared: file.digests,
        size: file.size,
        pin: pinnedDigests(policy, profile, ecosystem, name, version),
        first: facts.first,
      }),
      ...acquired.archive,
    ];
    const decision = decide(policy, profile, {
      stage: 'download',
      ecosystem,
      name,
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
}
