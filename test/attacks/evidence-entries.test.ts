import { expect, test } from 'vitest';
import { decisionEntry } from '../../src/ledger/entry-decision.ts';
import type { EvidenceVerdict, Signer } from '../../src/model/evidence.ts';
import { SIGNER } from '../policy/questions.ts';

// Who signs chooses the names of branches, tags and files: an entry must still be decided again from itself.

const verdict = (signer: Signer): EvidenceVerdict => ({
  check: 'provenance',
  result: 'verified',
  signers: [signer],
  documents: [],
});

const entryOf = (signer: Signer) =>
  decisionEntry({
    id: 'x',
    time: 1,
    agent: 'a',
    profile: 'default',
    mode: 'enforce',
    route: 'artifact',
    method: 'GET',
    verdict: 'allow',
    reasons: [],
    checks: [verdict(signer)],
    policy: 'p',
    engine: '1',
  });

// owner 39, repository 100, workflow 255, tag 240: all that one host allows
test.each(['subject', 'workflow', 'repository', 'ref'] as const)(
  'two signers whose %s differs in its last letter are two entries, or the entry says that it is cut',
  (field) => {
    const long = (last: string) => entryOf({ ...SIGNER, [field]: `${'x'.repeat(688)}${last}` });
    const [one, other] = [long('a'), long('b')];
    if (one['evidenceCut'] !== 'yes') expect(one).not.toEqual(other);
    expect(entryOf({ ...SIGNER, [field]: 'x'.repeat(20_000) })['evidenceCut']).toBe('yes');
  },
);
