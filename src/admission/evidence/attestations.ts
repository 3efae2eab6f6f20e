import type { Ecosystem, IndexPage, Route } from '../../ecosystems/ecosystem.ts';
import { EvidenceUnreadable } from '../../ecosystems/evidence-document.ts';
import type { Answer, Asked } from '../admission.ts';
import type { Admitter } from '../admit.ts';
import { type Examiner, isInForce } from '../examine.ts';
import type { Ports } from '../ports.ts';
import { isRefusal } from '../refusal.ts';
import type { Resolver } from '../resolve.ts';

export type AttestationsRoute = Extract<Route, { kind: 'attestations' }>;

/**
 * The attestations of one file, for clients that check for themselves: what was verified against its bytes, written
 * anew, under the decision that the file itself gets. So its bytes are fetched, if they are not here.
 */
export class AttestationsAdmitter {
  readonly #ports: Ports;
  readonly #resolver: Resolver;
  readonly #examiner: Examiner;
  readonly #admitter: Admitter;

  constructor(ports: Ports, resolver: Resolver, examiner: Examiner, admitter: Admitter) {
    this.#ports = ports;
    this.#resolver = resolver;
    this.#examiner = examiner;
    this.#admitter = admitter;
  }

  /** null: the file is admitted, and there is no verified provenance of it that can be passed on. */
  async admit(asked: Asked, { name, filename }: AttestationsRoute): Promise<Answer | null> {
    const file = { kind: 'artifact', name, filename } as const;
    for (let attempt = 0; attempt < 3; attempt++) {
      const resolved = await this.#resolver.resolve(asked, file);
      if (isRefusal(resolved)) return { kind: 'refusal', refusal: resolved };
      // Nothing is announced and nothing is kept: no bytes are fetched for that.
      if (resolved.file.evidence.attestations === null && !resolved.held.provenance) return null;
      const verified = await this.#examiner.examine(asked, resolved, { also: PROVENANCE });
      if (isRefusal(verified)) return { kind: 'refusal', refusal: verified };
      // Nobody kept the file: another profile's fetch was refused. Ours fetches anew.
      if (!verified.acquired.stored || !isInForce(this.#ports, resolved, verified)) continue;
      // Entered whatever comes of it: the file was fetched, and with its first digest the vault has it for the next.
      const receipt = await this.#admitter.record(asked, resolved, verified);
      if (receipt === 'again') continue;
      if (isRefusal(receipt)) return { kind: 'refusal', refusal: receipt };
      const verdict = verified.evidence.verdicts.find(({ check }) => check === 'provenance');
      if (verdict?.result !== 'verified') return null;
      const documents: Uint8Array[] = [];
      for (const document of verdict.documents) {
        const bytes = await this.#ports.vault.evidence.get(document);
        // It was there when it was verified: what is gone since is not passed on.
        if (bytes) documents.push(bytes);
      }
      const page = written(asked.ecosystem, documents);
      if (!page) return null;
      return {
        kind: 'document',
        status: page.status,
        contentType: page.contentType,
        encoding: null,
        body: page.body,
        etag: null,
        vary: false,
        entry: receipt.leaf,
      };
    }
    return { kind: 'refusal', refusal: await this.#admitter.overloaded(asked, file) };
  }
}

/**
 * null where there is nothing to write, or something that is not passed on: in what no signature covers, behind a
 * checkpoint, a verified document may have sentences.
 */
function written(ecosystem: Ecosystem, documents: readonly Uint8Array[]): IndexPage | null {
  if (documents.length === 0) return null;
  try {
    return ecosystem.writeAttestations(documents);
  } catch (error) {
    if (error instanceof EvidenceUnreadable) return null;
    throw error;
  }
}

const PROVENANCE = { 'registry-signature': false, provenance: true } as const;
