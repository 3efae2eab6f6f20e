import { alarmEntry, policyEntry, servedEntry, startEntry, trustEntry } from '../../src/ledger/entry.ts';
import { refusalSumEntry } from '../../src/ledger/entry-decision.ts';
import type { EntryDraft } from '../../src/ledger/ledger.ts';
import { decision, proven, sha256, sha512 } from '../ledger/fixtures/drafts.ts';

const stamp = { id: 'h1', time: 1_000 };
const policy = sha256('policy');

/** An entry of every type, with all that it can say and with next to nothing. */
export const SAMPLES: readonly EntryDraft[] = [
  decision(),
  decision({
    agent: '~abcdefghijklmnopqrstuvwxyz',
    name: null,
    version: null,
    path: { length: 9, sha256: 'x' },
  }),
  decision({
    purl: 'pkg:npm/express@4.19.2',
    file: 'express-4.19.2.tgz',
    size: 100,
    digests: { sha256: sha256('x'), sha512: sha512('x') },
    client: 'npm/11 ünï',
    checks: [proven(), { check: 'archive', result: 'failed', code: 'ARCHIVE_UNSAFE' }],
    verdict: 'refuse',
    reasons: ['ARCHIVE_UNSAFE', { code: 'TOO_YOUNG', place: 'a.yaml:3' }],
    place: 'a.yaml:1',
    by: 'prefix',
    nearestAllowed: '4.18.0',
    eligibleAt: 5_000,
  }),
  decision({ mode: 'observe', observed: [{ code: 'MALWARE', place: null }] }),
  decision({
    waived: [{ code: 'SDIST', place: 'a.yaml:2' }],
    warnings: [{ code: 'VULNERABLE', place: null }],
  }),
  refusalSumEntry({
    ...stamp,
    agent: 'ana',
    since: 500,
    counts: new Map([['DENIED', 3]]),
    policy,
    engine: '1',
  }),
  servedEntry({ ...stamp, decision: 3, served: true, bytes: 9 }),
  servedEntry({ ...stamp, decision: 3, served: false, bytes: 9 }),
  alarmEntry({
    ...stamp,
    code: 'digest-changed',
    agent: 'ana',
    ecosystem: 'npm',
    name: 'x',
    version: '1.0.0',
  }),
  alarmEntry({ ...stamp, code: 'export-stuck', source: 'siem', found: '20 entries wait' }),
  policyEntry({ ...stamp, outcome: 'loaded', policy, previous: sha256('before') }),
  policyEntry({ ...stamp, outcome: 'rejected', policy, problems: 2 }),
  policyEntry({ ...stamp, outcome: 'unchanged', policy }),
  trustEntry({ ...stamp, trust: sha256('a'), previous: sha256('b') }),
  startEntry({ ...stamp, release: '1.0.0', engine: '1', policy, trust: sha256('t'), config: sha256('c') }),
  { ...stamp, type: 'stop', code: 'shutdown', answers: { allow: 1, refuse: 2, summed: 0 } },
  { ...stamp, type: 'log', log: 2, origin: 'x/2', reason: 'rollback', previous: { log: 1, size: 3 } },
  { ...stamp, type: 'tally', since: 0, answers: { allow: 1, refuse: 2, summed: 0 } },
];
