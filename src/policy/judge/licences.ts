import parse, { type Info, type LicenseInfo } from 'spdx-expression-parse';
import type { PolicyPlace, Reason } from '../../model/decision.ts';
import { UNREADABLE_LICENCE } from '../../model/licence.ts';
import type { LicenceRule } from '../profile.ts';
import { type FileMatter, type Given, unmet, warning } from './matter.ts';

/** Longer texts are not parsed, and not accepted. `readLicence` gives none. */
const MAX_EXPRESSION = 500;
/** Expressions whose answer one rule remembers. */
const REMEMBERED = 1000;

/** What `readLicence` makes of a package's word: a claim, null where it says nothing; or nothing is known yet. */
type Declared = string | null | 'unknown';

/** The licence of the bytes where they were looked at; before that what the index claims, if it does. */
function declaredOf({ stage, facts, file }: FileMatter['question']): Declared {
  if (facts.findings !== null) return facts.licence;
  // Bytes that nobody looked at declare nothing: at `download` there is no later step that would ask them.
  if (stage === 'download') return null;
  return file.licence ?? 'unknown';
}

/** Whether the licence is one that the policy accepts. Of what only the bytes can show, a listing says nothing. */
export function judgeLicence({ question, required }: FileMatter, place: PolicyPlace | null): Given[] {
  const rule = required.licence;
  if (rule === null) return [];
  const declared = declaredOf(question);
  if (declared === 'unknown' || (declared !== null && accepts(rule, declared))) return [];
  const reason: Reason = { code: 'LICENCE', place, ...(declared === null ? {} : { about: [declared] }) };
  return [rule.otherwise === 'warn' ? warning(reason) : unmet('licence', reason)];
}

interface Known {
  readonly allowed: readonly LicenseInfo[];
  /** expression → whether it is accepted */
  readonly answers: Map<string, boolean>;
}

/** Parsed once for each rule and expression: a listing asks for every file of a package. */
const KNOWN = new WeakMap<LicenceRule, Known>();

/** Whether an SPDX expression is met by the rule's licences: of `OR` one side is enough, of `AND` both are asked. */
export function accepts(rule: LicenceRule, expression: string): boolean {
  let known = KNOWN.get(rule);
  if (known === undefined) {
    known = { allowed: rule.allow.map(parsed).filter((info) => isLicence(info)), answers: new Map() };
    KNOWN.set(rule, known);
  }
  const before = known.answers.get(expression);
  if (before !== undefined) return before;
  const info = parsed(expression);
  const answer = info !== null && meets(info, known.allowed);
  if (known.answers.size >= REMEMBERED) known.answers.clear();
  known.answers.set(expression, answer);
  return answer;
}

function parsed(expression: string): Info | null {
  if (expression === UNREADABLE_LICENCE || expression.length > MAX_EXPRESSION) return null;
  try {
    return parse(expression);
  } catch {
    return null;
  }
}

/** An entry that is no single licence accepts nothing; the schema refuses it. */
function isLicence(info: Info | null): info is LicenseInfo {
  return info !== null && !('conjunction' in info);
}

function meets(info: Info, allowed: readonly LicenseInfo[]): boolean {
  if (!('conjunction' in info)) return allowed.some((one) => meetsOne(info, one));
  const { left, right, conjunction } = info;
  return conjunction === 'or'
    ? meets(left, allowed) || meets(right, allowed)
    : meets(left, allowed) && meets(right, allowed);
}

/** The same licence in a version that both name; an exception is part of the licence (SPDX 2.3 annex D.4, D.6). */
function meetsOne(declared: LicenseInfo, allowed: LicenseInfo): boolean {
  if (declared.exception !== allowed.exception) return false;
  const one = familyOf(declared);
  const other = familyOf(allowed);
  if (one.family !== other.family) return false;
  const order = compare(one.version, other.version);
  return order === 0 || (order > 0 ? other.later : one.later);
}

interface Family {
  readonly family: string;
  readonly version: readonly number[];
  /** Any later version, too: `GPL-2.0+`, `GPL-2.0-or-later`. */
  readonly later: boolean;
}

function familyOf({ license, plus }: LicenseInfo): Family {
  const [, bare = license, suffix] = /^(.*?)(-only|-or-later)?$/.exec(license) ?? [];
  const later = plus === true || suffix === '-or-later';
  const [, family, version] = /^(.+)-(\d+(?:\.\d+)*)$/.exec(bare) ?? [];
  if (family === undefined || version === undefined) return { family: bare, version: [], later };
  // `MIT-0` is no version of `MIT`, which has none.
  return { family: `${family}-`, version: version.split('.').map(Number), later };
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = (a[i] ?? 0) - (b[i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
