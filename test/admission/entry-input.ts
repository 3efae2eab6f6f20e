import type { DecisionInput } from '../../src/ledger/entry-decision.ts';
import type { DownloadQuestion, ListingQuestion } from '../../src/policy/policy.ts';
import { sha256 } from '../ledger/fixtures/drafts.ts';

/** What admission says of a question in its entry (admission/record.ts). */
export function inputOf(
  question: ListingQuestion | DownloadQuestion,
  more: Partial<DecisionInput> = {},
): DecisionInput {
  const { file, facts } = question;
  const bytes = question.stage === 'download' ? question : null;
  return {
    id: 'r1',
    time: question.now,
    agent: 'ana',
    profile: 'default',
    mode: 'enforce',
    route: 'artifact',
    method: 'GET',
    ecosystem: question.ecosystem,
    name: question.name,
    version: file.version,
    file: file.filename,
    digests: bytes && { sha256: bytes.sha256, sha512: bytes.sha512 },
    verdict: 'refuse',
    reasons: [{ code: 'VERSION_NOT_ALLOWED', place: 'default.yaml:3' }],
    checks: bytes ? [...bytes.verdicts, ...bytes.evidence] : [],
    policy: sha256('policy'),
    engine: '3',
    facts: {
      index: sha256('index'),
      quarantined: question.quarantined,
      firstSeen: facts.firstSeen,
      lastAbsent: facts.lastAbsent,
      claimedAt: facts.claimedAt ?? file.claimedAt,
      first: facts.first,
      findings: facts.findings,
      kind: file.kind,
      declared: file.digests,
      declaredSize: file.size,
      metadataDigest: file.metadataDigest,
      yanked: file.yanked,
      installScripts: file.installScripts,
      directUrls: file.directUrls,
      aliases: file.aliases ?? [],
      evidenceListed: file.evidence,
      claimed: facts.claimed,
      carried: facts.carried,
      held: question.held,
      baseline: question.baseline,
      evidence: facts.evidence,
      licenceListed: file.licence,
      licence: facts.licence,
      above: question.above,
      change: question.change,
      feed: question.feed,
      advisories: question.advisories,
    },
    ...more,
  };
}
