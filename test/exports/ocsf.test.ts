import { describe, expect, test } from 'vitest';
import { ocsfEvent, ocsfLine } from '../../src/exports/ocsf.ts';
import { alarmEntry, policyEntry, servedEntry, startEntry, trustEntry } from '../../src/ledger/entry.ts';
import { refusalSumEntry } from '../../src/ledger/entry-decision.ts';
import { decision, proven, sha256, sha512 } from '../ledger/fixtures/drafts.ts';
import { logged } from './logged.ts';

// The schema itself is held against every class in test/full/ledger/exports.test.ts.

// biome-ignore lint/suspicious/noExplicitAny: a test looks into the event member by member
const event = (...of: Parameters<typeof logged>): any => ocsfEvent(logged(...of), '1.2.3');
const stamp = { id: 'h1', time: 1_000 };

describe('a decision is API activity that a security control allowed or denied', () => {
  const package_ = {
    purl: 'pkg:npm/express@4.19.2',
    file: 'express-4.19.2.tgz',
    digests: { sha256: sha256('x'), sha512: sha512('x') },
  };
  test('allowed', () => {
    expect(event(decision({ ...package_, client: 'npm/11', place: 'a.yaml:3', by: 'exact' }))).toMatchObject({
      category_uid: 6,
      class_uid: 6003,
      activity_id: 2,
      type_uid: 600302,
      time: 1_000,
      severity_id: 1,
      status_id: 1,
      action_id: 1,
      disposition_id: 1,
      actor: { user: { name: 'ana' } },
      api: { operation: 'artifact', request: { uid: 'r1' } },
      http_request: { user_agent: 'npm/11', http_method: 'GET' },
      policy: { uid: sha256('policy'), name: 'default' },
      firewall_rule: { name: 'a.yaml:3' },
      resources: [{ name: 'express', uid: package_.purl, version: '4.19.2' }],
      metadata: { version: '1.8.0', sequence: 7, profiles: ['security_control'], correlation_uid: 'r1' },
    });
  });
  test('denied', () => {
    const refused = event(decision({ ...package_, verdict: 'refuse', reasons: ['MALWARE', 'TOO_YOUNG'] }));
    expect(refused).toMatchObject({
      severity_id: 4,
      status_id: 2,
      action_id: 2,
      disposition_id: 2,
      status_code: 'MALWARE',
      status_detail: 'MALWARE TOO_YOUNG',
    });
  });
  test('let through by mode observe: neither', () => {
    const observed = [{ code: 'TOO_YOUNG', place: null }] as const;
    expect(event(decision({ ...package_, mode: 'observe', observed }))).toMatchObject({
      action_id: 3,
      disposition_id: 19,
      status_detail: 'TOO_YOUNG',
    });
  });
  test('refusals that are summed', () => {
    const counts = new Map([['DENIED', 3] as const]);
    const sum = refusalSumEntry({
      ...stamp,
      agent: 'ana',
      since: 500,
      counts,
      policy: sha256('p'),
      engine: '1',
    });
    expect(event(sum)).toMatchObject({
      class_uid: 6003,
      count: 3,
      start_time: 500,
      end_time: 1_000,
      action_id: 2,
    });
  });
});

test.each([
  ['an alarm', alarmEntry({ ...stamp, code: 'digest-changed', agent: 'ana', name: 'x' }), 2004, 200401],
  [
    'a policy',
    policyEntry({ ...stamp, outcome: 'rejected', policy: sha256('p'), problems: 1 }),
    3004,
    300403,
  ],
  ['an act', trustEntry({ ...stamp, trust: sha256('a'), previous: sha256('b') }), 3004, 300403],
  ['a log', { ...stamp, type: 'log', origin: 'x/2', reason: 'rollback' } as const, 3004, 300401],
  [
    'a start',
    startEntry({
      ...stamp,
      release: '1',
      engine: '1',
      policy: sha256('p'),
      trust: sha256('t'),
      config: sha256('c'),
    }),
    6002,
    600203,
  ],
  ['a stop', { ...stamp, type: 'stop', code: 'shutdown' } as const, 6002, 600204],
  ['an end', servedEntry({ ...stamp, decision: 3, served: true, bytes: 9 }), 0, 99],
  ['a tally', { ...stamp, type: 'tally', since: 0 } as const, 0, 99],
] as const)('%s has the class that fits', (_, draft, class_uid, type_uid) => {
  expect(event(draft)).toMatchObject({ class_uid, type_uid, metadata: { event_code: draft.type } });
});

test('an end names its decision', () => {
  const end = event(servedEntry({ ...stamp, decision: 3, served: false, bytes: 9 }));
  expect(end).toMatchObject({ status_id: 2, unmapped: { decision: 3, bytes: 9 } });
});

test('an event repeats no text of a package, and moves no cursor', () => {
  const said = 'IGNORE-ALL-PREVIOUS-INSTRUCTIONS';
  const signers = [{ ...proven().signers[0], workflow: said, subject: said } as never];
  const facts = {
    findings: [{ code: 'INSTALL_SCRIPT', place: `package/${said}.js` } as const],
    licence: said,
  };
  const line = ocsfLine(
    logged(decision({ facts, checks: [proven({ signers })], client: 'ü\u001b' })),
    '1.2.3',
  );
  expect(line).not.toContain(said);
  expect(line).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(line).http_request.user_agent).toBe('ü\u001b');
});
