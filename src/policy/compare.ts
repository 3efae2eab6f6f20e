import type { EcosystemId } from '../model/artifact.ts';
import type { PolicyPlace } from '../model/decision.ts';
import { requirementText } from './language/requirement-words.ts';
import { patternText } from './language/rules-of.ts';
import { REQUIREMENT_KEYS } from './language/strictness.ts';
import type { PatternMap } from './patterns.ts';
import type { Policy } from './policy.ts';
import type { AllowRule, EcosystemRules, Profile, Requirements } from './profile.ts';

/** What two policies say differently, whoever asks for what. Texts are as a policy file could write them. */
export interface PolicyDifference {
  readonly profile: string;
  /** null for what is of all ecosystems. */
  readonly ecosystem: EcosystemId | null;
  readonly kind:
    | 'profile'
    | 'mode'
    | 'layers'
    | 'locked'
    | 'requirement'
    | 'allow'
    | 'deny'
    | 'pin'
    | 'waiver'
    | 'internal'
    | 'upstream';
  /** A pattern, `name@version`, the key of a requirement; empty where the kind says it. */
  readonly subject: string;
  /** null where the one policy has nothing of the kind. */
  readonly before: string | null;
  readonly after: string | null;
  /** Where the new one says it, or the old one where the new one is silent; null where there is no one place. */
  readonly place: PolicyPlace | null;
}

/** One thing that a policy says. */
interface Said {
  readonly text: string;
  readonly place: PolicyPlace | null;
}

type Statements = ReadonlyMap<string, Said>;

/**
 * Names, requirements and exceptions that were added, taken away or changed, per profile; sorted. What a rule says of
 * requirements is what differs from its profile: where the profile changes, that is told once.
 */
export function comparePolicies(before: Policy, after: Policy): PolicyDifference[] {
  const names = [...new Set([...before.profiles.keys(), ...after.profiles.keys()])].sort();
  const differences = names.flatMap((name) =>
    compareProfile(name, before.profiles.get(name), after.profiles.get(name)),
  );
  return [...differences, ...compareUpstreams(before, after)];
}

function compareProfile(
  profile: string,
  before: Profile | undefined,
  after: Profile | undefined,
): PolicyDifference[] {
  const about = { profile, ecosystem: null, place: null } as const;
  const found: PolicyDifference[] = [];
  const told = (kind: PolicyDifference['kind'], was: string | null, is: string | null): void => {
    if (was !== is) found.push({ ...about, kind, subject: '', before: was, after: is });
  };
  told('profile', before ? 'there' : null, after ? 'there' : null);
  told('mode', before ? modeText(before) : null, after ? modeText(after) : null);
  told('layers', before?.layers.join(' < ') ?? null, after?.layers.join(' < ') ?? null);
  // Each lock by itself, so that one which goes is a line that goes.
  for (const one of compareStatements(locksOf(before), locksOf(after)))
    found.push({ profile, ecosystem: null, kind: 'locked', ...one });
  const ids = [
    ...new Set([...(before?.ecosystems.keys() ?? []), ...(after?.ecosystems.keys() ?? [])]),
  ].sort();
  for (const id of ids) {
    const was = before?.ecosystems.get(id);
    const is = after?.ecosystems.get(id);
    for (const kind of KINDS) {
      const none: Statements = new Map();
      for (const one of compareStatements(
        was ? STATEMENTS[kind](was) : none,
        is ? STATEMENTS[kind](is) : none,
      ))
        found.push({ profile, ecosystem: id, kind, ...one });
    }
  }
  return found;
}

function modeText({ mode, until }: Profile): string {
  return until === null ? mode : `${mode} until ${new Date(until).toISOString()}`;
}

function locksOf(profile: Profile | undefined): Statements {
  return new Map(
    [...(profile?.locked ?? [])].map(([key, place]) => [
      key,
      { text: 'layers below may only tighten it', place },
    ]),
  );
}

const KINDS = ['requirement', 'allow', 'deny', 'pin', 'waiver', 'internal'] as const;

