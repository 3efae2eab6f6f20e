import type { Decision, PolicyPlace, Reason } from '../model/decision.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import { isAboutEvidence, judgeEvidence } from './evidence.ts';
import { decidedBy, judgeBytes, judgeFirstDigest, judgeListing, judgePin } from './integrity.ts';
import type { DownloadQuestion, ListingQuestion, Policy, Question } from './policy.ts';
import type { AllowRule, EcosystemRules, Mode, Pin, Requirements } from './profile.ts';
import { requirementsFor } from './requirements.ts';

/*
 * The one decision. Every route asks it: names before any contact with an upstream, files as an index lists
 * them, files after their bytes were examined. It is a pure function of the policy and the question; ORDER is
 * the whole of the language's order, and every step is asked, so that a refusal gives all of its reasons.
 */

/** What the policy says of the name and version in question, looked up once. */
interface Case {
  readonly question: Question;
  readonly mode: Mode;
  readonly rules: EcosystemRules;
  /** The one allow rule that wins for the name, whether or not it admits the version. */
  readonly rule: { readonly value: AllowRule; readonly by: 'exact' | 'prefix' } | null;
  readonly pinned: ReadonlyMap<string, Pin> | null;
  /** The pin of the version in question; null at stage `name`. */
  readonly pin: Pin | null;
}

export interface Step {
  readonly step: 'internal' | 'integrity' | 'deny' | 'first-digest' | 'admit' | 'requirements';
  /** The reasons that the step can give. A verdict may bring a narrower code of its own. */
  readonly codes: readonly ReasonCode[];
  /** Asked of names that are not listed, too. The others could only tell what the upstream says of such a name. */
  readonly byName: boolean;
  readonly judge: (about: Case) => readonly Reason[];
}

/**
 * The order of the policy language: the first reason is the headline. Malware will stand beside `deny`.
 */
export const ORDER: readonly Step[] = [
  {
    step: 'internal',
    codes: ['NOT_ALLOWLISTED'],
    byName: true,
    // The same words as for a name that is not listed: nobody learns which names are ours.
    // In every case of its letters: npm's old names have capitals, and asking for `Acme-x` tells of `acme-x`.
    judge: ({ rules, question }) =>
      [question.name, question.name.toLowerCase()].some((name) => rules.internal.best(name))
        ? [reason('NOT_ALLOWLISTED')]
        : [],
  },
  {
    step: 'integrity',
    codes: [
      'QUARANTINED_UPSTREAM',
      'NO_DIGEST',
      'DIGEST_MISMATCH',
      'SIZE_MISMATCH',
      'ARCHIVE_UNSAFE',
      'METADATA_MISMATCH',
    ],
    byName: false,
    judge: ({ question, pin }) => {
      if (question.stage === 'name') return [];
      const codes = judgeListing(question, pin);
      if (question.stage === 'download') codes.push(...judgeBytes(question));
      return codes.map((code) => reason(code));
    },
  },
  {
    step: 'deny',
    codes: ['DENIED'],
    byName: true,
    judge: ({ rules, question }) =>
      rules.deny
        .all(question.name)
        .flat()
        .filter(
          ({ range }) => range === null || (question.stage !== 'name' && range.has(question.file.version)),
        )
        .map(({ place }) => reason('DENIED', place)),
  },
  {
    step: 'first-digest',
    codes: ['DIGEST_CHANGED'],
    byName: false,
    judge: ({ question }) =>
      question.stage === 'name' ? [] : judgeFirstDigest(question).map((code) => reason(code)),
  },
  {
    step: 'admit',
    codes: ['NOT_ALLOWLISTED', 'NOT_PINNED', 'PIN_MISMATCH', 'VERSION_NOT_ALLOWED'],
    byName: true,
    judge: judgeAdmitted,
  },
  {
    step: 'requirements',
    codes: [
      'TOO_YOUNG',
      'INSTALL_SCRIPTS',
      'SDIST',
      'DIRECT_URL',
      'SIGNATURE_MISSING',
      'SIGNATURE_INVALID',
      'SIGNATURE_UNCHECKED',
      'PROVENANCE_MISSING',
      'PROVENANCE_UNREADABLE',
      'PROVENANCE_INVALID',
      'PROVENANCE_MISMATCH',
      'PROVENANCE_UNCHECKED',
      'PROVENANCE_SIGNER',
      'SIGNER_CHANGED',
      'EVIDENCE_DOWNGRADE',
    ],
    byName: false,
    judge: (about) => (about.question.stage === 'name' ? [] : judgeRequirements(about, about.question)),
  },
];

/**
 * Decides a question under a profile. Refuses a profile or an ecosystem that the policy does not know. Never
 * throws on what a question holds. `until` and `eligibleAt` are milliseconds since 1970.
 */
