import type { Decision, PolicyPlace } from '../../model/decision.ts';
import { LIFTED_BY, type Liftable } from '../../model/liftable.ts';
import type { VersionScheme } from '../../model/versions.ts';
import { decide } from '../decide.ts';
import { shapeProblems } from '../language/problems.ts';
import { readYaml } from '../language/yaml.ts';
import { type Policy, PolicyError, type PolicyProblem, type PolicySource } from '../policy.ts';
import { questionOf } from './case-question.ts';
import { type CaseInput, caseFileSchema } from './case-schema.ts';

/*
 * What must be allowed and what refused, as data under `allowlists/cases/`: reviewed with the policy, run in CI
 * with no network. A case without a version asks by name alone; one with a version describes a listed file, and
 * one that says anything of evidence, or of what only bytes can show, a file whose bytes are here and are what its
 * index says.
 */

export interface CaseResult {
  /** Where the case stands. */
  readonly place: PolicyPlace;
  /** As it is written: `npm express@5.1.0`. */
  readonly subject: string;
  readonly why: string;
  readonly passed: boolean;
  /**
   * `allow`, the code of the refusal, or `observe` with the code for which it would be one; and what waivers lifted,
   * where the case speaks of it: `allow, waived: install-scripts`.
   */
  readonly expected: string;
  readonly got: string;
  readonly decision: Decision;
}

/**
 * Runs case files against a policy. Throws PolicyError with every problem of a case file that cannot be read:
 * a case that is not run must not look like one that passed.
 */
export function runCases(
  policy: Policy,
  sources: readonly PolicySource[],
  schemes: readonly VersionScheme[],
): CaseResult[] {
  const ecosystems = schemes.map((scheme) => scheme.ecosystem);
  const schema = caseFileSchema(ecosystems);
  const problems: PolicyProblem[] = [];
  const results: CaseResult[] = [];
  for (const source of sources) {
    const file = readYaml(source);
    if ('problems' in file) {
      problems.push(...file.problems);
      continue;
    }
    const parsed = schema.safeParse(file.data);
    if (!parsed.success) {
      problems.push(...shapeProblems(file, parsed.error.issues));
      continue;
    }
    parsed.data.cases.forEach((input, i) => {
      const at = file.at(['cases', i]);
      const result = runCase(policy, parsed.data.profile, input, schemes, `${file.path}:${at.line}`);
      if ('problem' in result) problems.push({ path: file.path, ...at, message: result.problem });
      else results.push(result);
    });
  }
  if (problems.length > 0) throw new PolicyError(problems);
  return results;
}

function runCase(
  policy: Policy,
  fileProfile: string,
  input: CaseInput,
  schemes: readonly VersionScheme[],
  place: PolicyPlace,
): CaseResult | { readonly problem: string } {
  const profile = input.profile ?? fileProfile;
  const scheme = schemes.find(({ ecosystem }) => Object.hasOwn(input, ecosystem));
  const text: unknown = scheme && (input as Record<string, unknown>)[scheme.ecosystem];
  if (!scheme || typeof text !== 'string') return { problem: 'names no ecosystem' };
  const question = questionOf(policy, profile, input, scheme, text);
  if ('problem' in question) return question;
  const decision = decide(policy, profile, question);
  const expected = expectedOf(input);
  const got = gotOf(decision, input.waived);
  const subject = `${scheme.ecosystem} ${text}`;
  return { place, subject, why: input.why, passed: got === expected, expected, got, decision };
}

function expectedOf({ expect, code, waived }: CaseInput): string {
  const outcome = expect === 'observe' ? `observe ${code}` : (code ?? 'allow');
  return waived === undefined ? outcome : withWaived(outcome, [waived]);
}

function gotOf({ verdict, reasons, observed, waived }: Decision, asked: Liftable | undefined): string {
  const [first] = observed;
  const served = first === undefined ? 'allow' : `observe ${first.code}`;
  const outcome = verdict === 'allow' ? served : (reasons[0]?.code ?? 'INTERNAL');
  if (asked === undefined) return outcome;
  const lifted = new Set(waived.flatMap(({ code }) => LIFTED_BY[code] ?? []));
  return withWaived(outcome, lifted.has(asked) ? [asked] : [...lifted]);
}

function withWaived(outcome: string, lifted: readonly Liftable[]): string {
  return `${outcome}, ${lifted.length === 0 ? 'nothing waived' : `waived: ${lifted.join(' ')}`}`;
}
