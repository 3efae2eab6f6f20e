import type { Config } from './config.ts';
import { ConfigError } from './config.ts';
import { ECOSYSTEMS } from './ecosystems/all.ts';
import type { EcosystemId, PackageId } from './model/artifact.ts';
import type { PolicyPlace } from './model/decision.ts';
import { PatternMap, parsePattern } from './policy/patterns.ts';
import { type NamedUpstream, type Policy, PolicyError, type PolicyProblem } from './policy/policy.ts';
import { defaultNpmBase, defaultPypiBase } from './upstream/defaults.ts';
import type { Source } from './upstream/upstream.ts';

/** A private upstream of the configuration, and the patterns that the configuration itself gives it. */
interface Own {
  readonly ecosystem: string;
  readonly patterns: readonly string[];
  readonly source: Source;
}

/** The sources of public names, and the private ones. */
export async function openSources(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Sources> {
  const publicSources = new Map<string, Source>([
    ['npm', sourceOf('npm', config.npmUpstream ?? (await defaultNpmBase()), config.fileOrigins['npm'] ?? [])],
    [
      'pypi',
      sourceOf('pypi', config.pypiUpstream ?? (await defaultPypiBase()), config.fileOrigins['pypi'] ?? []),
    ],
  ]);
  const own: Own[] = [];
  for (const upstream of config.upstreams) {
    const { id, ecosystem } = upstream;
    const source = {
      ...sourceOf(id, upstream.base, upstream.fileOrigins),
      authorization: credential(upstream, env),
    };
    // What is remembered of a name is kept under the id.
    if (own.some((before) => before.source.id === id))
      throw new ConfigError(`upstreams: ${id} is there twice; each id is one upstream`);
    const patterns: string[] = [];
    own.push({ ecosystem, patterns, source });
    for (const written of upstream.names) {
      const pattern = canonical(id, ecosystem, written);
      const clash = clashOf(own, ecosystem, pattern);
      if (clash) {
        throw new ConfigError(
          `upstreams: ${pattern} of ${id} and ${clash.pattern} of ${clash.id} speak for the same names; each name has exactly one upstream`,
        );
      }
      patterns.push(pattern);
    }
  }
  return new Sources(publicSources, own);
}

/** What a policy says of upstreams. */
type Upstreams = Pick<Policy, 'upstreams'>;

/**
 * Which upstream each name comes from: the private one that the configuration or the policy names for it, else the
 * ecosystem's own. A name of a private upstream is never asked of another one, whatever becomes of that one.
 */
export class Sources {
  readonly #public: ReadonlyMap<string, Source>;
  readonly #own: readonly Own[];
  readonly #lower = new WeakMap<Policy['upstreams'], Policy['upstreams']>();

  constructor(publicSources: ReadonlyMap<string, Source>, own: readonly Own[]) {
    this.#public = publicSources;
    this.#own = own;
  }

  /** Under a policy that `check` takes. */
  of(id: PackageId, { upstreams }: Upstreams): Source {
    const mine = this.#own.find(
      (one) => one.ecosystem === id.ecosystem && one.patterns.some((pattern) => matches(pattern, id.name)),
    );
    if (mine) return mine.source;
    const said = this.#lowered(upstreams).get(id.ecosystem)?.best(id.name.toLowerCase());
    const source = said
      ? this.#find(id.ecosystem, said.value.upstream)?.source
      : this.#public.get(id.ecosystem);
    if (!source) throw new ConfigError(`no upstream for ${id.ecosystem}`);
    return source;
  }

  /** Throws PolicyError where the policy names an upstream that there is none of, or another one than the configuration. */
  check({ upstreams }: Upstreams): void {
    const problems: PolicyProblem[] = [];
    const lowered = this.#lowered(upstreams);
    for (const [ecosystem, named] of upstreams) {
      for (const [pattern, { upstream, place }] of named.entries()) {
        const text = pattern.text.toLowerCase();
        const written = `${text}${pattern.prefix ? '*' : ''}`;
        const other = lowered
          .get(ecosystem)
          ?.all(text)
          .find((one) => one.upstream !== upstream);
        if (other) {
          problems.push(
            problemAt(
              place,
              `${written} is another upstream's at ${other.place}, but for the case of its letters`,
            ),
          );
        }
        const found = this.#find(ecosystem, upstream);
        const clash = clashOf(this.#own, ecosystem, written);
        if (!found) problems.push(problemAt(place, this.#missing(ecosystem, upstream)));
        else if (clash && clash.id !== upstream) {
          problems.push(
            problemAt(
              place,
              `${written} comes from ${upstream} here, and ${clash.pattern} from ${clash.id} in the configuration; each name has exactly one upstream`,
            ),
          );
        }
      }
    }
    if (problems.length > 0) throw new PolicyError(problems);
  }

  /** In the case of no letters, as in the configuration: `Acme-x` is another package, but nobody else's to know of. */
  #lowered(upstreams: Policy['upstreams']): Policy['upstreams'] {
    const known = this.#lower.get(upstreams);
    if (known) return known;
    const made = new Map<EcosystemId, PatternMap<NamedUpstream>>();
    for (const [ecosystem, named] of upstreams) {
      const lower = new PatternMap<NamedUpstream>();
      for (const [{ text, prefix }, value] of named.entries()) {
        lower.set({ text: text.toLowerCase(), prefix }, value);
      }
      made.set(ecosystem, lower);
    }
    this.#lower.set(upstreams, made);
    return made;
  }

  #find(ecosystem: string, id: string): Own | undefined {
    return this.#own.find((one) => one.ecosystem === ecosystem && one.source.id === id);
  }

  #missing(ecosystem: string, id: string): string {
    const ids = this.#own.filter((one) => one.ecosystem === ecosystem).map((one) => one.source.id);
    const there = ids.length > 0 ? `it has ${ids.join(', ')}` : 'it has none';
    return `the configuration has no upstream ${id} for ${ecosystem} (${there})`;
  }
}

