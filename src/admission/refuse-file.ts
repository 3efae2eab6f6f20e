import type { AlarmKind } from '../ledger/entry-codes.ts';
import type { Reason } from '../model/decision.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { Asked, Refusal } from './admission.ts';
import type { FactsCache } from './facts.ts';
import type { Indexes, UsableIndex } from './indexes.ts';
import { nearestAllowed } from './nearest.ts';
import type { Ports } from './ports.ts';
import type { Basis, Recorder } from './record.ts';
import { codesOf, type Subject } from './refusal.ts';

/** Reasons that someone should look at, whoever asked. */
const ALARMS: Partial<Record<ReasonCode, AlarmKind>> = {
  DIGEST_CHANGED: 'digest-changed',
  DIGEST_MISMATCH: 'digest-mismatch',
  SIGNATURE_INVALID: 'evidence-failed',
  PROVENANCE_INVALID: 'evidence-failed',
  PROVENANCE_MISMATCH: 'evidence-failed',
  PROVENANCE_UNREADABLE: 'evidence-failed',
  EVIDENCE_DOWNGRADE: 'evidence-failed',
  PROVENANCE_SIGNER: 'evidence-failed',
  SIGNER_CHANGED: 'signer-changed',
  // An outage passes; a registry's new key refuses everything until somebody pins it.
  SIGNATURE_UNCHECKED: 'evidence-unchecked',
  PROVENANCE_UNCHECKED: 'evidence-unchecked',
  MALWARE: 'malware',
};

/** After these the version that was asked for may still be listed, and is no replacement for itself. */
const NOT_ITSELF: ReadonlySet<ReasonCode> = new Set(['DIGEST_MISMATCH', 'SIZE_MISMATCH']);

/** Refuses one file of a package whose index we hold: alarmed where it must be, entered, with what would be served instead. */
export class FileRefuser {
  readonly #ports: Ports;
  readonly #indexes: Indexes;
  readonly #facts: FactsCache;
  readonly #recorder: Recorder;

  constructor(ports: Ports, indexes: Indexes, facts: FactsCache, recorder: Recorder) {
    this.#ports = ports;
    this.#indexes = indexes;
    this.#facts = facts;
    this.#recorder = recorder;
  }

  async refuse(
    asked: Asked,
    subject: Subject,
    reasons: readonly (Reason | ReasonCode)[],
    basis: Basis,
    index: UsableIndex,
  ): Promise<Refusal> {
    const codes = codesOf(reasons);
    const { ecosystem, name, version = '', filename = '' } = subject;
    for (const kind of new Set(codes.map((code) => ALARMS[code]))) {
      if (kind) this.#ports.alarm(kind, { ecosystem, name, version, file: filename });
    }
    const nearest = await nearestAllowed(
      this.#ports,
      this.#indexes,
      this.#facts,
      asked,
      index,
      subject.version ?? null,
      codes.some((code) => NOT_ITSELF.has(code)),
    );
    return this.#recorder.refuse(asked, subject, reasons, { ...basis, nearest });
  }
}
