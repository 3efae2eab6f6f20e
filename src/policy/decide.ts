import type { Decision, Reason } from '../model/decision.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import { judgeMalware } from './judge/advisories.ts';
import { judgeBytes, judgeFirstDigest, judgeListing, judgePin } from './judge/integrity.ts';
import { judgeRequirements } from './judge/judge-requirements.ts';
import { asksAll, firm, type Given, isFile, type Matter } from './judge/matter.ts';
import { Sorted } from './judge/sorted.ts';
import { eligibleAt, untilOf } from './judge/until.ts';
import type { Policy, Question } from './policy.ts';
import { type EcosystemRules, effectiveMode, type Mode } from './profile.ts';
import { requirementsFor } from './requirements.ts';

/*
 * The one decision. Every route asks it: names before any contact with an upstream, files as an index lists
 * them, files after their bytes were examined. It is a pure function of the policy and the question; ORDER is
 * the whole of the language's order, and every step is asked, so that a refusal gives all of its reasons.
 */

export interface Step {
  readonly step: 'internal' | 'integrity' | 'deny' | 'first-digest' | 'admit' | 'requirements';
  /** For people. */
  readonly asks: string;
  /** The reasons that the step can give. A verdict may bring a narrower code of its own. */
  readonly codes: readonly ReasonCode[];
  /** Those of `codes` that mode `observe` lets pass. */
  readonly observed: readonly ReasonCode[];
  /** Asked of names that are not listed, too. The others could only tell what is known elsewhere of such a name. */
  readonly byName: boolean;
  readonly judge: (matter: Matter) => readonly Given[];
}

const UNMET: readonly ReasonCode[] = [
  'TOO_YOUNG',
  'INSTALL_SCRIPTS',
  'SDIST',
  'DIRECT_URL',
  'ALIAS_NOT_ADMITTED',
  'STARTUP_HOOK',
  'FOREIGN_PLACE',
  'VULNERABLE',
  'VULNERABILITY_UNCHECKED',
  'LICENCE',
  'BELOW_FLOOR',
  'NEW_INSTALL_SCRIPT',
  'NEW_DEPENDENCY',
  'SDIST_INSTEAD',
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
];

/** The order of the policy language: the first reason is the headline. LIFTED_BY says what a waiver takes away. */
export const ORDER: readonly Step[] = [
  {
    step: 'internal',
    asks: 'whether the name is one of ours, which never goes upstream',
    codes: ['NOT_ALLOWLISTED'],
    observed: [],
    byName: true,
    // The same words as for a name that is not listed: nobody learns which names are ours.
    // In every case of its letters: npm's old names have capitals, and asking for `Acme-x` tells of `acme-x`.
    judge: ({ rules, question }) =>
      [question.name, question.name.toLowerCase()].some((name) => rules.internal.best(name))
        ? [firm('NOT_ALLOWLISTED')]
        : [],
  },
  {
    step: 'integrity',
    asks: 'whether the bytes are those that the index declares, in a sound archive that says what its index says',
    codes: [
      'QUARANTINED_UPSTREAM',
      'NO_DIGEST',
      'DIGEST_MISMATCH',
      'SIZE_MISMATCH',
      'ARCHIVE_UNSAFE',
      'METADATA_MISMATCH',
    ],
    observed: [],
    byName: false,
    judge: ({ question, pin }) => {
      if (question.stage === 'name') return [];
      const listed = judgeListing(question, pin);
      return question.stage === 'download' ? [...listed, ...judgeBytes(question)] : listed;
    },
  },
  {
    step: 'deny',
    asks: 'whether a deny rule reaches the version, or a record of malicious packages names it',
    codes: ['DENIED', 'MALWARE', 'FEED_MISSING'],
    observed: [],
    byName: true,
    judge: judgeDenied,
  },
  {
    step: 'first-digest',
    asks: 'whether the file is the one that was first admitted under its name and version',
    codes: ['DIGEST_CHANGED'],
    observed: [],
    byName: false,
    judge: ({ question }) => (question.stage === 'name' ? [] : judgeFirstDigest(question)),
  },
  {
    step: 'admit',
    asks: 'whether a pin or an allow rule admits the name and the version',
    codes: ['NOT_ALLOWLISTED', 'NOT_PINNED', 'PIN_MISMATCH', 'VERSION_NOT_ALLOWED'],
    observed: ['NOT_ALLOWLISTED', 'NOT_PINNED', 'VERSION_NOT_ALLOWED'],
    byName: true,
    judge: judgeAdmitted,
  },
  {
    step: 'requirements',
    asks: 'whether the artifact shows what the policy requires of it',
    codes: UNMET,
    observed: UNMET,
    byName: false,
    judge: (matter) => (isFile(matter) ? judgeRequirements(matter) : []),
  },
];

