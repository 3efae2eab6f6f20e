import type { PolicyPlace } from '../../model/decision.ts';
import { readYaml } from '../language/yaml.ts';
import type { PolicySource } from '../policy.ts';
import type { Profile } from '../profile.ts';
import { FAR, type LintFinding, type LintMatter } from './lint-known.ts';

/** What is to be said of whole profiles: modes, feeds that they ask for and are not there, cases that nobody wrote. */
export function lintProfiles(matter: LintMatter): LintFinding[] {
  const { policy, written, cases } = matter;
  const tested = profilesOf(cases);
  const findings = [...policy.profiles.values()].flatMap((profile) => {
    const place = written.profiles.get(profile.name) ?? '.:1';
    return [
      ...lintLayers(matter, profile, place),
      ...lintMode(matter, profile, written.modes.get(profile.name) ?? place),
      ...(tested.has(profile.name)
        ? []
        : [
            {
              level: 'info',
              code: 'no-cases',
              place,
              message: `no case says what profile ${profile.name} must do`,
            } as const,
          ]),
    ];
  });
  return [...findings, ...lintFeed(matter)];
}

/** A profile that stands alone where others are held by locks: whoever is given it is held by none. */
function lintLayers(
  { policy }: LintMatter,
  { name, layers, locked }: Profile,
  place: PolicyPlace,
): LintFinding[] {
  if (layers.length > 1 || locked.size > 0) return [];
  const others = [...policy.profiles.values()].filter((other) => other.name !== name);
  const locking = others.find(
    (one) =>
      one.locked.size > 0 &&
      others.some(({ name: of, layers: has }) => of !== one.name && has.includes(one.name)),
  );
  if (!locking) return [];
  const isLayer = others.some((other) => other.layers.includes(name));
  const message = `profile ${name} extends nothing: what ${locking.name} locks for others does not hold for it`;
  return [{ level: isLayer ? 'info' : 'warning', code: 'unlayered-profile', place, message }];
}

function lintMode(
  { written, now }: LintMatter,
  { name, mode, until }: Profile,
  place: PolicyPlace,
): LintFinding[] {
  if (mode === 'observe' && (until === null || until <= now)) {
    const when = until === null ? '' : ` ${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    const message = `mode observe ended${when}: profile ${name} enforces`;
    return [{ level: 'warning', code: 'observe-ended', place, message }];
  }
  if (mode === 'observe' && until !== null && until - now > FAR) {
    const message = `mode observe ends only ${new Date(until).toISOString().slice(0, 10)}: until then profile ${name} refuses next to nothing`;
    return [{ level: 'warning', code: 'far-end', place, message }];
  }
  const idle = written.rules.filter(({ profile, kind }) => kind === 'allow' && profile === name);
  const [first] = idle;
  if (mode !== 'frozen' || !first) return [];
  const message = `profile ${name} is frozen: ${idle.length === 1 ? 'this rule admits' : `its ${idle.length} allow rules admit`} nothing, only pins do`;
  return [{ level: 'warning', code: 'rule-in-frozen', place: first.place, message }];
}

function lintFeed({ written, known }: LintMatter): LintFinding[] {
  if (known.feed) return [];
  return ['malware', 'vulnerability'].flatMap((asked) => {
    const message = `${asked} is asked for, and there is no feed of advisories here: put one in force with feed update`;
    const said = written.requirements.filter(({ key, value }) => key === asked && value !== 'off');
    const places = [
      ...said.map(({ place }) => place),
      ...written.rules.flatMap(({ requirements }) => requirements.get(asked) ?? []),
    ];
    return places.map((place): LintFinding => ({ level: 'warning', code: 'no-feed', place, message }));
  });
}

/** The profiles of which any case speaks. */
function profilesOf(cases: readonly PolicySource[]): ReadonlySet<unknown> {
  const found = new Set<unknown>();
  for (const source of cases) {
    const file = readYaml(source);
    if ('problems' in file || !isRecord(file.data)) continue;
    const { profile, cases: list } = file.data;
    for (const one of Array.isArray(list) ? list : [])
      found.add((isRecord(one) && one['profile']) || profile);
  }
  return found;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