function clashOf(
  own: readonly Own[],
  ecosystem: string,
  pattern: string,
): { readonly id: string; readonly pattern: string } | null {
  for (const one of own) {
    if (one.ecosystem !== ecosystem) continue;
    const clash = one.patterns.find((other) => overlaps(other, pattern));
    if (clash !== undefined) return { id: one.source.id, pattern: clash };
  }
  return null;
}

/** `place` is `file:line`. */
function problemAt(place: PolicyPlace, message: string): PolicyProblem {
  const colon = place.lastIndexOf(':');
  return { path: place.slice(0, colon), line: Number(place.slice(colon + 1)), column: 1, message };
}

function sourceOf(id: string, base: string, fileOrigins: readonly string[]): Source {
  const url = new URL(base.endsWith('/') ? base : `${base}/`);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const authorization = username
    ? `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
    : null;
  return { id, base: url.href, authorization, fileOrigins: fileOrigins.map((o) => new URL(o).origin) };
}

function credential(
  upstream: Config['upstreams'][number],
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  if (!upstream.credentialEnv) return null;
  const value = env[upstream.credentialEnv];
  if (!value)
    throw new ConfigError(
      `upstreams: ${upstream.id} needs the environment variable ${upstream.credentialEnv}`,
    );
  return upstream.scheme === 'basic' ? `Basic ${Buffer.from(value).toString('base64')}` : `Bearer ${value}`;
}

/** As names are spelled when they are asked for: a pattern that never matches would send its names to the public. */
function canonical(id: string, ecosystem: string, written: string): string {
  const scheme = ECOSYSTEMS.find((one) => one.id === ecosystem)?.versions;
  const pattern = scheme ? parsePattern(written, scheme) : { problem: `${ecosystem} is no ecosystem` };
  if ('problem' in pattern) throw new ConfigError(`upstreams: ${written} of ${id}: ${pattern.problem}`);
  return `${pattern.text.toLowerCase()}${pattern.prefix ? '*' : ''}`;
}

/** In every case of its letters: `Acme-x` is another package than `acme-x`, but nobody else's to know of. */
function matches(pattern: string, asked: string): boolean {
  const name = asked.toLowerCase();
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function overlaps(a: string, b: string): boolean {
  const [x, y] = [a.replace(/\*$/, ''), b.replace(/\*$/, '')];
  if (a.endsWith('*') && y.startsWith(x)) return true;
  return b.endsWith('*') ? x.startsWith(y) : x === y;
}