export function decide(policy: Policy, profile: string, question: Question): Decision {
  const found = policy.profiles.get(profile);
  const rules = found?.ecosystems.get(question.ecosystem);
  if (!found || !rules) return refusal([reason('NOT_ALLOWLISTED')]);

  const pinned = rules.pins.get(question.name) ?? null;
  const about: Case = {
    question,
    mode: found.mode,
    rules,
    rule: rules.allow.best(question.name),
    pinned,
    pin: question.stage === 'name' ? null : (pinned?.get(question.file.version) ?? null),
  };
  const listed = about.rule !== null || pinned !== null;
  const reasons: Reason[] = [];
  for (const step of ORDER) {
    if (!step.byName && !listed) continue;
    for (const given of step.judge(about)) {
      if (!reasons.some((before) => isSame(before, given))) reasons.push(given);
    }
    if (step.step === 'internal' && reasons.length > 0) return refusal(reasons);
  }

  const admits = admittedBy(about);
  const young = reasons.some(({ code }) => code === 'TOO_YOUNG') && question.stage !== 'name';
  const ripe = young ? ripeAt(about, question) : null;
  return {
    verdict: reasons.length === 0 ? 'allow' : 'refuse',
    reasons,
    observed: [],
    waived: [],
    warnings: [],
    ...admits,
    until: earliest(ripe, evidenceUntil(about, question, reasons)),
    eligibleAt: reasons.length === 1 ? ripe : null,
  };
}

/** Whether a rule or a pin admits the name, and the version where there is one. */
function judgeAdmitted({ question, mode, rule, pinned, pin }: Case): Reason[] {
  if (rule === null && pinned === null) return [reason('NOT_ALLOWLISTED')];
  if (question.stage === 'name') return mode === 'frozen' && pinned === null ? [reason('NOT_PINNED')] : [];
  const mismatch = judgePin(question, pin).map((code) => reason(code, pin?.place ?? null));
  if (pin !== null || mismatch.length > 0) return mismatch;
  if (mode === 'frozen') return [reason('NOT_PINNED')];
  if (rule === null) return [reason('VERSION_NOT_ALLOWED')];
  const { range, place } = rule.value;
  return range === null || range.has(question.file.version) ? [] : [reason('VERSION_NOT_ALLOWED', place)];
}

/** A pin stands for the rule and for `age`, and for nothing else. */
function judgeRequirements(about: Case, question: ListingQuestion | DownloadQuestion): Reason[] {
  const { file, facts, now } = question;
  const required = requirementsOf(about, file.version);
  const place = about.rule?.value.place ?? null;
  const shown = new Set(facts.findings?.map(decidedBy));
  const reasons: Reason[] = [];
  // Written so that a time which is no number is too young, too.
  if (about.pin === null && required.age > 0 && !(now >= (ripeAt(about, question) ?? Number.NaN))) {
    reasons.push(reason('TOO_YOUNG', place));
  }
  if (required.installScripts !== 'allow' && (file.installScripts || shown.has('install-scripts'))) {
    reasons.push(reason('INSTALL_SCRIPTS', place));
  }
  if (required.sdist !== 'allow' && file.kind === 'sdist') reasons.push(reason('SDIST', place));
  if (required.directUrls !== 'allow' && (file.directUrls || shown.has('direct-urls'))) {
    reasons.push(reason('DIRECT_URL', place));
  }
  reasons.push(...judgeEvidence(required, place, question).reasons);
  return reasons;
}

function requirementsOf({ rule, rules }: Case, version: string): Requirements {
  return requirementsFor(rules, rule?.value ?? null, version);
}

/** When the evidence of a file that was found wanting is looked at again, so that its refusal may change. */
function evidenceUntil(about: Case, question: Question, reasons: readonly Reason[]): number | null {
  if (question.stage === 'name' || !reasons.some(isAboutEvidence)) return null;
  return judgeEvidence(requirementsOf(about, question.file.version), null, question).until;
}

/**
 * When the file is old enough: its age counts from the later of the latest time ever claimed for it and our
 * last sighting of the index without it. null where no time was ever claimed: nobody knows.
 */
function ripeAt(about: Case, { file, facts }: ListingQuestion | DownloadQuestion): number | null {
  const claims = [file.claimedAt, facts.claimedAt].filter((time) => time !== null);
  if (claims.length === 0) return null;
  const since = Math.max(...claims, facts.lastAbsent ?? Number.NEGATIVE_INFINITY);
  const ripe = since + requirementsOf(about, file.version).age;
  return Number.isFinite(ripe) ? ripe : null;
}

function admittedBy({ question, mode, rule, pinned, pin }: Case): Pick<Decision, 'place' | 'by'> {
  // By name alone, a pin of any version says that the name itself is reviewed, which a prefix does not.
  const [first] = question.stage === 'name' ? (pinned?.values() ?? []) : pin === null ? [] : [pin];
  const nameOnly = question.stage === 'name' && mode !== 'frozen' && rule?.by === 'exact';
  if (first && !nameOnly) return { place: first.place, by: 'pin' };
  return rule === null ? { place: null, by: null } : { place: rule.value.place, by: rule.by };
}

/** One reason is given once; both kinds of evidence may have the same one. */
function isSame(a: Reason, b: Reason): boolean {
  return a.code === b.code && a.place === b.place && a.detail?.check === b.detail?.check;
}

function earliest(...times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function reason(code: ReasonCode, place: PolicyPlace | null = null): Reason {
  return { code, place };
}

function refusal(reasons: readonly Reason[]): Decision {
  return {
    verdict: 'refuse',
    reasons,
    observed: [],
    waived: [],
    warnings: [],
    place: null,
    by: null,
    until: null,
    eligibleAt: null,
  };
}
