import type { PackageName } from '../../model/artifact.ts';
import type { NewDependency } from '../../model/change.ts';
import type { Reason } from '../../model/decision.ts';
import type { ReasonCode } from '../../model/reason-codes.ts';
import type { ListingQuestion, Policy } from '../policy.ts';
import type { EcosystemRules } from '../profile.ts';
import { requirementsFor } from '../requirements.ts';
import { type FileMatter, type Given, unmet, warning } from './matter.ts';

/** Names that a reason tells. */
const MAX_TOLD = 16;

/**
 * What changed since the version that was admitted before, where no other requirement asks for it anyway: code that is run at an
 * install, of a package that had none; a source distribution where there were wheels; packages that are pulled in for
 * the first time, and are strangers or younger than their own `age`.
 */
export function judgeChanges(matter: FileMatter, runs: boolean): Given[] {
  const { required, question } = matter;
  const { before, dependencies } = question.change;
  if (required.changes === 'off' || before === null) return [];
  const given: Given[] = [];
  const add = (code: ReasonCode, about: readonly string[]): void => {
    given.push(givenOf(matter, { code, place: matter.rule?.value.place ?? null, about }));
  };
  if (runs && !before.runs && required.installScripts === 'allow')
    add('NEW_INSTALL_SCRIPT', [before.version]);
  if (question.file.kind === 'sdist' && required.sdist === 'allow' && isInstead(before.kinds))
    add('SDIST_INSTEAD', [before.version]);
  const unknown = dependencies?.filter((one) => isUnknown(matter, one)).map(({ name }) => name);
  if (!unknown) add('NEW_DEPENDENCY', []);
  else if (unknown.length > 0) add('NEW_DEPENDENCY', unknown.slice(0, MAX_TOLD));
  return given;
}

/** Whether a reason is one that `changes` asks for, of a requirement that would let it pass. */
export function givenOf({ required }: Pick<FileMatter, 'required'>, reason: Reason): Given {
  return required.changes === 'warn' ? warning(reason) : unmet('changes', reason);
}

/**
 * Of the new dependencies of a file those whose birth decides: the policy asks for changes, admits the name, and asks for an age of it.
 * Of no other name anything is looked up.
 */
export function birthsAsked(
  policy: Policy,
  profile: string,
  { ecosystem, name, file, change }: Pick<ListingQuestion, 'ecosystem' | 'name' | 'file' | 'change'>,
): readonly PackageName[] {
  const rules = policy.profiles.get(profile)?.ecosystems.get(ecosystem);
  if (!rules || !change.dependencies) return [];
  const required = requirementsFor(rules, rules.allow.best(name)?.value ?? null, file.version);
  if (required.changes === 'off') return [];
  return change.dependencies
    .map((one) => one.name as PackageName)
    .filter((one) => (ageAsked(rules, one) ?? 0) > 0);
}

/** No release of it has a wheel and a source distribution: whoever has both, may be asked for either. */
function isInstead(kinds: readonly string[]): boolean {
  return kinds.includes('wheel') && !kinds.includes('sdist');
}

/** A stranger, or not known to be old enough. Before the bytes are here, an age that nobody looked up says nothing. */
function isUnknown({ rules, question }: FileMatter, { name, born }: NewDependency): boolean {
  const age = ageAsked(rules, name as PackageName);
  if (age === null) return true;
  if (age <= 0 || (born === undefined && question.stage === 'listing')) return false;
  // Written so that a time which is no number is too young, too.
  return !(question.now >= (born ?? Number.NaN) + age);
}

/** The least age that the policy asks of any version of a package (ms); null where it admits none of them. */
function ageAsked(
  { allow, pins, deny, internal, requirements }: EcosystemRules,
  name: PackageName,
): number | null {
  if (internal.best(name) || internal.best(name.toLowerCase() as PackageName)) return null;
  if (
    deny
      .all(name)
      .flat()
      .some(({ range }) => range === null)
  )
    return null;
  const pinned = [...(pins.get(name)?.values() ?? [])];
  if (pinned.some(({ keepsAge }) => !keepsAge)) return 0;
  const rule = allow.best(name)?.value;
  if (rule) return rule.requirements.age;
  return pinned.length > 0 ? requirements.age : null;
}