/**
 * Decides a question under a profile. Refuses a profile or an ecosystem that the policy does not know. Never
 * throws on what a question holds. `until` and `eligibleAt` are milliseconds since 1970.
 */
export function decide(policy: Policy, profile: string, question: Question): Decision {
  const found = policy.profiles.get(profile);
  const rules = found?.ecosystems.get(question.ecosystem);
  if (!found || !rules) return refusal([firm('NOT_ALLOWLISTED').reason]);

  const mode = effectiveMode(found, question.now);
  const matter = matterOf(mode, rules, question);
  const sorted = new Sorted(matter);
  for (const step of ORDER) {
    if (!step.byName && !asksAll(matter)) continue;
    for (const given of step.judge(matter)) sorted.add(step, given);
    if (step.step === 'internal' && sorted.reasons.length > 0) return refusal(sorted.reasons);
  }
  const { reasons, observed, waived, warnings } = sorted;
  return {
    verdict: reasons.length === 0 ? 'allow' : 'refuse',
    reasons,
    observed,
    waived,
    warnings,
    ...admittedBy(matter),
    until: untilOf(found, matter, sorted),
    eligibleAt: eligibleAt(matter, sorted),
  };
}

function matterOf(mode: Mode, rules: EcosystemRules, question: Question): Matter {
  const { name } = question;
  const rule = rules.allow.best(name);
  const pinned = rules.pins.get(name) ?? null;
  if (question.stage === 'name') return { question, mode, rules, rule, pinned, pin: null };
  const { version } = question.file;
  return {
    question,
    mode,
    rules,
    rule,
    pinned,
    pin: pinned?.get(version) ?? null,
    required: requirementsFor(rules, rule?.value ?? null, version),
    waivers: rules.waivers.get(name)?.get(version) ?? [],
  };
}

function judgeDenied(matter: Matter): Given[] {
  const { rules, question } = matter;
  const denied = rules.deny
    .all(question.name)
    .flat()
    .filter(({ range }) => range === null || (question.stage !== 'name' && range.has(question.file.version)))
    .map(({ place }) => firm('DENIED', place));
  // Of a name that nobody listed, nothing is looked up.
  return isFile(matter) && asksAll(matter) ? [...denied, ...judgeMalware(matter)] : denied;
}

/** Whether a rule or a pin admits the name, and the version where there is one. */
function judgeAdmitted({ question, mode, rule, pinned, pin }: Matter): Given[] {
  if (question.stage === 'name') {
    if (rule === null && pinned === null) return [unlisted('NOT_ALLOWLISTED')];
    return mode === 'frozen' && pinned === null ? [unlisted('NOT_PINNED')] : [];
  }
  const mismatch = judgePin(question, pin);
  if (rule === null && pinned === null) {
    return [unlisted('NOT_ALLOWLISTED'), ...(mode === 'observe' ? mismatch : [])];
  }
  if (pin !== null || mismatch.length > 0) return mismatch;
  if (mode === 'frozen') return [unlisted('NOT_PINNED')];
  if (rule === null) return [unlisted('VERSION_NOT_ALLOWED')];
  const { range, place } = rule.value;
  const reached = range === null || range.has(question.file.version);
  return reached ? [] : [unlisted('VERSION_NOT_ALLOWED', place)];
}

/** What lacks only a rule. */
function unlisted(code: ReasonCode, place: Reason['place'] = null): Given {
  return { ...firm(code, place), observable: true };
}

function admittedBy({ question, mode, rule, pinned, pin }: Matter): Pick<Decision, 'place' | 'by'> {
  // By name alone, a pin of any version says that the name itself is reviewed, which a prefix does not.
  const [first] = question.stage === 'name' ? (pinned?.values() ?? []) : pin === null ? [] : [pin];
  const nameOnly = question.stage === 'name' && mode !== 'frozen' && rule?.by === 'exact';
  if (first && !nameOnly) return { place: first.place, by: 'pin' };
  return rule === null ? { place: null, by: null } : { place: rule.value.place, by: rule.by };
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
