import type { PolicyPlace } from '../../model/decision.ts';
import type { VersionScheme } from '../../model/versions.ts';
import { type Pattern, parsePattern } from '../patterns.ts';
import type { PolicySource } from '../policy.ts';
import { readYaml } from './yaml.ts';

/** One allow or deny rule as a file writes it: also those of which nothing is left once layers are put together. */
export interface WrittenRule {
  readonly profile: string;
  readonly kind: 'allow' | 'deny';
  readonly ecosystem: string;
  readonly pattern: Pattern;
  /** null: every version. */
  readonly versions: string | null;
  readonly wide: boolean;
  /** Key → where in the file it stands. */
  readonly requirements: ReadonlyMap<string, PolicyPlace>;
  readonly place: PolicyPlace;
}

/** A requirement that a file asks of all names of an ecosystem. */
export interface WrittenRequirement {
  readonly profile: string;
  readonly ecosystem: string;
  readonly key: string;
  readonly value: unknown;
  readonly place: PolicyPlace;
}

export interface Written {
  readonly rules: readonly WrittenRule[];
  readonly requirements: readonly WrittenRequirement[];
  /** Profile → where the first file that speaks for it says so. */
  readonly profiles: ReadonlyMap<string, PolicyPlace>;
  /** Profile → where its mode stands. */
  readonly modes: ReadonlyMap<string, PolicyPlace>;
}

/**
 * What the files of a policy say, each thing where it stands. For a policy that was loaded: whatever is not of the
 * language's form is passed over here, because loading it has refused it.
 */
export function writtenIn(sources: readonly PolicySource[], schemes: readonly VersionScheme[]): Written {
  const rules: WrittenRule[] = [];
  const requirements: WrittenRequirement[] = [];
  const profiles = new Map<string, PolicyPlace>();
  const modes = new Map<string, PolicyPlace>();
  for (const source of sources) {
    const file = readYaml(source);
    if ('problems' in file) continue;
    const at = (path: readonly PropertyKey[]): PolicyPlace => `${file.path}:${file.at(path).line}`;
    const profile = memberOf(file.data, 'profile');
    if (typeof profile !== 'string') continue;
    if (!profiles.has(profile)) profiles.set(profile, `${file.path}:${file.atKey([], 'profile').line}`);
    if (memberOf(file.data, 'mode') !== undefined) modes.set(profile, at(['mode']));
    for (const { ecosystem } of schemes) {
      const said = memberOf(memberOf(file.data, 'requirements'), ecosystem);
      for (const [key, value] of entriesOf(said)) {
        const place = `${file.path}:${file.atKey(['requirements', ecosystem], key).line}`;
        requirements.push({ profile, ecosystem, key, value, place });
      }
    }
    for (const kind of ['allow', 'deny'] as const) {
      const list = memberOf(file.data, kind);
      for (const [i, entry] of (Array.isArray(list) ? list : []).entries()) {
        const scheme = schemes.find(({ ecosystem }) => typeof memberOf(entry, ecosystem) === 'string');
        const name = scheme && memberOf(entry, scheme.ecosystem);
        if (!scheme || typeof name !== 'string') continue;
        const pattern = parsePattern(name, scheme);
        if ('problem' in pattern) continue;
        const versions = memberOf(entry, 'versions');
        const own = entriesOf(memberOf(entry, 'requirements')).map(([key]): [string, PolicyPlace] => [
          key,
          `${file.path}:${file.atKey([kind, i, 'requirements'], key).line}`,
        ]);
        rules.push({
          profile,
          kind,
          ecosystem: scheme.ecosystem,
          pattern,
          versions: typeof versions === 'string' ? versions : null,
          wide: memberOf(entry, 'wide') === true,
          requirements: new Map(own),
          place: at([kind, i]),
        });
      }
    }
  }
  return { rules, requirements, profiles, modes };
}

/** A pattern as a policy writes it. */
export function patternText({ text, prefix }: Pattern): string {
  return prefix ? `${text}*` : text;
}

function memberOf(value: unknown, key: string): unknown {
  const known = entriesOf(value).find(([one]) => one === key);
  return known?.[1];
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
