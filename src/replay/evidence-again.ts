import { together } from '../admission/evidence/look.ts';
import { type EntryEvidence, evidenceOf } from '../attest/entry.ts';
import type { Config } from '../config.ts';
import { signerOf } from '../ledger/entry-evidence.ts';
import { EVIDENCE, EVIDENCE_KINDS, type EvidenceName, type EvidenceVerdict } from '../model/evidence.ts';
import { checkEvidence } from '../verify/evidence.ts';
import { at } from '../verify/json-path.ts';
import type { Entry } from './decide-again.ts';
import { type Findings, Found } from './findings.ts';

/**
 * Verifies again, under the trust of then and at the entry's time, every document of evidence that the entry names, and
 * compares what its checks came to. Nothing is fetched: the vault keeps what was admitted with it.
 */
export async function verifyAgain(config: Pick<Config, 'data' | 'vault'>, entry: Entry): Promise<Findings> {
  const found = new Found();
  const evidence = await evidenceOf(config, entry);
  const checks = at(entry, 'checks');
  for (const check of EVIDENCE) {
    const told = (Array.isArray(checks) ? checks : []).find((one: unknown) => at(one, 'check') === check);
    if (told !== undefined) checkAgain(found, check, told, evidence);
  }
  return found;
}

function checkAgain(found: Found, check: EvidenceName, told: unknown, evidence: EntryEvidence): void {
  const named = at(told, 'documents');
  if (!Array.isArray(named)) {
    if (at(told, 'result') === 'verified')
      found.undecided.push(`${check} cannot be verified again: the entry had no room for its documents`);
    return;
  }
  const exhibits = evidence.exhibits.filter(
    ({ kind, document }) => EVIDENCE_KINDS[kind] === check && named.includes(document),
  );
  const then = exhibits[0]?.before?.trust ?? null;
  const trust = then === null ? null : (evidence.trusted.get(then) ?? null);
  if (!trust) {
    found.undecided.push(`${check} cannot be verified again: what was trusted then is not kept here`);
    return;
  }
  const verdicts: EvidenceVerdict[] = [];
  for (const exhibit of exhibits) {
    const { bytes, before, refused, document } = exhibit;
    if (bytes) verdicts.push(checkEvidence(trust, { ...exhibit, bytes }, evidence.time));
    // Of what was refused, and of what did not verify, nothing is kept: that is no damage.
    else if (refused || before?.result !== 'verified')
      found.notes.push(`${check} is not verified again: its document ${document} was not kept`);
    else
      found.undecided.push(`${check} cannot be verified again: its document ${document} is gone or damaged`);
  }
  if (exhibits.length < named.length) {
    found.undecided.push(`${check} cannot be verified again: it names what is no document of its own`);
    return;
  }
  // Why is said above.
  if (verdicts.length < exhibits.length) return;
  const { result, code, cause, signers } = together(check, verdicts);
  found.compare(
    `check ${check}`,
    wordsOf(at(told, 'result'), at(told, 'code'), at(told, 'cause')),
    wordsOf(result, code, cause),
  );
  if (!evidence.cut)
    found.compare(
      `signers of ${check}`,
      at(told, 'signers'),
      signers.length > 0 ? signers.map(signerOf) : null,
    );
}

function wordsOf(...words: readonly unknown[]): string {
  return words.filter((word) => word !== undefined).join(' ');
}
