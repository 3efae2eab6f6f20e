import type { PolicyPlace } from '../../model/decision.ts';
import { readYaml } from '../language/yaml.ts';
import type { PolicySource } from '../policy.ts';
import type { Profile } from '../profile.ts';
import type { LintFinding, LintMatter } from './lint-known.ts';

/** What is to be said of whole profiles: modes, feeds that they ask for and are not there, cases that nobody wrote. */
export function lintProfiles(matter: LintMatter): LintFinding[] {
  const { policy, written, cases } = matter;
  const tested = profilesOf(cases);
  const findings = [...policy.profiles.values()].flatMap((profile) => {
    const place = written.profiles.get(profile.name) ?? '.:1';
    return [
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
  const idle = written.rules.filter(({ profile, kind }) => kind === 'allow' && profile === name);
  const [first] = idle;
  if (mode !== 'frozen' || !first) return [];
  const message = `profile ${name} is frozen: ${idle.length === 1 ? 'this rule admits' : `its ${idle.length} allow rules admit`} nothing, only pins do`;
  return [{ level: 'warning', code: 'rule-in-frozen', place: first.place, message }];
}

function lintFeed({ written, known }: LintMatter): LintFinding[] {
  if (known.feed) return [];
  const message =
    'malware is asked for, and there is no feed of advisories here: put one in force with feed update';
  const said = written.requirements.filter(({ key, value }) => key === 'malware' && value !== 'off');
  const places = [
    ...said.map(({ place }) => place),
    ...written.rules.flatMap(({ requirements }) => requirements.get('malware') ?? []),
  ];
  return places.map((place) => ({ level: 'warning', code: 'no-feed', place, message }));
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
