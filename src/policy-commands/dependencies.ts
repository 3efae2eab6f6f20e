import type { PackageName } from '../model/artifact.ts';
import type { VersionScheme } from '../model/versions.ts';
import type { Dependencies } from '../policy/lint/lint-known.ts';

type Scheme = Pick<VersionScheme, 'canonicalName'>;

/** `dependencies` and `optionalDependencies` of an npm manifest: the names that a client asks for, aliases resolved. */
export function npmDependencies(manifest: Readonly<Record<string, unknown>>, scheme: Scheme): Dependencies {
  const optional = specsOf(manifest['optionalDependencies']);
  const optionally = new Set(optional.map(([name]) => name));
  const required = specsOf(manifest['dependencies']).filter(([name]) => !optionally.has(name));
  const names = (specs: readonly [string, string][]) =>
    [...new Set(specs.flatMap(([name, spec]) => scheme.canonicalName(aliased(spec) ?? name) ?? []))].sort();
  const specs = [...required, ...optional].flatMap(([name, spec]): [PackageName, string][] => {
    const real = scheme.canonicalName(aliased(spec) ?? name);
    return real === null ? [] : [[real, spec.replace(/^npm:.[^@]*@?/i, '')]];
  });
  return { required: names(required), optional: names(optional), specs: new Map(specs) };
}

/** The package behind `npm:name@range`; null where the spec is of the name itself. */
function aliased(spec: string): string | null {
  if (!/^npm:/i.test(spec)) return null;
  const target = spec.slice('npm:'.length);
  const at = target.indexOf('@', 1);
  return at < 0 ? target : target.slice(0, at);
}

function specsOf(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, spec]): [string, string][] =>
    typeof spec === 'string' ? [[name, spec]] : [],
  );
}

/**
 * `Requires-Dist` of core metadata (PEP 345, 508), by name: those of extras left out, those with another marker
 * optional, because it may not hold here.
 */
export function wheelDependencies(metadata: Uint8Array, scheme: Scheme): Dependencies {
  const required = new Set<PackageName>();
  const specs = new Map<PackageName, string>();
  const optional = new Set(required);
  const [head = ''] = new TextDecoder().decode(metadata).split(/\r?\n\r?\n/, 1);
  for (const [, raw = '', rest = ''] of head.matchAll(/^Requires-Dist:[ \t]*([A-Za-z0-9][\w.-]*)(.*)$/gim)) {
    const name = scheme.canonicalName(raw);
    if (name === null || /\bextra\b/.test(rest)) continue;
    (rest.includes(';') ? optional : required).add(name);
    const [versions = ''] = rest.replace(/^\s*\[[^\]]*\]/, '').split(';', 1);
    // Of a name with two lines one is enough: any version of the other may do.
    if (!specs.has(name)) specs.set(name, versions.replaceAll(/[()]/g, '').trim());
    else specs.set(name, '');
  }
  return {
    required: [...required].sort(),
    optional: [...optional].filter((name) => !required.has(name)).sort(),
    specs,
  };
}
