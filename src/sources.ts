import type { Config } from './config.ts';
import { ConfigError } from './config.ts';
import { ECOSYSTEMS } from './ecosystems/all.ts';
import type { PackageId } from './model/artifact.ts';
import { parsePattern } from './policy/patterns.ts';
import { defaultNpmBase, defaultPypiBase } from './upstream/defaults.ts';
import type { Source } from './upstream/upstream.ts';

/** Which upstream each name comes from: the ecosystem's own, or the private one that speaks for the name. */
export async function openSources(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<(id: PackageId) => Source> {
  const publicSources = new Map<string, Source>([
    ['npm', sourceOf('npm', config.npmUpstream ?? (await defaultNpmBase()), config.fileOrigins['npm'] ?? [])],
    [
      'pypi',
      sourceOf('pypi', config.pypiUpstream ?? (await defaultPypiBase()), config.fileOrigins['pypi'] ?? []),
    ],
  ]);
  const own: { ecosystem: string; pattern: string; source: Source }[] = [];
  for (const upstream of config.upstreams) {
    const source = {
      ...sourceOf(upstream.id, upstream.base, upstream.fileOrigins),
      authorization: credential(upstream, env),
    };
    for (const written of upstream.names) {
      const pattern = canonical(upstream.id, upstream.ecosystem, written);
      const clash = own.find((o) => o.ecosystem === upstream.ecosystem && overlaps(o.pattern, pattern));
      if (clash) {
        throw new ConfigError(
          `upstreams: ${pattern} of ${upstream.id} and ${clash.pattern} of ${clash.source.id} speak for the same names; each name has exactly one upstream`,
        );
      }
      own.push({ ecosystem: upstream.ecosystem, pattern, source });
    }
  }
  return (id) => {
    const mine = own.find((o) => o.ecosystem === id.ecosystem && matches(o.pattern, id.name));
    const source = mine?.source ?? publicSources.get(id.ecosystem);
    if (!source) throw new ConfigError(`no upstream for ${id.ecosystem}`);
    return source;
  };
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
