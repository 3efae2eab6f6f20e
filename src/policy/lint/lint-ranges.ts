import type { VersionScheme } from '../../model/versions.ts';
import { patternText, type WrittenRule } from '../language/rules-of.ts';
import type { EcosystemRules, Profile } from '../profile.ts';
import type { Known, LintFinding, LintMatter } from './lint-known.ts';

/** Ranges that hold nothing, of which nothing is known here, or of which all that is known is denied. */
export function lintRanges({ policy, written, schemes, known }: LintMatter): LintFinding[] {
  const using = new Map<string, Profile[]>();
  for (const profile of policy.profiles.values())
    for (const layer of profile.layers) using.set(layer, [...(using.get(layer) ?? []), profile]);
  return written.rules.flatMap((rule) => {
    const scheme = schemes.find(({ ecosystem }) => ecosystem === rule.ecosystem);
    if (!scheme) return [];
    const empty = emptyRange(rule, scheme);
    if (empty.length > 0) return empty;
    return [
      ...unknownVersions(rule, scheme, known),
      ...deniedVersions(rule, scheme, known, using.get(rule.profile) ?? []),
    ];
  });
}

function emptyRange({ versions, place, kind, pattern }: WrittenRule, scheme: VersionScheme): LintFinding[] {
  if (versions === null || !isEmptyRange(versions, kind, scheme)) return [];
  const does = kind === 'allow' ? 'admits' : 'denies';
  const message = `no version can be in ${JSON.stringify(versions)}: the rule ${does} nothing of ${patternText(pattern)}`;
  return [{ level: 'error', code: 'empty-range', place, message }];
}

/**
 * Whether no version can be in a range. A range that holds any holds one of its own bounds, or one just beside a bound:
 * the next release, major or minor line, a prerelease or a later build of it.
 */
function isEmptyRange(text: string, kind: WrittenRule['kind'], scheme: VersionScheme): boolean {
  // A denial takes in the prereleases that a rule leaves out.
  const range = scheme.parseRange(text, { prereleases: kind === 'deny' });
  return range !== null && !besides(text, scheme).some((version) => range.has(version));
}

function besides(text: string, { parseVersion }: VersionScheme): string[] {
  const found = ['0.0.0', '0.0.1', '999999.0.0'];
  for (const [literal, epoch = '', release = '', tail = ''] of text.matchAll(
    /(\d+!)?(\d+(?:\.\d+){0,5})((?:[-+._]?[a-z0-9]+)*)/gi,
  )) {
    const parts = release.split('.');
    const filled = [...parts, '0', '0'].slice(0, Math.max(3, parts.length));
    const next = filled.map((_, i) =>
      filled.map((part, j) => (j < i ? part : j > i ? '0' : String(Number(part) + 1))).join('.'),
    );
    const later = literal.replace(/\d+(?=\D*$)/, (last) => String(Number(last) + 1));
    const whole = `${filled.join('.')}${tail}`;
    const own = [filled.join('.'), ...next].flatMap((one) => [
      one,
      `${one}-0`,
      `${one}.dev0`,
      `${one}.post1`,
    ]);
    for (const one of [whole, `${whole}.0`, `${whole}.dev0`, `${whole}.post1`, ...own])
      found.push(`${epoch}${one}`);
    found.push(literal, later);
  }
  return found.flatMap((one) => parseVersion(one) ?? []);
}

/** As far as the index is known here. A newer one may have more; of a release that was taken back it has none. */
function unknownVersions(
  { pattern, versions, ecosystem, place, kind }: WrittenRule,
  scheme: VersionScheme,
  known: Known,
): LintFinding[] {
  if (versions === null || pattern.prefix) return [];
  const listed = known.package(ecosystem, pattern.text)?.versions ?? [];
  const range = scheme.parseRange(versions, { prereleases: kind === 'deny' });
  if (listed.length === 0 || range === null || listed.some((version) => range.has(version))) return [];
  const message = `of the ${listed.length} versions of ${pattern.text} that are known here none is in ${JSON.stringify(versions)}`;
  return [{ level: 'info', code: 'no-known-version', place, message }];
}

/** Every known version of an allow rule is denied, in every profile that has the rule. */
function deniedVersions(
  { pattern, versions, ecosystem, place, kind }: WrittenRule,
  scheme: VersionScheme,
  known: Known,
  profiles: readonly Profile[],
): LintFinding[] {
  if (kind !== 'allow' || pattern.prefix) return [];
  const range = versions === null ? null : scheme.parseRange(versions);
  const admitted = (known.package(ecosystem, pattern.text)?.versions ?? []).filter(
    (version) => versions === null || range?.has(version),
  );
  if (admitted.length === 0) return [];
  const found = profiles.map((profile) => {
    const rules = profile.ecosystems.get(ecosystem);
    return rules ? denierOf(rules, pattern.text, admitted) : null;
  });
  const [first] = found;
  if (!first || found.includes(null)) return [];
  const message = `${first} denies all of the ${admitted.length} versions of ${pattern.text} known here that the rule takes in`;
  return [{ level: 'warning', code: 'allow-denied', place, message }];
}

/** Where the first of the rules stands that together deny all of these versions; null where one is left. */
function denierOf({ deny }: EcosystemRules, name: string, versions: readonly string[]): string | null {
  const rules = deny.all(name).flat();
  // What denies every version is told whatever is known.
  if (rules.some(({ range }) => range === null)) return null;
  const denied = versions.map((version) => rules.find(({ range }) => range?.has(version)));
  return denied.includes(undefined) ? null : (denied[0]?.place ?? null);
}
