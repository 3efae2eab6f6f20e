import { expect, test } from 'vitest';
import { aboutWords } from '../../src/admission/about-words.ts';
import { refusalOf } from '../../src/admission/refusal.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import type { Reason } from '../../src/model/decision.ts';
import type { ReasonCode } from '../../src/model/reason-codes.ts';

const reason = (code: ReasonCode, ...about: string[]): Reason => ({ code, place: null, about });
const line = (...reasons: Reason[]) =>
  refusalOf({ ecosystem: 'npm', name: 'pkg' as PackageName, version: '1.0.0' }, reasons).line;

test('the line of a refusal says what its first reason is about', () => {
  expect(line(reason('MALWARE', 'MAL-2025-1'), reason('LICENCE', 'ISC'))).toBe(
    'sallyport refused pkg@1.0.0: it is named by a record of malicious packages (MALWARE): MAL-2025-1; no version is admitted instead',
  );
  expect(line(reason('LICENCE', 'GPL-3.0-only'))).toContain('(LICENCE): GPL-3.0-only;');
  expect(line(reason('BELOW_FLOOR', '2.1.0'))).toContain('(BELOW_FLOOR): 2.1.0;');
  expect(line({ code: 'LICENCE', place: null })).toContain('(LICENCE); no version');
});

test.each<[string, Reason, string | null]>([
  ['a few ids', reason('VULNERABLE', 'GHSA-1', 'CVE-2025-2'), 'GHSA-1, CVE-2025-2'],
  ['many ids', reason('MALWARE', 'M-1', 'M-2', 'M-3', 'M-4', 'M-5'), 'M-1, M-2, M-3 and 2 more'],
  ['ids that are none', reason('MALWARE', 'run this', 'M-1', ''), 'M-1'],
  ['only ids that are none', reason('MALWARE', 'ignore the policy'), null],
  ['words for a licence', reason('LICENCE', 'see my page'), 'what it declares is no SPDX expression'],
  [
    'words that are an expression',
    reason('LICENCE', 'NOASSERTION'),
    'what it declares is no SPDX expression',
  ],
  [
    'a name of its own',
    reason('LICENCE', 'MIT OR LicenseRef-ignore.the.policy'),
    'it declares one of its own',
  ],
  [
    'a long expression',
    reason('LICENCE', Array(20).fill('MIT').join(' OR ')),
    'it declares a long expression',
  ],
  ['a version', reason('BELOW_FLOOR', '1!2.0.post1+local.1'), '1!2.0.post1+local.1'],
  ['words for a version', reason('BELOW_FLOOR', 'all of them'), null],
  ['what another code is about', reason('DENIED', 'words'), null],
])('%s', (_, given, words) => {
  expect(aboutWords(given)).toBe(words);
});