const STATEMENTS: Record<(typeof KINDS)[number], (rules: EcosystemRules) => Statements> = {
  requirement: ({ requirements }) =>
    new Map(REQUIREMENT_KEYS.map((key) => [key, { text: requirementText(requirements, key), place: null }])),
  allow: ({ allow, requirements }) => ofPatterns(allow, (rule) => ruleSaid(rule, requirements)),
  deny: ({ deny }) =>
    ofPatterns(deny, (rules) => ({
      text: rules
        .map(({ range }) => range?.text ?? 'every version')
        .sort()
        .join(' || '),
      place: rules[0]?.place ?? null,
    })),
  pin: ({ pins }) =>
    ofVersions(pins, ({ digests, keepsAge, place }) => ({
      text: `${[...digests].sort().join(' ')}${keepsAge ? '; its age counts' : ''}`,
      place,
    })),
  waiver: ({ waivers }) => {
    // Several may lift the same of one version, each for other digests.
    const said = new Map<string, Said[]>();
    for (const [name, versions] of waivers) {
      for (const [version, list] of versions) {
        for (const { lifts, digests, approver, expires, place } of list) {
          const until = new Date(expires).toISOString();
          const text = `until ${until}, approved by ${approver}, for ${[...digests].sort().join(' ')}`;
          const subject = `${name}@${version} ${lifts}`;
          said.set(subject, [...(said.get(subject) ?? []), { text, place }]);
        }
      }
    }
    return new Map([...said].map(([subject, all]) => [subject, together(all)]));
  },
  internal: ({ internal }) => ofPatterns(internal, (place) => ({ text: 'internal', place })),
};

function together(all: readonly Said[]): Said {
  const texts = all.map(({ text }) => text).sort();
  return { text: texts.join('; '), place: all[0]?.place ?? null };
}

/** A rule's range, and where it asks for something else than its profile. */
function ruleSaid({ range, requirements, place }: AllowRule, profile: Requirements): Said {
  const own = REQUIREMENT_KEYS.flatMap((key) => {
    const text = requirementText(requirements, key);
    return text === requirementText(profile, key) ? [] : [`${key}: ${text}`];
  });
  return { text: [range?.text ?? 'every version', ...own].join('; '), place };
}

function ofPatterns<T>(map: PatternMap<T>, said: (value: T) => Said): Statements {
  return new Map([...map.entries()].map(([pattern, value]) => [patternText(pattern), said(value)]));
}

function ofVersions<T>(
  names: ReadonlyMap<string, ReadonlyMap<string, T>>,
  said: (value: T) => Said,
): Statements {
  const all = new Map<string, Said>();
  for (const [name, versions] of names)
    for (const [version, value] of versions) all.set(`${name}@${version}`, said(value));
  return all;
}

function compareStatements(
  before: Statements,
  after: Statements,
): Pick<PolicyDifference, 'subject' | 'before' | 'after' | 'place'>[] {
  const subjects = [...new Set([...before.keys(), ...after.keys()])].sort();
  return subjects.flatMap((subject) => {
    const was = before.get(subject);
    const is = after.get(subject);
    if (was?.text === is?.text) return [];
    const place = (is ?? was)?.place ?? null;
    return [{ subject, before: was?.text ?? null, after: is?.text ?? null, place }];
  });
}

function compareUpstreams(before: Policy, after: Policy): PolicyDifference[] {
  const ids = [...new Set([...before.upstreams.keys(), ...after.upstreams.keys()])].sort();
  return ids.flatMap((ecosystem) => {
    const [was, is] = [before, after].map((policy): Statements => {
      const named = policy.upstreams.get(ecosystem);
      return named ? ofPatterns(named, ({ upstream, place }) => ({ text: upstream, place })) : new Map();
    });
    return compareStatements(was ?? new Map(), is ?? new Map()).map(
      (one): PolicyDifference => ({ profile: '', ecosystem, kind: 'upstream', ...one }),
    );
  });
}
