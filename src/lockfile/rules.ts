import type { PackageId, PackageName } from '../model/artifact.ts';
import { readYaml } from '../policy/language/yaml.ts';
import type { Policy, PolicySource } from '../policy/policy.ts';
import { ecosystemOf } from './indexes.ts';
import type { Flag, FlagCode, WrittenPin } from './pinned.ts';
import { rangeFor } from './ranges.ts';
import type { WrittenRule } from './written.ts';

/** Allow rules that hold what would be pinned, and what could not be written so. */
export function rulesFor(
  pins: readonly WrittenPin[],
  exactRule: (id: PackageId) => { readonly place: string; readonly has: (version: string) => boolean } | null,
): { readonly rules: readonly WrittenRule[]; readonly flags: readonly Flag[] } {
  const byName = new Map<string, WrittenPin[]>();
  for (const pin of pins) {
    const key = `${pin.ecosystem}\n${pin.name}`;
    const before = byName.get(key);
    if (before) before.push(pin);
    else byName.set(key, [pin]);
  }
  const rules: WrittenRule[] = [];
  const flags: Flag[] = [];
  for (const [first, ...others] of byName.values()) {
    if (!first) continue;
    const { ecosystem, name } = first;
    const versions = [first, ...others].map(({ version }) => version);
    const about = (code: FlagCode, version: string | null, words: string, fails: boolean): void => {
      flags.push({ code, ecosystem, package: name, version, line: null, words, fails });
    };
    const there = exactRule({ ecosystem, name });
    if (there) {
      // Two rules of one name are a tie, which is a load error.
      const missing = versions.filter((version) => !there.has(version));
      if (missing.length === 0) about('has-rule', null, `has a rule already, at ${there.place}`, false);
      for (const version of missing)
        about('has-rule', version, `is not admitted by the rule that its name has at ${there.place}`, true);
      continue;
    }
    const range = rangeFor(ecosystemOf(first).versions, versions);
    if (range === null) about('no-range', null, 'is locked in versions that no one range holds', true);
    else rules.push({ ecosystem, name, versions: range });
  }
  return { rules, flags };
}

/** The exact allow rule that a profile's own files have for a name, beside the file at `except`. */
export function exactRules(policy: Policy, profile: string, except: string) {
  const own = new Set(
    policy.sources.filter((source) => profileOf(source) === profile).map(({ path }) => path),
  );
  own.delete(except);
  const rules = policy.profiles.get(profile)?.ecosystems;
  return ({ ecosystem, name }: { ecosystem: string; name: PackageName }) => {
    const rule = rules?.get(ecosystem)?.allow.exact.get(name);
    const place = rule?.place ?? '';
    if (!rule || !own.has(place.slice(0, place.lastIndexOf(':')))) return null;
    return { place, has: (version: string) => rule.range === null || rule.range.has(version) };
  };
}

function profileOf(source: PolicySource): unknown {
  const file = readYaml(source);
  if ('problems' in file || typeof file.data !== 'object' || file.data === null) return null;
  return 'profile' in file.data ? file.data.profile : null;
}
